#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/growing_list.h"
#include "base/result.h"
#include "catalog/table.h"
#include "checkpoint/epoch_store.h"
#include "runtime/partition_board.h"
#include "runtime/rejected_examples.h"
#include "stream/source.h"

namespace thalweg {

// What all workers' steps of one scan share. Lives as long as the job.
struct SharedScan {
  std::string id;  // Stable from run to run.
  TablePtr table;
  std::vector<std::uint32_t> output;    // The table's columns that the scan yields.
  std::vector<std::uint32_t> physical;  // Those that are read from the source, ascending.
  bool event_time = false;              // Whether rows carry one.
  bool origin = false;                  // Whether rows carry partition and position.
  std::unique_ptr<Source> source;
  std::int64_t begun_nanos = 0;  // When it was made, by the steady clock.
  // Of partitions that come while it is read, too: in the order of Source::partitions(), and then
  // of Source::new_partitions(). Who reads them sees none of a partition before all of it.
  GrowingList<std::unique_ptr<PartitionBoard>> boards;
  GrowingList<std::uint32_t> numbers;  // By board: of the partition, as rows carry it.
  // Those whose partitions keep step with this one's, itself among them: of all scans whose rows
  // meet its rows.
  std::vector<const SharedScan*> aligned;

  RejectedExamples examples;

  std::mutex growing;             // Held by who appends to the lists, and guards what follows.
  std::uint32_t next_number = 0;  // Of a partition that comes.
  // Those that the state has and the source had not at its start, though they may come back: they
  // stay in the state, and go on from there when they do.
  std::vector<PartitionEpoch> absent;

  // Requires: `growing` is held, or no worker runs yet.
  PartitionBoard& add(Partition& partition);

  // Takes in the partitions that its source has found since. By any worker, at any time: the epoch
  // that is in the making then ends at their beginning.
  Status grow();
};

// Where a partition of an epoch's record stood. `epoch`: the record's.
PartitionBoard::Cut cut_of(const PartitionEpoch& partition, std::uint64_t epoch);

// Whether the partition has been silent for as long as the scan's table allows.
bool is_idle(const SharedScan& scan, const PartitionBoard& board, std::int64_t now_nanos);

}  // namespace thalweg
