#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "expr/evaluator.h"
#include "runtime/step.h"
#include "state/key_groups.h"

namespace thalweg {

// The queues of one exchange: one for each pair of sending and receiving worker. Made once per job,
// shared by its workers.
class ExchangeQueues {
 public:
  ExchangeQueues(std::uint32_t senders, std::uint32_t receivers);
  MessageQueue& queue(std::uint32_t sender, std::uint32_t receiver) {
    return *queues_[sender * receivers_ + receiver];
  }
  std::uint32_t senders() const { return senders_; }
  std::uint32_t receivers() const { return receivers_; }

 private:
  const std::uint32_t senders_;
  const std::uint32_t receivers_;
  std::vector<std::unique_ptr<MessageQueue>> queues_;
};

// Sends each row to the worker that owns its key, without keys to every receiver; everything that
// is no row to all of them. Rows are not copied: each receiver gets the batch's columns with a
// selection of its rows.
class ExchangeOutlet final : public Outlet {
 public:
  ExchangeOutlet(WorkerContext& context, ExchangeQueues& queues, std::vector<ExprPtr> keys);

  void send(Message message) override;
  bool has_room() override;
  bool drain() override;
  bool drained() const override;

 private:
  void split(Batch batch);
  void push(std::uint32_t receiver, Message message);

  WorkerContext& context_;
  ExchangeQueues& queues_;
  std::vector<Evaluator> keys_;
  std::vector<std::deque<Message>> overflow_;  // One per receiver, while its queue is full.
  std::vector<std::uint64_t> hashes_;
};

}  // namespace thalweg
