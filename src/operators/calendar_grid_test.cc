#include "operators/calendar_grid.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>

#include "columnar/calendar.h"
#include "operators/window_grid.h"

namespace thalweg {
namespace {

constexpr std::int64_t kHour = kMicrosPerDay / 24;

EventTime at(std::string_view text) { return {parse_timestamp(text)->micros}; }

std::string text_of(const TimeWindow& window) {
  return format_timestamp(window.start.micros) + " to " + format_timestamp(window.end.micros);
}

WindowGrid grid_of(const CalendarWindows& windows, std::string_view zone) {
  return WindowGrid(*CalendarGrid::make(windows, zone));
}

TEST(CalendarGridTest, MonthsAreThoseOfTheZone) {
  const WindowGrid months = grid_of({.size = {.months = 1}}, "Europe/Berlin");
  const TimeWindow march = months.window_of(at("2024-03-15 12:00:00"));
  EXPECT_EQ(text_of(march), "2024-02-29 23:00:00 to 2024-03-31 22:00:00");
  EXPECT_EQ(months.window_of(march.end).start, march.end);
  EXPECT_EQ(months.ending_at(march.end).start, march.start);
  const WindowGrid quarters = grid_of({.size = {.months = 3}}, "UTC");
  EXPECT_EQ(text_of(quarters.window_of(at("1969-12-31 23:59:59"))),
            "1969-10-01 00:00:00 to 1970-01-01 00:00:00");
}

TEST(CalendarGridTest, ADayOfTheZoneMayHave23Hours) {
  const WindowGrid days = grid_of({.size = {.days = 1}}, "Europe/Berlin");
  const TimeWindow day = days.window_of(at("2024-03-31 05:00:00"));
  EXPECT_EQ(day.end.micros - day.start.micros, 23 * kHour);
  EXPECT_FALSE(CalendarGrid::make({.size = {.days = 1}}, "Mars/Olympus"));
}

TEST(CalendarGridTest, OffsetsGoAsTheClocksThere) {
  // The business day begins at six, before the clocks are put forward and after.
  const WindowGrid days =
      grid_of({.size = {.days = 1}, .offset = {.nanos = 6 * kHour * 1000}}, "Europe/Berlin");
  EXPECT_EQ(text_of(days.window_of(at("2024-03-31 03:59:59"))),
            "2024-03-30 05:00:00 to 2024-03-31 04:00:00");
  // The year begins with April.
  const WindowGrid years =
      grid_of({.size = {.months = 12}, .offset = {.months = 3}}, "Europe/London");
  EXPECT_EQ(text_of(years.window_of(at("2024-03-31 12:00:00"))),
            "2023-03-31 23:00:00 to 2024-03-31 23:00:00");
}

TEST(CalendarGridTest, AMidnightThatComesTwiceIsTheSecond) {
  // In Havana the clocks went from 1 o'clock back to midnight, which was at 4:00 UTC and again at
  // 5:00.
  const WindowGrid days = grid_of({.size = {.days = 1}}, "America/Havana");
  EXPECT_EQ(text_of(days.window_of(at("2024-11-03 04:30:00"))),
            "2024-11-02 04:00:00 to 2024-11-03 05:00:00");
}

TEST(CalendarGridTest, WhereADayWasLeftOutNoTwoWindowsEndTogether) {
  // Samoa had no 30 December 2011.
  const WindowGrid days = grid_of(
      {.shape = WindowShape::kHop, .size = {.days = 2}, .step = {.days = 1}}, "Pacific/Apia");
  const auto first = days.first_window(at("2011-12-30 09:00:00"));
  EXPECT_EQ(text_of(*first), "2011-12-28 10:00:00 to 2011-12-30 10:00:00");
  EXPECT_FALSE(days.first_window(at("2011-12-30 09:00:00"), first->end));
  EXPECT_EQ(days.last_window(at("2011-12-30 09:00:00"))->start, first->start);
}

TEST(CalendarGridTest, TimesBeyondTheCalendarAreInNoWindowOfIt) {
  for (const WindowShape shape :
       {WindowShape::kTumble, WindowShape::kHop, WindowShape::kCumulate}) {
    for (const Interval unit : {Interval{.months = 120'000}, Interval{.days = 3'650'000}}) {
      const WindowGrid grid = grid_of({.shape = shape, .size = unit, .step = unit}, "Asia/Tokyo");
      for (const EventTime time : {kStartOfTime, kEndOfTime}) {
        EXPECT_FALSE(grid.first_window(time));
        EXPECT_FALSE(grid.last_window(time));
        grid.slice_of(time);
      }
    }
  }
}

// Windows by their ends.
using Windows = std::map<std::int64_t, std::int64_t>;

// Every window around one time, from all that begin in the years about it.
class AllWindows {
 public:
  AllWindows(const CalendarWindows& windows, std::string_view zone)
      : windows_(windows), zone_(*TimeZone::find(zone)) {
    const bool by_months = unit().months > 0;
    const std::int64_t from = by_months ? 40 * 12 / unit().months : 41 * 366 / unit().days;
    const std::int64_t to = by_months ? 44 * 12 / unit().months : 43 * 366 / unit().days;
    for (std::int64_t number = from; number <= to; ++number) {
      add(number);
    }
  }

  Windows around(EventTime time) const {
    Windows found;
    for (const auto& [end, start] : all_) {
      if (start <= time.micros && time.micros < end) {
        found.insert({end, start});
      }
    }
    return found;
  }

 private:
  const Interval& unit() const {
    return windows_.shape == WindowShape::kHop ? windows_.step : windows_.size;
  }

  void add(std::int64_t number) {
    const std::int64_t start = point(number, {}, 0);
    if (windows_.shape == WindowShape::kHop) {
      all_.insert({point(number, windows_.size, 1), start});
      return;
    }
    const std::int64_t end = point(number + 1, {}, 0);
    for (std::int64_t i = 1; windows_.shape == WindowShape::kCumulate; ++i) {
      const std::int64_t step = point(number, windows_.step, i);
      if (step >= end) {
        break;
      }
      all_.insert({step, start});
    }
    all_.insert({end, start});
  }

  // Year by year and day by day, as one counts with a calendar at hand.
  std::int64_t point(std::int64_t number, const Interval& span, std::int64_t times) {
    std::int64_t months = number * unit().months + windows_.offset.months + times * span.months;
    std::int64_t year = 1970;
    for (; months >= 12; months -= 12) {
      ++year;
    }
    for (; months < 0; months += 12) {
      --year;
    }
    const std::int64_t first =
        days_from_civil({.year = year, .month = static_cast<unsigned>(months + 1), .day = 1});
    const std::int64_t day =
        first + number * unit().days + windows_.offset.days + times * span.days;
    return zone_.to_utc(day * kMicrosPerDay + windows_.offset.nanos / 1000) +
           times * span.nanos / 1000;
  }

  CalendarWindows windows_;
  TimeZone zone_;
  Windows all_;  // Of those that end together, the first to begin.
};

CalendarWindows any_windows(std::mt19937& dice) {
  const auto days = [&dice](int max) {
    return Interval{.days = 1 + static_cast<int>(dice() % max)};
  };
  const auto months = [&dice](int max) {
    return Interval{.months = 1 + static_cast<int>(dice() % max)};
  };
  const auto hours = [&dice](int max) {
    return Interval{.nanos = (1 + static_cast<std::int64_t>(dice() % max)) * kHour * 1000};
  };
  CalendarWindows windows;
  windows.shape = static_cast<WindowShape>(dice() % 3);
  const bool by_months = dice() % 2 == 0;
  Interval& unit = windows.shape == WindowShape::kHop ? windows.step : windows.size;
  Interval& other = windows.shape == WindowShape::kHop ? windows.size : windows.step;
  unit = by_months ? months(6) : days(10);
  const std::uint32_t kind = dice() % (by_months ? 3 : 2);
  other = kind == 0 ? hours(60) : kind == 1 ? days(12) : months(14);
  if (dice() % 2 == 0) {
    windows.offset = {.months = by_months ? static_cast<int>(dice() % 9) - 4 : 0,
                      .days = static_cast<int>(dice() % 40) - 20,
                      .nanos = (static_cast<std::int64_t>(dice() % 30) - 15) * kHour * 1000};
  }
  return windows;
}

Windows windows_of(const WindowGrid& grid, EventTime time) {
  Windows windows;
  EventTime before = kStartOfTime;
  for (auto window = grid.first_window(time); window;
       window = grid.first_window(time, window->end)) {
    EXPECT_GT(window->end, before);
    before = window->end;
    windows.insert({window->end.micros, window->start.micros});
  }
  return windows;
}

void expect_windows(const WindowGrid& grid, EventTime time, const Windows& expected) {
  ASSERT_EQ(windows_of(grid, time), expected);
  const auto last = grid.last_window(time);
  ASSERT_EQ(last.has_value(), !expected.empty());
  if (last) {
    EXPECT_EQ(last->end.micros, expected.rbegin()->first);
  }
  for (const auto& [end, start] : expected) {
    EXPECT_EQ(grid.ending_at({end}).start.micros, start);
  }
  const TimeWindow slice = grid.slice_of(time);
  ASSERT_TRUE(slice.contains(time));
  EXPECT_EQ(windows_of(grid, slice.start), expected);
  EXPECT_EQ(windows_of(grid, slice.last()), expected);
  EXPECT_EQ(grid.slice_of(slice.start).end, slice.end);
  EXPECT_EQ(grid.slice_of(slice.last()).start, slice.start);
}

TEST(CalendarGridTest, HasEveryWindowThatHoldsATime) {
  const char* const zones[] = {"UTC",           "Europe/Berlin",     "America/Havana",
                               "Pacific/Apia",  "America/Sao_Paulo", "Australia/Lord_Howe",
                               "Asia/Kathmandu"};
  // Around which clocks were changed in one of these zones, or a month or a year begins.
  const std::vector<EventTime> places = {
      at("2011-12-30 10:00:00"), at("2012-01-01 00:00:00"), at("2012-02-26 02:00:00"),
      at("2012-02-29 12:00:00"), at("2012-03-25 01:00:00"), at("2012-04-01 05:00:00"),
      at("2012-04-30 22:00:00"), at("2012-10-28 01:00:00"), at("2012-11-04 05:00:00")};
  for (std::uint32_t seed = 0; seed < 300; ++seed) {
    std::mt19937 dice(seed);
    const CalendarWindows windows = any_windows(dice);
    const char* const zone = zones[dice() % std::size(zones)];
    const WindowGrid grid = grid_of(windows, zone);
    const AllWindows all(windows, zone);
    for (int i = 0; i < 40; ++i) {
      const std::int64_t minutes = static_cast<std::int64_t>(dice() % (6 * 1440)) - 3 * 1440;
      const EventTime time{places[dice() % places.size()].micros + minutes * 60'000'000};
      expect_windows(grid, time, all.around(time));
      ASSERT_FALSE(HasFailure()) << "seed " << seed << ", " << zone << ", "
                                 << format_timestamp(time.micros);
    }
  }
}

}  // namespace
}  // namespace thalweg
