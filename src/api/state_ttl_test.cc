// State that goes when a ttl is over, in jobs that run.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "api/live_job_fixture.h"

namespace thalweg {
namespace {

using namespace fixture;
using ::testing::ElementsAre;
using ::testing::UnorderedElementsAre;

// The fake world begins 20 seconds after a minute did: rows a minute apart have the same second.
constexpr char kCounts[] =
    "SET ttl = '30 seconds';"
    "SELECT extract(second FROM ts)::INT AS s, count(*) FROM t GROUP BY s;";

bool expires(LiveJob& job, std::uint64_t keys) {
  return job.reaches([&](const RunProgress& progress) { return progress.keys_expired == keys; });
}

TEST(StateTtlTest, AGroupBeginsAnewWhenTheWatermarkHasPassedItsTtl) {
  LiveJob job("", kCounts);
  job.env().put("part-a", row_at(0));
  job.start();
  ASSERT_TRUE(job.shows(1));
  job.env().append("part-a", row_at(31));
  ASSERT_TRUE(job.shows(2));
  // The watermark is five seconds behind.
  job.env().append("part-a", row_at(37));
  ASSERT_TRUE(expires(job, 1));
  job.env().append("part-a", row_at(60));
  ASSERT_TRUE(job.shows(4));
  EXPECT_THAT(job.lines(), ElementsAre("20 1", "51 1", "57 1", "20 1"));
}

TEST(StateTtlTest, AGroupThatIsTouchedStays) {
  LiveJob job("", kCounts);
  job.env().put("part-a", row_at(0));
  job.start();
  ASSERT_TRUE(job.shows(1));
  job.env().append("part-a", row_at(60));
  ASSERT_TRUE(job.shows(3));
  // What it was is taken back.
  EXPECT_THAT(job.lines(), ElementsAre("20 1", "20 1", "20 2"));
  EXPECT_EQ(job.progress().keys_expired, 0U);
}

TEST(StateTtlTest, WithoutEventTimeTheWallClockCounts) {
  LiveJob job("",
              "CREATE TABLE u (ts TIMESTAMP) WITH (connector = 'file', path = 'part-*', "
              "format = 'json', follow = true);"
              "SET ttl = '30 seconds';"
              "SELECT extract(second FROM ts)::INT AS s, count(*) FROM u GROUP BY s;");
  job.env().put("part-a", row_at(0));
  job.start();
  ASSERT_TRUE(job.shows(1));
  // It looks when rows come.
  job.env().advance_micros(40 * kSecond);
  job.env().append("part-a", row_at(0));
  ASSERT_TRUE(job.shows(2));
  ASSERT_TRUE(expires(job, 1));
  EXPECT_THAT(job.lines(), ElementsAre("20 1", "20 1"));
}

TEST(StateTtlTest, TheLastRowOfAKeyGoesWithIt) {
  LiveJob job("",
              "SET ttl = '30 seconds';"
              "SELECT extract(second FROM ts)::INT AS s, extract(minute FROM ts)::INT FROM t "
              "QUALIFY row_number() OVER (PARTITION BY extract(second FROM ts) "
              "ORDER BY ts DESC) = 1;");
  job.env().put("part-a", row_at(0));
  job.start();
  ASSERT_TRUE(job.shows(1));
  job.env().append("part-a", row_at(37));
  ASSERT_TRUE(expires(job, 1));
  job.env().append("part-a", row_at(60));
  ASSERT_TRUE(job.shows(3));
  // Nothing is taken back.
  EXPECT_THAT(job.lines(), ElementsAre("20 13", "57 13", "20 14"));
}

constexpr char kNumbers[] =
    "SELECT extract(second FROM ts)::INT AS s, count(*) OVER (PARTITION BY extract(second FROM ts) "
    "ORDER BY ts ROWS BETWEEN 9 PRECEDING AND CURRENT ROW) FROM t;";

TEST(StateTtlTest, WhatCallsOverKeepOfAKeyGoesWithIt) {
  LiveJob job("", std::string("SET ttl = '30 seconds';") + kNumbers);
  job.env().put("part-a", row_at(0));
  job.start();
  ASSERT_TRUE(job.reads(1));
  job.env().append("part-a", row_at(42));
  ASSERT_TRUE(expires(job, 1));
  job.env().append("part-a", row_at(60));
  job.env().append("part-a", row_at(70));
  ASSERT_TRUE(job.shows(3));
  EXPECT_THAT(job.lines(), UnorderedElementsAre("20 1", "2 1", "20 1"));
}

TEST(StateTtlTest, KeysOverThatAreTouchedGoOn) {
  LiveJob job("", std::string("SET ttl = '90 seconds';") + kNumbers);
  job.env().put("part-a", row_at(0));
  job.env().append("part-a", row_at(60));
  job.env().append("part-a", row_at(120));
  job.env().append("part-a", row_at(126));
  job.start();
  ASSERT_TRUE(job.shows(3));
  EXPECT_THAT(job.lines(), ElementsAre("20 1", "20 2", "20 3"));
  EXPECT_EQ(job.progress().keys_expired, 0U);
}

TEST(StateTtlTest, WindowsOfRowsThatAreNotFullComeWhenTheirKeyGoes) {
  LiveJob job("",
              "SET ttl = '30 seconds';"
              "SELECT s, window_number, window_start FROM TUMBLE_ROWS((SELECT *, "
              "extract(second FROM ts)::INT AS s FROM t) PARTITION BY s, ts, 2);");
  job.env().put("part-a", row_at(0));
  job.start();
  ASSERT_TRUE(job.reads(1));
  job.env().append("part-a", row_at(42));
  ASSERT_TRUE(expires(job, 1));
  ASSERT_TRUE(job.shows(1));
  EXPECT_THAT(job.lines(), ElementsAre("20 1 2023-11-14 22:13:20"));
}

}  // namespace
}  // namespace thalweg
