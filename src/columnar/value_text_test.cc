#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "columnar/value.h"

namespace thalweg {
namespace {

// The value as it prints, or the message of why it cannot be read.
std::string round_trip(std::string_view text, const Type& type) {
  const Result<Value> value = parse_value(text, type);
  return value.ok() ? to_string(value.value()) : value.status().message();
}

std::string round_trip(std::string_view text, TypeKind kind) {
  return round_trip(text, type_of(kind));
}

TEST(ValueTextTest, Integers) {
  EXPECT_EQ(round_trip(" 42 ", TypeKind::kBigint), "42");
  EXPECT_EQ(round_trip("+7", TypeKind::kInt), "7");
  EXPECT_EQ(round_trip("-9223372036854775808", TypeKind::kBigint), "-9223372036854775808");
  EXPECT_EQ(round_trip("9223372036854775808", TypeKind::kBigint),
            "9223372036854775808 is out of range for BIGINT");
  EXPECT_EQ(round_trip("32768", TypeKind::kSmallint), "32768 is out of range for SMALLINT");
  for (const char* text : {"", "1.5", "+-5", "--5", "5 6", "x"}) {
    EXPECT_EQ(round_trip(text, TypeKind::kInt), '"' + std::string(text) + "\" is not a INT");
  }
}

// Expectations are what PostgreSQL 15 prints.
TEST(ValueTextTest, FloatingPointIsShortestAndChangesToExponentsWherePostgresDoes) {
  const std::pair<const char*, const char*> doubles[] = {
      {"0.1", "0.1"},
      {"1e20", "1e+20"},
      {"123456789012345", "123456789012345"},
      {"999999999999999", "999999999999999"},
      {"1e15", "1e+15"},
      {"1234567890123456", "1.234567890123456e+15"},
      {"0.0001", "0.0001"},
      {"0.00001", "1e-05"},
      {"1e-300", "1e-300"},
      {"100", "100"},
      {"-0", "-0"},
      {"nan", "NaN"},
      {"-inf", "-Infinity"},
      {"Infinity", "Infinity"},
      {".5", "0.5"},
      {"5.", "5"},
  };
  for (const auto& [text, printed] : doubles) {
    EXPECT_EQ(round_trip(text, TypeKind::kDouble), printed) << text;
  }
  EXPECT_EQ(round_trip("3.25", TypeKind::kReal), "3.25");
  EXPECT_EQ(round_trip("123456", TypeKind::kReal), "123456");
  EXPECT_EQ(round_trip("1234567", TypeKind::kReal), "1.234567e+06");
  EXPECT_EQ(round_trip("0.1", TypeKind::kReal), "0.1");
  EXPECT_EQ(round_trip("1e39", TypeKind::kReal), "1e39 is out of range for REAL");
  EXPECT_EQ(round_trip("1e400", TypeKind::kDouble), "1e400 is out of range for DOUBLE");
  for (const char* text : {"", "--5", "+-5", "nan(1)", "0x10", "1e", "."}) {
    EXPECT_EQ(round_trip(text, TypeKind::kDouble), '"' + std::string(text) + "\" is not a DOUBLE");
  }
}

TEST(ValueTextTest, DoublesReadBackTheSame) {
  for (const double value : {1.0 / 3, 2e-308, 1.7976931348623157e308, 4.35, 123456.789}) {
    const Value printed{.type = type_of(TypeKind::kDouble), .data = value};
    const Result<Value> read = parse_value(to_string(printed), printed.type);
    ASSERT_TRUE(read.ok());
    EXPECT_EQ(std::get<double>(read.value().data), value);
  }
}

TEST(ValueTextTest, BooleansTakeAnyUnambiguousBeginning) {
  for (const char* text : {"true", "t", "TR", "yes", "y", "on", "1", " True "}) {
    EXPECT_EQ(round_trip(text, TypeKind::kBoolean), "t") << text;
  }
  for (const char* text : {"false", "f", "no", "n", "off", "of", "0"}) {
    EXPECT_EQ(round_trip(text, TypeKind::kBoolean), "f") << text;
  }
  for (const char* text : {"", "o", "2", "truee"}) {
    EXPECT_EQ(round_trip(text, TypeKind::kBoolean),
              '"' + std::string(text) + "\" is not a BOOLEAN");
  }
}

TEST(ValueTextTest, Times) {
  EXPECT_EQ(round_trip("2018-02-01T10:00:05.25Z", TypeKind::kTimestamp), "2018-02-01 10:00:05.25");
  EXPECT_EQ(round_trip("2018-02-01 10:00:05+02", TypeKind::kTimestamp), "2018-02-01 10:00:05");
  EXPECT_EQ(round_trip("2018-02-01 10:00:05+02", TypeKind::kTimestamptz), "2018-02-01 08:00:05+00");
  EXPECT_EQ(round_trip("2018-02-01 10:00 UTC", TypeKind::kTimestamptz), "2018-02-01 10:00:00+00");
  EXPECT_EQ(round_trip("2001/01/01 00:47", TypeKind::kTimestamp), "2001-01-01 00:47:00");
  EXPECT_EQ(round_trip("1969-12-31 23:59:59.5", TypeKind::kTimestamp), "1969-12-31 23:59:59.5");
  EXPECT_EQ(round_trip("2024-02-29", TypeKind::kDate), "2024-02-29");
  EXPECT_EQ(round_trip("2020-02-30", TypeKind::kDate), "\"2020-02-30\" is not a DATE");
  EXPECT_EQ(round_trip("infinity", TypeKind::kTimestamp), "\"infinity\" is not a TIMESTAMP");
  EXPECT_EQ(round_trip("23:59:59.999999", TypeKind::kTime), "23:59:59.999999");
}

TEST(ValueTextTest, Bytes) {
  EXPECT_EQ(round_trip("\\x0aFF", TypeKind::kBytea), "\\x0aff");
  EXPECT_EQ(round_trip("\\x", TypeKind::kBytea), "\\x");
  EXPECT_EQ(round_trip("\\x0", TypeKind::kBytea), "\"\\x0\" is not a BYTEA");
  EXPECT_EQ(round_trip("\\xzz", TypeKind::kBytea), "\"\\xzz\" is not a BYTEA");
}

TEST(ValueTextTest, Arrays) {
  const Type integers = array_type(type_of(TypeKind::kInt));
  const Type texts = array_type(type_of(TypeKind::kText));
  EXPECT_EQ(round_trip("{1,NULL,3}", integers), "{1,NULL,3}");
  EXPECT_EQ(round_trip("{ 1 , 2 }", integers), "{1,2}");
  EXPECT_EQ(round_trip("{ }", integers), "{}");
  EXPECT_EQ(round_trip("{\"a b\",c}", texts), "{\"a b\",c}");
  EXPECT_EQ(round_trip("{ a , \"\" ,\"NULL\",null}", texts), "{a,\"\",\"NULL\",NULL}");
  EXPECT_EQ(round_trip("{\"say \\\"hi\\\"\",\"a\\\\b\"}", texts),
            "{\"say \\\"hi\\\"\",\"a\\\\b\"}");
  EXPECT_EQ(round_trip("{(a)}", texts), "{(a)}");
  EXPECT_EQ(round_trip("{{1,2},{3}}", array_type(integers)), "{{1,2},{3}}");
  for (const char* text : {"", "1,2", "{1,2", "{1,,2}", "{1}x", "{1,2}}", "{1,}"}) {
    EXPECT_EQ(round_trip(text, integers), '"' + std::string(text) + "\" is not a INT[]");
  }
  EXPECT_EQ(round_trip("{1,x}", integers), "\"x\" is not a INT");
}

TEST(ValueTextTest, Structs) {
  const Type row = struct_type({{"a", type_of(TypeKind::kInt)},
                                {"b", type_of(TypeKind::kInt)},
                                {"c", type_of(TypeKind::kText)}});
  EXPECT_EQ(round_trip("(1,,x)", row), "(1,,x)");
  EXPECT_EQ(round_trip("(,,)", row), "(,,)");
  EXPECT_EQ(round_trip("(1,2,\"a, \"\"b\"\"\")", row), "(1,2,\"a, \"\"b\"\"\")");
  EXPECT_EQ(round_trip("(1,2,{x})", row), "(1,2,{x})");
  EXPECT_EQ(round_trip("(1,2,\"\")", row), "(1,2,\"\")");
  for (const char* text : {"(1,2)", "(1,2,3,4)", "()", "1,2,3"}) {
    EXPECT_EQ(round_trip(text, row),
              '"' + std::string(text) + "\" is not a STRUCT<a INT, b INT, c TEXT>");
  }
  const Type rows = array_type(row);
  EXPECT_EQ(round_trip("{\"(1,2,x)\",NULL}", rows), "{\"(1,2,x)\",NULL}");
}

TEST(ValueTextTest, ALongIntervalKeepsItsMicroseconds) {
  const Type type = type_of(TypeKind::kInterval);
  for (const std::string text : {"2037037:04:33", "2037037:04:33.000001", "-2037037:04:33"}) {
    EXPECT_EQ(to_string(parse_value(text, type).take()), text);
  }
  // 122,222,232 minutes, and a bare number of seconds.
  EXPECT_EQ(to_string(parse_value("21m122222211m213", type).take()), "2037037:15:33");
}

}  // namespace
}  // namespace thalweg
