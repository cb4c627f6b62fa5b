#include "thalweg/kafka/consumer.h"

#include <memory>
#include <set>

#include "broker_fixture.h"
#include "env/env.h"
#include "kafka/consumer_core.h"

namespace thalweg::kafka {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::UnorderedElementsAre;
using namespace std::chrono_literals;

class ConsumerTest : public BrokerTest {
 protected:
  std::int64_t committed(const std::string& of, const std::string& topic) {
    const auto offsets = admin().group_offsets(of);
    EXPECT_TRUE(offsets) << offsets.error().message();
    for (const GroupOffset& each : *offsets) {
      if (each.topic == topic && each.partition == 0) {
        return each.committed;
      }
    }
    return -1;
  }
  // Polls both until the condition holds.
  template <typename Condition>
  static void poll_until(Consumer& a, Consumer& b, Condition condition) {
    for (int i = 0; i < 600 && !condition(); ++i) {
      ASSERT_TRUE(a.poll({.wait = 20ms}));
      ASSERT_TRUE(b.poll({.wait = 20ms}));
    }
    EXPECT_TRUE(condition());
  }

  const std::string group = fresh("group");
};

TEST_F(ConsumerTest, AGroupGoesOnWhereItHasCommitted) {
  const std::string topic = new_topic();
  produce(topic, {"a", "b", "c"});
  {
    Consumer consumer = open_consumer({.group = group, .topics = {topic}});
    const auto batches = poll_records(consumer, 2);
    for (const RecordBatch& batch : batches) {
      consumer.done(batch);
    }
    ASSERT_FALSE(consumer.commit());
  }
  EXPECT_EQ(committed(group, topic), 2);
  Consumer consumer = open_consumer({.group = group, .topics = {topic}});
  EXPECT_THAT(values_of(poll_records(consumer, 1)), ElementsAre("c"));
}

TEST_F(ConsumerTest, OnlyThePrefixThatIsDoneIsCommitted) {
  const std::string topic = new_topic();
  produce(topic, {"a", "b", "c"});
  Consumer consumer = open_consumer({.group = group, .topics = {topic}});
  std::vector<RecordBatch> batches = poll_records(consumer, 3);
  std::vector<Record> records;
  for (const RecordBatch& batch : batches) {
    for (const Record record : batch) {
      records.push_back(record);
    }
  }
  ASSERT_THAT(records, SizeIs(3));
  consumer.done(records[1]);
  ASSERT_FALSE(consumer.commit());
  EXPECT_EQ(committed(group, topic), -1) << "nothing before it is done";
  consumer.done(records[0]);
  ASSERT_FALSE(consumer.commit());
  EXPECT_EQ(committed(group, topic), 2);
}

TEST_F(ConsumerTest, ABatchMayOutliveItsConsumer) {
  const std::string topic = new_topic();
  produce(topic, {"a"});
  std::vector<RecordBatch> batches;
  {
    Consumer consumer = open_consumer({.group = group, .topics = {topic}});
    batches = poll_records(consumer, 1);
  }
  EXPECT_THAT(values_of(batches), ElementsAre("a"));
}

TEST_F(ConsumerTest, StartsWhereItIsTold) {
  const std::string topic = new_topic();
  Expected<Producer> producer = Producer::open({.connection = connection});
  ASSERT_TRUE(producer);
  for (const std::int64_t second : {100, 200, 300}) {
    const std::string value = std::to_string(second);
    ASSERT_FALSE(
        producer->send({.topic = topic, .value = value, .time = Timestamp{second * 1'000'000}})
            .get()
            .error);
  }
  const auto first_of = [&](const ConsumerOptions& options) {
    Consumer consumer = open_consumer(options);
    return values_of(poll_records(consumer, 1));
  };
  const std::vector<AssignedPartition> whole = {{topic, 0}};
  EXPECT_THAT(first_of({.partitions = whole}), ElementsAre("100"));
  EXPECT_THAT(first_of({.partitions = {{topic, 0, 1}}}), ElementsAre("200"));
  EXPECT_THAT(first_of({.partitions = whole, .start = Start::at({150'000'000})}),
              ElementsAre("200"));
  Consumer latest = open_consumer({.partitions = whole, .start = Start::latest()});
  ASSERT_TRUE(latest.poll());
  produce(topic, {"new"});
  EXPECT_THAT(values_of(poll_records(latest, 1)), ElementsAre("new"));
  Consumer refuses = open_consumer({.group = group, .partitions = whole, .start = Start::refuse()});
  const auto refused = refuses.poll();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), ErrorKind::kPosition);
  EXPECT_THAT(refused.error().message(), HasSubstr(topic + "[0]"));
}

TEST_F(ConsumerTest, AnOffsetThatIsNotThereIsAnError) {
  const std::string topic = new_topic();
  produce(topic, {"a"});
  Consumer consumer = open_consumer({.partitions = {{topic, 0, 50}}});
  Error problem;
  for (int i = 0; i < 200 && !problem; ++i) {
    const auto batch = consumer.poll();
    problem = batch ? Error() : batch.error();
  }
  EXPECT_EQ(problem.kind(), ErrorKind::kPosition) << problem.message();
  EXPECT_THAT(problem.message(), HasSubstr(topic + "[0] at offset 50"));
}

TEST_F(ConsumerTest, SeekingGoesBackAndForth) {
  const std::string topic = new_topic(2);
  produce(topic, {"a", "b", "c"}, 0);
  produce(topic, {"x"}, 1);
  Consumer consumer = open_consumer({.group = group, .topics = {topic}});
  EXPECT_THAT(values_of(poll_records(consumer, 4)), UnorderedElementsAre("a", "b", "c", "x"));
  ASSERT_FALSE(consumer.seek({{topic, 0, 1}}));
  EXPECT_THAT(values_of(poll_records(consumer, 2)), ElementsAre("b", "c"));
  EXPECT_EQ(consumer.seek({{topic, 7, 0}}).kind(), ErrorKind::kMisuse);
}

TEST_F(ConsumerTest, APausedPartitionGivesNothing) {
  const std::string topic = new_topic(2);
  Consumer consumer = open_consumer({.partitions = {{topic, 0}, {topic, 1}}});
  EXPECT_EQ(consumer.pause({{topic, 7}}).kind(), ErrorKind::kMisuse);
  ASSERT_FALSE(consumer.pause({{topic, 0}}));  // Where it begins is not known yet.
  produce(topic, {"a"}, 0);
  produce(topic, {"x"}, 1);
  EXPECT_THAT(values_of(poll_records(consumer, 1)), ElementsAre("x"));
  ASSERT_FALSE(consumer.resume({{topic, 0}}));
  EXPECT_THAT(values_of(poll_records(consumer, 1)), ElementsAre("a"));
}

// As a run does while its handlers have no room.
TEST_F(ConsumerTest, LettingAllGoResumesNothingThatTheUserHasPaused) {
  const std::string topic = new_topic(3);
  for (const std::int32_t partition : {0, 1, 2}) {
    produce(topic, {"p" + std::to_string(partition)}, partition);
  }
  Expected<std::unique_ptr<ConsumerCore>> core = ConsumerCore::make(
      system_env(), {.connection = connection, .partitions = {{topic, 0}, {topic, 1}, {topic, 2}}});
  ASSERT_TRUE(core) << core.error().message();
  ConsumerCore& consumer = **core;
  ASSERT_FALSE(consumer.hold_all());  // Before they begin.
  ASSERT_FALSE(consumer.pause({{topic, 0}, {topic, 1}}));
  ASSERT_TRUE(consumer.poll({.wait = 10ms})->empty());
  ASSERT_FALSE(consumer.pause({{topic, 0}, {topic, 1}}));
  ASSERT_FALSE(consumer.resume({{topic, 1}}));
  EXPECT_TRUE(consumer.poll({.wait = 10ms})->empty());
  ASSERT_FALSE(consumer.let_go());
  std::set<std::string> seen;
  while (seen.size() < 2) {
    const Expected<RecordBatch> batch = consumer.poll({});
    ASSERT_TRUE(batch) << batch.error().message();
    for (const Record record : *batch) {
      seen.emplace(*record.value);
    }
  }
  EXPECT_THAT(seen, ElementsAre("p1", "p2"));
  ASSERT_FALSE(consumer.resume({{topic, 0}}));
  const Expected<RecordBatch> last = consumer.poll({.wait = 30s});
  ASSERT_TRUE(last && !last->empty());
  EXPECT_EQ((*last)[0].value, "p0");
}

TEST_F(ConsumerTest, PartitionsAddedLaterAreReadBesideTheOthersAndPausesStay) {
  const std::string topic = new_topic(4);
  for (std::int32_t partition = 0; partition < 4; ++partition) {
    produce(topic, {"1", "2"}, partition);
  }
  std::vector<std::string> begun;
  ConsumerOptions options{.partitions = {{topic, 0, 0}, {topic, 1, 0}}};
  options.on_assigned = [&](const std::vector<PartitionOffset>& partitions) {
    for (const PartitionOffset& each : partitions) {
      begun.push_back(std::to_string(each.partition) + "@" + std::to_string(each.offset));
    }
  };
  Consumer consumer = open_consumer(options);
  poll_records(consumer, 4);
  EXPECT_THAT(begun, ElementsAre("0@0", "1@0"));
  ASSERT_FALSE(consumer.pause({{topic, 0}}));

  // Before the first of them begins, more come; one begins paused.
  ASSERT_FALSE(consumer.add_partitions({{topic, 2, 1}}));
  ASSERT_FALSE(consumer.add_partitions({{topic, 3}}));
  ASSERT_FALSE(consumer.pause({{topic, 3}}));
  for (std::int32_t partition = 0; partition < 4; ++partition) {
    produce(topic, {"3"}, partition);
  }
  EXPECT_THAT(values_of(poll_records(consumer, 3)), UnorderedElementsAre("3", "2", "3"));
  EXPECT_THAT(begun, ElementsAre("0@0", "1@0", "2@1", "3@0"));
  EXPECT_THAT(consumer.assignment(), SizeIs(4));
  EXPECT_TRUE(consumer.poll({.wait = 300ms})->empty());

  ASSERT_FALSE(consumer.resume({{topic, 3}}));
  EXPECT_THAT(values_of(poll_records(consumer, 3)), ElementsAre("1", "2", "3"));
  EXPECT_TRUE(consumer.poll({.wait = 300ms})->empty());
  ASSERT_FALSE(consumer.resume({{topic, 0}}));
  EXPECT_THAT(values_of(poll_records(consumer, 1)), ElementsAre("3"));
}

TEST_F(ConsumerTest, PartitionsAreAddedToAConsumerThatHasNotBegun) {
  const std::string topic = new_topic(2);
  produce(topic, {"a"}, 0);
  produce(topic, {"b"}, 1);
  Consumer consumer = open_consumer({.partitions = {{topic, 0, 0}}});
  ASSERT_FALSE(consumer.add_partitions({{topic, 1, 0}}));
  EXPECT_THAT(values_of(poll_records(consumer, 2)), UnorderedElementsAre("a", "b"));
}

TEST_F(ConsumerTest, PartitionsThatCannotBeAddedAreRefused) {
  const std::string topic = new_topic(3);
  Consumer consumer = open_consumer({.partitions = {{topic, 0, 0}}});
  EXPECT_EQ(consumer.add_partitions({{topic, 1, 0}, {topic, 0, 0}}).kind(), ErrorKind::kMisuse);
  EXPECT_EQ(consumer.add_partitions({{topic, 1, 0}, {topic, 1, 0}}).kind(), ErrorKind::kMisuse);
  ASSERT_FALSE(consumer.add_partitions({{topic, 1, 0}}));  // None of those before counts.
  EXPECT_EQ(consumer.add_partitions({{topic, 1, 0}}).kind(), ErrorKind::kMisuse);

  Consumer member = open_consumer({.group = fresh("group"), .topics = {topic}});
  const Error refused = member.add_partitions({{topic, 2, 0}});
  EXPECT_EQ(refused.kind(), ErrorKind::kMisuse);
  EXPECT_THAT(refused.message(), HasSubstr("ConsumerOptions::partitions"));
}

TEST_F(ConsumerTest, AddingAPartitionThatIsNotThereIsAnError) {
  const std::string topic = new_topic(1);
  produce(topic, {"a"}, 0);
  Consumer consumer = open_consumer({.partitions = {{topic, 0, 0}}});
  poll_records(consumer, 1);
  ASSERT_FALSE(consumer.add_partitions({{topic, 1, 0}}));
  Error error;
  for (int polls = 0; polls < 600 && !error; ++polls) {
    const auto batch = consumer.poll({.wait = 20ms});
    error = batch ? Error() : batch.error();
  }
  EXPECT_EQ(error.kind(), ErrorKind::kConfiguration);
  EXPECT_THAT(error.message(), HasSubstr("there is no partition " + topic + "[1]"));
  produce(topic, {"b"}, 0);  // Read on beside it.
  EXPECT_THAT(values_of(poll_records(consumer, 1)), ElementsAre("b"));
}

TEST_F(ConsumerTest, LagIsToldForEachPartition) {
  const std::string topic = new_topic();
  produce(topic, {"a", "b", "c"});
  Consumer consumer = open_consumer({.group = group, .topics = {topic}});
  const auto batches = poll_records(consumer, 1);
  auto lag = consumer.lag();
  ASSERT_TRUE(lag) << lag.error().message();
  ASSERT_THAT(*lag, SizeIs(1));
  EXPECT_EQ((*lag)[0].position, 1);
  EXPECT_EQ((*lag)[0].end, 3);
  EXPECT_EQ((*lag)[0].records(), 2);
  EXPECT_FALSE(consumer.at_end());
  poll_records(consumer, 2);
  for (int i = 0; i < 100 && !consumer.at_end(); ++i) {
    ASSERT_TRUE(consumer.poll());
  }
  EXPECT_TRUE(consumer.at_end());
}

TEST_F(ConsumerTest, MembersShareThePartitions) {
  const std::string topic = new_topic(4);
  std::vector<std::string> told;
  Consumer first = open_consumer({.group = group,
                                  .topics = {topic},
                                  .on_assigned = [&](const auto&) { told.push_back("assigned"); },
                                  .on_revoked = [&](const auto&) { told.push_back("revoked"); },
                                  .on_lost = [&](const auto&) { told.push_back("lost"); }});
  for (int i = 0; i < 300 && first.assignment().size() < 4; ++i) {
    ASSERT_TRUE(first.poll({.wait = 20ms}));
  }
  EXPECT_THAT(first.assignment(), SizeIs(4));
  {
    Consumer second = open_consumer({.group = group, .topics = {topic}});
    poll_until(first, second,
               [&] { return first.assignment().size() == 2 && second.assignment().size() == 2; });
    const auto described = admin().describe_group(group);
    ASSERT_TRUE(described);
    EXPECT_EQ(described->state, "Stable");
    EXPECT_THAT(described->members, SizeIs(2));
    EXPECT_THAT(*admin().list_groups(),
                testing::Contains(testing::Field(&GroupListing::group, group)));
  }
  EXPECT_THAT(told, ElementsAre("assigned", "revoked", "assigned"));
}

TEST_F(ConsumerTest, WhatIsDoneIsCommittedWhenPartitionsAreRevoked) {
  const std::string topic = new_topic();
  produce(topic, {"a", "b"});
  Consumer first = open_consumer({.group = group, .topics = {topic}});
  for (const RecordBatch& batch : poll_records(first, 2)) {
    first.done(batch);
  }
  Consumer second = open_consumer({.group = group, .topics = {topic}});
  bool revoked = false;
  poll_until(first, second, [&] {
    revoked = revoked || committed(group, topic) == 2;
    return revoked;
  });
}

TEST_F(ConsumerTest, AStaticMemberComesBackToItsPlace) {
  const std::string topic = new_topic(2);
  const ConsumerOptions options{.group = group, .topics = {topic}, .instance_id = "one"};
  {
    Consumer consumer = open_consumer(options);
    for (int i = 0; i < 300 && consumer.assignment().size() < 2; ++i) {
      ASSERT_TRUE(consumer.poll({.wait = 20ms}));
    }
  }
  const auto described = admin().describe_group(group);
  ASSERT_TRUE(described);
  ASSERT_THAT(described->members, SizeIs(1)) << "a static member does not leave";
  EXPECT_EQ(described->members[0].instance_id, "one");
  EXPECT_THAT(described->members[0].partitions, SizeIs(2));
}

// librdkafka 2.0 waits for ever for the partition, which destroying the consumer must not.
TEST_F(ConsumerTest, AConsumerOfATopicThatWasDeletedEnds) {
  const std::string topic = new_topic();
  produce(topic, {"before"});
  Consumer consumer = open_consumer({.partitions = {{topic, 0, 0}}});
  poll_records(consumer, 1);
  ASSERT_FALSE(admin().delete_topic(topic));
  const auto until = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  while (consumer.trouble().message().find("does not exist") == std::string::npos &&
         std::chrono::steady_clock::now() < until) {
    (void)consumer.poll({.wait = 10ms});
  }
  EXPECT_THAT(consumer.trouble().message(), HasSubstr("does not exist"));
}

TEST_F(ConsumerTest, ARecordAboveWhatIsFetchedAtATimeComes) {
  const std::string topic = new_topic();
  produce(topic, {"before", std::string(100'000, 'x'), "behind"});
  connection.properties["fetch.message.max.bytes"] = "1000";
  Consumer consumer = open_consumer({.partitions = {{topic, 0, 0}}});
  poll_records(consumer, 3);
}

TEST_F(ConsumerTest, ARecordThatCannotBeReceivedIsAnErrorThatSaysWhere) {
  const std::string topic = new_topic();
  produce(topic, {"before"});
  produce(topic, {std::string(100'000, 'x')});
  connection.properties["message.max.bytes"] = "10000";
  connection.properties["fetch.max.bytes"] = "10000";
  connection.properties["receive.message.max.bytes"] = "20000";
  Consumer consumer = open_consumer({.partitions = {{topic, 0, 0}}});
  poll_records(consumer, 1);
  Error error;
  const auto until = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  while (!error && std::chrono::steady_clock::now() < until) {
    if (const Expected<RecordBatch> batch = consumer.poll(); !batch) {
      error = batch.error();
    }
  }
  EXPECT_EQ(error.kind(), ErrorKind::kConfiguration);
  EXPECT_THAT(error.message(), HasSubstr(topic + "[0] at offset 1"));
  EXPECT_THAT(error.message(), HasSubstr("receive.message.max.bytes"));
}

TEST_F(ConsumerTest, AMissingTopicIsAnError) {
  Consumer consumer = open_consumer({.group = group, .topics = {fresh("nowhere")}});
  Error problem;
  for (int i = 0; i < 300 && !problem; ++i) {
    const auto batch = consumer.poll();
    problem = batch ? Error() : batch.error();
  }
  EXPECT_EQ(problem.kind(), ErrorKind::kConfiguration) << problem.message();
}

TEST_F(ConsumerTest, ABrokerThatIsNotThereIsATroubleAndNoError) {
  connection.brokers = "127.0.0.1:1";
  Consumer consumer = open_consumer({.group = group, .topics = {"t"}});
  for (int i = 0; i < 100 && !consumer.trouble(); ++i) {
    const auto batch = consumer.poll();
    ASSERT_TRUE(batch) << batch.error().message();
    EXPECT_TRUE(batch->empty());
  }
  EXPECT_THAT(consumer.trouble().message(), HasSubstr("127.0.0.1:1"));
}

TEST_F(ConsumerTest, OptionsThatDoNotGoTogetherAreRefused) {
  const auto problem = [&](ConsumerOptions options) {
    options.connection = connection;
    const auto opened = Consumer::open(std::move(options));
    return opened ? "" : opened.error().message();
  };
  EXPECT_THAT(problem({.group = "g"}), HasSubstr("either"));
  EXPECT_THAT(problem({.topics = {"t"}}), HasSubstr("ConsumerOptions::group"));
}

}  // namespace
}  // namespace thalweg::kafka
