#include "columnar/interval_text.h"

#include <gtest/gtest.h>

namespace thalweg {
namespace {

std::string round_trip(std::string_view text) {
  const std::optional<Interval> interval = parse_interval(text);
  return interval ? format_interval(*interval) : "refused";
}

// Expectations are what PostgreSQL 15 prints.
TEST(IntervalTextTest, ReadsAndPrintsAsPostgres) {
  const std::pair<const char*, const char*> cases[] = {
      {"1 day 02:03:04", "1 day 02:03:04"},
      {"14 mons -3 days", "1 year 2 mons -3 days"},
      {"P1DT2H", "1 day 02:00:00"},
      {"P1Y2M3DT4H5M6.5S", "1 year 2 mons 3 days 04:05:06.5"},
      {"90 minutes", "01:30:00"},
      {"1.5 hours", "01:30:00"},
      {"5m", "00:05:00"},
      {"100 ms", "00:00:00.1"},
      {"-1 day 02:03:00", "-1 days +02:03:00"},
      {"-1 mon 5 days", "-1 mons +5 days"},
      {"1 day -00:00:01", "1 day -00:00:01"},
      {"-00:00:01.5", "-00:00:01.5"},
      {"2 weeks", "14 days"},
      {"1-2", "1 year 2 mons"},
      {"-1-2", "-1 years -2 mons"},
      {"1 2:03:04", "1 day 02:03:04"},
      {"-1 2:03:04", "-1 days +02:03:04"},
      {"1-2 3 4:05:06", "1 year 2 mons 3 days 04:05:06"},
      {"100:00", "100:00:00"},
      {"3 days ago", "-3 days"},
      {"1.5 months", "1 mon 15 days"},
      {"5", "00:00:05"},
      {"0", "00:00:00"},
      {"1 century", "100 years"},
      {"1 Hour 30 Minutes", "01:30:00"},
  };
  for (const auto& [text, printed] : cases) {
    EXPECT_EQ(round_trip(text), printed) << text;
  }
}

TEST(IntervalTextTest, RefusesWhatIsNoInterval) {
  for (const char* text : {"", " ", "x", "5 parsecs", "P", "P1", "P1X", "1:2:3:4", "+-5 days",
                           "99999999999 days", "1 day day", "9999999999999999 hours"}) {
    EXPECT_EQ(round_trip(text), "refused") << text;
  }
}

TEST(IntervalTextTest, ABareNumberCountsTheUnitAskedFor) {
  EXPECT_EQ(format_interval(*parse_interval("5", "minute")), "00:05:00");
}

}  // namespace
}  // namespace thalweg
