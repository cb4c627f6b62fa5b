#pragma once

#include <librdkafka/rdkafka.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kafka/client.h"
#include "kafka/commit_tracker.h"
#include "kafka/partition_list.h"
#include "thalweg/kafka/consumer.h"

namespace thalweg::kafka {

struct MembershipDeleter {
  void operator()(rd_kafka_consumer_group_metadata_t* membership) const {
    rd_kafka_consumer_group_metadata_destroy(membership);
  }
};
using Membership = std::unique_ptr<rd_kafka_consumer_group_metadata_t, MembershipDeleter>;

// A consuming handle. As with Consumer, one thread polls, seeks and commits.
class ConsumerCore {
 public:
  static Expected<std::unique_ptr<ConsumerCore>> make(Env& env, ConsumerOptions options);
  ~ConsumerCore();

  Expected<RecordBatch> poll(const PollLimits& limits);
  void done(const RecordBatch& batch);
  void done(std::string_view topic, std::int32_t partition, std::int64_t offset);

  Error commit();
  Error commit(const std::vector<PartitionOffset>& offsets);
  Error request_commit(const std::vector<PartitionOffset>& offsets);
  Error seek(const std::vector<PartitionOffset>& offsets);
  // Goes back, in each partition, to the first record that is not done.
  Error rewind();
  Error pause(const std::vector<TopicPartition>& partitions);
  Error resume(const std::vector<TopicPartition>& partitions);
  Error add_partitions(const std::vector<AssignedPartition>& partitions);
  // Pauses all of them, also those to come, whatever else is paused; letting them go resumes those
  // that nobody has paused.
  Error hold_all();
  Error let_go();
  bool holds_all() const;

  std::vector<TopicPartition> assignment() const;
  std::vector<PartitionOffset> positions() const;
  Expected<std::vector<PartitionLag>> lag();
  bool at_end() const;
  Error trouble() const;
  Error close(std::chrono::milliseconds timeout);

  // Who this consumer is in its group, for a transaction that commits these offsets. Refused where
  // the broker could not tell that it has lost them: brokers check the member, and not which
  // partitions are its own.
  Expected<Membership> membership_for(const std::vector<PartitionOffset>& offsets) const;

  // Called before partitions are revoked, after ConsumerOptions::on_revoked, and before they are
  // lost: the run waits there for its handlers. Null: nobody.
  void set_before_revoke(std::function<void(bool is_lost)> before) { before_ = std::move(before); }

  const ConsumerOptions& options() const { return options_; }
  Client& client() const { return *client_; }

 private:
  struct Partition {
    explicit Partition(std::int64_t start) : tracker(start), next(start), committed(start) {}
    CommitTracker tracker;
    std::int64_t next;       // To hand out.
    std::int64_t committed;  // What the group has been told last.
    bool is_at_end = false;
  };
  using Key = std::pair<std::string, std::int32_t>;
  using KeyView = std::pair<std::string_view, std::int32_t>;
  struct ByKey {
    using is_transparent = void;
    bool operator()(const KeyView& a, const KeyView& b) const { return a < b; }
  };

  explicit ConsumerCore(ConsumerOptions options) : options_(std::move(options)) {}
  Error begin();
  std::string committing() const;  // What an error was met in.

  static void rebalanced(rd_kafka_t* client, rd_kafka_resp_err_t code,
                         rd_kafka_topic_partition_list_t* partitions, void* opaque);
  void assigned(const rd_kafka_topic_partition_list_t& partitions);
  void revoked(const rd_kafka_topic_partition_list_t& partitions);
  // Finds where the partitions in to_assign_ begin, and begins there. May be called again where it
  // fails.
  Error assign_waiting();
  // The same of those in to_add_, beside the others.
  Error add_waiting();
  Error look_for_added();
  void begin_partitions(const rd_kafka_topic_partition_list_t& list);
  Error resolve_starts(rd_kafka_topic_partition_list_t& list);
  Error resolve_start(rd_kafka_topic_partition_t& partition);
  Error resolve_committed(rd_kafka_topic_partition_list_t& list);
  // Begun, or about to be.
  bool is_assigned(const TopicPartition& named);
  // Has librdkafka pause what is to be paused or held, of what has begun: it forgets where
  // partitions are assigned anew.
  Error hold_paused();

  // False: it was no record.
  bool take(rd_kafka_message_t* message, RecordBatch& batch);
  void hand_out(const RecordBatch& batch);
  Error problem_of(const rd_kafka_message_t& message);
  std::string where_it_stands() const;  // In those partitions that have more to read.
  Partition* find(std::string_view topic, std::int32_t partition);

  const ConsumerOptions options_;
  // Batches keep it too: librdkafka cannot end a client while records of it are about.
  std::shared_ptr<Client> client_;
  std::function<void(bool is_lost)> before_;
  PartitionList to_assign_;            // Given by the group or the user, and not begun yet.
  PartitionList to_add_;               // Given by the user since.
  std::int64_t add_until_nanos_ = 0;   // Until then they may be unknown yet,
  std::int64_t look_nanos_ = 0;        // and are not asked for before this.
  RecordBatch* filling_ = nullptr;     // What poll() is about to give.
  std::vector<PartitionOffset> ends_;  // Of partitions, found while it is filled.
  Error problem_;                      // Of a record or a rebalance, for the next poll().
  std::int64_t poll_began_nanos_ = 0;
  std::atomic<std::int64_t> heard_nanos_{0};  // When records came last.
  bool is_closed_ = false;

  mutable std::mutex mutex_;  // Guards what follows.
  std::map<Key, Partition, ByKey> partitions_;
  std::set<TopicPartition> paused_;  // By the user.
  bool holds_all_ = false;
};

struct Consumer::Impl {
  std::unique_ptr<ConsumerCore> core;
  std::atomic<bool> stopping{false};
};

}  // namespace thalweg::kafka
