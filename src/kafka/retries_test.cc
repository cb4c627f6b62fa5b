#include "kafka/retries.h"

#include <gtest/gtest.h>

namespace thalweg::kafka {
namespace {

TEST(RetriesTest, ARecordIsTriedSoOftenAndThenLetGo) {
  const HandlingOptions options{.retries = 2, .then = OnFailure::kSkip};
  Retries retries(options, 1);
  const Record record{.topic = "t", .partition = 1, .offset = 5};
  const std::string problem = "why";
  for (const OnFailure expected : {OnFailure::kRetry, OnFailure::kRetry, OnFailure::kSkip}) {
    EXPECT_EQ(retries.decide({record, retries.count(record), problem}), expected);
  }
}

TEST(RetriesTest, EachRecordIsCountedFromTheBeginning) {
  const HandlingOptions options;
  Retries retries(options, 1);
  EXPECT_EQ(retries.count({.topic = "t", .partition = 1, .offset = 5}), 1U);
  EXPECT_EQ(retries.count({.topic = "t", .partition = 1, .offset = 5}), 2U);
  EXPECT_EQ(retries.count({.topic = "t", .partition = 2, .offset = 5}), 1U);
  EXPECT_EQ(retries.count({.topic = "u", .partition = 2, .offset = 5}), 1U);
}

TEST(RetriesTest, PausesDoubleUpToALimit) {
  const HandlingOptions options{.backoff = std::chrono::milliseconds(100),
                                .backoff_max = std::chrono::milliseconds(1'000),
                                .jitter = 0};
  Retries retries(options, 1);
  EXPECT_EQ(retries.backoff(1).count(), 100);
  EXPECT_EQ(retries.backoff(2).count(), 200);
  EXPECT_EQ(retries.backoff(4).count(), 800);
  EXPECT_EQ(retries.backoff(5).count(), 1'000);
  EXPECT_EQ(retries.backoff(4'000'000'000).count(), 1'000);
}

TEST(RetriesTest, JitterShortensThem) {
  const HandlingOptions options{.backoff = std::chrono::milliseconds(1'000), .jitter = 0.5};
  Retries retries(options, 7);
  std::int64_t shortest = 1'000;
  std::int64_t longest = 0;
  for (int i = 0; i < 1'000; ++i) {
    const std::int64_t pause = retries.backoff(1).count();
    shortest = std::min(shortest, pause);
    longest = std::max(longest, pause);
  }
  EXPECT_GE(shortest, 500);
  EXPECT_LT(shortest, 550);
  EXPECT_GT(longest, 950);
  EXPECT_LE(longest, 1'000);
}

TEST(RetriesTest, AFunctionMayDecideInstead) {
  const HandlingOptions options{.decide = [](const Failure& failure) {
    return failure.problem == "bad" ? OnFailure::kDeadLetter : OnFailure::kRetry;
  }};
  const Retries retries(options, 1);
  const Record record{.topic = "t"};
  EXPECT_EQ(retries.decide({record, 99, "slow"}), OnFailure::kRetry);
  EXPECT_EQ(retries.decide({record, 1, "bad"}), OnFailure::kDeadLetter);
}

}  // namespace
}  // namespace thalweg::kafka
