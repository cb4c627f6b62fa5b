#include "columnar/calendar.h"

#include <gtest/gtest.h>

#include <chrono>

namespace thalweg {
namespace {

std::int64_t micros(std::string_view text) {
  const std::optional<ParsedTime> parsed = parse_timestamp(text);
  EXPECT_TRUE(parsed.has_value()) << text;
  return parsed ? parsed->micros - parsed->offset_micros : 0;
}

TEST(CalendarTest, DaysAgreeWithTheStandardLibraryOverManyCenturies) {
  for (std::int64_t day = -800'000; day < 800'000; day += 37) {
    const std::chrono::year_month_day expected{
        std::chrono::sys_days{std::chrono::days{static_cast<int>(day)}}};
    const CivilDate date = civil_from_days(day);
    ASSERT_EQ(date.year, static_cast<int>(expected.year()));
    ASSERT_EQ(date.month, static_cast<unsigned>(expected.month()));
    ASSERT_EQ(date.day, static_cast<unsigned>(expected.day()));
    ASSERT_EQ(days_from_civil(date), day);
  }
}

TEST(CalendarTest, MonthsKnowLeapYears) {
  EXPECT_EQ(days_in_month(2024, 2), 29u);
  EXPECT_EQ(days_in_month(2023, 2), 28u);
  EXPECT_EQ(days_in_month(1900, 2), 28u);
  EXPECT_EQ(days_in_month(2000, 2), 29u);
}

TEST(CalendarTest, AddingMonthsCutsTheDay) {
  const CivilDate end = add_months({2024, 1, 31}, 1);
  EXPECT_EQ(end.month, 2u);
  EXPECT_EQ(end.day, 29u);
  const CivilDate back = add_months({2024, 1, 31}, -2);
  EXPECT_EQ(back.year, 2023);
  EXPECT_EQ(back.month, 11u);
  EXPECT_EQ(back.day, 30u);
}

TEST(CalendarTest, ReadsEveryFormOfATimestamp) {
  const std::int64_t noon = 1'517'443'200'000'000 + 12 * 3'600 * kMicrosPerSecond;
  for (const char* text : {"2018-02-01 12:00", "2018-02-01T12:00:00", "2018-02-01t12:00:00.000Z",
                           "2018/02/01 12:00:00", "2018-02-01 14:00:00+02", "2018-02-01 17:30+0530",
                           "2018-02-01T06:30:00-05:30", "2018-2-1 12:00:00",
                           "2018-02-01 12:00:00 UTC", "2018-02-01 12:00:00 +00:00"}) {
    EXPECT_EQ(micros(text), noon) << text;
  }
  EXPECT_EQ(micros("2018-02-01"), 1'517'443'200'000'000);
}

TEST(CalendarTest, FractionsRoundToMicroseconds) {
  EXPECT_EQ(micros("1970-01-01 00:00:00.5"), 500'000);
  EXPECT_EQ(micros("1970-01-01 00:00:00.123456"), 123'456);
  EXPECT_EQ(micros("1970-01-01 00:00:00.1234565"), 123'457);
  EXPECT_EQ(micros("1970-01-01 00:00:00.999999999"), 1'000'000);
}

TEST(CalendarTest, RefusesWhatIsNoTime) {
  for (const char* text :
       {"", "2018", "2018-13-01", "2018-02-30", "2018-02-01 25:00", "2018-02-01 12:60",
        "2018-02-01 12:00:61", "2018-02-01 12:00:00.", "2018-02-01 12:00 x", "2018-02/01",
        "0000-01-01", "999999-01-01", "2018-02-01 12:00+16", "20180201"}) {
    EXPECT_FALSE(parse_timestamp(text).has_value()) << text;
  }
}

TEST(CalendarTest, PrintsTimesBeforeTheEpochAndBeforeChrist) {
  EXPECT_EQ(format_timestamp(-1), "1969-12-31 23:59:59.999999");
  EXPECT_EQ(format_timestamp(500'000), "1970-01-01 00:00:00.5");
  EXPECT_EQ(format_date(-719'528), "0001-01-01 BC");
}

TEST(CalendarTest, TheEndsOfTheRangePrintAndRead) {
  const std::string last = format_timestamp(INT64_MAX);
  EXPECT_EQ(last, "294247-01-10 04:00:54.775807");
  EXPECT_EQ(micros("294247-01-09 23:59:59"),
            INT64_MAX / kMicrosPerDay * kMicrosPerDay - kMicrosPerSecond);
  EXPECT_FALSE(format_timestamp(INT64_MIN).empty());
}

TEST(CalendarTest, TimesOfDay) {
  EXPECT_EQ(parse_time_of_day("01:02:03.5"), 3'723'500'000);
  EXPECT_EQ(parse_time_of_day("24:00"), kMicrosPerDay);
  EXPECT_EQ(parse_time_of_day("24:00:01"), std::nullopt);
  EXPECT_EQ(parse_time_of_day("12"), std::nullopt);
  EXPECT_EQ(format_time_of_day(3'723'500'000), "01:02:03.5");
}

}  // namespace
}  // namespace thalweg
