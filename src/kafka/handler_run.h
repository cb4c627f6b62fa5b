#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "kafka/consumer_core.h"
#include "kafka/dead_letters.h"
#include "kafka/retries.h"
#include "thalweg/kafka/handling.h"

namespace thalweg::kafka {

// One Consumer::run(): the calling thread polls, commits and watches; threads of its own handle.
// What is done is marked in the consumer, whose commits follow.
class HandlerRun {
 public:
  HandlerRun(ConsumerCore& consumer, std::atomic<bool>& stopping, const HandlingOptions& options);
  // Exactly one of them has a target.
  HandlingSummary run(RecordHandler record_handler, BatchHandler batch_handler);

 private:
  struct Worker {
    std::thread thread;
    std::deque<RecordBatch> waiting;
    bool is_busy = false;
    // Of the call that runs.
    std::int64_t since_nanos = 0;
    bool is_told = false;
    HandlingOptions::Stuck at;
  };

  void start_threads();
  void end_threads();

  // The polling thread.
  Error poll_once();
  void hand_over(RecordBatch batch);
  std::size_t worker_of(const Record& record) const;
  bool wait_for_room();
  void pause_while_full(bool is_full);
  Error commit_in_time();
  void watch();
  void before_revoke(bool is_lost);
  bool is_over();

  // A worker's thread.
  void work(Worker& worker, std::uint64_t seed);
  void handle(Worker& worker, Retries& retries, RecordBatch batch, std::uint64_t round);
  BatchHandled call(Worker& worker, const RecordBatch& batch);
  BatchHandled call_for_each(Worker& worker, const RecordBatch& batch, std::uint64_t round);
  void begin_call(Worker& worker, const Record& record);
  // False: the rest of the batch is let go.
  bool settle(const Failure& failure, OnFailure decision, Retries& retries, std::uint64_t round);
  bool pause_before_retry(std::chrono::milliseconds pause, std::uint64_t round);
  void fail(Error error);
  // Drops the first records of a batch.
  static void drop_first(RecordBatch& batch, std::size_t count);

  ConsumerCore& consumer_;
  Env& env_;
  std::atomic<bool>& stopping_;
  const HandlingOptions& options_;
  RecordHandler record_handler_;
  BatchHandler batch_handler_;
  std::unique_ptr<DeadLetters> dead_letters_;
  std::int64_t committed_nanos_ = 0;
  std::int64_t full_since_nanos_ = 0;

  // Counts up when partitions go, so that what is left of older batches is let go.
  std::atomic<std::uint64_t> round_{0};
  std::mutex mutex_;  // Guards what follows.
  std::condition_variable work_there_;
  std::condition_variable room_;  // Also when a worker has become idle.
  std::vector<std::unique_ptr<Worker>> workers_;
  std::size_t waiting_records_ = 0;
  bool ending_ = false;
  HandlingSummary summary_;
};

}  // namespace thalweg::kafka
