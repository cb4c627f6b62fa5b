#include "runtime/epoch_keeper.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <string>
#include <utility>

namespace thalweg {
namespace {

// Between two looks at how many rows have been read, and at the most.
constexpr std::chrono::milliseconds kRowsLook{1};
constexpr std::chrono::milliseconds kLookMax{1000};

void tell(const std::vector<EpochAnswer>& answers, const Result<std::uint64_t>& epoch) {
  for (const EpochAnswer& answer : answers) {
    answer(epoch);
  }
}

}  // namespace

EpochKeeper::EpochKeeper(const EpochOptions& options, JobGraph& graph, Env& env)
    : options_(options), graph_(graph), env_(env), begun_nanos_(env.steady_nanos()) {
  asked_ = graph_.start.decided;
  decided_.store(asked_);
  graph_.signals.epoch_requested.store(asked_);
}

void EpochKeeper::begin() {
  TW_CHECK(!in_the_making());
  ended_.store(0);
  {
    const std::lock_guard lock(mutex_);
    promised_ = std::exchange(waiting_, {});
    is_wanted_.store(false, std::memory_order_relaxed);
  }
  begun_nanos_ = env_.steady_nanos();
  begun_rows_ = rows_read();
  asked_.fetch_add(1, std::memory_order_release);
  graph_.signals.epoch_requested.store(asked_, std::memory_order_release);
}

bool EpochKeeper::look_at(Worker& worker) {
  const std::uint64_t asked = graph_.signals.epoch_requested.load(std::memory_order_acquire);
  if (worker.ended_epoch() == asked || !worker.has_ended(asked)) {
    return false;
  }
  const bool took = worker.take_waiting(asked);
  if (worker.ended_epoch() == asked && ended_.fetch_add(1) + 1 == graph_.workers.size()) {
    wake();
  }
  return took;
}

Status EpochKeeper::decide() {
  if (options_.place != nullptr) {
    TW_TRY(options_.place->check());
  }
  for (const auto& delta : graph_.deltas) {
    TW_TRY(delta->write());
  }
  const EpochRecord record = this->record();
  for (const auto& sink : graph_.sinks) {
    TW_TRY(sink->prepare(record.epoch));
  }
  TW_TRY(options_.store->prepare(record));
  if (options_.decider != nullptr) {
    TW_TRY(options_.decider->decide({.incarnation = record.incarnation, .epoch = record.epoch}));
  }
  TW_TRY(options_.store->decide());
  for (const auto& sink : graph_.sinks) {
    TW_TRY(sink->commit(record.epoch));
  }
  tell_sources(record);
  TW_TRY(options_.store->settled());
  decided_.store(record.epoch, std::memory_order_release);
  std::unique_lock lock(mutex_);
  const std::vector<EpochAnswer> answers = std::exchange(promised_, {});
  lock.unlock();
  tell(answers, record.epoch);
  return {};
}

void EpochKeeper::tell_sources(const EpochRecord& record) const {
  for (std::size_t i = 0; i < graph_.scans.size(); ++i) {
    const auto& boards = graph_.scans[i]->boards;
    std::vector<ReadPosition> positions;
    for (const PartitionEpoch& partition : record.sources[i].partitions) {
      const std::size_t at = positions.size();
      if (at == boards.size() || boards[at]->partition().name() != partition.name) {
        break;  // From here on they are absent ones.
      }
      positions.push_back(cut_of(partition, record.epoch).position);
    }
    graph_.scans[i]->source->epoch_counts(positions);
  }
}

void EpochKeeper::request(EpochAnswer answer) {
  std::unique_lock lock(mutex_);
  if (last_answer_) {
    const Result<std::uint64_t> last = *last_answer_;
    lock.unlock();
    answer(last);
    return;
  }
  waiting_.push_back(std::move(answer));
  is_wanted_.store(true, std::memory_order_relaxed);
  lock.unlock();
  wake();
}

// Where all has gone well, the last epoch has everything in it.
void EpochKeeper::close(const Status& result) {
  const Result<std::uint64_t> last =
      result.ok() ? Result<std::uint64_t>(decided()) : Result<std::uint64_t>(Status(result));
  std::unique_lock lock(mutex_);
  last_answer_ = last;
  const std::vector<EpochAnswer> promised = std::exchange(promised_, {});
  const std::vector<EpochAnswer> waiting = std::exchange(waiting_, {});
  lock.unlock();
  tell(promised, last);
  tell(waiting, last);
}

Status EpochKeeper::decide_last() {
  if (in_the_making()) {
    TW_TRY(complete());
  }
  begin();
  return complete();
}

// Requires: every worker has finished.
Status EpochKeeper::complete() {
  for (const auto& worker : graph_.workers) {
    while (look_at(*worker)) {
    }
    TW_TRY(Status(worker->context().failure));
  }
  TW_CHECK(is_complete());
  return decide();
}

Status EpochKeeper::run(const std::function<bool()>& stop) {
  while (!stop()) {
    if (is_complete()) {
      TW_TRY(decide());
    } else if (!in_the_making() && is_due()) {
      begin();
    }
    std::unique_lock lock(mutex_);
    woken_.wait_for(lock, until_next_look(), [this] { return must_look_; });
    must_look_ = false;
  }
  return {};
}

void EpochKeeper::wake() {
  {
    const std::lock_guard lock(mutex_);
    must_look_ = true;
  }
  woken_.notify_one();
}

std::chrono::nanoseconds EpochKeeper::until_next_look() const {
  if (in_the_making()) {
    return kLookMax;
  }
  if (options_.rows > 0) {
    return kRowsLook;
  }
  const std::int64_t due_nanos = begun_nanos_ + options_.interval_micros * 1000;
  return std::clamp<std::chrono::nanoseconds>(
      std::chrono::nanoseconds(due_nanos - env_.steady_nanos()), std::chrono::nanoseconds(0),
      kLookMax);
}

bool EpochKeeper::is_due() const {
  return is_wanted() || env_.steady_nanos() - begun_nanos_ >= options_.interval_micros * 1000 ||
         (options_.rows > 0 && rows_read() - begun_rows_ >= options_.rows);
}

std::uint64_t EpochKeeper::rows_read() const {
  std::uint64_t rows = 0;
  for (const GraphStep& step : graph_.steps) {
    for (const StepCounters* counters : step.counters) {
      rows += step.source ? counters->rows_in.get() : 0;
    }
  }
  return rows;
}

EpochRecord EpochKeeper::record() const {
  EpochRecord record{.epoch = asked_,
                     .job = options_.name,
                     .incarnation = graph_.start.incarnation,
                     .made_at = env_.wall_now(),
                     .workers = static_cast<std::uint32_t>(graph_.workers.size()),
                     .finished = !graph_.signals.stopped.load(),
                     .decided_by = options_.decider != nullptr ? options_.decider->name() : "",
                     .sinks = graph_.sink_ids};
  add_sources(record);
  add_operators(record);
  add_counters(record);
  return record;
}

void EpochKeeper::add_sources(EpochRecord& record) const {
  const std::int64_t now_nanos = env_.steady_nanos();
  for (const auto& scan : graph_.scans) {
    SourceEpoch source{.id = scan->id, .partitions = {}};
    const std::lock_guard growing(scan->growing);
    record.finished &= !scan->source->may_grow();
    for (std::size_t i = 0; i < scan->boards.size(); ++i) {
      PartitionBoard& board = *scan->boards[i];
      const PartitionBoard::Cut cut = board.cut(record.epoch, now_nanos);
      record.finished &= cut.ended;
      source.partitions.push_back({.name = std::string(board.partition().name()),
                                   .number = scan->numbers[i],
                                   .position = cut.position.position,
                                   .input = cut.position.input,
                                   .input_position = cut.position.input_position,
                                   .mark = cut.position.mark,
                                   .watermark = cut.watermark,
                                   .ended = cut.ended,
                                   .silent_micros = cut.silent_nanos / 1000});
    }
    source.partitions.insert(source.partitions.end(), scan->absent.begin(), scan->absent.end());
    record.sources.push_back(std::move(source));
  }
}

void EpochKeeper::add_counters(EpochRecord& record) const {
  std::map<const StepCounters*, StepCounts> noted;
  for (const auto& delta : graph_.deltas) {
    noted.insert(delta->counts().begin(), delta->counts().end());
  }
  RunTotals totals = total(graph_.steps, [&](const StepCounters& step) { return noted.at(&step); });
  add_totals(totals, graph_.before);
  record.counters = to_counters(totals);
}

// An operator's watermark is that of the worker that has come least far.
void EpochKeeper::add_operators(EpochRecord& record) const {
  std::map<std::string, EventTime> watermarks;
  for (const auto& delta : graph_.deltas) {
    for (const auto& [id, watermark] : delta->watermarks()) {
      const auto [found, is_new] = watermarks.try_emplace(id, watermark);
      found->second = std::min(found->second, watermark);
    }
  }
  record.operators = graph_.kept;
  for (OperatorEpoch& kept : record.operators) {
    kept.watermark = watermarks.at(kept.id);
  }
}

}  // namespace thalweg
