#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/event_time.h"
#include "columnar/batch.h"
#include "state/state_table.h"
#include "state/whole_rows.h"

namespace thalweg {

// Whole rows that wait until event time has passed them. Each batch is put in order of time once,
// when it comes, so that taking rows out costs nothing for those that stay.
//
// As a StateTable its slices are the rows of one time.
class TimeOrderedRows final : public StateTable {
 public:
  // Requires: a layout with event time.
  explicit TimeOrderedRows(RowLayout layout, std::string name = "waiting");

  // Requires: the batch has event time, and no row is older than what has been taken.
  void add(Batch batch);

  // Takes out the rows older than `now`, at kEndOfTime all; nothing when there are none. Rows of
  // one time are in the order in which they came.
  std::optional<Batch> take_before(EventTime now);

  std::uint64_t rows() const { return rows_; }

  // Of the oldest row; kEndOfTime when there is none.
  EventTime first_time() const { return runs_.empty() ? kEndOfTime : runs_.front().first; }

  std::size_t memory_bytes() const;

  const StateSchema& schema() const override { return schema_; }
  bool on_every_worker() const override { return on_every_worker_; }
  void note_changes() override;
  bool next_changes(std::uint32_t rows_max, StateChanges& out) override;
  Status apply(const StateChanges& changes) override;

 private:
  struct Run {
    Batch batch;              // In order of time.
    std::uint32_t taken = 0;  // Rows from the front that are out already,
    std::uint32_t told = 0;   // and that next_changes() has given.
    EventTime first;          // Of those that are not out.
    std::int64_t number = 0;  // Of the first row.
  };

  // The order in which runs are looked at: by their oldest row.
  static bool is_later(const Run& a, const Run& b) { return a.first > b.first; }
  void put(Run run);

  const bool on_every_worker_;
  const WholeRows whole_;
  const StateSchema schema_;
  std::vector<Run> runs_;  // A heap, the one with the oldest row in front.
  std::uint64_t rows_ = 0;
  std::int64_t next_number_ = 0;

  EventTime taken_to_ = kStartOfTime;  // Of the last take_before().
  bool told_are_gone_ = false;         // Some rows that next_changes() has given.
  std::size_t next_run_ = 0;           // For next_changes().
  std::vector<Batch> restored_;        // By apply(), with their numbers as a column.
};

}  // namespace thalweg
