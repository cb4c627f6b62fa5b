#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <string>

#include "thalweg/kafka/admin.h"
#include "thalweg/kafka/producer.h"
#include "thalweg/kafka/transaction.h"

// What becomes of errors that a broker answers with: librdkafka's own pretended brokers give them
// when they are told to. They prove nothing about exactly-once: that needs a real one.
namespace thalweg::kafka {
namespace {

using testing::HasSubstr;
using namespace std::chrono_literals;

// Kafka's numbers of requests.
constexpr std::int16_t kProduce = 0;
constexpr std::int16_t kOffsetFetch = 9;
constexpr std::int16_t kInitProducerId = 22;
constexpr std::int16_t kEndTransaction = 26;
constexpr std::int16_t kTransactionOffsets = 28;

class KafkaMockTest : public testing::Test {
 protected:
  KafkaMockTest()
      : host_(rd_kafka_new(RD_KAFKA_PRODUCER, quiet(), nullptr, 0), rd_kafka_destroy),
        cluster_(rd_kafka_mock_cluster_new(host_.get(), 2), rd_kafka_mock_cluster_destroy) {
    rd_kafka_mock_topic_create(cluster_.get(), "t", 1, 1);
    connection.brokers = rd_kafka_mock_cluster_bootstraps(cluster_.get());
  }

  void answer_with(std::int16_t request, rd_kafka_resp_err_t error, int times = 1) {
    for (int i = 0; i < times; ++i) {
      rd_kafka_mock_push_request_errors(cluster_.get(), request, 1, error);
    }
  }

  // The brokers that look after transactions and after the group, from now on.
  void give_coordinators(int transactions, int group) {
    rd_kafka_mock_coordinator_set(cluster_.get(), "transaction", "id", transactions);
    rd_kafka_mock_coordinator_set(cluster_.get(), "group", "group", group);
  }
  void take_down(int broker) { rd_kafka_mock_broker_set_down(cluster_.get(), broker); }
  void bring_up(int broker) { rd_kafka_mock_broker_set_up(cluster_.get(), broker); }

  Error deliver() {
    Expected<Producer> producer = Producer::open({.connection = connection});
    return producer ? producer->send({.topic = "t", .value = "v"}).get().error : producer.error();
  }

  // Commits one record and an offset, with which errors are met on the way.
  Error commit() {
    Expected<TransactionalProducer> producer = TransactionalProducer::open(
        {.producer = {.connection = connection}, .transactional_id = "id"});
    if (!producer) {
      return producer.error();
    }
    Expected<Transaction> transaction = producer->begin();
    if (!transaction) {
      return transaction.error();
    }
    if (Error error = transaction->post({.topic = "t", .value = "v"})) {
      return error;
    }
    if (Error error = transaction->send_offsets("group", {{"t", 0, 1}})) {
      return error;
    }
    Error error = transaction->commit();
    can_go_on_ = static_cast<bool>(producer->begin());
    return error;
  }

  Connection connection;
  bool can_go_on_ = false;

 private:
  static rd_kafka_conf_t* quiet() {
    rd_kafka_conf_t* const conf = rd_kafka_conf_new();
    rd_kafka_conf_set(conf, "log_level", "0", nullptr, 0);
    return conf;
  }

  const std::unique_ptr<rd_kafka_t, decltype(&rd_kafka_destroy)> host_;
  const std::unique_ptr<rd_kafka_mock_cluster_t, decltype(&rd_kafka_mock_cluster_destroy)> cluster_;
};

TEST_F(KafkaMockTest, ALeaderThatMovesIsNoError) {
  answer_with(kProduce, RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION);
  const Error error = deliver();
  EXPECT_FALSE(error) << error.message();
}

TEST_F(KafkaMockTest, AMissingRightIsToldWithItsTopic) {
  answer_with(kProduce, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
  const Error error = deliver();
  EXPECT_EQ(error.kind(), ErrorKind::kAuthorization);
  EXPECT_THAT(error.message(), HasSubstr("topic \"t\""));
}

TEST_F(KafkaMockTest, ARecordThatTheBrokerFindsTooLargeIsRefusedAlone) {
  answer_with(kProduce, RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
  EXPECT_EQ(deliver().kind(), ErrorKind::kRecord);
  EXPECT_FALSE(deliver());
}

TEST_F(KafkaMockTest, ACommitWaitsForAnotherTransaction) {
  answer_with(kEndTransaction, RD_KAFKA_RESP_ERR_CONCURRENT_TRANSACTIONS, 3);
  const Error error = commit();
  EXPECT_FALSE(error) << error.message();
  EXPECT_TRUE(can_go_on_);
}

// Each time what is wrong is told once more while the client goes.
TEST_F(KafkaMockTest, AClientThatGoesIsReachedByNoEvent) {
  for (int i = 0; i < 50; ++i) {
    answer_with(kInitProducerId, RD_KAFKA_RESP_ERR_INVALID_TRANSACTION_TIMEOUT);
    const Error error = commit();
    EXPECT_THAT(error.message(), HasSubstr("transaction.max.timeout.ms"));
  }
}

// librdkafka itself would wait for that broker without end.
TEST_F(KafkaMockTest, OffsetsWaitNoLongerThanTheTransactionForABrokerThatIsAway) {
  give_coordinators(1, 2);
  Expected<TransactionalProducer> producer =
      TransactionalProducer::open({.producer = {.connection = connection},
                                   .transactional_id = "id",
                                   .transaction_timeout = 3'000ms});
  ASSERT_TRUE(producer) << producer.error().message();
  const auto send = [&](std::int64_t offset) -> Error {
    Expected<Transaction> transaction = producer->begin();
    if (!transaction) {
      return transaction.error();
    }
    if (Error error = transaction->send_offsets("group", {{"t", 0, offset}})) {
      const Error aborted = transaction->abort();
      EXPECT_FALSE(aborted) << aborted.message();
      return error;
    }
    return transaction->commit();
  };
  ASSERT_FALSE(send(1));
  take_down(2);
  EXPECT_EQ(send(2).kind(), ErrorKind::kRetriable);
  bring_up(2);
  const Error error = send(3);
  EXPECT_FALSE(error) << error.message();
}

// The times that the calls have are longer than a test may last.
TEST_F(KafkaMockTest, WhoGivesUpDoesNotWaitForABrokerThatIsAway) {
  connection.gives_up = [] { return true; };
  Expected<Producer> producer =
      Producer::open({.connection = connection, .delivery_timeout = std::chrono::hours(1)});
  ASSERT_TRUE(producer) << producer.error().message();
  take_down(1);
  take_down(2);
  ASSERT_FALSE(producer->post({.topic = "t", .value = "v"}));
  EXPECT_EQ(producer->flush(std::chrono::hours(1)).error.kind(), ErrorKind::kRetriable);
  EXPECT_EQ(producer->close(std::chrono::hours(1)).undelivered, 1U);
}

TEST_F(KafkaMockTest, NorDoesATransactionWait) {
  std::atomic<bool> gives_up = false;
  connection.gives_up = [&] { return gives_up.load(); };
  const auto end = [&](bool with_offsets) -> Error {
    gives_up = false;
    bring_up(1);
    bring_up(2);
    Expected<TransactionalProducer> producer =
        TransactionalProducer::open({.producer = {.connection = connection},
                                     .transactional_id = "id",
                                     .transaction_timeout = std::chrono::minutes(15)});
    EXPECT_TRUE(producer) << producer.error().message();
    Expected<Transaction> transaction = producer->begin();
    EXPECT_TRUE(transaction);
    EXPECT_FALSE(transaction->send({.topic = "t", .value = "v"}).get().error);
    EXPECT_FALSE(transaction->send_offsets("group", {{"t", 0, 1}}));
    take_down(1);
    take_down(2);
    gives_up = true;
    return with_offsets ? transaction->send_offsets("group", {{"t", 0, 2}}) : transaction->commit();
  };
  EXPECT_EQ(end(/*with_offsets=*/true).kind(), ErrorKind::kRetriable);
  EXPECT_EQ(end(/*with_offsets=*/false).kind(), ErrorKind::kInDoubt);
}

TEST_F(KafkaMockTest, AFencedCommitIsFatal) {
  answer_with(kEndTransaction, RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH);
  const Error error = commit();
  EXPECT_EQ(error.kind(), ErrorKind::kFatal);
  EXPECT_TRUE(error.is_fenced());
  EXPECT_FALSE(can_go_on_);
}

TEST_F(KafkaMockTest, ACommitThatCannotBeIsAbortedAndItsWorkCanBeDoneAgain) {
  answer_with(kEndTransaction, RD_KAFKA_RESP_ERR_UNKNOWN_PRODUCER_ID);
  const Error error = commit();
  EXPECT_EQ(error.kind(), ErrorKind::kAbortable) << error.message();
  EXPECT_THAT(error.message(), HasSubstr("was aborted"));
  EXPECT_TRUE(can_go_on_);
}

TEST_F(KafkaMockTest, OffsetsOfAMemberThatWasLeftBehindAbortTheTransaction) {
  for (const rd_kafka_resp_err_t code :
       {RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION, RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID,
        RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID}) {
    answer_with(kTransactionOffsets, code);
    EXPECT_EQ(commit().kind(), ErrorKind::kAbortable) << rd_kafka_err2name(code);
  }
}

TEST_F(KafkaMockTest, OffsetsThatOneMayNotCommitAreNotTriedAgain) {
  answer_with(kTransactionOffsets, RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED);
  const Error error = commit();
  EXPECT_EQ(error.kind(), ErrorKind::kAuthorization) << error.message();
  EXPECT_THAT(error.message(), HasSubstr("group \"group\""));
}

// librdkafka 2.0.2 cannot ask for the coordinator again through a producer's handle: it crashes.
TEST_F(KafkaMockTest, OffsetsAreAskedForAgainWhereTheCoordinatorHasMoved) {
  answer_with(kOffsetFetch, RD_KAFKA_RESP_ERR_NOT_COORDINATOR);
  const Error error = commit();
  EXPECT_FALSE(error) << error.message();

  Expected<Admin> admin = Admin::open({.connection = connection});
  ASSERT_TRUE(admin);
  answer_with(kOffsetFetch, RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE);
  const Expected<std::vector<GroupOffset>> offsets = admin->group_offsets("group");
  EXPECT_TRUE(offsets) << offsets.error().message();
}

}  // namespace
}  // namespace thalweg::kafka
