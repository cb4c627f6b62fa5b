#include "broker_fixture.h"

namespace thalweg::kafka {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::Pair;

using AdminTest = BrokerTest;

TEST_F(AdminTest, ATopicIsCreatedListedDescribedAndDeleted) {
  const std::string name = new_topic(3, {{"cleanup.policy", "compact"}});

  const auto topics = admin().list_topics();
  ASSERT_TRUE(topics) << topics.error().message();
  EXPECT_THAT(*topics, Contains(AllOf(Field(&TopicListing::name, name),
                                      Field(&TopicListing::partitions, 3))));

  const auto topic = admin().describe_topic(name);
  ASSERT_TRUE(topic) << topic.error().message();
  ASSERT_EQ(topic->partitions.size(), 3U);
  EXPECT_EQ(topic->partitions[0].leader, 1);
  EXPECT_EQ(topic->partitions[0].end, 0);
  EXPECT_THAT(topic->settings, ElementsAre(Pair("cleanup.policy", "compact")));

  EXPECT_FALSE(admin().delete_topic(name));
  EXPECT_EQ(admin().delete_topic(name).kind(), ErrorKind::kConfiguration);
}

TEST_F(AdminTest, ATopicIsCreatedOnce) {
  const std::string name = new_topic();
  const Error again = admin().create_topic({.name = name});
  EXPECT_EQ(again.name(), "TOPIC_ALREADY_EXISTS");
  EXPECT_THAT(again.message(), HasSubstr(name));
}

TEST_F(AdminTest, WhatTheBrokerDoesNotTakeIsToldWithItsReason) {
  const Error setting =
      admin().create_topic({.name = fresh("x"), .settings = {{"cleanup.polcy", "compact"}}});
  EXPECT_EQ(setting.kind(), ErrorKind::kConfiguration);
  EXPECT_THAT(setting.message(), HasSubstr("cleanup.polcy"));
  const Error replicas = admin().create_topic({.name = fresh("x"), .replicas = 7});
  EXPECT_EQ(replicas.kind(), ErrorKind::kConfiguration);
  EXPECT_EQ(admin().create_topic({.name = "a b"}).kind(), ErrorKind::kConfiguration);
}

TEST_F(AdminTest, AMistypedTopicIsAnsweredWithTheNearest) {
  const std::string name = new_topic();
  const auto topic = admin().describe_topic(name + "x");
  ASSERT_FALSE(topic);
  EXPECT_THAT(topic.error().message(), HasSubstr("did you mean \"" + name + "\""));
}

TEST_F(AdminTest, AGroupThatIsNotThereIsDead) {
  const auto group = admin().describe_group(fresh("group"));
  if (group) {
    EXPECT_EQ(group->state, "Dead");
  } else {
    EXPECT_EQ(group.error().kind(), ErrorKind::kConfiguration);
  }
  EXPECT_EQ(admin().delete_group(fresh("group")).kind(), ErrorKind::kConfiguration);
}

TEST_F(AdminTest, ABrokerThatIsNotThereIsNamedWithTheCause) {
  auto nowhere = Admin::open(
      {.connection = {.brokers = "127.0.0.1:1"}, .timeout = std::chrono::milliseconds(1500)});
  ASSERT_TRUE(nowhere);
  const auto topics = nowhere->list_topics();
  ASSERT_FALSE(topics);
  EXPECT_EQ(topics.error().kind(), ErrorKind::kRetriable);
  EXPECT_THAT(topics.error().message(), AllOf(HasSubstr("127.0.0.1:1"), HasSubstr("refused")));
  // Of a client that has not been told yet.
  auto as_new = Admin::open(
      {.connection = {.brokers = "127.0.0.1:1"}, .timeout = std::chrono::milliseconds(1500)});
  ASSERT_TRUE(as_new);
  const auto group = as_new->describe_group("g");
  EXPECT_EQ(group.error().kind(), ErrorKind::kRetriable);
  EXPECT_THAT(group.error().message(), AllOf(HasSubstr("127.0.0.1:1"), HasSubstr("refused")));
}

}  // namespace
}  // namespace thalweg::kafka
