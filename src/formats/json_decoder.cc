#include "formats/json_decoder.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "base/check.h"
#include "formats/json_fields.h"
#include "formats/json_line_parser.h"
#include "formats/json_walker.h"

namespace thalweg {
namespace {

// How much behind a line may be read.
constexpr std::size_t kReadableTail = 64;

// After so many lines in a row that the walker would not take, it is only tried now and then.
constexpr std::uint32_t kRefusalsMax = 16;
constexpr std::uint32_t kLinesBetweenTries = 64;

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
constexpr std::uint32_t kRowsReserved = 4096;

std::string_view trimmed(std::string_view line) {
  constexpr std::string_view kSpaces = " \t\r\n";
  const std::size_t begin = line.find_first_not_of(kSpaces);
  return begin == std::string_view::npos
             ? std::string_view()
             : line.substr(begin, line.find_last_not_of(kSpaces) - begin + 1);
}

JsonFields make_fields(const DecoderSpec& spec, EpochUnit unit) {
  JsonFields fields{.schema = spec.schema,
                    .not_null = spec.not_null,
                    .unit = unit,
                    .whole_field = spec.whole_field,
                    .by_name = {}};
  for (std::size_t i = 0; i < spec.schema.size(); ++i) {
    fields.by_name.emplace(spec.schema[i].name, static_cast<std::int32_t>(i));
  }
  return fields;
}

class JsonDecoder final : public Decoder {
 public:
  JsonDecoder(const DecoderSpec& spec, const JsonDecoderOptions& options)
      : fields_(make_fields(spec, options.unit)),
        row_bytes_max_(options.row_bytes_max),
        row_offsets_(spec.row_offsets),
        walker_(fields_),
        parser_(fields_),
        fast_(options.fast && walker_.usable()) {
    TW_CHECK(spec.not_null.size() == spec.schema.size());
    for (const Field& field : spec.schema) {
      columns_.emplace_back(field.type);
    }
  }

  void begin(std::string_view block, bool first) override {
    const std::size_t newline = block.rfind('\n');
    const std::size_t whole = newline == std::string_view::npos ? 0 : newline + 1;
    piece_ = block.substr(0, whole);
    piece_offset_ = 0;
    tail_offset_ = whole;
    tail_.clear();
    if (whole < block.size()) {
      // The last line lacks its end: it gets one in a copy, so that every search finds a newline.
      tail_.assign(block.substr(whole));
      tail_.push_back('\n');
      tail_.append(kReadableTail, '\0');
    }
    tail_size_ = block.size() - whole;
    in_tail_ = false;
    record_ends_ = nullptr;
    at_ = piece_.data();
    if (first && block.starts_with(kByteOrderMark)) {
      skip_mark();
    }
  }

  void begin_records(const RecordBytes& records) override {
    piece_ = records.bytes;
    piece_offset_ = 0;
    tail_size_ = 0;
    in_tail_ = false;
    record_ends_ = records.ends.data();
    at_ = piece_.data();
  }

  bool next(std::uint32_t rows_max, DecodedRows& out) override {
    out.rows = 0;
    out.offsets.clear();
    out.rejected.clear();
    for (ColumnBuilder& column : columns_) {
      column.reserve(std::min(rows_max, kRowsReserved));
    }
    if (row_offsets_) {
      out.offsets.reserve(std::min(rows_max, kRowsReserved));
    }
    while (out.rows < rows_max && out.rejected.size() < rows_max && more()) {
      read_line(out);
    }
    out.columns.clear();
    for (ColumnBuilder& column : columns_) {
      out.columns.push_back(column.finish());
    }
    return out.rows > 0 || !out.rejected.empty();
  }

 private:
  void skip_mark() {
    if (piece_.empty()) {
      tail_.erase(0, kByteOrderMark.size());
      tail_offset_ += kByteOrderMark.size();
      tail_size_ -= kByteOrderMark.size();
    } else {
      at_ += kByteOrderMark.size();
    }
  }

  // Whether a line is left; goes on to the tail after the last whole one.
  bool more() {
    if (at_ < piece_.data() + piece_.size()) {
      return true;
    }
    if (in_tail_ || tail_size_ == 0) {
      return false;
    }
    in_tail_ = true;
    piece_ = std::string_view(tail_).substr(0, tail_size_ + 1);
    piece_offset_ = tail_offset_;
    at_ = piece_.data();
    return true;
  }

  std::uint64_t offset() const {
    return piece_offset_ + static_cast<std::uint64_t>(at_ - piece_.data());
  }

  // The newline that ends the row.
  const char* newline() const {
    if (record_ends_ != nullptr) {
      return piece_.data() + *record_ends_ - 1;
    }
    const char* const end = piece_.data() + piece_.size();
    const auto* const found =
        static_cast<const char*>(std::memchr(at_, '\n', static_cast<std::size_t>(end - at_)));
    TW_CHECK(found != nullptr);
    return found;
  }

  void go_on_at(const char* end) {
    at_ = end;
    record_ends_ += record_ends_ != nullptr ? 1 : 0;
  }

  void read_line(DecodedRows& out) {
    const char* const end = try_walker(out.rows);
    if (end == nullptr) {
      parse_line(out);
      return;
    }
    if (row_offsets_) {
      out.offsets.push_back(offset());
    }
    ++out.rows;
    go_on_at(end);
  }

  // The end of the line that became row number `rows`, or nullptr: nothing has happened.
  const char* try_walker(std::uint32_t rows) {
    if (!fast_) {
      return nullptr;
    }
    if (lines_to_next_try_ > 0) {
      --lines_to_next_try_;
      return nullptr;
    }
    const char* const end = walker_.read(at_, columns_);
    if (end != nullptr && static_cast<std::size_t>(end - at_ - 1) <= row_bytes_max_ &&
        (record_ends_ == nullptr || end == piece_.data() + *record_ends_)) {
      refusals_ = 0;
      return end;
    }
    drop_rows_beyond(rows);
    if (++refusals_ >= kRefusalsMax) {
      lines_to_next_try_ = kLinesBetweenTries;
    }
    return nullptr;
  }

  void parse_line(DecodedRows& out) {
    const char* const newline = this->newline();
    const std::string_view whole(at_, static_cast<std::size_t>(newline - at_));
    const std::string_view line = trimmed(whole);
    if (line.empty() && record_ends_ != nullptr) {
      reject(RowError::kMalformed, whole, line, "there is nothing in it", out);
    } else if (!line.empty()) {
      std::string detail;
      RowError error = RowError::kTooLong;
      if (whole.size() <= row_bytes_max_) {
        error = parser_.read(line, columns_, detail);
      } else {
        detail = describe_too_long(whole.size(), row_bytes_max_);
      }
      if (error == RowError::kNone) {
        if (row_offsets_) {
          out.offsets.push_back(offset());
        }
        ++out.rows;
      } else {
        reject(error, whole, line, std::move(detail), out);
      }
    }
    go_on_at(newline + 1);
  }

  void reject(RowError error, std::string_view whole, std::string_view line, std::string detail,
              DecodedRows& out) {
    drop_rows_beyond(out.rows);
    if (error == RowError::kMalformed && in_tail_ && line.front() == '{') {
      error = RowError::kTruncated;
    }
    out.rejected.push_back({.error = error,
                            .offset = offset(),
                            .length = static_cast<std::uint32_t>(whole.size()),
                            .detail = std::move(detail)});
  }

  void drop_rows_beyond(std::uint32_t rows) {
    for (ColumnBuilder& column : columns_) {
      column.truncate(std::min(rows, column.length()));
    }
  }

  const JsonFields fields_;
  const std::size_t row_bytes_max_;
  const bool row_offsets_;
  JsonWalker walker_;
  JsonLineParser parser_;
  const bool fast_;
  std::vector<ColumnBuilder> columns_;
  std::uint32_t refusals_ = 0;
  std::uint32_t lines_to_next_try_ = 0;

  // The lines being read, each with its newline: those of the block, then its tail.
  std::string_view piece_;
  std::uint64_t piece_offset_ = 0;              // In the block.
  const std::uint32_t* record_ends_ = nullptr;  // From the next record on; nullptr: lines are read.
  const char* at_ = nullptr;
  std::string tail_;
  std::size_t tail_size_ = 0;  // Without what was added.
  std::uint64_t tail_offset_ = 0;
  bool in_tail_ = false;
};

}  // namespace

std::unique_ptr<Decoder> make_json_decoder(const DecoderSpec& spec,
                                           const JsonDecoderOptions& options) {
  return std::make_unique<JsonDecoder>(spec, options);
}

}  // namespace thalweg
