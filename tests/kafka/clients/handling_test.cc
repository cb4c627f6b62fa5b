#include <condition_variable>
#include <mutex>
#include <set>
#include <stdexcept>
#include <thread>

#include "broker_fixture.h"

namespace thalweg::kafka {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;
using namespace std::chrono_literals;

class HandlingTest : public BrokerTest {
 protected:
  HandlingTest() {
    for (int i = 0; i < 20; ++i) {
      values.push_back("v" + std::to_string(100 + i));
    }
  }
  Consumer consumer_of(const std::string& topic) {
    return open_consumer({.group = group, .topics = {topic}});
  }
  std::int64_t committed() {
    std::int64_t sum = 0;
    for (const GroupOffset& each : *admin().group_offsets(group)) {
      sum += each.committed;
    }
    return sum;
  }
  // Notes each value; after so many records in all the consumer stops.
  void note(Consumer& consumer, const Record& record, std::size_t stop_after) {
    const std::lock_guard lock(mutex);
    seen.emplace_back(*record.value);
    if (seen.size() == stop_after) {
      consumer.stop();
    }
  }

  const std::string group = fresh("group");
  std::vector<std::string> values;
  std::mutex mutex;
  std::vector<std::string> seen;
};

TEST_F(HandlingTest, EachRecordIsHandledAndCommitted) {
  const std::string topic = new_topic();
  produce(topic, values);
  Consumer consumer = consumer_of(topic);
  const HandlingSummary summary = consumer.run([&](const Record& record) {
    note(consumer, record, values.size());
    return Handled::done();
  });
  EXPECT_FALSE(summary.error) << summary.error.message();
  EXPECT_EQ(summary.handled, values.size());
  EXPECT_EQ(seen, values);
  EXPECT_EQ(committed(), 20);
}

TEST_F(HandlingTest, ManyThreadsCommitNoFurtherThanWhatIsDone) {
  const std::string topic = new_topic(3);
  produce(topic, values);
  Consumer consumer = consumer_of(topic);
  const HandlingSummary summary = consumer.run(
      [&](const Record& record) {
        std::this_thread::sleep_for(std::chrono::milliseconds(record.offset * 7 % 5));
        note(consumer, record, values.size());
        return Handled::done();
      },
      {.threads = 4, .commit_interval = 1ms});
  EXPECT_FALSE(summary.error) << summary.error.message();
  EXPECT_THAT(seen, testing::UnorderedElementsAreArray(values));
  EXPECT_EQ(committed(), 20);
}

// A poison record at each place of a batch.
TEST_F(HandlingTest, APoisonRecordStopsTheRunAndComesAgain) {
  for (const std::size_t place : {0U, 7U, 19U}) {
    SCOPED_TRACE(place);
    const std::string topic = new_topic();
    produce(topic, values);
    Consumer consumer = open_consumer({.group = group + topic, .topics = {topic}});
    const auto handler = [&](const Record& record) {
      return *record.value == values[place] ? Handled::failed("poison") : Handled::done();
    };
    const HandlingSummary summary = consumer.run(handler, {.retries = 1, .backoff = 1ms});
    EXPECT_EQ(summary.error.kind(), ErrorKind::kRecord);
    EXPECT_THAT(
        summary.error.message(),
        AllOf(HasSubstr(topic + "[0] at offset " + std::to_string(place)), HasSubstr("poison")));
    EXPECT_EQ(summary.handled, place);
    EXPECT_EQ(summary.retried, 1U);
    EXPECT_THAT(values_of(poll_records(consumer, 1)), ElementsAre(values[place]));
  }
}

TEST_F(HandlingTest, AFailureThatPassesIsRetried) {
  const std::string topic = new_topic();
  produce(topic, values);
  Consumer consumer = consumer_of(topic);
  int failures = 3;
  const HandlingSummary summary = consumer.run(
      [&](const Record& record) {
        if (*record.value == values[5] && failures-- > 0) {
          throw std::runtime_error("not yet");
        }
        note(consumer, record, values.size());
        return Handled::done();
      },
      {.retries = 5, .backoff = 1ms});
  EXPECT_FALSE(summary.error) << summary.error.message();
  EXPECT_EQ(summary.retried, 3U);
  EXPECT_EQ(seen, values) << "in order, each once";
}

TEST_F(HandlingTest, ASkippedRecordCountsAsDone) {
  const std::string topic = new_topic();
  produce(topic, values);
  Consumer consumer = consumer_of(topic);
  const HandlingSummary summary = consumer.run(
      [&](const Record& record) {
        if (*record.value == values[19]) {
          consumer.stop();
        }
        return *record.value == values[3] ? Handled::failed("bad") : Handled::done();
      },
      {.decide = [](const Failure&) { return OnFailure::kSkip; }});
  EXPECT_FALSE(summary.error) << summary.error.message();
  EXPECT_EQ(summary.skipped, 1U);
  EXPECT_EQ(committed(), 20);
}

TEST_F(HandlingTest, ADeadLetterTellsWhereItCameFrom) {
  const std::string topic = new_topic();
  const std::string letters = new_topic();
  produce(topic, values);
  Consumer consumer = consumer_of(topic);
  const HandlingSummary summary = consumer.run(
      [&](const Record& record) {
        if (*record.value == values[19]) {
          consumer.stop();
        }
        return *record.value == values[3] ? Handled::failed("no number") : Handled::done();
      },
      {.retries = 1, .backoff = 1ms, .then = OnFailure::kDeadLetter, .dead_letter_topic = letters});
  EXPECT_FALSE(summary.error) << summary.error.message();
  EXPECT_EQ(summary.dead_letters, 1U);
  EXPECT_EQ(committed(), 20);
  const std::vector<RecordBatch> batches = read_all(letters, 1);
  ASSERT_THAT(batches, SizeIs(1));
  const Record letter = batches[0][0];
  EXPECT_EQ(letter.key, values[3]);
  EXPECT_EQ(letter.value, values[3]);
  EXPECT_EQ(letter.header("thalweg.topic"), topic);
  EXPECT_EQ(letter.header("thalweg.partition"), "0");
  EXPECT_EQ(letter.header("thalweg.offset"), "3");
  EXPECT_EQ(letter.header("thalweg.attempts"), "2");
  EXPECT_EQ(letter.header("thalweg.problem"), "no number");
}

TEST_F(HandlingTest, ADeadLetterThatIsTooLargeIsCutAndSaysSo) {
  constexpr std::size_t kSize = 200'000;
  const std::string topic = new_topic();
  for (const std::size_t limit : {150'000U, 20'000U, 1'000U}) {
    SCOPED_TRACE(limit);
    const std::string letters = new_topic(1, {{"max.message.bytes", std::to_string(limit)}});
    Expected<Producer> producer = Producer::open({.connection = connection});
    ASSERT_TRUE(producer);
    const std::string value(kSize, 'x');
    ASSERT_FALSE(producer->send({.topic = topic, .key = "k", .value = value}).get().error);
    Consumer consumer = consumer_of(topic);
    const HandlingSummary summary = consumer.run(
        [&](const Record&) {
          consumer.stop();
          return Handled::failed("too long");
        },
        {.retries = 0, .then = OnFailure::kDeadLetter, .dead_letter_topic = letters});
    EXPECT_FALSE(summary.error) << summary.error.message();
    EXPECT_EQ(summary.dead_letters, 1U);
    const std::vector<RecordBatch> batches = read_all(letters, 1);
    ASSERT_THAT(batches, SizeIs(1));
    const Record letter = batches[0][0];
    EXPECT_EQ(letter.key, "k");
    EXPECT_TRUE(value.starts_with(*letter.value));
    EXPECT_LT(letter.value->size(), limit);
    EXPECT_EQ(letter.header("thalweg.truncated"), std::to_string(kSize));
    EXPECT_EQ(letter.header("thalweg.problem"), "too long");
  }
}

TEST_F(HandlingTest, DeadLettersNeedATopic) {
  const std::string topic = new_topic();
  Consumer consumer = consumer_of(topic);
  const HandlingSummary summary =
      consumer.run([](const Record&) { return Handled::done(); }, {.then = OnFailure::kDeadLetter});
  EXPECT_EQ(summary.error.kind(), ErrorKind::kConfiguration);
}

TEST_F(HandlingTest, ABatchHandlerGoesOnBehindWhatIsDone) {
  const std::string topic = new_topic();
  produce(topic, values);
  Consumer consumer = consumer_of(topic);
  bool failed = false;
  const HandlingSummary summary = consumer.run(
      [&](const RecordBatch& batch) {
        std::size_t done = 0;
        for (const Record record : batch) {
          if (!failed && *record.value == values[4]) {
            failed = true;
            return BatchHandled{.done = done, .problem = "once"};
          }
          note(consumer, record, values.size());
          ++done;
        }
        return BatchHandled{.done = done};
      },
      {.backoff = 1ms});
  EXPECT_FALSE(summary.error) << summary.error.message();
  EXPECT_EQ(seen, values);
  EXPECT_EQ(committed(), 20);
}

TEST_F(HandlingTest, AStuckHandlerIsToldOfOnce) {
  const std::string topic = new_topic();
  produce(topic, {"a"});
  Consumer consumer = consumer_of(topic);
  std::mutex told_mutex;
  std::condition_variable told_there;
  std::vector<HandlingOptions::Stuck> told;
  const HandlingSummary summary = consumer.run(
      [&](const Record&) {
        std::unique_lock lock(told_mutex);
        told_there.wait_for(lock, 30s, [&] { return !told.empty(); });
        consumer.stop();
        return Handled::done();
      },
      {.stuck_after = 10ms, .on_stuck = [&](const HandlingOptions::Stuck& stuck) {
         const std::lock_guard lock(told_mutex);
         told.push_back(stuck);
         told_there.notify_all();
       }});
  EXPECT_FALSE(summary.error) << summary.error.message();
  ASSERT_THAT(told, SizeIs(1));
  EXPECT_EQ(told[0].topic, topic);
  EXPECT_EQ(told[0].offset, 0);
}

// Another member joins while records are handled: at least once, and nothing twice that was done.
TEST_F(HandlingTest, ARebalanceLosesNothing) {
  const std::string topic = new_topic(4);
  std::vector<std::string> many;
  for (int i = 0; i < 400; ++i) {
    many.push_back("r" + std::to_string(i));
  }
  produce(topic, many);
  Consumer first = consumer_of(topic);
  Consumer second = consumer_of(topic);
  std::multiset<std::string> handled;
  const auto handler = [&](const Record& record) {
    std::this_thread::sleep_for(1ms);
    const std::lock_guard lock(mutex);
    handled.emplace(*record.value);
    if (std::set<std::string>(handled.begin(), handled.end()).size() == many.size()) {
      first.stop();
      second.stop();
    }
    return Handled::done();
  };
  std::thread other([&] { EXPECT_FALSE(second.run(handler).error); });
  EXPECT_FALSE(first.run(handler).error);
  other.join();
  for (const std::string& each : many) {
    EXPECT_EQ(handled.count(each), 1U) << each;
  }
}

}  // namespace
}  // namespace thalweg::kafka
