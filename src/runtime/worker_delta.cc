#include "runtime/worker_delta.h"

#include <utility>

namespace thalweg {
namespace {

constexpr std::uint32_t kRowsAtOnce = 16384;
// More is not kept in memory: the worker writes it before it goes on.
constexpr std::size_t kTakenBytesMax = std::size_t{256} << 20;

std::size_t memory_bytes(const std::vector<Column>& columns) {
  std::size_t bytes = 0;
  for (const Column& column : columns) {
    bytes += column.memory_bytes();
  }
  return bytes;
}

}  // namespace

Status WorkerDelta::take(const std::string& operator_id, StateTable& table, KeyGroupRange groups) {
  StateChanges changes;
  while (table.next_changes(kRowsAtOnce, changes)) {
    changes.dropped_groups = groups;
    taken_bytes_ += memory_bytes(changes.puts) + memory_bytes(changes.erased);
    taken_.push_back({.operator_id = &operator_id,
                      .schema = &table.schema(),
                      .changes = std::exchange(changes, {})});
    if (taken_bytes_ > kTakenBytesMax) {
      TW_TRY(write_taken());
    }
  }
  return {};
}

Status WorkerDelta::write_taken() {
  for (const Taken& taken : std::exchange(taken_, {})) {
    if (writer_ == nullptr) {
      TW_TRY_ASSIGN(writer_, store_.begin_delta(worker_));
    }
    TW_TRY(writer_->add(*taken.operator_id, *taken.schema, taken.changes));
  }
  taken_bytes_ = 0;
  return {};
}

Status WorkerDelta::write() {
  TW_TRY(write_taken());
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
