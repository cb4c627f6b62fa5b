#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "connectors/connector.h"
#include "connectors/kafka_outage.h"
#include "stream/epoch_decider.h"
#include "thalweg/kafka/transaction.h"

namespace thalweg {

// The transactions of a job, one for each epoch: what its sinks have sent in it is seen together or
// not at all. Which epoch counts stands in the metadata of an offset that is committed with it, of
// partition 0 of one of the topics, in a group of the job's own.
//
// Threading: takes() and post() from any thread, the rest from one at a time.
class KafkaTransactions final : public EpochDecider {
 public:
  // Absent: none of the sinks is a topic that is to be seen exactly once. Fails where one
  // transaction cannot be all of theirs.
  static Result<std::unique_ptr<EpochDecider>> make(const DeciderRequest& request);

  std::string name() const override;
  Result<std::optional<EpochName>> decided() override;
  Result<std::optional<EpochName>> seen() override;
  Status decide(const EpochName& epoch) override;

  std::optional<Outage> outage() const { return outage_.now(); }

  // What this epoch and the next ones write comes in transactions from now on. Idempotent.
  Status begin(std::uint64_t epoch);
  // Whether records of this epoch may be sent: those before have been decided.
  bool takes(std::uint64_t epoch) const { return epoch_.load(std::memory_order_acquire) == epoch; }
  // Requires: takes(). Waits for room where much is under way.
  Status post(const kafka::OutputRecord& record);

 private:
  KafkaTransactions(std::vector<std::string> topics, kafka::TransactionalOptions options,
                    const std::atomic<bool>* stop_requested);
  Status open();
  // Behind all that partition 0 will have when the transaction has been committed, as far as is
  // known: the offset that tells the epoch shows no lag there.
  std::int64_t end_after_commit();
  const std::string& topic() const { return topics_.front(); }
  // Of the group, too.
  Status status_of(const kafka::Error& error);
  const std::string& id() const { return options_.transactional_id; }

  const std::vector<std::string> topics_;  // The first is that of the offset that tells.
  KafkaOutage outage_;
  kafka::TransactionalOptions options_;
  std::optional<kafka::TransactionalProducer> producer_;
  std::optional<kafka::Transaction> transaction_;
  std::chrono::steady_clock::time_point begun_;
  std::int64_t end_ = 0;                 // Of partition 0 of topic(), as far as is known.
  std::atomic<std::uint64_t> epoch_{0};  // That transaction_ is of; 0: none is open.
};

}  // namespace thalweg
