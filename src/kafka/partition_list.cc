#include "kafka/partition_list.h"

#include <fmt/format.h>

#include <cstdlib>
#include <cstring>

namespace thalweg::kafka {

PartitionList to_list(const std::vector<PartitionOffset>& offsets) {
  PartitionList list = new_partition_list();
  for (const PartitionOffset& each : offsets) {
    rd_kafka_topic_partition_t* const added =
        rd_kafka_topic_partition_list_add(list.get(), each.topic.c_str(), each.partition);
    added->offset = each.offset;
    if (!each.metadata.empty()) {
      // The list frees it.
      added->metadata = std::malloc(each.metadata.size());
      std::memcpy(added->metadata, each.metadata.data(), each.metadata.size());
      added->metadata_size = each.metadata.size();
    }
  }
  return list;
}

PartitionList to_list(const std::vector<TopicPartition>& partitions) {
  PartitionList list = new_partition_list();
  for (const TopicPartition& each : partitions) {
    rd_kafka_topic_partition_list_add(list.get(), each.topic.c_str(), each.partition);
  }
  return list;
}

PartitionList to_list(const std::vector<AssignedPartition>& partitions) {
  PartitionList list = new_partition_list();
  for (const AssignedPartition& each : partitions) {
    add_to(*list, each);
  }
  return list;
}

void add_to(rd_kafka_topic_partition_list_t& list, const AssignedPartition& partition) {
  rd_kafka_topic_partition_list_add(&list, partition.topic.c_str(), partition.partition)->offset =
      partition.offset.value_or(RD_KAFKA_OFFSET_INVALID);
}

std::vector<PartitionOffset> offsets_of(const rd_kafka_topic_partition_list_t& list) {
  std::vector<PartitionOffset> offsets;
  for (int i = 0; i < list.cnt; ++i) {
    const rd_kafka_topic_partition_t& each = list.elems[i];
    offsets.push_back({each.topic, each.partition, each.offset,
                       std::string(static_cast<const char*>(each.metadata), each.metadata_size)});
  }
  return offsets;
}

std::vector<TopicPartition> partitions_of(const rd_kafka_topic_partition_list_t& list) {
  std::vector<TopicPartition> partitions;
  for (int i = 0; i < list.cnt; ++i) {
    partitions.push_back({list.elems[i].topic, list.elems[i].partition});
  }
  return partitions;
}

std::string name_of(const std::string& topic, std::int32_t partition) {
  return fmt::format("{}[{}]", topic, partition);
}

}  // namespace thalweg::kafka
