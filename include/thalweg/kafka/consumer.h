#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "thalweg/kafka/connection.h"
#include "thalweg/kafka/handling.h"
#include "thalweg/kafka/record.h"
#include "thalweg/kafka/types.h"

namespace thalweg::kafka {

// Where to begin in a partition for which the group has committed nothing.
struct Start {
  enum class Where : std::uint8_t { kEarliest, kLatest, kTime, kRefuse };
  Where where = Where::kEarliest;
  Timestamp time = {};

  static Start earliest() { return {Where::kEarliest}; }
  static Start latest() { return {Where::kLatest}; }
  // At the first record of that time or later.
  static Start at(Timestamp time) { return {Where::kTime, time}; }
  // Nowhere: polling fails.
  static Start refuse() { return {Where::kRefuse}; }
};

struct AssignedPartition {
  std::string topic;
  std::int32_t partition = 0;
  // None: where the group has committed, or else as ConsumerOptions::start says.
  std::optional<std::int64_t> offset = {};
};

struct ConsumerOptions {
  Connection connection;
  // Whose offsets are committed. Without one, partitions can be assigned by hand alone.
  std::string group = {};
  // To share with the group's other members; one that begins with ^ is a regular expression.
  std::vector<std::string> topics = {};
  std::vector<AssignedPartition> partitions = {};  // Instead of topics: these, shared with nobody.
  // This member's place in the group, which it keeps over a restart that takes less than
  // session_timeout; unique in the group.
  std::string instance_id = {};
  Start start = {};
  bool read_committed = true;  // Leaves out records of transactions that are open or were aborted.
  std::chrono::milliseconds session_timeout{45'000};  // A silent member loses its partitions then.
  std::chrono::milliseconds heartbeat_interval{3'000};
  std::chrono::milliseconds poll_interval_max{300'000};  // So does one that does not poll.
  std::uint64_t fetch_ahead_bytes_max = 64ULL << 20;

  // Called by poll(), in the thread that polls, with the partitions that begin to be read.
  std::function<void(const std::vector<PartitionOffset>& partitions)> on_assigned = {};
  // The group shares out anew, and these are still ours: what is done may be committed. What the
  // consumer knows to be done it commits itself right after.
  std::function<void(const std::vector<TopicPartition>& partitions)> on_revoked = {};
  // They are somebody else's already: nothing can be committed any more.
  std::function<void(const std::vector<TopicPartition>& partitions)> on_lost = {};
};

struct PollLimits {
  std::size_t records = 10'000;
  std::uint64_t bytes = 16ULL << 20;    // May be exceeded by one record.
  std::chrono::milliseconds wait{100};  // For the first record; the others are there already.
};

struct PartitionLag {
  std::string topic;
  std::int32_t partition = 0;
  std::int64_t position = 0;   // Of the next record to hand out.
  std::int64_t committed = 0;  // By this consumer; where it began, before the first commit.
  std::int64_t end = 0;  // Of the partition, and of what is committed for who reads only that.
  std::int64_t records() const { return end - position; }
};

// Reads records. One thread polls, seeks and commits; done(), stop() and lag() may come from any.
class Consumer {
 public:
  static Expected<Consumer> open(ConsumerOptions options);
  Consumer(Consumer&& other) noexcept;
  Consumer& operator=(Consumer&& other) noexcept;
  ~Consumer();  // Closes, within ten seconds.

  // The next records; empty when none came in time. Records of partitions that were lost meanwhile
  // are not among them. A broker that does not answer is no error: see trouble().
  Expected<RecordBatch> poll(PollLimits limits = {});

  // Says that records are handled: commit() goes as far as everything before is done too.
  void done(const RecordBatch& batch);
  void done(const Record& record);
  // Commits, of each partition, up to the first record that is not done.
  Error commit();
  Error commit(const std::vector<PartitionOffset>& offsets);
  // Does not wait for the answer: what fails then is not told.
  Error request_commit(const std::vector<PartitionOffset>& offsets);

  // Polls and has a handler called for every record until stop(), committing what is done. See
  // handling.h. The reason it ended, none after stop().
  HandlingSummary run(RecordHandler handler, HandlingOptions options = {});
  HandlingSummary run(BatchHandler handler, HandlingOptions options = {});
  void stop();

  // Goes on there, in partitions that are assigned. What is fetched ahead is dropped.
  Error seek(const std::vector<PartitionOffset>& offsets);
  Error pause(const std::vector<TopicPartition>& partitions);
  Error resume(const std::vector<TopicPartition>& partitions);

  // Reads these too, from the next poll on, which is where it is told if one cannot be begun; the
  // others go on as they are, paused or not. Only where ConsumerOptions::partitions are assigned by
  // hand. All or none: refused where one is assigned already, or named twice.
  Error add_partitions(const std::vector<AssignedPartition>& partitions);

  std::vector<TopicPartition> assignment() const;
  // Of the next record to hand out, in each partition: what a transaction commits.
  std::vector<PartitionOffset> positions() const;
  Expected<std::vector<PartitionLag>> lag();
  // Whether every assigned partition has been read to its end, as of the last poll.
  bool at_end() const;
  // What has kept the brokers from answering since records came last; none: nothing is known.
  Error trouble() const;

  // Commits what is done and leaves the group.
  Error close(std::chrono::milliseconds timeout);

 private:
  friend class Transaction;
  struct Impl;
  explicit Consumer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace thalweg::kafka
