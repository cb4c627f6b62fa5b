#pragma once

#include <chrono>
#include <cstdint>
#include <future>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "thalweg/kafka/consumer.h"
#include "thalweg/kafka/producer.h"
#include "thalweg/kafka/types.h"

namespace thalweg::kafka {

struct TransactionalOptions {
  ProducerOptions producer;  // `idempotent` and `acks` are as transactions need them.
  // Whoever opens a producer with the same id ends the other's transaction and fences it. The same
  // over restarts of a program, and another for each of its copies.
  std::string transactional_id;
  // After which the broker aborts an open transaction; at most its transaction.max.timeout.ms.
  std::chrono::milliseconds transaction_timeout{60'000};
  // A commit that takes longer may have been sent twice; see Transaction::commit().
  std::chrono::milliseconds suspicious_after{1'000};
};

class TransactionalProducer;

// An open transaction: what is sent in it is seen together, with the offsets, or not at all. It
// ends once, by commit() or abort(); whatever comes after is refused, and an open one that is
// destroyed is aborted, by its timeout where the broker does not answer for five seconds. Sending
// is thread-safe.
class Transaction {
 public:
  Transaction(Transaction&& other) noexcept;
  Transaction& operator=(Transaction&& other) noexcept;
  ~Transaction();

  // As Producer's. One record that fails lets the commit fail.
  std::future<Delivery> send(const OutputRecord& record);
  Error send(const OutputRecord& record, Producer::Callback callback);
  Error post(const OutputRecord& record);
  std::vector<Delivery> send_all(std::span<const OutputRecord> records);

  // Has the offsets committed with the transaction, in the name of the consumer's group. Refused,
  // as abortable, where the consumer does not own the partitions any more.
  Error send_offsets(const Consumer& consumer, const std::vector<PartitionOffset>& offsets);
  // In a group without members, that this transactional id alone writes to.
  Error send_offsets(const std::string& group, const std::vector<PartitionOffset>& offsets);

  // Of the records that this producer has delivered to the partition, the offset of the last one;
  // nothing: there is none. Waits for those on their way, but no longer than the timeout.
  std::optional<std::int64_t> last_offset(const TopicPartition& partition,
                                          std::chrono::milliseconds timeout) const;

  // Waits until all is delivered, and commits. No error: it is committed. An abortable one: it is
  // aborted, and its work can be done again in a new one; so is it where a record was refused for
  // good, or a right is missing, which are of those kinds. Fatal: open a new producer, and begin
  // with what is committed. In doubt: nobody can tell; offsets in it, other than those committed
  // before, do tell.
  Error commit();
  Error abort();
  bool is_open() const;

 private:
  friend class TransactionalProducer;
  struct Impl;
  explicit Transaction(std::unique_ptr<Impl> impl);
  void abandon();
  std::unique_ptr<Impl> impl_;
};

// Begins transactions, one after the other. A commit during which connections broke could reach
// the broker once more, later, and end the next transaction; after such a one the producer makes
// itself anew, which fences what is still on its way. Outlives its transactions.
class TransactionalProducer {
 public:
  // Ends what a producer of that id has left open.
  static Expected<TransactionalProducer> open(TransactionalOptions options);
  TransactionalProducer(TransactionalProducer&& other) noexcept;
  TransactionalProducer& operator=(TransactionalProducer&& other) noexcept;
  ~TransactionalProducer();

  // Refused while one is open.
  Expected<Transaction> begin();
  // How often it has made itself anew.
  std::uint64_t renewals() const;

 private:
  friend class Transaction;
  struct Impl;
  explicit TransactionalProducer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace thalweg::kafka
