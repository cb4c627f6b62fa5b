#include "kafka/handler_run.h"

#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <exception>
#include <functional>
#include <utility>

#include "kafka/error_mapping.h"

namespace thalweg::kafka {
namespace {

constexpr std::int64_t kNanosPerMilli = 1'000'000;
// How long there may be no room before partitions are paused, which drops what is fetched ahead.
constexpr std::int64_t kFullNanosMax = 3'000 * kNanosPerMilli;
constexpr std::chrono::milliseconds kLookAgain{50};

std::string problem_of(const std::exception& thrown) {
  return std::string("exception: ") + thrown.what();
}

}  // namespace

HandlerRun::HandlerRun(ConsumerCore& consumer, std::atomic<bool>& stopping,
                       const HandlingOptions& options)
    : consumer_(consumer),
      env_(consumer.client().events().env()),
      stopping_(stopping),
      options_(options) {}

HandlingSummary HandlerRun::run(RecordHandler record_handler, BatchHandler batch_handler) {
  record_handler_ = std::move(record_handler);
  batch_handler_ = std::move(batch_handler);
  if (!options_.dead_letter_topic.empty()) {
    auto letters =
        DeadLetters::open(env_, consumer_.options().connection, options_.dead_letter_topic);
    if (!letters) {
      return {.error = letters.error()};
    }
    dead_letters_ = std::move(*letters);
  } else if (options_.then == OnFailure::kDeadLetter) {
    return {.error = {ErrorKind::kConfiguration, "",
                      "HandlingOptions::dead_letter_topic names no topic for dead letters"}};
  }
  consumer_.set_before_revoke([this](bool is_lost) { before_revoke(is_lost); });
  start_threads();
  committed_nanos_ = env_.steady_nanos();
  while (!is_over()) {
    if (Error error = poll_once()) {
      fail(std::move(error));
    }
  }
  end_threads();
  (void)consumer_.let_go();
  consumer_.set_before_revoke(nullptr);
  stopping_ = false;
  if (Error error = consumer_.commit(); error && !summary_.error) {
    summary_.error = std::move(error);
  }
  // What was read and not handled is read again by whoever goes on.
  if (Error error = consumer_.rewind(); error && !summary_.error) {
    summary_.error = std::move(error);
  }
  return std::move(summary_);
}

bool HandlerRun::is_over() {
  const std::lock_guard lock(mutex_);
  return stopping_ || summary_.error;
}

void HandlerRun::start_threads() {
  const std::uint32_t count = std::max<std::uint32_t>(options_.threads, 1);
  for (std::uint32_t i = 0; i < count; ++i) {
    workers_.push_back(std::make_unique<Worker>());
  }
  for (const auto& worker : workers_) {
    worker->thread =
        std::thread([this, &own = *worker, seed = env_.random_seed()] { work(own, seed); });
  }
}

void HandlerRun::end_threads() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
    ++round_;
    for (const auto& worker : workers_) {
      worker->waiting.clear();
    }
    work_there_.notify_all();
    room_.notify_all();
  }
  for (const auto& worker : workers_) {
    worker->thread.join();
  }
}

Error HandlerRun::poll_once() {
  const bool has_room = wait_for_room();
  pause_while_full(!has_room);
  if (has_room || consumer_.holds_all()) {
    Expected<RecordBatch> batch = consumer_.poll(
        {.records = std::max<std::size_t>(options_.batch_records_max, 1), .wait = kLookAgain});
    if (!batch && batch.error().kind() != ErrorKind::kRetriable) {
      return batch.error();
    }
    if (batch && !batch->empty()) {
      hand_over(std::move(*batch));
    }
  }
  watch();
  return commit_in_time();
}

bool HandlerRun::wait_for_room() {
  std::unique_lock lock(mutex_);
  return room_.wait_for(
      lock,
      waiting_records_ < options_.waiting_records_max ? std::chrono::milliseconds(0) : kLookAgain,
      [&] { return waiting_records_ < options_.waiting_records_max || stopping_; });
}

void HandlerRun::pause_while_full(bool is_full) {
  const std::int64_t now = env_.steady_nanos();
  if (!is_full) {
    full_since_nanos_ = now;
    (void)consumer_.let_go();
    return;
  }
  if (now - full_since_nanos_ < kFullNanosMax) {
    return;
  }
  // Polling goes on, lest the group takes us for dead.
  (void)consumer_.hold_all();
}

std::size_t HandlerRun::worker_of(const Record& record) const {
  const std::size_t hash = record.key ? std::hash<std::string_view>()(*record.key)
                                      : static_cast<std::size_t>(record.partition) +
                                            std::hash<std::string_view>()(record.topic);
  return hash % workers_.size();
}

void HandlerRun::hand_over(RecordBatch batch) {
  std::vector<RecordBatch> shares(workers_.size());
  if (shares.size() == 1) {
    shares[0] = std::move(batch);
  } else {
    for (std::size_t i = 0; i < batch.size(); ++i) {
      RecordBatch& share = shares[worker_of(batch[i])];
      share.client_ = batch.client_;
      share.messages_.push_back(batch.messages_[i]);
    }
    batch.messages_.clear();  // They are the shares' now.
  }
  const std::lock_guard lock(mutex_);
  for (std::size_t i = 0; i < shares.size(); ++i) {
    if (!shares[i].empty()) {
      waiting_records_ += shares[i].size();
      workers_[i]->waiting.push_back(std::move(shares[i]));
    }
  }
  work_there_.notify_all();
}

Error HandlerRun::commit_in_time() {
  const std::int64_t now = env_.steady_nanos();
  if (now - committed_nanos_ < options_.commit_interval.count() * kNanosPerMilli) {
    return {};
  }
  committed_nanos_ = now;
  Error error = consumer_.commit();
  // The next one commits all that this one should have.
  return error.kind() == ErrorKind::kRetriable ? Error() : error;
}

void HandlerRun::watch() {
  if (!options_.on_stuck) {
    return;
  }
  std::vector<HandlingOptions::Stuck> stuck;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& worker : workers_) {
      const std::chrono::milliseconds since((env_.steady_nanos() - worker->since_nanos) /
                                            kNanosPerMilli);
      if (worker->is_busy && !worker->is_told && since >= options_.stuck_after) {
        worker->is_told = true;
        stuck.push_back(worker->at);
        stuck.back().since = since;
      }
    }
  }
  for (const HandlingOptions::Stuck& each : stuck) {
    options_.on_stuck(each);
  }
}

// Called while polling: what was not begun is let go, and what was is waited for, so that it is
// committed before somebody else gets the partitions.
void HandlerRun::before_revoke(bool is_lost) {
  std::unique_lock lock(mutex_);
  ++round_;
  for (const auto& worker : workers_) {
    for (const RecordBatch& batch : worker->waiting) {
      waiting_records_ -= batch.size();
    }
    worker->waiting.clear();
  }
  room_.notify_all();
  if (!is_lost) {
    room_.wait_for(lock, options_.revoke_wait, [&] {
      return std::none_of(workers_.begin(), workers_.end(),
                          [](const auto& worker) { return worker->is_busy; });
    });
  }
}

void HandlerRun::work(Worker& worker, std::uint64_t seed) {
  Retries retries(options_, seed);
  std::unique_lock lock(mutex_);
  while (true) {
    work_there_.wait(lock, [&] { return ending_ || !worker.waiting.empty(); });
    if (ending_) {
      return;
    }
    RecordBatch batch = std::move(worker.waiting.front());
    worker.waiting.pop_front();
    const std::size_t size = batch.size();
    // Taken with the batch: partitions that go from now on take it along.
    const std::uint64_t round = round_;
    worker.is_busy = true;
    worker.since_nanos = env_.steady_nanos();
    lock.unlock();
    handle(worker, retries, std::move(batch), round);
    lock.lock();
    worker.is_busy = false;
    waiting_records_ -= std::min(waiting_records_, size);
    room_.notify_all();
  }
}

void HandlerRun::handle(Worker& worker, Retries& retries, RecordBatch batch, std::uint64_t round) {
  while (!batch.empty() && round == round_) {
    BatchHandled result =
        record_handler_ ? call_for_each(worker, batch, round) : call(worker, batch);
    const std::size_t done = std::min(result.done, batch.size());
    {
      const std::lock_guard lock(mutex_);
      summary_.handled += done;
    }
    if (done == batch.size()) {
      consumer_.done(batch);
      return;
    }
    for (std::size_t i = 0; i < done; ++i) {
      const Record record = batch[i];
      consumer_.done(record.topic, record.partition, record.offset);
    }
    drop_first(batch, done);
    if (round != round_) {
      return;
    }
    const Record record = batch[0];
    const Failure failure{record, retries.count(record), result.problem};
    const OnFailure decision = retries.decide(failure);
    if (!settle(failure, decision, retries, round)) {
      return;
    }
    if (decision != OnFailure::kRetry) {
      consumer_.done(record.topic, record.partition, record.offset);
      drop_first(batch, 1);
    }
  }
}

void HandlerRun::drop_first(RecordBatch& batch, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    rd_kafka_message_destroy(static_cast<rd_kafka_message_t*>(batch.messages_[i]));
  }
  batch.messages_.erase(batch.messages_.begin(),
                        batch.messages_.begin() + static_cast<std::ptrdiff_t>(count));
}

void HandlerRun::begin_call(Worker& worker, const Record& record) {
  const std::lock_guard lock(mutex_);
  worker.since_nanos = env_.steady_nanos();
  worker.is_told = false;
  worker.at.topic = record.topic;
  worker.at.partition = record.partition;
  worker.at.offset = record.offset;
}

BatchHandled HandlerRun::call(Worker& worker, const RecordBatch& batch) {
  begin_call(worker, batch[0]);
  try {
    return batch_handler_(batch);
  } catch (const std::exception& thrown) {
    return {.done = 0, .problem = problem_of(thrown)};
  }
}

BatchHandled HandlerRun::call_for_each(Worker& worker, const RecordBatch& batch,
                                       std::uint64_t round) {
  for (std::size_t i = 0; i < batch.size(); ++i) {
    if (round != round_) {
      return {.done = i};
    }
    const Record record = batch[i];
    begin_call(worker, record);
    try {
      Handled handled = record_handler_(record);
      if (!handled.ok) {
        return {.done = i, .problem = std::move(handled.problem)};
      }
    } catch (const std::exception& thrown) {
      return {.done = i, .problem = problem_of(thrown)};
    }
  }
  return {.done = batch.size()};
}

bool HandlerRun::settle(const Failure& failure, OnFailure decision, Retries& retries,
                        std::uint64_t round) {
  const auto count = [&](std::uint64_t HandlingSummary::* counter) {
    const std::lock_guard lock(mutex_);
    ++(summary_.*counter);
  };
  const std::string where = name_of(std::string(failure.record.topic), failure.record.partition) +
                            " at offset " + std::to_string(failure.record.offset);
  switch (decision) {
    case OnFailure::kRetry:
      count(&HandlingSummary::retried);
      return pause_before_retry(retries.backoff(failure.attempts), round);
    case OnFailure::kSkip:
      count(&HandlingSummary::skipped);
      return true;
    case OnFailure::kDeadLetter: {
      if (dead_letters_ == nullptr) {
        fail({ErrorKind::kConfiguration, "",
              where + ": HandlingOptions::dead_letter_topic names no topic for dead letters"});
        return false;
      }
      if (Error error = dead_letters_->write(failure)) {
        fail({error.kind(), error.name(), where + ": no dead letter: " + error.message()});
        return false;
      }
      count(&HandlingSummary::dead_letters);
      return true;
    }
    case OnFailure::kStop:
      fail({ErrorKind::kRecord, "", where + ": " + failure.problem});
      return false;
  }
  return false;
}

// False: there is no reason to try again.
bool HandlerRun::pause_before_retry(std::chrono::milliseconds pause, std::uint64_t round) {
  std::unique_lock lock(mutex_);
  return !room_.wait_for(lock, pause, [&] { return ending_ || round != round_; });
}

void HandlerRun::fail(Error error) {
  const std::lock_guard lock(mutex_);
  if (!summary_.error) {
    summary_.error = std::move(error);
  }
  ++round_;  // Nobody handles anything more.
  room_.notify_all();
}

}  // namespace thalweg::kafka
