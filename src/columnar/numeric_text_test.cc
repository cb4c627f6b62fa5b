#include "columnar/numeric_text.h"

#include <gtest/gtest.h>

namespace thalweg {
namespace {

std::string round_trip(std::string_view text, std::uint8_t precision, std::uint8_t scale) {
  const Result<Int128> value = parse_numeric(text, numeric_type(precision, scale));
  return value.ok() ? format_numeric(value.value(), scale) : value.status().message();
}

TEST(NumericTextTest, PrintsEveryDigitOfTheScale) {
  EXPECT_EQ(format_numeric(0, 0), "0");
  EXPECT_EQ(format_numeric(0, 2), "0.00");
  EXPECT_EQ(format_numeric(-5, 2), "-0.05");
  EXPECT_EQ(format_numeric(150, 2), "1.50");
  EXPECT_EQ(format_numeric(-12345, 0), "-12345");
}

TEST(NumericTextTest, RoundsHalfAwayFromZero) {
  EXPECT_EQ(round_trip("1.005", 10, 2), "1.01");
  EXPECT_EQ(round_trip("-1.005", 10, 2), "-1.01");
  EXPECT_EQ(round_trip("1.00499", 10, 2), "1.00");
  EXPECT_EQ(round_trip("0.5", 10, 0), "1");
  EXPECT_EQ(round_trip("5e-3", 10, 2), "0.01");
  EXPECT_EQ(round_trip("4e-5", 10, 2), "0.00");
}

TEST(NumericTextTest, TakesPointsAndExponents) {
  EXPECT_EQ(round_trip("1e3", 10, 0), "1000");
  EXPECT_EQ(round_trip("1.5E+2", 10, 1), "150.0");
  EXPECT_EQ(round_trip(".5", 10, 2), "0.50");
  EXPECT_EQ(round_trip("5.", 10, 2), "5.00");
  EXPECT_EQ(round_trip("+7", 10, 0), "7");
  EXPECT_EQ(round_trip("0e999", 10, 0), "0");
  EXPECT_EQ(round_trip("0000000000000000000000000000000000000000000001", 1, 0), "1");
}

TEST(NumericTextTest, HoldsThirtyEightDigitsAndNoMore) {
  const std::string nines(38, '9');
  EXPECT_EQ(round_trip(nines, 38, 0), nines);
  EXPECT_EQ(round_trip("-" + nines, 38, 0), "-" + nines);
  EXPECT_EQ(round_trip(nines + "9", 38, 0), nines + "9 is out of range for NUMERIC(38,0)");
  EXPECT_EQ(round_trip(nines + ".5", 38, 0), nines + ".5 is out of range for NUMERIC(38,0)");
  EXPECT_EQ(round_trip("99.95", 3, 1), "99.95 is out of range for NUMERIC(3,1)");
  EXPECT_EQ(round_trip("1e99", 38, 0), "1e99 is out of range for NUMERIC(38,0)");
}

TEST(NumericTextTest, RefusesWhatIsNoNumber) {
  for (const char* text :
       {"", ".", "-", "1.2.3", "1e", "e5", "1e5.5", "--1", "1 2", "0x1", "NaN"}) {
    EXPECT_EQ(round_trip(text, 10, 0), '"' + std::string(text) + "\" is not a NUMERIC(10,0)");
  }
}

}  // namespace
}  // namespace thalweg
