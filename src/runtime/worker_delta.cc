#include "runtime/worker_delta.h"

namespace thalweg {
namespace {

constexpr std::uint32_t kRowsAtOnce = 16384;

}  // namespace

Status WorkerDelta::take(const std::string& operator_id, StateTable& table, KeyGroupRange groups) {
  StateChanges changes;
  while (table.next_changes(kRowsAtOnce, changes)) {
    if (writer_ == nullptr) {
      TW_TRY_ASSIGN(writer_, store_.begin_delta(worker_));
    }
    changes.dropped_groups = groups;
    TW_TRY(writer_->add(operator_id, table.schema(), changes));
    changes = {};
  }
  return {};
}

Status WorkerDelta::finish() {
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
