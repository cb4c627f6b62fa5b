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
#include "runtime/newest_rows.h"
#include "runtime/run_totals.h"
#include "state/state_table.h"

namespace thalweg {

// What one worker's operators add to the epoch that is being made. Used by that worker's thread
// until all its steps have come to the end of the epoch, then by the one that makes the epoch,
// which writes it down while the worker goes on.
class WorkerDelta {
 public:
  // How much is taken before the end of an epoch, see take_early().
  struct EarlyRows {
    std::uint32_t at_once = 8192;
    std::uint32_t worthwhile = 32'768;  // Fewer rows are left for the end.
    std::uint32_t epochs_without = 8;   // After one in which it was in vain.
  };

  // Borrows the store.
  WorkerDelta(EpochStore& store, std::uint32_t worker, const EarlyRows& early)
      : store_(store), worker_(worker), early_(early) {}

  // The table, which has the rows of these key groups, is kept under this name. Borrows it.
  void keep(const std::string& operator_id, StateTable& table, KeyGroupRange groups);

  // Takes all that has changed in a table that is kept.
  Status take(StateTable& table);

  // Takes some of it before the end of the epoch, so that take() stops the worker for less long.
  // False: there is no more that would be worth it. Not while an operator is in the middle of
  // something.
  bool take_early();

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
    std::vector<std::vector<Column>> early;  // Rows, later ones behind those that they replace.
    std::vector<StateChanges> changes;       // From the end of the epoch, each row once.
    std::unique_ptr<NewestRows> newest;      // Of what is written, where there are early ones.
  };

  // Of the epoch at hand. What is taken early goes by rounds through all tables, of which there may
  // be several.
  struct SoFar {
    std::uint64_t rows_at_end = 0;
    std::uint64_t early_rows = 0;       // Of the rounds that are over.
    std::uint64_t early_rows_held = 0;  // To the end of the epoch.
    std::uint32_t rounds = 0;
    std::size_t next_table = 0;  // Of the round.
    std::uint64_t round_rows = 0;
    std::uint64_t last_round_rows = 0;
    bool early_is_over = false;
  };

  bool begin_round();
  void end_early();
  Status write_changes();
  Status write_early(Kept& kept, NewestRows& newest);
  Status write(const Kept& kept, const StateChanges& changes);

  EpochStore& store_;
  const std::uint32_t worker_;
  const EarlyRows early_;
  std::vector<Kept> tables_;
  std::size_t taken_bytes_ = 0;  // That wait to be written.
  SoFar so_far_;
  std::uint64_t last_epoch_rows_ = 0;
  std::uint32_t epochs_to_wait_ = 0;     // Until it is tried again to take some early.
  std::unique_ptr<DeltaWriter> writer_;  // From the first change of an epoch that is written on.
  std::map<std::string, EventTime> watermarks_;
  std::map<const StepCounters*, StepCounts> counts_;
};

// Fills the operator's tables with the rows that they had in these key groups at the last epoch.
// How many there were.
Result<std::uint64_t> restore_tables(const EpochStore& store, const std::string& operator_id,
                                     const std::vector<StateTable*>& tables, KeyGroupRange groups);

}  // namespace thalweg
