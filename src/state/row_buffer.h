#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "columnar/batch.h"

namespace thalweg {

// Whole rows kept in the order they came, for operators that must see all before they answer.
class RowBuffer {
 public:
  void add(Batch batch) {
    rows_ += batch.num_rows();
    // Selected rows may keep many others alive.
    batches_.push_back(std::move(batch).compacted());
  }

  std::uint64_t rows() const { return rows_; }

  // All rows in one batch; the buffer is empty then. Requires: rows() > 0.
  Batch take() {
    Batch all = concat(batches_);
    batches_.clear();
    rows_ = 0;
    return all;
  }

  // The rows with an event time before `time`, in one batch; nothing when there are none. Requires:
  // rows with event time.
  std::optional<Batch> take_before(EventTime time) {
    std::vector<Batch> taken;
    std::vector<Batch> left;
    for (Batch& batch : batches_) {
      if (batch.time_min >= time) {
        left.push_back(std::move(batch));
        continue;
      }
      const auto times = batch.event_time->values<std::int64_t>();
      std::vector<RowIndex> before;
      std::vector<RowIndex> after;
      for (std::uint32_t i = 0; i < batch.num_rows(); ++i) {
        const RowIndex row = batch.row(i);
        (EventTime{times[row]} < time ? before : after).push_back(row);
      }
      if (!after.empty()) {
        Batch rest = batch;
        left.push_back(std::move(rest).select(std::move(after)));
      }
      if (!before.empty()) {
        rows_ -= before.size();
        taken.push_back(std::move(batch).select(std::move(before)).compacted());
      }
    }
    batches_ = std::move(left);
    return taken.empty() ? std::nullopt : std::optional(concat(taken));
  }

  std::size_t memory_bytes() const {
    std::size_t bytes = 0;
    for (const Batch& batch : batches_) {
      bytes += batch.memory_bytes();
    }
    return bytes;
  }

 private:
  std::vector<Batch> batches_;
  std::uint64_t rows_ = 0;
};

}  // namespace thalweg
