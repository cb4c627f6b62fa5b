#include <algorithm>

#include "columnar/kernels.h"
#include "columnar/value.h"
#include "simulate/bug.h"

namespace thalweg::tests {
namespace {

PathTest below_path(std::string_view prefix) {
  return [prefix](const std::string& path) { return path.starts_with(prefix); };
}

bool is_delta(const std::string& path) {
  return path.starts_with("state/") && path.find("MANIFEST") == std::string::npos;
}

bool is_manifest(const std::string& path) { return path.find("MANIFEST") != std::string::npos; }

void forget_operator_watermarks(EpochRecord& record) {
  for (OperatorEpoch& one : record.operators) {
    one.watermark = kStartOfTime;
  }
}

// The last column says it.
void forget_partners(StateChanges& changes) {
  const std::uint32_t rows = changes.put_rows();
  if (rows > 0 && changes.puts.back().type().kind == TypeKind::kBoolean) {
    Column none(changes.puts.back().type(), rows);
    none.set_values(pack_bits(rows, [](std::size_t /*row*/) { return false; }));
    changes.puts.back() = std::move(none);
  }
}

// Of rows whose partners are counted.
void forget_count_of_partners(const StateSchema& schema, StateChanges& changes) {
  const std::uint32_t rows = changes.put_rows();
  if (rows > 0 && schema.columns.back().name == "partners") {
    changes.puts.back() = repeat({type_of(TypeKind::kBigint), std::int64_t{0}}, rows);
  }
}

template <typename Change>
auto of_each_partition(Change change) {
  return [change](EpochRecord& record) {
    for (SourceEpoch& source : record.sources) {
      for (PartitionEpoch& partition : source.partitions) {
        change(partition);
      }
    }
  };
}

auto in_table(std::string_view name, void (*change)(StateChanges& changes)) {
  return [name, change](const StateSchema& schema, StateChanges& changes) {
    if (schema.name == name) {
      change(changes);
    }
  };
}

}  // namespace

std::span<const Bug> seeded_bugs() {
  static const std::vector<Bug> bugs{
      {.name = "deltas are not synced", .seeds = 20, .env = {.skips_sync = is_delta}},
      {.name = "the manifest is not synced", .seeds = 20, .env = {.skips_sync = is_manifest}},
      {.name = "parts and outboxes are not synced",
       .seeds = 20,
       .env = {.skips_sync = below_path("out")}},
      {.name = "the state's directory is not synced",
       .seeds = 20,
       .env = {.skips_directory_sync = below_path("state")}},
      {.name = "directories of outputs are not synced",
       .seeds = 20,
       .env = {.skips_directory_sync = below_path("out")}},
      {.name = "an error of sync is ignored", .seeds = 2000, .env = {.ignores_sync_errors = true}},
      {.name = "an error of write is ignored", .seeds = 20, .env = {.ignores_write_errors = true}},
      {.name = "leftovers of outputs stay",
       .seeds = 20,
       .env = {.skips_removal = below_path("out")}},
      {.name = "leftovers of state stay",
       .seeds = 20,
       .env = {.skips_removal = below_path("state")}},
      {.name = "rows that were half added to a file are not cut away",
       .seeds = 500,
       .env = {.skips_cut = below_path("out")}},
      {.name = "operators' watermarks are forgotten",
       .seeds = 50,
       .store = {.record = forget_operator_watermarks}},
      {.name = "partitions' watermarks are forgotten",
       .seeds = 100,
       .store = {.record = of_each_partition(
                     [](PartitionEpoch& partition) { partition.watermark = kStartOfTime; })}},
      {.name = "partitions' numbers are forgotten",
       .seeds = 500,
       .store = {.record =
                     of_each_partition([](PartitionEpoch& partition) { partition.number = 0; })}},
      {.name = "a source's position is forgotten",
       .seeds = 20,
       .store = {.record = of_each_partition([](PartitionEpoch& partition) {
                   partition.position = 0;
                   partition.input.clear();
                 })}},
      {.name = "a stop is taken for the end",
       .seeds = 20,
       .store = {.record = [](EpochRecord& record) { record.finished = true; }}},
      {.name = "the last delta is dropped",
       .seeds = 20,
       .store = {.read =
                     [](std::vector<StateChanges>& changes) {
                       if (changes.size() > 1) {
                         changes.pop_back();
                       }
                     }}},
      {.name = "deltas are applied in the wrong order",
       .seeds = 200,
       .store = {.read =
                     [](std::vector<StateChanges>& changes) {
                       std::reverse(changes.begin(), changes.end());
                     }}},
      {.name = "rows that went are not written",
       .seeds = 500,
       .store = {.delta = [](const StateSchema& /*schema*/,
                             StateChanges& changes) { changes.erased.clear(); }}},
      {.name = "what waits behind the barrier is not written",
       .seeds = 20,
       .store = {.forgets_what_waits = true}},
      {.name = "timers are not written",
       .seeds = 2000,
       .store = {.delta = in_table("timers", [](StateChanges& changes) { changes = {}; })}},
      {.name = "entries of lists and maps are not written",
       .seeds = 1000,
       .store = {.delta = in_table("parts", [](StateChanges& changes) { changes = {}; })}},
      {.name = "entries that went come back",
       .seeds = 2000,
       .store = {.delta =
                     in_table("parts", [](StateChanges& changes) { changes.erased.clear(); })}},
      {.name = "a timer that has fired is restored",
       .seeds = 2000,
       .store = {.delta =
                     in_table("timers", [](StateChanges& changes) { changes.erased.clear(); })}},
      {.name = "broadcast state is not written",
       .seeds = 1000,
       .store = {.delta = in_table("broadcast", [](StateChanges& changes) { changes = {}; })}},
      {.name = "which rows of a join have a partner is forgotten",
       .seeds = 500,
       .store = {.delta = in_table("left", forget_partners)}},
      {.name = "how many partners a row of a join has is forgotten",
       .seeds = 500,
       .store = {.delta = forget_count_of_partners}},
      {.name = "slices that were dropped come back",
       .seeds = 200,
       .store = {.delta = [](const StateSchema& /*schema*/,
                             StateChanges& changes) { changes.dropped_to.reset(); }}},
      {.name = "a worker's last key group is not read",
       .seeds = 100,
       .store = {.groups =
                     [](KeyGroupRange groups) {
                       --groups.end;
                       return groups;
                     }}},
      {.name = "every worker reads all key groups",
       .seeds = 20,
       .store = {.groups = [](KeyGroupRange /*groups*/) { return KeyGroupRange(); }}},
      {.name = "outputs are shown before the epoch is decided",
       .seeds = 200,
       .sink = {.commits_when_prepared = true}},
      {.name = "a sink rolls an undecided epoch forward", .seeds = 100, .sink = {.epochs_off = 1}},
      {.name = "a sink takes a decided epoch back", .seeds = 20, .sink = {.epochs_off = -1}},
      {.name = "a batch passes the barrier in a sink",
       .seeds = 20,
       .sink = {.passes_barrier = true}},
      {.name = "a position is that before the last block",
       .seeds = 20,
       .source = {.positions_lag = true}},
      {.name = "an epoch counts here before it counts outside",
       .seeds = 100,
       .store = {.decides_when_prepared = true}},
      {.name = "nobody asks what counts outside", .seeds = 100, .never_asks_decider = true},
      {.name = "a source begins again", .seeds = 20, .source = {.forgets_resuming = true}},
  };
  return bugs;
}

}  // namespace thalweg::tests
