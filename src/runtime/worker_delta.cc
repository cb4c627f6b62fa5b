#include "runtime/worker_delta.h"

#include <algorithm>
#include <utility>

namespace thalweg {
namespace {

constexpr std::uint32_t kRowsAtOnce = 16384;
// More is not kept in memory: the worker writes it before it goes on.
constexpr std::size_t kTakenBytesMax = std::size_t{256} << 20;
constexpr std::size_t kEarlyBytesMax = kTakenBytesMax / 2;
constexpr std::uint32_t kRoundsMax = 4;

}  // namespace

void WorkerDelta::keep(const std::string& operator_id, StateTable& table, KeyGroupRange groups) {
  tables_.push_back({.operator_id = operator_id,
                     .table = &table,
                     .groups = groups,
                     .early = {},
                     .changes = {},
                     .newest = nullptr});
}

Status WorkerDelta::take(StateTable& table) {
  Kept& kept = *std::ranges::find(tables_, &table, &Kept::table);
  StateChanges changes;
  while (table.next_changes(kRowsAtOnce, changes)) {
    changes.dropped_groups = kept.groups;
    so_far_.rows_at_end += changes.put_rows() + changes.erased_rows();
    taken_bytes_ += memory_bytes(changes.puts) + memory_bytes(changes.erased);
    kept.changes.push_back(std::exchange(changes, {}));
    if (taken_bytes_ > kTakenBytesMax) {
      TW_TRY(write_changes());
    }
  }
  return {};
}

bool WorkerDelta::take_early() {
  StateChanges changes;
  while (!so_far_.early_is_over && begin_round()) {
    for (; so_far_.next_table < tables_.size(); ++so_far_.next_table) {
      Kept& kept = tables_[so_far_.next_table];
      if (kept.table->early_changes(early_.at_once, changes)) {
        if (kept.newest == nullptr) {
          kept.newest = std::make_unique<NewestRows>(kept.table->schema());
        }
        so_far_.round_rows += changes.put_rows();
        taken_bytes_ += memory_bytes(changes.puts);
        kept.early.push_back(std::move(changes.puts));
        return true;
      }
    }
  }
  so_far_.early_is_over = true;
  return false;
}

// Each round finds what has changed again during the one before. Whether there is one under way.
bool WorkerDelta::begin_round() {
  if (so_far_.rounds > 0 && so_far_.next_table < tables_.size()) {
    return taken_bytes_ <= kEarlyBytesMax;
  }
  if (so_far_.rounds == 0) {
    if (last_epoch_rows_ < early_.worthwhile || epochs_to_wait_ > 0) {
      return false;
    }
  } else if (so_far_.round_rows < early_.worthwhile || so_far_.rounds == kRoundsMax ||
             (so_far_.rounds > 1 && so_far_.round_rows > so_far_.last_round_rows / 2)) {
    return false;
  }
  ++so_far_.rounds;
  so_far_.early_rows += so_far_.round_rows;
  so_far_.last_round_rows = std::exchange(so_far_.round_rows, 0);
  so_far_.next_table = 0;
  return true;
}

// Where most of the rows taken early have changed again it was in vain.
void WorkerDelta::end_early() {
  so_far_.early_rows += so_far_.round_rows;
  last_epoch_rows_ = so_far_.early_rows + so_far_.rows_at_end;
  if (epochs_to_wait_ > 0) {
    --epochs_to_wait_;
  } else if (so_far_.early_rows_held < so_far_.early_rows / 2) {
    epochs_to_wait_ = early_.epochs_without;
  }
  so_far_ = {};
}

Status WorkerDelta::write(const Kept& kept, const StateChanges& changes) {
  if (writer_ == nullptr) {
    TW_TRY_ASSIGN(writer_, store_.begin_delta(worker_));
  }
  return writer_->add(kept.operator_id, kept.table->schema(), changes);
}

Status WorkerDelta::write_changes() {
  for (Kept& kept : tables_) {
    for (const StateChanges& changes : std::exchange(kept.changes, {})) {
      if (kept.newest != nullptr) {
        kept.newest->note(changes);
      }
      TW_TRY(write(kept, changes));
    }
  }
  taken_bytes_ = 0;
  return {};
}

Status WorkerDelta::write_early(Kept& kept, NewestRows& newest) {
  for (; !kept.early.empty(); kept.early.pop_back()) {
    StateChanges changes;
    changes.puts = newest.holding(std::move(kept.early.back()));
    if (changes.put_rows() > 0) {
      so_far_.early_rows_held += changes.put_rows();
      TW_TRY(write(kept, changes));
    }
  }
  return {};
}

Status WorkerDelta::write() {
  TW_TRY(write_changes());
  for (Kept& kept : tables_) {
    if (const auto newest = std::move(kept.newest); newest != nullptr) {
      TW_TRY(write_early(kept, *newest));
    }
  }
  end_early();
  if (writer_ == nullptr) {
    return {};
  }
  const std::unique_ptr<DeltaWriter> writer = std::move(writer_);
  return writer->finish();
}

Result<std::uint64_t> restore_tables(const EpochStore& store, const std::string& operator_id,
                                     const std::vector<StateTable*>& tables, KeyGroupRange groups) {
  std::uint64_t rows = 0;
  for (StateTable* const table : tables) {
    TW_TRY(store.read(operator_id, table->schema(), groups, [&](const StateChanges& changes) {
      rows += changes.put_rows();
      return table->apply(changes);
    }));
  }
  return rows;
}

}  // namespace thalweg
