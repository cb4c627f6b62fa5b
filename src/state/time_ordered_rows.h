#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/event_time.h"
#include "columnar/batch.h"

namespace thalweg {

// Whole rows that wait until event time has passed them. Each batch is put in order of time once,
// when it comes, so that taking rows out costs nothing for those that stay.
class TimeOrderedRows {
 public:
  // Requires: the batch has event time.
  void add(Batch batch);

  // Takes out the rows older than `now`, at kEndOfTime all; nothing when there are none. Their
  // order is that of time within each batch that was added.
  std::optional<Batch> take_before(EventTime now);

  std::uint64_t rows() const { return rows_; }

  // Of the oldest row; kEndOfTime when there is none.
  EventTime first_time() const { return runs_.empty() ? kEndOfTime : runs_.front().first; }

  std::size_t memory_bytes() const;

 private:
  struct Run {
    Batch batch;              // In order of time.
    std::uint32_t taken = 0;  // Rows from the front that are out already.
    EventTime first;          // Of those that are not.
    std::uint64_t number = 0;
  };

  // The order in which runs are looked at: by their oldest row, and as they came.
  static bool is_later(const Run& a, const Run& b) {
    return a.first != b.first ? a.first > b.first : a.number > b.number;
  }
  void put(Run run);

  std::vector<Run> runs_;  // A heap, the one with the oldest row in front.
  std::uint64_t rows_ = 0;
  std::uint64_t runs_made_ = 0;
};

}  // namespace thalweg
