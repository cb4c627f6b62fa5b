#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>

#include "thalweg/kafka/error.h"
#include "thalweg/kafka/record.h"

namespace thalweg::kafka {

// What has become of a record in its handler: nothing, or why it failed. An exception that leaves a
// handler is a failure too.
struct Handled {
  bool ok = true;
  std::string problem = {};

  static Handled done() { return {}; }
  static Handled failed(std::string problem) { return {false, std::move(problem)}; }
};
using RecordHandler = std::function<Handled(const Record& record)>;

// Of a batch: how many of its records are done, from the first on, and why the next one failed.
struct BatchHandled {
  std::size_t done = 0;
  std::string problem = {};
};
using BatchHandler = std::function<BatchHandled(const RecordBatch& batch)>;

// A record that a handler could not handle.
struct Failure {
  const Record& record;
  std::uint32_t attempts = 0;  // So far, from 1.
  const std::string& problem;
};

enum class OnFailure : std::uint8_t {
  kRetry,       // Once more, after the backoff.
  kDeadLetter,  // Into the topic of dead letters, then it counts as done.
  kSkip,        // It counts as done.
  kStop,        // The run ends; the record is not done, and comes again in the next one.
};

struct HandlingOptions {
  // Threads that handle. Records of one key, or without a key of one partition, stay in order.
  std::uint32_t threads = 1;
  std::size_t batch_records_max = 1'000;     // At once for a BatchHandler, and handed to a thread.
  std::size_t waiting_records_max = 10'000;  // Read and not handled yet; then reading pauses.
  std::chrono::milliseconds commit_interval{5'000};

  // A record that fails is tried again so often,
  std::uint32_t retries = 3;
  // after a pause that doubles from time to time, shortened at random by up to `jitter` of it,
  std::chrono::milliseconds backoff{100};
  std::chrono::milliseconds backoff_max{10'000};
  double jitter = 0.5;
  // and then this is done.
  OnFailure then = OnFailure::kStop;
  // Decides instead of the four above, each time; the backoff stays as it is.
  std::function<OnFailure(const Failure& failure)> decide = {};
  // Where dead letters go: the record with its key, value and headers, and headers of its origin:
  // thalweg.topic, thalweg.partition, thalweg.offset, thalweg.time, thalweg.attempts,
  // thalweg.problem. Of a value that is larger than the topic takes only the beginning goes there,
  // and thalweg.truncated tells how large it was.
  std::string dead_letter_topic = {};

  // A handler that takes longer is told of, once for each call, by the thread that polls.
  std::chrono::milliseconds stuck_after{60'000};
  struct Stuck {
    std::string topic;
    std::int32_t partition = 0;
    std::int64_t offset = 0;
    std::chrono::milliseconds since{0};
  };
  std::function<void(const Stuck& stuck)> on_stuck = {};
  // How long partitions that are revoked wait for their records in handlers.
  std::chrono::milliseconds revoke_wait{30'000};
};

struct HandlingSummary {
  Error error;  // Why it ended; none: stop() was called.
  std::uint64_t handled = 0;
  std::uint64_t retried = 0;
  std::uint64_t skipped = 0;
  std::uint64_t dead_letters = 0;
};

}  // namespace thalweg::kafka
