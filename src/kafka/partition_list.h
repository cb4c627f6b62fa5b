#pragma once

#include <librdkafka/rdkafka.h>

#include <memory>
#include <string>
#include <vector>

#include "thalweg/kafka/consumer.h"
#include "thalweg/kafka/types.h"

namespace thalweg::kafka {

struct PartitionListDeleter {
  void operator()(rd_kafka_topic_partition_list_t* list) const {
    rd_kafka_topic_partition_list_destroy(list);
  }
};
using PartitionList = std::unique_ptr<rd_kafka_topic_partition_list_t, PartitionListDeleter>;

inline PartitionList new_partition_list() {
  return PartitionList(rd_kafka_topic_partition_list_new(0));
}

// With the offsets, and their metadata where there is some.
PartitionList to_list(const std::vector<PartitionOffset>& offsets);
PartitionList to_list(const std::vector<TopicPartition>& partitions);
// With the offsets that are given, RD_KAFKA_OFFSET_INVALID for the others.
PartitionList to_list(const std::vector<AssignedPartition>& partitions);
void add_to(rd_kafka_topic_partition_list_t& list, const AssignedPartition& partition);

std::vector<PartitionOffset> offsets_of(const rd_kafka_topic_partition_list_t& list);
std::vector<TopicPartition> partitions_of(const rd_kafka_topic_partition_list_t& list);

// quakes[3]
std::string name_of(const std::string& topic, std::int32_t partition);

}  // namespace thalweg::kafka
