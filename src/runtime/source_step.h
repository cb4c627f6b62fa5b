#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "catalog/table.h"
#include "expr/evaluator.h"
#include "runtime/dead_letter_rows.h"
#include "runtime/partition_board.h"
#include "runtime/rows_by_key.h"
#include "runtime/shared_scan.h"
#include "runtime/step.h"
#include "stream/source.h"

namespace thalweg {

// Which table columns must be read so that `output` and the watermark can be computed.
std::vector<std::uint32_t> physical_columns(const Table& table,
                                            const std::vector<std::uint32_t>& output,
                                            bool event_time);

// Signals from the job to the sources of all workers.
struct SourceSignals {
  std::atomic<bool> stop{false};
  std::atomic<bool> stopped{false};  // Some worker has stopped reading for it.
  // Sinks for which a row to come may matter; with none left all sources end as if there were none.
  std::atomic<std::uint32_t> open_results{1};
  std::atomic<std::uint64_t> epoch_requested{0};
  std::atomic<bool> paused{false};  // No block is to be claimed for now; barriers go on.
};

// Reads one scan's share of blocks on one worker: claims, decodes, computes columns and event time,
// stamps rows with the watermark before them, and sends them on.
class SourceStep final : public Step {
 public:
  SourceStep(WorkerContext& context, SharedScan& scan, SourceSignals& signals);

  bool run_once() override;

  // The rows that it keeps, where there are any: nullptr else.
  RowsByKey* kept_rows() { return rows_by_key_ ? &*rows_by_key_ : nullptr; }

 private:
  class RowErrors;

  bool claim();
  bool announce_epoch();
  void keep_state() override;
  Kept kept() const override { return rows_by_key_ ? rows_by_key_->kept() : Kept(); }
  void end(bool stopped);
  void decode();
  bool finish_batch(DecodedRows rows, Batch& out);
  Column evaluate(Evaluator& evaluator, const Batch& rows, RowErrors& errors);
  void mark_too_far_ahead(const Column& times, RowErrors& errors) const;
  void add_origin(const DecodedRows& rows, Batch& out) const;
  void drop_failed(const DecodedRows& rows, const RowErrors& errors, Batch& out);
  void count_rejected(RowError error, std::uint64_t position, std::string_view detail);
  void stamp(Batch& batch);
  void send_batches();
  void send_watermark();
  PartitionBoard* lowest_open() const;
  EventTime read_limit(std::int64_t now_nanos) const;

  struct ComputedColumn {
    std::uint32_t column;
    Evaluator evaluator;
  };
  // A batch on its way out, with its rows' watermark bounds where the watermark is an expression.
  struct Pending {
    Batch batch;
    std::optional<Column> bounds;
  };

  SharedScan& scan_;
  SourceSignals& signals_;
  const std::unique_ptr<BlockReader> reader_;
  std::vector<ComputedColumn> computed_;
  std::optional<RowsByKey> rows_by_key_;
  std::optional<Evaluator> bound_;
  std::optional<DeadLetterRows> letters_;  // From the first block on, where anybody reads them.
  std::string null_time_;                  // What is told of a row without event time.
  EvalContext eval_;

  std::uint32_t board_index_ = 0;
  PartitionBoard* held_ = nullptr;  // The partition whose block is held; nullptr: none.
  Block block_;
  bool stamped_from_ = false;       // Whether stamp_ is known for the held block.
  EventTime stamp_ = kStartOfTime;  // The watermark before the next row of the held block.
  std::deque<Pending> pending_;
  EventTime watermark_sent_ = kStartOfTime;
  bool idle_sent_ = false;  // Consumers know that every partition is idle.
};

}  // namespace thalweg
