#pragma once

#include <compare>
#include <cstdint>
#include <string>

namespace thalweg::kafka {

struct TopicPartition {
  std::string topic;
  std::int32_t partition = 0;
  friend auto operator<=>(const TopicPartition&, const TopicPartition&) = default;
};

// A place in a partition: the number of the next record to read, or the last one that is meant.
struct PartitionOffset {
  std::string topic;
  std::int32_t partition = 0;
  std::int64_t offset = 0;
  std::string metadata = {};  // Committed with the offset; at most 4,096 bytes.
  friend bool operator==(const PartitionOffset&, const PartitionOffset&) = default;
};

}  // namespace thalweg::kafka
