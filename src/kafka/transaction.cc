#include "thalweg/kafka/transaction.h"

#include <fmt/format.h>

#include <utility>

#include "env/env.h"
#include "kafka/delivery_waiters.h"
#include "kafka/transaction_core.h"

namespace thalweg::kafka {
namespace {

Error ended() { return {ErrorKind::kMisuse, "", "the transaction has ended"}; }

}  // namespace

// Of one transaction; `core` is the producer's, and null once it has ended.
struct Transaction::Impl {
  TransactionCore* core = nullptr;
};

Transaction::Transaction(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Transaction::Transaction(Transaction&& other) noexcept = default;

Transaction& Transaction::operator=(Transaction&& other) noexcept {
  if (this != &other) {
    abandon();
    impl_ = std::move(other.impl_);
  }
  return *this;
}

Transaction::~Transaction() { abandon(); }

void Transaction::abandon() {
  if (is_open()) {
    std::exchange(impl_->core, nullptr)->abandon();
  }
}

bool Transaction::is_open() const { return impl_ != nullptr && impl_->core != nullptr; }

std::future<Delivery> Transaction::send(const OutputRecord& record) {
  if (!is_open()) {
    std::promise<Delivery> refused;
    refused.set_value({.error = ended()});
    return refused.get_future();
  }
  return send_for_future(impl_->core->producer(), record);
}

Error Transaction::send(const OutputRecord& record, Producer::Callback callback) {
  return is_open() ? send_with_callback(impl_->core->producer(), record, std::move(callback))
                   : ended();
}

Error Transaction::post(const OutputRecord& record) {
  return is_open() ? impl_->core->producer().send(record, nullptr) : ended();
}

std::vector<Delivery> Transaction::send_all(std::span<const OutputRecord> records) {
  return is_open() ? impl_->core->producer().send_all(records)
                   : std::vector<Delivery>(records.size(), Delivery{.error = ended()});
}

Error Transaction::send_offsets(const Consumer& consumer,
                                const std::vector<PartitionOffset>& offsets) {
  if (!is_open()) {
    return ended();
  }
  const ConsumerCore& reader = *consumer.impl_->core;
  const Expected<Membership> membership = reader.membership_for(offsets);
  return membership ? impl_->core->send_offsets(reader.options().group, **membership, offsets)
                    : membership.error();
}

Error Transaction::send_offsets(const std::string& group,
                                const std::vector<PartitionOffset>& offsets) {
  if (!is_open()) {
    return ended();
  }
  const Membership membership(rd_kafka_consumer_group_metadata_new(group.c_str()));
  return impl_->core->send_offsets(group, *membership, offsets);
}

std::optional<std::int64_t> Transaction::last_offset(const TopicPartition& partition,
                                                     std::chrono::milliseconds timeout) const {
  return is_open() ? impl_->core->producer().last_offset(partition, timeout) : std::nullopt;
}

Error Transaction::commit() {
  return is_open() ? std::exchange(impl_->core, nullptr)->commit() : ended();
}

Error Transaction::abort() {
  return is_open() ? std::exchange(impl_->core, nullptr)->abort() : ended();
}

TransactionalProducer::TransactionalProducer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
TransactionalProducer::TransactionalProducer(TransactionalProducer&& other) noexcept = default;
TransactionalProducer& TransactionalProducer::operator=(TransactionalProducer&& other) noexcept =
    default;
TransactionalProducer::~TransactionalProducer() = default;

Expected<TransactionalProducer> TransactionalProducer::open(TransactionalOptions options) {
  Expected<std::unique_ptr<TransactionCore>> core =
      TransactionCore::make(system_env(), std::move(options));
  if (!core) {
    return core.error();
  }
  auto impl = std::make_unique<Impl>();
  impl->core = std::move(*core);
  return TransactionalProducer(std::move(impl));
}

Expected<Transaction> TransactionalProducer::begin() {
  if (Error error = impl_->core->begin()) {
    return error;
  }
  auto transaction = std::make_unique<Transaction::Impl>();
  transaction->core = impl_->core.get();
  return Transaction(std::move(transaction));
}

std::uint64_t TransactionalProducer::renewals() const { return impl_->core->renewals(); }

}  // namespace thalweg::kafka
