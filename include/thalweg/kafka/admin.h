#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "thalweg/kafka/connection.h"
#include "thalweg/kafka/types.h"

namespace thalweg::kafka {

struct AdminOptions {
  Connection connection;
  std::chrono::milliseconds timeout{10'000};  // Of each call.
};

struct NewTopic {
  std::string name;
  std::int32_t partitions = 1;
  std::int32_t replicas = -1;                        // -1: the broker's default.
  std::map<std::string, std::string> settings = {};  // "cleanup.policy": "compact".
};

struct TopicListing {
  std::string name;
  std::int32_t partitions = 0;
};

struct PartitionDescription {
  std::int32_t partition = 0;
  std::int32_t leader = -1;  // -1: none.
  std::vector<std::int32_t> replicas;
  std::vector<std::int32_t> in_sync;
  std::int64_t begin = 0;  // The offset of the first record there is.
  std::int64_t end = 0;    // The next record's, those of open transactions counted.
};

struct TopicDescription {
  std::string name;
  std::vector<PartitionDescription> partitions;
  std::map<std::string, std::string> settings;  // Those that are not the broker's defaults.
  // Of a batch of records, as it is sent: max.message.bytes, the broker's where the topic has none.
  // 0: the broker does not tell.
  std::uint64_t message_bytes_max = 0;
};

struct GroupListing {
  std::string group;
  std::string state;  // "Stable", "Empty".
};

struct GroupMember {
  std::string client_id;
  std::string host;
  std::string member_id;
  std::string instance_id;  // Empty: none.
  std::vector<TopicPartition> partitions;
};

struct GroupDescription {
  std::string group;
  std::string state;
  std::string assignor;
  std::vector<GroupMember> members;
};

// How far a group is in a partition.
struct GroupOffset {
  std::string topic;
  std::int32_t partition = 0;
  std::int64_t committed = 0;
  std::int64_t end = 0;  // The next record's offset; -1: the partition is not there any more.
  std::string metadata;
};

// Topics and groups of a cluster. Every call asks the brokers. Thread-safe.
class Admin {
 public:
  static Expected<Admin> open(AdminOptions options);
  Admin(Admin&& other) noexcept;
  Admin& operator=(Admin&& other) noexcept;
  ~Admin();

  Error create_topic(const NewTopic& topic);
  // Of those that are for people; Kafka's own begin with "__".
  Expected<std::vector<TopicListing>> list_topics();
  Expected<TopicDescription> describe_topic(const std::string& name);
  Error delete_topic(const std::string& name);

  Expected<std::vector<GroupListing>> list_groups();
  Expected<GroupDescription> describe_group(const std::string& group);
  // Of every partition that the group has committed an offset for. Waits for transactions that are
  // about to change one; the first offset of a partition may show a moment after its commit.
  Expected<std::vector<GroupOffset>> group_offsets(const std::string& group);
  Error delete_group(const std::string& group);

 private:
  struct Impl;
  explicit Admin(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace thalweg::kafka
