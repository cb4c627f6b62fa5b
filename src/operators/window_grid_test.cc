#include "operators/window_grid.h"

#include <gtest/gtest.h>

#include <limits>
#include <random>
#include <set>

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
    ASSERT_EQ(grid.ending_at(window.end).start, window.start);
    ASSERT_EQ(grid.window_of(window.end).start, window.end);
  }
}

TEST(WindowGridTest, WindowsAtTheLimitsOfTimeStopThere) {
  const WindowGrid grid(3'600'000'000, 0);
  EXPECT_EQ(grid.window_of(kStartOfTime).start, kStartOfTime);
  EXPECT_EQ(grid.window_of(kEndOfTime).end, kEndOfTime);
}

using Windows = std::set<std::pair<std::int64_t, std::int64_t>>;

Windows windows_of(const WindowGrid& grid, std::int64_t time) {
  Windows windows;
  std::int64_t before = std::numeric_limits<std::int64_t>::min();
  for (auto window = grid.first_window({time}); window;
       window = grid.first_window({time}, window->end)) {
    EXPECT_GT(window->end.micros, before);
    EXPECT_TRUE(window->contains({time}));
    before = window->end.micros;
    windows.insert({window->start.micros, window->end.micros});
  }
  return windows;
}

TEST(WindowGridTest, HopHasEveryWindowThatHoldsTheTime) {
  std::mt19937 dice(1);
  for (int round = 0; round < 2000; ++round) {
    const std::int64_t slide = 1 + dice() % 20;
    const std::int64_t size = 1 + dice() % 30;
    const auto offset = static_cast<std::int64_t>(dice() % 50) - 25;
    const auto time = static_cast<std::int64_t>(dice() % 200) - 100;
    Windows expected;
    for (std::int64_t k = -300; k <= 300; ++k) {
      const std::int64_t start = offset + k * slide;
      if (start <= time && time < start + size) {
        expected.insert({start, start + size});
      }
    }
    const WindowGrid grid = WindowGrid::hop(slide, size, offset);
    ASSERT_EQ(windows_of(grid, time), expected)
        << "slide " << slide << " size " << size << " offset " << offset << " time " << time;
    const auto last = grid.last_window({time});
    ASSERT_EQ(last.has_value(), !expected.empty());
    if (last) {
      EXPECT_EQ(last->end.micros, expected.rbegin()->second);
      EXPECT_EQ(grid.ending_at(last->end).start, last->start);
    }
  }
}

TEST(WindowGridTest, CumulateGrowsByStepsUpToItsSize) {
  std::mt19937 dice(2);
  for (int round = 0; round < 2000; ++round) {
    const std::int64_t size = 1 + dice() % 30;
    const std::int64_t step = 1 + dice() % size;
    const auto offset = static_cast<std::int64_t>(dice() % 50) - 25;
    const auto time = static_cast<std::int64_t>(dice() % 200) - 100;
    Windows expected;
    for (std::int64_t start = offset - 30 * size * 10; start <= time; start += size) {
      for (std::int64_t end = start + step;; end += step) {
        const std::int64_t cut = std::min(end, start + size);
        if (start <= time && time < cut) {
          expected.insert({start, cut});
        }
        if (end >= start + size) {
          break;
        }
      }
    }
    const WindowGrid grid = WindowGrid::cumulate(step, size, offset);
    ASSERT_EQ(windows_of(grid, time), expected) << "step " << step << " size " << size;
    EXPECT_EQ(grid.last_window({time})->end.micros, expected.rbegin()->second);
    EXPECT_EQ(grid.ending_at(grid.last_window({time})->end).start, grid.last_window({time})->start);
  }
}

TEST(WindowGridTest, AllTimesOfASliceHaveTheSameWindows) {
  std::mt19937 dice(3);
  for (int round = 0; round < 500; ++round) {
    const std::int64_t size = 1 + dice() % 30;
    const std::int64_t step = 1 + dice() % 40;
    const WindowGrid grid = dice() % 2 == 0
                                ? WindowGrid::hop(step, size, dice() % 7)
                                : WindowGrid::cumulate(1 + step % size, size, dice() % 7);
    for (std::int64_t time = -60; time < 60; ++time) {
      const TimeWindow slice = grid.slice_of({time});
      ASSERT_TRUE(slice.contains({time}));
      ASSERT_EQ(grid.slice_of(slice.start).end, slice.end);
      ASSERT_EQ(grid.slice_of(slice.last()).start, slice.start);
      ASSERT_EQ(windows_of(grid, slice.start.micros), windows_of(grid, time));
      ASSERT_EQ(windows_of(grid, slice.last().micros), windows_of(grid, time));
    }
  }
}

TEST(WindowGridTest, BoundsStopAtTheLimitsOfTime) {
  const std::int64_t last = std::numeric_limits<std::int64_t>::max() - 3;
  const WindowGrid grid = WindowGrid::hop(1'000'000, 5'000'000, 0);
  for (auto window = grid.first_window({last}); window;
       window = grid.first_window({last}, window->end)) {
    EXPECT_TRUE(window->contains({last}));
  }
  EXPECT_LE(grid.last_window({std::numeric_limits<std::int64_t>::min() + 3})->start.micros,
            std::numeric_limits<std::int64_t>::min() + 3);
}

}  // namespace
}  // namespace thalweg
