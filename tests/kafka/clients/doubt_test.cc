#include <future>

#include "proxy_fixture.h"
#include "thalweg/kafka/transaction.h"

namespace thalweg::kafka {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using namespace std::chrono_literals;

// Transactions whose end the broker does not see, sees late, or does not answer.
class DoubtTest : public HarmedBrokerTest {
 protected:
  DoubtTest() {
    connection.properties = {{"reconnect.backoff.max.ms", "250"}};
    topic = new_topic();
  }

  TransactionalProducer open(std::chrono::milliseconds timeout = 3s) {
    Connection logged = connection;
    // Brokers are called so until they have told their number: by a handle that is new.
    logged.on_log = [this, name = "]: " + connection.brokers + "/bootstrap: "](
                        int /*level*/, std::string_view line) {
      if (line.find(name) != std::string_view::npos && is_down.exchange(false)) {
        made_anew.set_value();
      }
    };
    Expected<TransactionalProducer> opened =
        TransactionalProducer::open({.producer = {.connection = logged},
                                     .transactional_id = id,
                                     .transaction_timeout = timeout});
    EXPECT_TRUE(opened) << opened.error().message();
    return std::move(*opened);
  }

  // An open transaction with one record in it, and with the offset if it is one.
  Transaction work(TransactionalProducer& producer, const std::string& value,
                   std::int64_t offset = -1) {
    Expected<Transaction> begun = producer.begin();
    EXPECT_TRUE(begun) << begun.error().message();
    const Error error = begun->send({.topic = topic, .value = value}).get().error;
    EXPECT_FALSE(error) << error.message();
    if (offset >= 0) {
      const Error sent = begun->send_offsets(group, {{topic, 0, offset}});
      EXPECT_FALSE(sent) << sent.message();
    }
    return std::move(*begun);
  }

  // What comes of a commit whose end the broker takes and answers for no longer: away it is, until
  // the producer gives up and makes itself anew.
  Error commit_without_answer(Transaction& transaction) {
    const std::string held = rule("stall EndTxn");
    std::future<Error> committing =
        std::async(std::launch::async, [&] { return transaction.commit(); });
    tell("wait " + held);
    is_down = true;
    tell("down");
    made_anew.get_future().wait();
    tell("up");
    tell("release " + held);
    return committing.get();
  }

  // All that a reader sees before a last record.
  std::vector<std::string> seen_before(const std::string& last) {
    produce(topic, {last});
    Consumer reader = open_consumer({.partitions = {{topic, 0}}});
    std::vector<std::string> all;
    while (all.empty() || all.back() != last) {
      const std::vector<std::string> next = values_of(poll_records(reader, 1));
      if (next.empty()) {
        break;
      }
      all.push_back(next[0]);
    }
    return all;
  }

  std::atomic<bool> is_down = false;
  std::promise<void> made_anew;
  std::string topic;
  const std::string id = fresh("id");
  const std::string group = fresh("group");
};

TEST_F(DoubtTest, ACommitThatNeverReachesTheBrokerIsTakenForAborted) {
  TransactionalProducer producer = open();
  Transaction first = work(producer, "first", 1);
  const Error error = commit_without_answer(first);
  EXPECT_EQ(error.kind(), ErrorKind::kAbortable) << error.message();
  EXPECT_THAT(error.message(), HasSubstr(group));
  EXPECT_EQ(producer.renewals(), 1U);
  Transaction again = work(producer, "again", 1);
  const Error second = again.commit();
  EXPECT_FALSE(second) << second.message();
  EXPECT_THAT(seen_before("end"), ElementsAre("again", "end"));
}

TEST_F(DoubtTest, ACommitThatIsNeverAnsweredIsTakenForCommitted) {
  TransactionalProducer producer = open();
  Transaction first = work(producer, "first", 1);
  rule("lose EndTxn");
  const Error error = commit_without_answer(first);
  EXPECT_FALSE(error) << error.message();
  EXPECT_EQ(producer.renewals(), 1U);
  Transaction next = work(producer, "next", 2);
  EXPECT_FALSE(next.commit());
  EXPECT_THAT(seen_before("end"), ElementsAre("first", "next", "end"));
}

TEST_F(DoubtTest, ACommitOfTheSameOffsetsAgainIsNotTakenForTheOneBefore) {
  TransactionalProducer producer = open();
  ASSERT_FALSE(work(producer, "first", 1).commit());
  Transaction same = work(producer, "same", 1);
  EXPECT_EQ(commit_without_answer(same).kind(), ErrorKind::kInDoubt);
  EXPECT_THAT(seen_before("end"), ElementsAre("first", "end"));
}

TEST_F(DoubtTest, OfOffsetsThatWereSentTwiceTheLastTells) {
  TransactionalProducer producer = open();
  Transaction first = work(producer, "first", 1);
  ASSERT_FALSE(first.send_offsets(group, {{topic, 0, 2}}));
  rule("lose EndTxn");
  const Error error = commit_without_answer(first);
  EXPECT_FALSE(error) << error.message();
  EXPECT_THAT(seen_before("end"), ElementsAre("first", "end"));
}

TEST_F(DoubtTest, WithoutOffsetsNobodyCanTell) {
  TransactionalProducer producer = open();
  Transaction first = work(producer, "first");
  EXPECT_EQ(commit_without_answer(first).kind(), ErrorKind::kInDoubt);
  EXPECT_THAT(seen_before("end"), ElementsAre("end"));
}

TEST_F(DoubtTest, ACopyOfACommitThatComesLateDoesNotEndTheNextTransaction) {
  TransactionalProducer producer = open(60s);
  Transaction first = work(producer, "first", 1);
  const std::string late = rule("strand EndTxn");
  const Error error = first.commit();
  EXPECT_FALSE(error) << error.message();
  Transaction next = work(producer, "next", 2);
  EXPECT_EQ(producer.renewals(), 1U);
  tell("release " + late);
  EXPECT_FALSE(next.abort());
  EXPECT_THAT(seen_before("end"), ElementsAre("first", "end"));
}

// The broker dies before it has seen the end, and after it.
TEST_F(DoubtTest, ABrokerThatIsKilledDuringACommitLosesAndDoublesNothing) {
  for (const char* const harm : {"stall", "lose"}) {
    SCOPED_TRACE(harm);
    topic = new_topic();
    TransactionalProducer producer = open(60s);
    Transaction first = work(producer, "first", 1);
    const std::string harmed = rule(harm + std::string(" EndTxn"));
    std::future<Error> committing = std::async(std::launch::async, [&] { return first.commit(); });
    tell("wait " + harmed);
    tell("kill");
    tell("release " + harmed);
    tell("start");
    if (const Error error = committing.get()) {
      EXPECT_EQ(error.kind(), ErrorKind::kAbortable) << error.message();
      EXPECT_FALSE(work(producer, "first", 1).commit());
    }
    Transaction next = work(producer, "next", 2);
    const Error error = next.commit();
    EXPECT_FALSE(error) << error.message();
    EXPECT_THAT(seen_before("end"), ElementsAre("first", "next", "end"));
  }
}

TEST_F(DoubtTest, ADestroyedTransactionDoesNotWaitForABrokerThatIsAway) {
  constexpr std::chrono::milliseconds kTimeout = 60s;
  TransactionalProducer producer = open(kTimeout);
  const auto begun = std::chrono::steady_clock::now();
  {
    const Transaction transaction = work(producer, "left");
    tell("down");
  }
  EXPECT_LT(std::chrono::steady_clock::now() - begun, kTimeout / 2);
  tell("up");
  // What was left open is aborted by who comes next.
  Transaction next = work(producer, "next");
  EXPECT_FALSE(next.commit());
  EXPECT_THAT(seen_before("end"), ElementsAre("next", "end"));
}

TEST_F(DoubtTest, ATransactionThatTakesTooLongIsEndedByTheBroker) {
  TransactionalProducer producer = open(1s);
  Transaction slow = work(producer, "slow", 1);
  // Readers are shown what stands behind an open transaction when it has ended.
  EXPECT_THAT(seen_before("end"), ElementsAre("end"));
  const Error error = slow.commit();
  EXPECT_EQ(error.kind(), ErrorKind::kFatal);
  EXPECT_TRUE(error.is_fenced()) << error.name() << ": " << error.message();
  EXPECT_THAT(error.message(), HasSubstr("transaction.timeout.ms"));
  EXPECT_EQ(producer.begin().error().kind(), ErrorKind::kMisuse);
  TransactionalProducer anew = open();
  EXPECT_FALSE(work(anew, "anew", 1).commit());
  EXPECT_THAT(seen_before("last"), ElementsAre("end", "anew", "last"));
}

}  // namespace
}  // namespace thalweg::kafka
