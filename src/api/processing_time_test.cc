#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>

#include "api/live_job_fixture.h"

namespace thalweg {
namespace {

using namespace fixture;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

// The fake world begins at 2023-11-14 22:13:20. Rows of whatever time of their own.
const std::string kRow = row_at(-1'000'000);

bool holds(LiveJob& job, std::uint64_t rows = 1) {
  return job.reaches([&](const RunProgress& progress) { return progress.rows_held == rows; });
}

TEST(ProcessingTimeTest, AWindowClosesWhenTheClockPassesItsEnd) {
  LiveJob job("",
              "SELECT window_start, count(*) FROM TUMBLE(t, PROCTIME(), INTERVAL '10 seconds') "
              "GROUP BY window_start, window_end;");
  job.env().put("part-a", kRow);
  job.start();
  ASSERT_TRUE(holds(job));
  job.env().advance_micros(10 * kSecond - 1);
  EXPECT_FALSE(job.reaches([&](const RunProgress&) { return !job.lines().empty(); },
                           std::chrono::milliseconds(20)));
  job.env().advance_micros(1);
  ASSERT_TRUE(job.shows(1));
  EXPECT_THAT(job.lines(), ElementsAre("2023-11-14 22:13:20 1"));
  ASSERT_TRUE(holds(job, 0));

  job.env().advance_micros(25 * kSecond);
  job.env().append("part-a", kRow);
  ASSERT_TRUE(holds(job));
  job.env().advance_micros(5 * kSecond);
  ASSERT_TRUE(job.shows(2));
  EXPECT_THAT(job.lines(), ElementsAre("2023-11-14 22:13:20 1", "2023-11-14 22:13:50 1"));
}

TEST(ProcessingTimeTest, WindowsOverlapByTheClock) {
  LiveJob job("",
              "SELECT HOP_END(p, INTERVAL '5' SECOND, INTERVAL '10' SECOND), count(*) FROM "
              "(SELECT *, PROCTIME() AS p FROM t) AS v "
              "GROUP BY HOP(p, INTERVAL '5' SECOND, INTERVAL '10' SECOND);");
  job.env().put("part-a", kRow);
  job.start();
  ASSERT_TRUE(holds(job));
  job.env().advance_micros(5 * kSecond);
  ASSERT_TRUE(job.shows(1));
  EXPECT_THAT(job.lines(), ElementsAre("2023-11-14 22:13:25 1"));
  job.env().advance_micros(5 * kSecond);
  ASSERT_TRUE(job.shows(2));
  EXPECT_THAT(job.lines(), ElementsAre("2023-11-14 22:13:25 1", "2023-11-14 22:13:30 1"));
}

TEST(ProcessingTimeTest, ASessionEndsWhenTheClockHasPassedItsGap) {
  LiveJob job("",
              "SELECT window_start, window_end, count(*) FROM SESSION(t, PROCTIME(), "
              "INTERVAL '10 seconds') GROUP BY window_start, window_end;");
  job.env().put("part-a", kRow);
  job.start();
  ASSERT_TRUE(holds(job));
  job.env().advance_micros(10 * kSecond);
  EXPECT_FALSE(job.reaches([&](const RunProgress&) { return !job.lines().empty(); },
                           std::chrono::milliseconds(20)));
  job.env().advance_micros(kSecond);
  ASSERT_TRUE(job.shows(1));
  EXPECT_THAT(job.lines(), ElementsAre("2023-11-14 22:13:20 2023-11-14 22:13:30 1"));
}

TEST(ProcessingTimeTest, WindowsOfWindowsFollowTheClockToo) {
  LiveJob job(
      "",
      "SELECT window_start, sum(n) FROM TUMBLE((SELECT window_time, count(*) AS n FROM "
      "TUMBLE(t, PROCTIME(), INTERVAL '1 second') GROUP BY window_start, window_end, "
      "window_time), window_time, INTERVAL '10 seconds') GROUP BY window_start, window_end;");
  job.env().put("part-a", kRow + kRow);
  job.start();
  ASSERT_TRUE(holds(job));
  for (int second = 0; second < 9; ++second) {
    job.env().advance_micros(kSecond);
  }
  EXPECT_THAT(job.lines(), IsEmpty());
  job.env().advance_micros(kSecond);
  ASSERT_TRUE(job.shows(1));
  EXPECT_THAT(job.lines(), ElementsAre("2023-11-14 22:13:20 2"));
}

TEST(ProcessingTimeTest, TheEndOfTheInputClosesAllWindows) {
  FakeEnv env;
  env.put("part-a", kRow + kRow + kRow);
  Engine engine(env, SessionOptions{.workers = 2, .interleaving_seed = std::nullopt});
  LineReceiver receiver;
  const RunReport report = engine.execute(
      {.name = "test",
       .text = "SELECT count(*) FROM TUMBLE('part-a', PROCTIME(), INTERVAL '1 day') GROUP BY "
               "window_start, window_end;"},
      receiver);
  EXPECT_THAT(receiver.lines(), ElementsAre("3"));
}

}  // namespace
}  // namespace thalweg
