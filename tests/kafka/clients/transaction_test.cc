#include "thalweg/kafka/transaction.h"

#include "broker_fixture.h"

namespace thalweg::kafka {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;
using namespace std::chrono_literals;

class TransactionTest : public BrokerTest {
 protected:
  TransactionalProducer open(const std::string& own) {
    Expected<TransactionalProducer> opened = TransactionalProducer::open(
        {.producer = {.connection = connection}, .transactional_id = own});
    EXPECT_TRUE(opened) << opened.error().message();
    return std::move(*opened);
  }
  static Transaction begin(TransactionalProducer& producer) {
    Expected<Transaction> begun = producer.begin();
    EXPECT_TRUE(begun) << begun.error().message();
    return std::move(*begun);
  }

  // Once there are some: brokers tell of a partition's first ones a moment after their commit.
  std::vector<GroupOffset> offsets_of_group() {
    for (int i = 0; i < 500; ++i) {
      const auto offsets = admin().group_offsets(group);
      EXPECT_TRUE(offsets) << offsets.error().message();
      if (!offsets || !offsets->empty()) {
        return *offsets;
      }
    }
    return {};
  }

  const std::string id = fresh("id");
  const std::string group = fresh("group");
};

TEST_F(TransactionTest, WhatIsCommittedIsSeenAndWhatIsAbortedIsNot) {
  const std::string topic = new_topic();
  TransactionalProducer producer = open(id);
  Transaction aborted = begin(producer);
  ASSERT_FALSE(aborted.post({.topic = topic, .value = "aborted"}));
  ASSERT_FALSE(aborted.abort());
  Transaction committed = begin(producer);
  EXPECT_FALSE(committed.send({.topic = topic, .value = "committed"}).get().error);
  const Error error = committed.commit();
  EXPECT_FALSE(error) << error.message();
  EXPECT_THAT(values_of(read_all(topic, 1)), ElementsAre("committed"));
  EXPECT_EQ(producer.renewals(), 0U);
}

TEST_F(TransactionTest, AnOpenOneThatIsDestroyedIsAborted) {
  const std::string topic = new_topic();
  TransactionalProducer producer = open(id);
  {
    Transaction forgotten = begin(producer);
    ASSERT_FALSE(forgotten.send({.topic = topic, .value = "forgotten"}).get().error);
  }
  Transaction next = begin(producer);
  ASSERT_FALSE(next.post({.topic = topic, .value = "next"}));
  ASSERT_FALSE(next.commit());
  EXPECT_THAT(values_of(read_all(topic, 1)), ElementsAre("next"));
}

TEST_F(TransactionTest, ItCannotBeMisused) {
  const std::string topic = new_topic();
  TransactionalProducer producer = open(id);
  Transaction transaction = begin(producer);
  EXPECT_EQ(producer.begin().error().kind(), ErrorKind::kMisuse);
  ASSERT_FALSE(transaction.commit());
  EXPECT_FALSE(transaction.is_open());
  EXPECT_EQ(transaction.commit().kind(), ErrorKind::kMisuse);
  EXPECT_EQ(transaction.abort().kind(), ErrorKind::kMisuse);
  EXPECT_EQ(transaction.post({.topic = topic}).kind(), ErrorKind::kMisuse);
  EXPECT_EQ(transaction.send({.topic = topic}).get().error.kind(), ErrorKind::kMisuse);
  EXPECT_EQ(transaction.send_offsets(group, {}).kind(), ErrorKind::kMisuse);
}

TEST_F(TransactionTest, ARecordThatFailsAbortsTheRest) {
  const std::string topic = new_topic();
  connection.properties = {{"topic.metadata.propagation.max.ms", "100"}};
  TransactionalProducer producer = open(id);
  Transaction transaction = begin(producer);
  ASSERT_FALSE(transaction.post({.topic = topic, .value = "a"}));
  ASSERT_FALSE(transaction.post({.topic = fresh("nowhere"), .value = "b"}));
  EXPECT_THAT(transaction.commit().message(), HasSubstr("was aborted"));
  Transaction again = begin(producer);
  ASSERT_FALSE(again.post({.topic = topic, .value = "again"}));
  const Error error = again.commit();
  ASSERT_FALSE(error) << error.message();
  EXPECT_THAT(values_of(read_all(topic, 1)), ElementsAre("again"));
}

TEST_F(TransactionTest, AZombieIsFenced) {
  const std::string topic = new_topic();
  TransactionalProducer old = open(id);
  Transaction zombie = begin(old);
  ASSERT_FALSE(zombie.send({.topic = topic, .value = "zombie"}).get().error);
  TransactionalProducer heir = open(id);
  const Error fenced = zombie.commit();
  EXPECT_EQ(fenced.kind(), ErrorKind::kFatal);
  EXPECT_TRUE(fenced.is_fenced()) << fenced.name() << ": " << fenced.message();
  EXPECT_EQ(old.begin().error().kind(), ErrorKind::kMisuse);
  Transaction transaction = begin(heir);
  ASSERT_FALSE(transaction.post({.topic = topic, .value = "heir"}));
  ASSERT_FALSE(transaction.commit());
  EXPECT_THAT(values_of(read_all(topic, 1)), ElementsAre("heir"));
}

TEST_F(TransactionTest, OffsetsAreCommittedWithTheRecords) {
  const std::string in = new_topic();
  const std::string out = new_topic();
  produce(in, {"a", "b"});
  Consumer consumer = open_consumer({.group = group, .topics = {in}, .instance_id = "one"});
  poll_records(consumer, 2);
  TransactionalProducer producer = open(id);
  {
    Transaction aborted = begin(producer);
    ASSERT_FALSE(aborted.send_offsets(consumer, {{in, 0, 1}}));
    ASSERT_FALSE(aborted.abort());
  }
  Transaction transaction = begin(producer);
  ASSERT_FALSE(transaction.post({.topic = out, .value = "ab"}));
  const Error sent = transaction.send_offsets(consumer, {{in, 0, 2, "v1;epoch=7"}});
  ASSERT_FALSE(sent) << sent.message();
  ASSERT_FALSE(transaction.commit());
  const std::vector<GroupOffset> offsets = offsets_of_group();
  ASSERT_THAT(offsets, SizeIs(1));
  EXPECT_EQ(offsets[0].committed, 2);
  EXPECT_EQ(offsets[0].metadata, "v1;epoch=7");
}

TEST_F(TransactionTest, OffsetsOfPartitionsThatAreNotOursAreRefused) {
  const std::string topic = new_topic(2);
  Consumer stranger = open_consumer({.group = group, .topics = {topic}});
  TransactionalProducer producer = open(id);
  Transaction transaction = begin(producer);
  const Error other = transaction.send_offsets(stranger, {{topic, 0, 1}});
  EXPECT_EQ(other.kind(), ErrorKind::kAbortable);
  EXPECT_THAT(other.message(), HasSubstr("not assigned"));
}

TEST_F(TransactionTest, OffsetsOfWhoHasNotJoinedAreRefused) {
  TransactionalProducer producer = open(id);
  Transaction transaction = begin(producer);
  connection.brokers = "127.0.0.1:1";
  Consumer stranger = open_consumer({.group = group, .topics = {"t"}, .instance_id = "one"});
  const Error error = transaction.send_offsets(stranger, {});
  EXPECT_EQ(error.kind(), ErrorKind::kAbortable);
  EXPECT_THAT(error.message(), HasSubstr("not a member"));
}

TEST_F(TransactionTest, AGroupOfItsOwnHoldsOffsetsWithoutMembers) {
  const std::string topic = new_topic();
  TransactionalProducer producer = open(id);
  Transaction transaction = begin(producer);
  ASSERT_FALSE(transaction.post({.topic = topic, .value = "x"}));
  ASSERT_FALSE(transaction.send_offsets(group, {{topic, 0, 42, "epoch=3"}}));
  ASSERT_FALSE(transaction.commit());
  const std::vector<GroupOffset> offsets = offsets_of_group();
  ASSERT_THAT(offsets, SizeIs(1));
  EXPECT_EQ(offsets[0].committed, 42);
}

TEST_F(TransactionTest, ASuspiciousCommitMakesTheProducerAnew) {
  const std::string topic = new_topic();
  Expected<TransactionalProducer> producer = TransactionalProducer::open(
      {.producer = {.connection = connection}, .transactional_id = id, .suspicious_after = 0ms});
  ASSERT_TRUE(producer);
  for (const char* const value : {"a", "b"}) {
    Transaction transaction = begin(*producer);
    ASSERT_FALSE(transaction.post({.topic = topic, .value = value}));
    ASSERT_FALSE(transaction.commit());
  }
  EXPECT_EQ(producer->renewals(), 1U) << "before the second began";
  EXPECT_THAT(values_of(read_all(topic, 2)), ElementsAre("a", "b"));
}

TEST_F(TransactionTest, WhatIsNotCommittedIsNoLagOfWhoReadsCommitted) {
  const std::string topic = new_topic();
  produce(topic, {"a", "b"});
  TransactionalProducer producer = open(id);
  Transaction transaction = begin(producer);
  ASSERT_FALSE(transaction.send({.topic = topic, .value = "open"}).get().error);
  Consumer consumer = open_consumer({.partitions = {{topic, 0}}});
  poll_records(consumer, 1);
  const auto lag = consumer.lag();
  ASSERT_TRUE(lag) << lag.error().message();
  EXPECT_EQ((*lag)[0].end, 2);
  Consumer careless = open_consumer({.partitions = {{topic, 0}}, .read_committed = false});
  poll_records(careless, 1);
  EXPECT_EQ((*careless.lag())[0].end, 3);
}

TEST_F(TransactionTest, ATransactionNeedsAnId) {
  const auto producer = TransactionalProducer::open({.producer = {.connection = connection}});
  ASSERT_FALSE(producer);
  EXPECT_EQ(producer.error().kind(), ErrorKind::kConfiguration);
}

}  // namespace
}  // namespace thalweg::kafka
