#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <vector>

#include "runtime/job_graph.h"

namespace thalweg {

// Makes a job's epochs: asks the sources for a barrier, and when it has passed every step and the
// workers have taken what waited, lets the sinks prepare, writes down what the epoch is, decides
// it, and lets the sinks show it.
//
// At most one epoch is in the making. Threading: look_at() is each worker's to call; the rest is
// called by one thread at a time, but request(), which is anybody's.
class EpochKeeper {
 public:
  // Borrows both.
  EpochKeeper(const EpochOptions& options, JobGraph& graph, Env& env);

  // Asks for an epoch. Requires: none is in the making.
  void begin();
  bool in_the_making() const { return asked_.load() > decided(); }
  // Whether somebody has asked for an epoch that has not begun.
  bool is_wanted() const { return is_wanted_.load(std::memory_order_relaxed); }

  // A worker looks what there is to do for the epoch in the making: whether it has come to the end
  // of it, and may take some of what has waited since. Cheap while there is nothing. Whether it
  // took some.
  bool look_at(Worker& worker);
  // Whether all workers have.
  bool is_complete() const { return in_the_making() && ended_.load() == graph_.workers.size(); }
  // Requires: is_complete().
  Status decide();

  // The last epoch, after every worker has finished.
  Status decide_last();

  // Asks for an epoch that is begun after this call; see Job::request_epoch().
  void request(EpochAnswer answer);
  // The job has ended so: all who still wait are told, and so are those who ask from now on.
  void close(const Status& result);

  std::uint64_t decided() const { return decided_.load(std::memory_order_acquire); }

  // Makes epochs in time until `stop` says so. Runs on a thread of its own, which wake() has look
  // at once.
  Status run(const std::function<bool()>& stop);
  void wake();

 private:
  Status complete();
  bool is_due() const;
  std::chrono::nanoseconds until_next_look() const;
  std::uint64_t rows_read() const;
  EpochRecord record() const;
  void tell_sources(const EpochRecord& record) const;
  void add_sources(EpochRecord& record) const;
  void add_operators(EpochRecord& record) const;
  void add_counters(EpochRecord& record) const;

  const EpochOptions& options_;
  JobGraph& graph_;
  Env& env_;
  std::atomic<std::uint64_t> asked_{0};  // The last epoch begun.
  std::atomic<std::uint64_t> decided_{0};
  std::atomic<std::size_t> ended_{0};  // Workers that have ended the epoch in the making.
  std::int64_t begun_nanos_ = 0;       // When the last epoch was asked for,
  std::uint64_t begun_rows_ = 0;       // and how many rows had been read then.

  std::atomic<bool> is_wanted_{false};                // waiting_ is not empty.
  std::mutex mutex_;                                  // Guards what follows.
  std::condition_variable woken_;                     // For must_look_:
  bool must_look_ = false;                            // there may be something to do.
  std::vector<EpochAnswer> waiting_;                  // For an epoch that has not begun.
  std::vector<EpochAnswer> promised_;                 // For the one in the making.
  std::optional<Result<std::uint64_t>> last_answer_;  // Of a job that has ended.
};

}  // namespace thalweg
