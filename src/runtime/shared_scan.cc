#include "runtime/shared_scan.h"

#include <algorithm>
#include <optional>

namespace thalweg {

PartitionBoard& SharedScan::add(Partition& partition) {
  numbers.append(next_number++);  // First: whoever sees the board has its number.
  return *boards.append(std::make_unique<PartitionBoard>(partition));
}

Status SharedScan::grow() {
  if (!source->may_grow()) {
    return {};
  }
  const std::unique_lock lock(growing, std::try_to_lock);
  if (!lock) {
    return {};  // Another worker is at it.
  }
  TW_TRY_ASSIGN(const std::vector<Partition*> found, source->new_partitions());
  for (Partition* const partition : found) {
    const auto before = std::ranges::find(absent, partition->name(), &PartitionEpoch::name);
    if (before == absent.end()) {
      add(*partition);
      continue;
    }
    auto board = std::make_unique<PartitionBoard>(*partition);
    // Of no epoch: the next cut is made before the first claim.
    TW_TRY(board->resume(cut_of(*before, /*epoch=*/0)));
    numbers.append(before->number);
    boards.append(std::move(board));
    absent.erase(before);
  }
  return {};
}

PartitionBoard::Cut cut_of(const PartitionEpoch& partition, std::uint64_t epoch) {
  return {.epoch = epoch,
          .position = {.position = partition.position,
                       .input = partition.input,
                       .input_position = partition.input_position,
                       .mark = partition.mark},
          .watermark = partition.watermark,
          .ended = partition.ended,
          .silent_nanos = partition.silent_micros * 1000};
}

bool is_idle(const SharedScan& scan, const PartitionBoard& board, std::int64_t now_nanos) {
  const std::int64_t timeout = scan.table->time_policy.idle_timeout;
  const std::optional<std::int64_t> since = board.silent_since_nanos();
  return timeout > 0 && since && now_nanos - *since >= timeout * 1000;
}

}  // namespace thalweg
