#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/event_time.h"
#include "base/result.h"
#include "checkpoint/epoch_store.h"
#include "runtime/run_totals.h"
#include "state/state_table.h"

namespace thalweg {

// What one worker's operators add to the epoch that is being made. Used by that worker's thread
// until all its steps have come to the end of the epoch, then by the one that makes the epoch,
// which writes it down while the worker goes on.
class WorkerDelta {
 public:
  static constexpr std::uint32_t kRowsAtOnce = 8192;

  // Borrows the store. `rows_at_once`: at most about so many are taken between two turns.
  WorkerDelta(EpochStore& store, std::uint32_t worker, std::uint32_t rows_at_once = kRowsAtOnce)
      : store_(store), worker_(worker), rows_at_once_(rows_at_once) {}

  // The table, which has the rows of these key groups, is kept under this name. Borrows it.
  void keep(const std::string& operator_id, StateTable& table, KeyGroupRange groups);

  // Takes what has changed in a table that is kept, but what can wait.
  Status take(StateTable& table);

  // Takes some of what waits, while the operators go on. False: there is none.
  Result<bool> take_waiting();

  void note_watermark(const std::string& operator_id, EventTime watermark) {
    watermarks_[operator_id] = watermark;
  }

  // What a step had done when it came to the end of the epoch.
  void note_counts(const StepCounters& step) { counts_[&step] = counts_of(step); }

  // Writes what was taken. The worker has no more to add to the epoch.
  Status write();

  // Of the operators whose state is kept, by id, as they were last noted.
  const std::map<std::string, EventTime>& watermarks() const { return watermarks_; }
  // Of each step, as last noted.
  const std::map<const StepCounters*, StepCounts>& counts() const { return counts_; }

 private:
  struct Kept {
    std::string operator_id;
    StateTable* table = nullptr;
    KeyGroupRange groups;
    std::vector<StateChanges> changes;  // Not yet written.
    bool waits = false;                 // There is more, which can wait.
  };

  Status take_some(Kept& kept);
  Status write_changes();

  EpochStore& store_;
  const std::uint32_t worker_;
  const std::uint32_t rows_at_once_;
  std::vector<Kept> tables_;
  std::size_t taken_bytes_ = 0;          // That wait to be written.
  std::unique_ptr<DeltaWriter> writer_;  // From the first change of an epoch that is written on.
  std::map<std::string, EventTime> watermarks_;
  std::map<const StepCounters*, StepCounts> counts_;
};

// Fills the operator's tables with the rows that they had in these key groups at the last epoch.
// How many there were.
Result<std::uint64_t> restore_tables(const EpochStore& store, const std::string& operator_id,
                                     const std::vector<StateTable*>& tables, KeyGroupRange groups);

}  // namespace thalweg
