// A member of a group that copies its topic to another, each batch in a transaction with its
// offsets: BROKERS GROUP INSTANCE FROM TO. Prints a line for each batch that is committed, and runs
// until it is killed.
#include <cstdio>
#include <map>
#include <string>
#include <vector>

#include "thalweg/kafka/consumer.h"
#include "thalweg/kafka/transaction.h"

namespace thalweg::kafka {
namespace {

using std::chrono::milliseconds;

struct Copied {
  std::vector<PartitionOffset> begin;  // Of the batch, in each partition,
  std::vector<PartitionOffset> end;    // and behind it.
};

Copied bounds_of(const RecordBatch& batch) {
  std::map<std::pair<std::string, std::int32_t>, std::pair<std::int64_t, std::int64_t>> bounds;
  for (const Record& record : batch) {
    auto& [begin, end] = bounds
                             .try_emplace({std::string(record.topic), record.partition},
                                          record.offset, record.offset)
                             .first->second;
    end = record.offset + 1;
  }
  Copied copied;
  for (const auto& [partition, offsets] : bounds) {
    copied.begin.push_back({partition.first, partition.second, offsets.first});
    copied.end.push_back({partition.first, partition.second, offsets.second});
  }
  return copied;
}

Error copy(const RecordBatch& batch, const std::vector<PartitionOffset>& end,
           const Consumer& consumer, TransactionalProducer& producer, const std::string& to) {
  Expected<Transaction> transaction = producer.begin();
  if (!transaction) {
    return transaction.error();
  }
  for (const Record& record : batch) {
    if (Error error = transaction->post({.topic = to, .key = record.key, .value = record.value})) {
      return error;
    }
  }
  if (Error error = transaction->send_offsets(consumer, end)) {
    if (Error aborting = transaction->abort()) {
      return aborting;
    }
    return error;
  }
  return transaction->commit();
}

// Reads a batch again, of what is still this member's: the rest others read.
void go_back(Consumer& consumer, const std::vector<PartitionOffset>& begin) {
  for (const PartitionOffset& each : begin) {
    (void)consumer.seek({each});
  }
}

Error run(const std::string& brokers, const std::string& group, const std::string& instance,
          const std::string& from, const std::string& to) {
  Expected<TransactionalProducer> producer =
      TransactionalProducer::open({.producer = {.connection = {.brokers = brokers}},
                                   .transactional_id = group + "." + instance,
                                   .transaction_timeout = milliseconds(10'000)});
  if (!producer) {
    return producer.error();
  }
  Expected<Consumer> consumer = Consumer::open({.connection = {.brokers = brokers},
                                                .group = group,
                                                .topics = {from},
                                                .instance_id = instance,
                                                .session_timeout = milliseconds(6'000),
                                                .heartbeat_interval = milliseconds(500)});
  if (!consumer) {
    return consumer.error();
  }
  while (true) {
    const Expected<RecordBatch> batch = consumer->poll({.records = 100});
    if (!batch) {
      if (batch.error().kind() == ErrorKind::kRetriable) {
        continue;
      }
      return batch.error();
    }
    if (batch->empty()) {
      continue;
    }
    const Copied copied = bounds_of(*batch);
    const Error error = copy(*batch, copied.end, *consumer, *producer, to);
    if (!error) {
      std::printf("%zu\n", batch->size());
      std::fflush(stdout);
    } else if (error.kind() == ErrorKind::kAbortable || error.kind() == ErrorKind::kRetriable) {
      go_back(*consumer, copied.begin);
    } else {
      return error;
    }
  }
}

}  // namespace
}  // namespace thalweg::kafka

int main(int argc, char** argv) {
  if (argc != 6) {
    std::fputs("copying_member BROKERS GROUP INSTANCE FROM TO\n", stderr);
    return 2;
  }
  const thalweg::kafka::Error error =
      thalweg::kafka::run(argv[1], argv[2], argv[3], argv[4], argv[5]);
  std::fprintf(stderr, "%s: %s\n", error.name().c_str(), error.message().c_str());
  return 1;
}
