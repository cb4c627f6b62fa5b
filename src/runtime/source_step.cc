#include "runtime/source_step.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "columnar/builder.h"
#include "columnar/kernels.h"

namespace thalweg {
namespace {

EventTime minus_delay(EventTime time, std::int64_t delay_micros) {
  if (time == kStartOfTime || time.micros < kStartOfTime.micros + delay_micros) {
    return kStartOfTime;
  }
  return EventTime{time.micros - delay_micros};
}

void need(const Table& table, std::uint32_t column, std::vector<bool>& needed) {
  if (needed[column]) {
    return;
  }
  needed[column] = true;
  if (const ExprPtr& computed = table.columns[column].computed) {
    std::vector<bool> used(table.columns.size());
    collect_columns(*computed, used);
    for (std::uint32_t i = 0; i < used.size(); ++i) {
      if (used[i]) {
        need(table, i, needed);
      }
    }
  }
}

std::vector<bool> needed_columns(const Table& table, const std::vector<std::uint32_t>& output,
                                 bool event_time) {
  std::vector<bool> needed(table.columns.size());
  if (table.takes_back_by_key) {
    for (const std::uint32_t column : table.primary_key) {
      need(table, column, needed);
    }
  }
  for (const std::uint32_t column : output) {
    need(table, column, needed);
  }
  if (event_time) {
    need(table, table.watermark->column, needed);
    if (!table.watermark->delay_micros) {
      std::vector<bool> used(table.columns.size());
      collect_columns(*table.watermark->bound, used);
      for (std::uint32_t i = 0; i < used.size(); ++i) {
        if (used[i]) {
          need(table, i, needed);
        }
      }
    }
  }
  return needed;
}

}  // namespace

std::vector<std::uint32_t> physical_columns(const Table& table,
                                            const std::vector<std::uint32_t>& output,
                                            bool event_time) {
  const std::vector<bool> needed = needed_columns(table, output, event_time);
  std::vector<std::uint32_t> physical;
  for (std::uint32_t i = 0; i < needed.size(); ++i) {
    if (needed[i] && table.columns[i].computed == nullptr) {
      physical.push_back(i);
    }
  }
  return physical;
}

// What each row of a batch failed at first.
class SourceStep::RowErrors {
 public:
  explicit RowErrors(std::uint32_t rows) : errors_(rows, RowError::kNone) {}

  bool any() const { return any_; }
  RowError operator[](RowIndex row) const { return errors_[row]; }

  // `error_of` gives a row's error, kNone for most.
  template <typename ErrorOf>
  void add_where(ErrorOf error_of) {
    for (RowIndex row = 0; row < errors_.size(); ++row) {
      if (errors_[row] == RowError::kNone) {
        errors_[row] = error_of(row);
        any_ |= errors_[row] != RowError::kNone;
      }
    }
  }

  void add_nulls(const Column& times) {
    if (times.may_have_nulls()) {
      add_where([&](RowIndex row) {
        return times.is_valid(row) ? RowError::kNone : RowError::kNullTime;
      });
    }
  }

 private:
  std::vector<RowError> errors_;
  bool any_ = false;
};

SourceStep::SourceStep(WorkerContext& context, SharedScan& scan, SourceSignals& signals)
    : Step(context), scan_(scan), signals_(signals), reader_(scan.source->make_reader()) {
  eval_.random_state = static_cast<std::uint64_t>(context.env.wall_now().micros) ^
                       ((std::uint64_t{context.worker} + 1) << 40);
  const Table& table = *scan_.table;
  const std::vector<bool> needed = needed_columns(table, scan_.output, scan_.event_time);
  for (std::uint32_t i = 0; i < table.columns.size(); ++i) {
    if (needed[i] && table.columns[i].computed != nullptr) {
      computed_.push_back({i, Evaluator(table.columns[i].computed)});
    }
  }
  if (table.takes_back_by_key) {
    Schema columns;
    std::vector<std::uint32_t> key;
    for (std::uint32_t i = 0; i < scan_.physical.size(); ++i) {
      const std::uint32_t column = scan_.physical[i];
      columns.push_back(table.columns[column].field);
      if (std::ranges::find(table.primary_key, column) != table.primary_key.end()) {
        key.push_back(i);
      }
    }
    // Topics that are compacted keep deletes of keys that they have forgotten.
    rows_by_key_.emplace(columns, std::move(key),
                         table.mode == ChangeMode::kUpsert ? RowsByKey::Unknown::kPassedOver
                                                           : RowsByKey::Unknown::kRejected);
  }
  if (scan_.event_time) {
    null_time_ = fmt::format("the event time \"{}\", or what its watermark is computed of, is NULL",
                             table.columns[table.watermark->column].field.name);
    if (!table.watermark->delay_micros) {
      bound_.emplace(table.watermark->bound);
    }
  }
}

bool SourceStep::run_once() {
  if (finished() || !outlets_have_room()) {
    return false;
  }
  const TimeCharge charge(context_, counters_);
  if (held_ == nullptr) {
    if (signals_.open_results.load(std::memory_order_relaxed) == 0) {
      end(/*stopped=*/false);
      return true;
    }
    if (signals_.stop.load(std::memory_order_relaxed)) {
      signals_.stopped.store(true, std::memory_order_relaxed);
      send_watermark();  // From here on the channel stands still, and the others wait for it.
      end(/*stopped=*/true);
      return true;
    }
    return claim();
  }
  if (scan_.event_time && !stamped_from_) {
    const std::optional<EventTime> before = held_->before(block_.number);
    if (!before) {
      return false;  // Another worker is still decoding an earlier block; its rows come first.
    }
    stamp_ = *before;
    stamped_from_ = true;
  }
  send_batches();
  return true;
}

PartitionBoard* SourceStep::lowest_open() const {
  PartitionBoard* lowest = nullptr;
  for (const auto& board : scan_.boards) {
    if (!board->ended() && (lowest == nullptr || board->frontier() < lowest->frontier())) {
      lowest = board.get();
    }
  }
  return lowest;
}

// Partitions whose watermark is beyond it wait until the one that is furthest behind has followed.
EventTime SourceStep::read_limit(std::int64_t now_nanos) const {
  const std::int64_t max_drift = scan_.table->time_policy.max_drift;
  if (max_drift == 0 || !scan_.event_time) {
    return kEndOfTime;
  }
  EventTime lowest = kEndOfTime;
  for (const SharedScan* const scan : scan_.aligned) {
    for (const auto& board : scan->boards) {
      if (!board->ended() && !is_idle(*scan, *board, now_nanos)) {
        lowest = std::min(lowest, board->frontier());
      }
    }
  }
  return later_by(lowest, lowest == kEndOfTime ? 0 : max_drift);
}

bool SourceStep::claim() {
  if (Status grown = scan_.grow(); !grown.ok()) {
    context_.fail(std::move(grown));
    return false;
  }
  PartitionBoard* const first = lowest_open();
  if (first == nullptr && !scan_.source->may_grow()) {
    end(/*stopped=*/false);
    return true;
  }
  // Also where every partition waits for others: a barrier waits for nobody.
  if (signals_.epoch_requested.load(std::memory_order_acquire) > epoch_) {
    return announce_epoch();
  }
  if (signals_.paused.load(std::memory_order_relaxed)) {
    send_watermark();  // Others may have moved on: what closes lets memory go.
    return false;
  }
  const std::int64_t now_nanos = context_.env.steady_nanos();
  const EventTime limit = read_limit(now_nanos);
  // The partition that is furthest behind is read first; the others when it has nothing to say.
  const std::size_t count = first == nullptr ? 0 : scan_.boards.size() + 1;
  for (std::size_t i = 0; i < count; ++i) {
    PartitionBoard* const board = i == 0 ? first : scan_.boards[i - 1].get();
    if ((i > 0 && board == first) || board->ended() || board->frontier() > limit) {
      continue;
    }
    Result<PartitionBoard::Answer> answer =
        board->claim(signals_.epoch_requested, epoch_, now_nanos, block_);
    if (!answer.ok()) {
      context_.fail(answer.status());
      return false;
    }
    switch (answer.value()) {
      case PartitionBoard::Answer::kBarrier:
        return announce_epoch();
      case PartitionBoard::Answer::kBlock:
        held_ = board;
        decode();
        return true;
      case PartitionBoard::Answer::kEnd:
        send_watermark();
        return true;
      case PartitionBoard::Answer::kNothingYet:
        break;
    }
  }
  send_watermark();
  return false;
}

bool SourceStep::announce_epoch() {
  ++epoch_;
  keep_epoch();
  send_to_all(BarrierMessage{.epoch = epoch_});
  return true;
}

void SourceStep::keep_state() {
  if (Status status = keep_tables(watermark_sent_); !status.ok()) {
    context_.fail(std::move(status));
  }
}

void SourceStep::end(bool stopped) {
  EventTime reached = kStartOfTime;
  if (scan_.event_time) {
    for (const auto& board : scan_.boards) {
      reached = std::max(reached, board->frontier());
    }
  }
  send_to_all(EndMessage{.stopped = stopped, .reached = reached});
  mark_ended();
}

void SourceStep::decode() {
  board_index_ = 0;
  while (scan_.boards[board_index_].get() != held_) {
    ++board_index_;
  }
  if (!letters_ && has_dead_letter_outlets()) {
    letters_.emplace(scan_.table->name, scan_.origin);
  }
  reader_->begin(held_->partition(), block_);
  EventTime bound = kStartOfTime;
  DecodedRows rows;
  while (reader_->next(context_.batch_rows, rows)) {
    Pending pending;
    if (rows_by_key_) {
      rows_by_key_->complete(rows);
    }
    counters_.rows_in.add(rows.rows + rows.rejected.size());
    for (const RejectedRow& rejected : rows.rejected) {
      count_rejected(rejected.error, rejected.offset, rejected.detail);
    }
    if (rows.rows > 0 && finish_batch(std::move(rows), pending.batch)) {
      if (bound_) {
        pending.bounds = std::move(pending.batch.columns.back());
        pending.batch.columns.pop_back();
      }
      pending_.push_back(std::move(pending));
    }
    rows = DecodedRows();
  }
  if (letters_) {
    if (const Batch letters = letters_->take(); !letters.empty()) {
      send_dead_letters(letters);
    }
  }
  if (!scan_.event_time) {
    return;
  }
  for (const Pending& pending : pending_) {
    EventTime reached = pending.batch.time_max;
    if (pending.bounds) {
      reached = EventTime{min_max(*pending.bounds).max};
    } else {
      reached = minus_delay(reached, *scan_.table->watermark->delay_micros);
    }
    bound = std::max(bound, reached);
  }
  held_->publish(block_.number, bound);
  stamped_from_ = false;
}

// The scan's output columns of the decoded rows, with event time; the watermark's bounds follow as
// one more column where they are an expression. False when no row is left.
bool SourceStep::finish_batch(DecodedRows rows, Batch& out) {
  const Table& table = *scan_.table;
  Batch all;
  all.length = rows.rows;
  all.columns.resize(table.columns.size());
  for (std::size_t i = 0; i < scan_.physical.size(); ++i) {
    all.columns[scan_.physical[i]] = std::move(rows.columns[i]);
  }
  RowErrors errors(rows.rows);
  eval_.now = context_.env.wall_now();
  for (ComputedColumn& computed : computed_) {
    all.columns[computed.column] = evaluate(computed.evaluator, all, errors);
  }

  out.length = rows.rows;
  out.changes = rows.changes;
  for (const std::uint32_t column : scan_.output) {
    out.columns.push_back(all.columns[column]);
  }
  if (scan_.origin) {
    add_origin(rows, out);
  }
  if (scan_.event_time) {
    const Column& times = all.columns[table.watermark->column];
    errors.add_nulls(times);
    mark_too_far_ahead(times, errors);
    if (bound_) {
      const Column bounds = evaluate(*bound_, all, errors);
      errors.add_nulls(bounds);
      out.columns.push_back(bounds.with_type(type_of(TypeKind::kBigint)));
    }
    out.columns.push_back(times.with_type(type_of(TypeKind::kTimestamp)));
  }
  if (errors.any()) {
    drop_failed(rows, errors, out);
  }
  if (scan_.event_time && out.length > 0) {
    const Column times = std::move(out.columns.back());
    out.columns.pop_back();
    // After the choice of rows, so that the bounds are of rows that exist; no nulls are left.
    set_event_time(out, times.with_validity(nullptr));
  }
  return out.length > 0;
}

Column SourceStep::evaluate(Evaluator& evaluator, const Batch& rows, RowErrors& errors) {
  const Vector vector = evaluator.evaluate(rows, eval_);
  if (vector.errors != nullptr) {
    errors.add_where([&](RowIndex row) { return vector.error(row); });
  }
  return expand(vector, rows.length);
}

void SourceStep::mark_too_far_ahead(const Column& times, RowErrors& errors) const {
  const std::int64_t skew = scan_.table->time_policy.max_future_skew;
  const EventTime latest = later_by(eval_.now, skew);
  if (skew == 0 || times.length() == 0 || min_max(times).max <= latest.micros) {
    return;
  }
  const auto values = times.values<std::int64_t>();
  errors.add_where([&](RowIndex row) {
    return times.is_valid(row) && values[row] > latest.micros ? RowError::kTooFarAhead
                                                              : RowError::kNone;
  });
}

void SourceStep::add_origin(const DecodedRows& rows, Batch& out) const {
  out.partition =
      repeat(Value{type_of(TypeKind::kInt), std::int64_t{scan_.numbers[board_index_]}}, rows.rows);
  ColumnBuilder positions(type_of(TypeKind::kBigint), rows.rows);
  for (RowIndex row = 0; row < rows.rows; ++row) {
    const std::uint64_t offset = rows.offsets.empty() ? rows.first_offset + row : rows.offsets[row];
    positions.append(block_.position + static_cast<std::int64_t>(offset));
  }
  out.position = positions.finish();
}

void SourceStep::drop_failed(const DecodedRows& rows, const RowErrors& errors, Batch& out) {
  std::vector<RowIndex> kept;
  for (RowIndex row = 0; row < rows.rows; ++row) {
    if (errors[row] == RowError::kNone) {
      kept.push_back(row);
    } else {
      count_rejected(
          errors[row], row < rows.offsets.size() ? rows.offsets[row] : 0,
          errors[row] == RowError::kNullTime ? std::string_view(null_time_) : explain(errors[row]));
    }
  }
  out = std::move(out).select(std::move(kept)).compacted();
}

void SourceStep::count_rejected(RowError error, std::uint64_t offset, std::string_view detail) {
  counters_.rejected[static_cast<std::size_t>(error)].add(1);
  const auto origin = [&] {
    return fmt::format("{}, {} {}",
                       block_.input != nullptr ? *block_.input : held_->partition().name(),
                       held_->partition().position_unit(),
                       block_.position - block_.input_position + static_cast<std::int64_t>(offset));
  };
  if (context_.fail_on_row_error) {
    context_.fail(Status(Code::kRowFailed,
                         fmt::format("a row of \"{}\" was refused, and on_error = 'fail': {}: {}",
                                     scan_.table->name, origin(), detail)));
  }
  if (scan_.examples.wants(error)) {
    scan_.examples.add({origin(), error, std::string(detail)});
  }
  if (letters_) {
    const std::int64_t position = block_.position + static_cast<std::int64_t>(offset);
    letters_->add({.topic = block_.input != nullptr ? std::string_view(*block_.input)
                                                    : held_->partition().name(),
                   .offset = position - block_.input_position,
                   .error = error,
                   .message = detail,
                   .row = reader_->row_at(offset),
                   .partition_number = scan_.numbers[board_index_],
                   .position = position});
  }
}

// Gives each row the watermark before it, where that makes a difference, and moves stamp_ past the
// batch.
void SourceStep::stamp(Batch& batch) {
  const std::int64_t delay = scan_.table->watermark->delay_micros.value_or(0);
  const std::optional<Column>& bounds = pending_.front().bounds;
  const EventTime reached =
      bounds ? EventTime{min_max(*bounds).max} : minus_delay(batch.time_max, delay);
  const EventTime after = std::max(stamp_, reached);
  if (batch.time_min < after) {
    const std::span<const std::int64_t> times = batch.event_time->values<std::int64_t>();
    ColumnBuilder stamps(type_of(TypeKind::kBigint), batch.length);
    EventTime stamp = stamp_;
    bool any_older = false;
    for (RowIndex row = 0; row < batch.length; ++row) {
      stamps.append(stamp.micros);
      any_older |= times[row] < stamp.micros;
      const EventTime bound = bounds ? EventTime{bounds->values<std::int64_t>()[row]}
                                     : minus_delay(EventTime{times[row]}, delay);
      stamp = std::max(stamp, bound);
    }
    if (any_older) {
      batch.stamps = stamps.finish();
    }
  }
  stamp_ = after;
}

void SourceStep::send_batches() {
  while (!pending_.empty() && outlets_have_room()) {
    Batch batch = std::move(pending_.front().batch);
    if (scan_.event_time) {
      stamp(batch);
    }
    pending_.pop_front();
    send_to_all(std::move(batch));
    send_watermark();
  }
  if (pending_.empty()) {
    held_->release(block_.number);
    held_ = nullptr;
    block_ = Block();
  }
}

void SourceStep::send_watermark() {
  if (!scan_.event_time) {
    return;
  }
  const std::int64_t now_nanos = context_.env.steady_nanos();
  EventTime lowest = kEndOfTime;  // Of those that are not idle.
  EventTime lowest_of_all = kEndOfTime;
  bool all_idle = true;
  bool any_open = false;
  for (const auto& board : scan_.boards) {
    if (board.get() != held_ && board->ended()) {
      continue;
    }
    any_open = true;
    const EventTime reached = board.get() == held_ ? stamp_ : board->frontier();
    lowest_of_all = std::min(lowest_of_all, reached);
    if (board.get() == held_ || !is_idle(scan_, *board, now_nanos)) {
      all_idle = false;
      lowest = std::min(lowest, reached);
    }
  }
  const Table& table = *scan_.table;
  if (!any_open) {
    if (!scan_.source->may_grow()) {
      return;
    }
    // Nobody is there to hold others back for longer than one that is silent.
    lowest = lowest_of_all = watermark_sent_;
    const std::int64_t timeout = table.time_policy.idle_timeout;
    all_idle = timeout > 0 && now_nanos - scan_.begun_nanos >= timeout * 1000;
  }
  if (all_idle && table.time_policy.advance_when_idle) {
    lowest = minus_delay(context_.env.wall_now(), table.watermark->delay_micros.value_or(0));
    all_idle = false;  // The clock speaks for them.
  } else if (all_idle) {
    // One that spoke while this worker looked elsewhere has come further all the same.
    lowest = lowest_of_all;
  }
  if (lowest > watermark_sent_ || all_idle != idle_sent_) {
    watermark_sent_ = std::max(watermark_sent_, lowest);
    idle_sent_ = all_idle;
    send_to_all(WatermarkMessage{.time = watermark_sent_, .idle = idle_sent_});
  }
}

}  // namespace thalweg
