#include "runtime/exchange.h"

#include <gtest/gtest.h>

#include "runtime/runtime_fixture.h"

namespace thalweg {
namespace {

using namespace fixture;

Batch numbers(std::int64_t begin, std::int64_t end, std::int64_t modulus) {
  ColumnBuilder keys(type_of(TypeKind::kBigint));
  ColumnBuilder values(type_of(TypeKind::kBigint));
  for (std::int64_t i = begin; i < end; ++i) {
    keys.append(i % modulus);
    values.append(i);
  }
  return batch({keys.finish(), values.finish()});
}

class ExchangeTest : public ::testing::Test {
 protected:
  static constexpr std::uint32_t kWorkers = 3;

  WorkerContext context(std::uint32_t worker) {
    return {.env = env_, .worker = worker, .dice = {}, .failure = {}};
  }
  static std::vector<ExprPtr> keys() { return {column_expr(0, type_of(TypeKind::kBigint), "k")}; }

  // Takes everything that lies in the queue.
  std::vector<Message> take(std::uint32_t sender, std::uint32_t receiver) {
    std::vector<Message> messages;
    MessageQueue& queue = queues_.queue(sender, receiver);
    while (queue.front() != nullptr) {
      messages.push_back(*queue.pop());
    }
    return messages;
  }

  FakeEnv env_;
  ExchangeQueues queues_{kWorkers, kWorkers};
};

TEST_F(ExchangeTest, AKeyGoesToOneWorkerWhoeverSendsIt) {
  std::map<std::int64_t, std::uint32_t> owners;
  std::size_t rows = 0;
  for (std::uint32_t sender = 0; sender < kWorkers; ++sender) {
    WorkerContext worker = context(sender);
    ExchangeOutlet outlet(worker, queues_, keys());
    outlet.send(numbers(0, 1000, 50));
    for (std::uint32_t receiver = 0; receiver < kWorkers; ++receiver) {
      for (const Message& message : take(sender, receiver)) {
        const Batch& part = std::get<Batch>(message);
        for (std::uint32_t i = 0; i < part.num_rows(); ++i, ++rows) {
          const std::int64_t key = part.columns[0].values<std::int64_t>()[part.row(i)];
          ASSERT_EQ(owners.try_emplace(key, receiver).first->second, receiver) << key;
        }
      }
    }
  }
  EXPECT_EQ(rows, 3000u);
  EXPECT_EQ(owners.size(), 50u);
}

TEST_F(ExchangeTest, WithoutKeysEachReceiverGetsAllRows) {
  WorkerContext worker = context(0);
  ExchangeOutlet outlet(worker, queues_, {});
  outlet.send(numbers(0, 100, 50));
  for (std::uint32_t receiver = 0; receiver < kWorkers; ++receiver) {
    const std::vector<Message> messages = take(0, receiver);
    ASSERT_EQ(messages.size(), 1u);
    EXPECT_EQ(std::get<Batch>(messages[0]).num_rows(), 100u);
  }
}

TEST_F(ExchangeTest, TimeBarriersAndTheEndGoToAllInTheirPlace) {
  WorkerContext worker = context(1);
  ExchangeOutlet outlet(worker, queues_, keys());
  outlet.send(WatermarkMessage{EventTime{5}});
  outlet.send(numbers(0, 100, 100));
  outlet.send(BarrierMessage{1});
  outlet.send(EndMessage{});
  for (std::uint32_t receiver = 0; receiver < kWorkers; ++receiver) {
    const std::vector<Message> messages = take(1, receiver);
    ASSERT_EQ(messages.size(), 4u);
    EXPECT_TRUE(std::holds_alternative<WatermarkMessage>(messages[0]));
    EXPECT_TRUE(std::holds_alternative<Batch>(messages[1]));
    EXPECT_TRUE(std::holds_alternative<BarrierMessage>(messages[2]));
    EXPECT_TRUE(std::holds_alternative<EndMessage>(messages[3]));
  }
}

TEST_F(ExchangeTest, WhatAFullQueueDoesNotTakeFollowsInOrderAndHoldsTheSenderBack) {
  WorkerContext worker = context(0);
  ExchangeOutlet outlet(worker, queues_, keys());
  constexpr std::int64_t kMessages = 200;
  for (std::int64_t i = 0; i < kMessages; ++i) {
    outlet.send(WatermarkMessage{EventTime{i}});
  }
  EXPECT_FALSE(outlet.has_room());
  EXPECT_FALSE(outlet.drained());
  EXPECT_FALSE(outlet.drain());
  std::vector<std::int64_t> came[kWorkers];
  for (bool moved = true; moved;) {
    for (std::uint32_t receiver = 0; receiver < kWorkers; ++receiver) {
      for (const Message& message : take(0, receiver)) {
        came[receiver].push_back(std::get<WatermarkMessage>(message).time.micros);
      }
    }
    moved = outlet.drain();
  }
  EXPECT_TRUE(outlet.drained());
  EXPECT_TRUE(outlet.has_room());
  for (const std::vector<std::int64_t>& each : came) {
    ASSERT_EQ(each.size(), static_cast<std::size_t>(kMessages));
    EXPECT_TRUE(std::ranges::is_sorted(each));
  }
}

TEST_F(ExchangeTest, OnlySelectedRowsTravel) {
  WorkerContext worker = context(0);
  ExchangeOutlet outlet(worker, queues_, keys());
  outlet.send(numbers(0, 10, 10).select({2, 7}));
  std::vector<std::int64_t> values;
  for (std::uint32_t receiver = 0; receiver < kWorkers; ++receiver) {
    for (const Message& message : take(0, receiver)) {
      const Batch& part = std::get<Batch>(message);
      for (std::uint32_t i = 0; i < part.num_rows(); ++i) {
        values.push_back(part.columns[1].values<std::int64_t>()[part.row(i)]);
      }
    }
  }
  std::ranges::sort(values);
  EXPECT_EQ(values, (std::vector<std::int64_t>{2, 7}));
}

}  // namespace
}  // namespace thalweg
