#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "thalweg/kafka/producer.h"
#include "thalweg/timestamp.h"

namespace thalweg::kafka {

// A record that was read. A view: it is there as long as its batch.
struct Record {
  std::string_view topic;
  std::int32_t partition = 0;
  std::int64_t offset = 0;
  std::optional<Timestamp> time;  // None: of a format older than Kafka 0.10.
  std::optional<std::string_view> key;
  std::optional<std::string_view> value;  // None: a tombstone.

  std::vector<HeaderView> headers() const;
  // The last header of that name; none too where it has no value.
  std::optional<std::string_view> header(std::string_view name) const;

  const void* message = nullptr;  // librdkafka's own.
};

// Records as they came, of any partitions, in order within each. They are freed with the batch.
class RecordBatch {
 public:
  RecordBatch();
  RecordBatch(RecordBatch&& other) noexcept;
  RecordBatch& operator=(RecordBatch&& other) noexcept;
  ~RecordBatch();

  std::size_t size() const { return messages_.size(); }
  bool empty() const { return messages_.empty(); }
  Record operator[](std::size_t i) const;  // Requires: i < size().

  class Iterator {
   public:
    Iterator(const RecordBatch& batch, std::size_t i) : batch_(&batch), i_(i) {}
    Record operator*() const { return (*batch_)[i_]; }
    Iterator& operator++() {
      ++i_;
      return *this;
    }
    friend bool operator==(const Iterator&, const Iterator&) = default;

   private:
    const RecordBatch* batch_;
    std::size_t i_;
  };
  Iterator begin() const { return {*this, 0}; }
  Iterator end() const { return {*this, size()}; }

 private:
  friend class ConsumerCore;
  friend class HandlerRun;
  void clear();

  std::shared_ptr<const void> client_;  // Of the messages; outlives them.
  std::vector<void*> messages_;         // librdkafka's, owned.
};

}  // namespace thalweg::kafka
