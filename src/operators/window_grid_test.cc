#include "operators/window_grid.h"

#include <gtest/gtest.h>

#include <random>

namespace thalweg {
namespace {

TEST(WindowGridTest, WindowsAreHalfOpenAndMeet) {
  const WindowGrid grid(10, 0);
  EXPECT_EQ(grid.window_of({0}).start, EventTime{0});
  EXPECT_EQ(grid.window_of({9}).end, EventTime{10});
  EXPECT_EQ(grid.window_of({10}).start, EventTime{10});
  EXPECT_EQ(grid.window_of({-1}).start, EventTime{-10});
  EXPECT_EQ(grid.window_of({-10}).start, EventTime{-10});
  EXPECT_EQ(grid.window_of({25}).last(), EventTime{29});
}

TEST(WindowGridTest, AnOffsetShiftsTheGridAndIsTakenModuloTheSize) {
  for (const std::int64_t offset : {3, 13, -7, -17}) {
    const WindowGrid grid(10, offset);
    EXPECT_EQ(grid.window_of({3}).start, EventTime{3}) << offset;
    EXPECT_EQ(grid.window_of({2}).start, EventTime{-7}) << offset;
  }
}

TEST(WindowGridTest, EveryTimeLiesInItsWindow) {
  constexpr std::uint64_t kSeed = 5;
  std::mt19937_64 dice(kSeed);
  for (int i = 0; i < 100'000; ++i) {
    const std::int64_t size = 1 + static_cast<std::int64_t>(dice() % 100'000);
    const WindowGrid grid(size, static_cast<std::int64_t>(dice()));
    const EventTime time{static_cast<std::int64_t>(dice()) / 4};
    const TimeWindow window = grid.window_of(time);
    ASSERT_TRUE(window.contains(time)) << "seed " << kSeed << ", step " << i;
    ASSERT_EQ(window.end.micros - window.start.micros, size);
    ASSERT_EQ(grid.from_start(window.start.micros).end, window.end);
    ASSERT_EQ(grid.window_of(window.end).start, window.end);
  }
}

TEST(WindowGridTest, WindowsAtTheLimitsOfTimeStopThere) {
  const WindowGrid grid(3'600'000'000, 0);
  EXPECT_EQ(grid.window_of(kStartOfTime).start, kStartOfTime);
  EXPECT_EQ(grid.window_of(kEndOfTime).end, kEndOfTime);
}

}  // namespace
}  // namespace thalweg
