#pragma once

#include <librdkafka/rdkafka.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "kafka/consumer_core.h"
#include "kafka/producer_core.h"
#include "thalweg/kafka/transaction.h"

namespace thalweg::kafka {

using OffsetsByPartition = std::map<TopicPartition, PartitionOffset>;

// A transactional handle and what is known of its transaction. Everything but sending is one
// thread's.
class TransactionCore {
 public:
  static Expected<std::unique_ptr<TransactionCore>> make(Env& env, TransactionalOptions options);

  ~TransactionCore();

  Error begin();
  Error send_offsets(const std::string& group, const rd_kafka_consumer_group_metadata_t& membership,
                     const std::vector<PartitionOffset>& offsets);
  Error commit();
  Error abort() { return abort_within(options_.transaction_timeout); }
  // For who does not wait for the answer of a broker that is away: its time, or the next producer
  // of that id, ends the transaction.
  void abandon();

  bool is_open() const { return is_open_; }
  std::uint64_t renewals() const { return renewals_; }
  ProducerCore& producer() { return *producer_; }

 private:
  TransactionCore(Env& env, TransactionalOptions options)
      : env_(env), options_(std::move(options)) {}

  // A new handle with the same id: ends the transaction that the one before has left, and fences
  // every request of it that is still on its way.
  Error renew();
  Error abort_within(std::chrono::milliseconds timeout);
  Error abort_for(Error why);
  // Of a commit whose answer did not come, after renew(): what the group's offsets tell.
  Error resolve(Error why);
  Error end_in_doubt(Error why);
  // As long as the transaction may last. Afterwards the handle may still be in that call.
  Error send_offsets_once(const std::string& group,
                          const rd_kafka_consumer_group_metadata_t& membership,
                          const std::vector<PartitionOffset>& offsets, std::int64_t until_nanos);
  std::optional<Error> call_apart(std::function<Error(ProducerCore&)> call,
                                  std::int64_t until_nanos);
  Error learn_committed(const std::string& group, const std::vector<PartitionOffset>& offsets);
  void keep_sent();  // As what is committed.
  static void keep(const std::vector<PartitionOffset>& offsets, OffsetsByPartition& in);
  Error until_answered(rd_kafka_error_t* (*call)(rd_kafka_t*, int), std::string_view doing,
                       std::chrono::milliseconds timeout);

  Env& env_;
  const TransactionalOptions options_;
  std::shared_ptr<ProducerCore> producer_;  // Also of a call that does not come back.
  bool is_open_ = false;
  bool is_dead_ = false;  // After a fatal error.
  bool needs_renewal_ = false;
  bool is_stuck_ = false;  // A call on the handle has not come back.
  std::uint64_t renewals_ = 0;
  std::uint64_t disturbances_before_end_ = 0;  // As counted when the last transaction was to end.
  // By group: sent in this transaction, and committed as far as is known.
  std::map<std::string, OffsetsByPartition> sent_offsets_;
  std::map<std::string, OffsetsByPartition> committed_;
};

struct TransactionalProducer::Impl {
  std::unique_ptr<TransactionCore> core;
};

}  // namespace thalweg::kafka
