#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "formats/format.h"
#include "stream/source.h"
#include "thalweg/kafka/record.h"

namespace thalweg {

// Texts one behind the other, each with a newline that is not part of it, as decoders take them.
class RecordTexts {
 public:
  void add(std::string_view text) {
    bytes_ += text;
    bytes_ += '\n';
    ends_.push_back(static_cast<std::uint32_t>(bytes_.size()));
  }
  // No more comes: decoders may read behind the end.
  void close() {
    size_ = bytes_.size();
    bytes_.append(kReadableTail, '\0');
  }

  // After close().
  std::string_view bytes() const { return std::string_view(bytes_).substr(0, size_); }
  const std::vector<std::uint32_t>& ends() const { return ends_; }
  std::string_view operator[](std::size_t i) const { return text_at(bytes_, ends_, i); }
  std::size_t size() const { return bytes_.size(); }
  // Which of them has the byte.
  std::uint32_t at_offset(std::uint64_t offset) const {
    return static_cast<std::uint32_t>(std::ranges::upper_bound(ends_, offset) - ends_.begin());
  }

 private:
  static constexpr std::size_t kReadableTail = 64;
  std::string bytes_;
  std::size_t size_ = 0;
  std::vector<std::uint32_t> ends_;
};

// Consecutive records of one partition of a topic, offsets that hold no record left out.
struct KafkaRecords final : BlockContent {
  static constexpr std::int64_t kNoTime = std::numeric_limits<std::int64_t>::min();
  using Header = std::pair<std::string, std::optional<std::string>>;

  std::string_view topic;
  std::int32_t partition = 0;
  std::int64_t missing_from =
      -1;  // From there to the first record all is gone, unread; -1: not so.
  // By record.
  std::vector<std::int64_t> offsets;
  std::vector<std::int64_t> times;  // Microseconds.
  std::vector<bool> has_key;
  RecordTexts keys;                          // Empty where there is none.
  std::vector<std::vector<Header>> headers;  // Only where they are read.
  RecordTexts values;                        // Of those that have one,
  std::vector<std::uint32_t> valued;         // which are these,
  std::vector<std::uint32_t> tombstones;     // and the others.

  std::uint32_t size() const { return static_cast<std::uint32_t>(offsets.size()); }
  std::size_t bytes() const { return keys.size() + values.size(); }

  void add(const kafka::Record& record, bool with_headers) {
    const std::uint32_t number = size();
    offsets.push_back(record.offset);
    times.push_back(record.time ? record.time->micros : kNoTime);
    has_key.push_back(record.key.has_value());
    keys.add(record.key.value_or(std::string_view()));
    if (record.value) {
      values.add(*record.value);
      valued.push_back(number);
    } else {
      tombstones.push_back(number);
    }
    if (with_headers) {
      std::vector<Header>& all = headers.emplace_back();
      for (const kafka::HeaderView& header : record.headers()) {
        all.emplace_back(header.name, header.value);
      }
    }
  }
};

}  // namespace thalweg
