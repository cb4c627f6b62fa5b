#include "runtime/worker_delta.h"

#include <algorithm>
#include <utility>

namespace thalweg {
namespace {

// More is not kept in memory: the worker writes it before it goes on.
constexpr std::size_t kTakenBytesMax = std::size_t{256} << 20;

}  // namespace

void WorkerDelta::keep(const std::string& operator_id, StateTable& table, KeyGroupRange groups) {
  tables_.push_back({.operator_id = operator_id, .table = &table, .groups = groups, .changes = {}});
}

Status WorkerDelta::take(StateTable& table) {
  Kept& kept = *std::ranges::find(tables_, &table, &Kept::table);
  do {
    TW_TRY(take_some(kept));
  } while (kept.waits && !table.can_wait());
  return {};
}

Result<bool> WorkerDelta::take_waiting() {
  for (Kept& kept : tables_) {
    if (kept.waits) {
      TW_TRY(take_some(kept));
      return true;
    }
  }
  return false;
}

Status WorkerDelta::take_some(Kept& kept) {
  StateChanges changes;
  kept.waits = kept.table->next_changes(rows_at_once_, changes);
  if (!kept.waits) {
    return {};
  }
  changes.dropped_groups = kept.groups;
  taken_bytes_ += memory_bytes(changes.puts) + memory_bytes(changes.erased);
  kept.changes.push_back(std::move(changes));
  return taken_bytes_ > kTakenBytesMax ? write_changes() : Status();
}

Status WorkerDelta::write_changes() {
  for (Kept& kept : tables_) {
    for (const StateChanges& changes : std::exchange(kept.changes, {})) {
      if (writer_ == nullptr) {
        TW_TRY_ASSIGN(writer_, store_.begin_delta(worker_));
      }
      TW_TRY(writer_->add(kept.operator_id, kept.table->schema(), changes));
    }
  }
  taken_bytes_ = 0;
  return {};
}

Status WorkerDelta::write() {
  TW_TRY(write_changes());
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
