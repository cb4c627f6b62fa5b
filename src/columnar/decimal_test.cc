#include "columnar/decimal.h"

#include <gtest/gtest.h>

#include <random>

#include "columnar/numeric_text.h"

namespace thalweg {
namespace {

Int128 number(std::string_view text) { return parse_numeric(text, numeric_type(38, 0)).value(); }

std::string printed(Int128 value) { return format_numeric(value, 0); }

TEST(DecimalTest, DivisionRoundsHalfAwayFromZero) {
  EXPECT_EQ(divide_rounded(5, 2), 3);
  EXPECT_EQ(divide_rounded(-5, 2), -3);
  EXPECT_EQ(divide_rounded(7, 3), 2);
  EXPECT_EQ(divide_rounded(-8, 3), -3);
  EXPECT_EQ(divide_rounded(0, 7), 0);
}

TEST(DecimalTest, RescaleRoundsDownwardsAndTellsOverflowUpwards) {
  Int128 out = 0;
  ASSERT_TRUE(rescale(12345, 3, 1, out));
  EXPECT_EQ(out, 123);
  ASSERT_TRUE(rescale(-12350, 3, 1, out));
  EXPECT_EQ(out, -124);
  ASSERT_TRUE(rescale(5, 0, 37, out));
  EXPECT_EQ(printed(out), "5" + std::string(37, '0'));
  EXPECT_FALSE(rescale(number("1000000000"), 0, 38, out));
}

TEST(DecimalTest, ProductsMayBeWiderThan128Bits) {
  Int128 out = 0;
  ASSERT_TRUE(
      multiply_and_drop(number(std::string(30, '9')), number("1" + std::string(20, '0')), 20, out));
  EXPECT_EQ(printed(out), std::string(30, '9'));
  ASSERT_TRUE(multiply_and_drop(-15, 1, 1, out));
  EXPECT_EQ(out, -2);
  EXPECT_FALSE(multiply_and_drop(number(std::string(38, '9')), number("1000"), 2, out));
}

TEST(DecimalTest, QuotientsAreExactThenRounded) {
  Int128 out = 0;
  ASSERT_TRUE(raise_and_divide(1, 16, 3, out));
  EXPECT_EQ(printed(out), "3333333333333333");
  ASSERT_TRUE(raise_and_divide(-2, 16, 3, out));
  EXPECT_EQ(printed(out), "-6666666666666667");
  // The dividend leaves 128 bits, the quotient does not.
  ASSERT_TRUE(
      raise_and_divide(number(std::string(30, '9')), 20, number("1" + std::string(25, '0')), out));
  EXPECT_EQ(printed(out), "10000000000000000000000000");
  EXPECT_FALSE(raise_and_divide(number(std::string(38, '9')), 10, 1, out));
}

TEST(DecimalTest, WideArithmeticAgreesWithNarrow) {
  std::mt19937_64 random{7};
  for (int i = 0; i < 2000; ++i) {
    const auto a = static_cast<std::int64_t>(random());
    const auto b = static_cast<std::int64_t>(random());
    Int128 out = 0;
    // a * 10^20 * b / 10^20 goes the wide way.
    const Int128 raised = Int128{a} * power_of_ten(18);
    ASSERT_TRUE(multiply_and_drop(raised, b, 18, out));
    EXPECT_EQ(out, Int128{a} * b);
    if (b != 0) {
      ASSERT_TRUE(raise_and_divide(Int128{a} * b, 18, b, out));
      EXPECT_EQ(out, Int128{a} * power_of_ten(18));
    }
  }
}

TEST(DecimalTest, NearestDouble) {
  EXPECT_EQ(decimal_to_double(1, 1), 0.1);
  EXPECT_EQ(decimal_to_double(-12345, 2), -123.45);
  EXPECT_EQ(decimal_to_double(number("12345678901234567890123456789012345678"), 19),
            1234567890123456789.0123456789012345678);
}

TEST(DecimalTest, DigitsAreCountedForBothSigns) {
  EXPECT_TRUE(has_digits(999, 3));
  EXPECT_FALSE(has_digits(1000, 3));
  EXPECT_TRUE(has_digits(-999, 3));
  EXPECT_FALSE(has_digits(-1000, 3));
}

TEST(DecimalTest, ComparingAcrossScalesNeverOverflows) {
  EXPECT_EQ(compare_raised(1, 38, 5), 1);
  EXPECT_EQ(compare_raised(number(std::string(38, '9')), 30, 5), 1);
  EXPECT_EQ(compare_raised(-number(std::string(38, '9')), 30, 5), -1);
  EXPECT_EQ(compare_raised(15, 1, 150), 0);
}

TEST(DecimalTest, ResultTypesStayExactWhereTheyCan) {
  EXPECT_EQ(numeric_sum_type(numeric_type(10, 2), numeric_type(8, 4)), numeric_type(13, 4));
  EXPECT_EQ(numeric_product_type(numeric_type(10, 2), numeric_type(8, 4)), numeric_type(18, 6));
  EXPECT_EQ(numeric_product_type(numeric_type(38, 20), numeric_type(38, 20)).precision, 38);
  EXPECT_EQ(as_numeric_type(type_of(TypeKind::kBigint)), numeric_type(19, 0));
}

}  // namespace
}  // namespace thalweg
