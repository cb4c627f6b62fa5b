#include <gtest/gtest.h>

#include "columnar/builder.h"
#include "columnar/kernels.h"
#include "columnar/value.h"
namespace thalweg {
namespace {
std::string round(const char* text, const Type& type) {
  const Result<Value> v = parse_value(text, type);
  return v.ok() ? to_string(v.value()) : v.status().message();
}
TEST(ValueTextTest, ReadsAndPrintsPostgresForms) {
  EXPECT_EQ(round(" 42 ", type_of(TypeKind::kBigint)), "42");
  EXPECT_EQ(round("1.005", numeric_type(10, 2)), "1.01");
  EXPECT_EQ(round("-0.5", numeric_type(10, 2)), "-0.50");
  EXPECT_EQ(round("1e3", numeric_type(10, 0)), "1000");
  EXPECT_EQ(round("0.1", type_of(TypeKind::kDouble)), "0.1");
  EXPECT_EQ(round("1e20", type_of(TypeKind::kDouble)), "1e+20");
  EXPECT_EQ(round("123456789012345", type_of(TypeKind::kDouble)), "123456789012345");
  EXPECT_EQ(round("0.00001", type_of(TypeKind::kDouble)), "1e-05");
  EXPECT_EQ(round("3.25", type_of(TypeKind::kReal)), "3.25");
  EXPECT_EQ(round("yes", type_of(TypeKind::kBoolean)), "t");
  EXPECT_EQ(round("2018-02-01T10:00:05.25Z", type_of(TypeKind::kTimestamp)),
            "2018-02-01 10:00:05.25");
  EXPECT_EQ(round("2018-02-01 10:00:05+02", type_of(TypeKind::kTimestamptz)),
            "2018-02-01 08:00:05+00");
  EXPECT_EQ(round("2001/01/01 00:47", type_of(TypeKind::kTimestamp)), "2001-01-01 00:47:00");
  EXPECT_EQ(round("1969-12-31 23:59:59.5", type_of(TypeKind::kTimestamp)), "1969-12-31 23:59:59.5");
  EXPECT_EQ(round("2020-02-30", type_of(TypeKind::kDate)), "\"2020-02-30\" is not a DATE");
  EXPECT_EQ(round("1 day 02:03:04", type_of(TypeKind::kInterval)), "1 day 02:03:04");
  EXPECT_EQ(round("14 mons -3 days", type_of(TypeKind::kInterval)), "1 year 2 mons -3 days");
  EXPECT_EQ(round("P1DT2H", type_of(TypeKind::kInterval)), "1 day 02:00:00");
  EXPECT_EQ(round("90 minutes", type_of(TypeKind::kInterval)), "01:30:00");
  EXPECT_EQ(round("1.5 hours", type_of(TypeKind::kInterval)), "01:30:00");
  EXPECT_EQ(round("{1,NULL,3}", array_type(type_of(TypeKind::kInt))), "{1,NULL,3}");
  EXPECT_EQ(round("{\"a b\",c}", array_type(type_of(TypeKind::kText))), "{\"a b\",c}");
  EXPECT_EQ(round("(1,,x)", struct_type({{"a", type_of(TypeKind::kInt)},
                                         {"b", type_of(TypeKind::kInt)},
                                         {"c", type_of(TypeKind::kText)}})),
            "(1,,x)");
  EXPECT_EQ(round("9223372036854775808", type_of(TypeKind::kBigint)),
            "9223372036854775808 is out of range for BIGINT");
  EXPECT_EQ(round("\\x0aff", type_of(TypeKind::kBytea)), "\\x0aff");
}
TEST(KeysTest, EqualKeysOfAnyWidthMeetAndReadBack) {
  ColumnBuilder ints(type_of(TypeKind::kInt));
  ColumnBuilder longs(type_of(TypeKind::kBigint));
  for (int i : {1, -5, 7}) {
    ints.append<std::int32_t>(i);
    longs.append<std::int64_t>(i);
  }
  ints.append_null();
  longs.append_null();
  const Column a = ints.finish();
  const Column b = longs.finish();
  std::uint64_t ha[4];
  std::uint64_t hb[4];
  hash_keys({&a, 1}, 4, ha);
  hash_keys({&b, 1}, 4, hb);
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(ha[i], hb[i]);
  }
  EncodedKeys ea, eb;
  encode_keys({&a, 1}, 4, ea);
  encode_keys({&b, 1}, 4, eb);
  std::vector<ColumnBuilder> out;
  out.emplace_back(type_of(TypeKind::kInt));
  for (std::uint32_t i = 0; i < 4; ++i) {
    EXPECT_EQ(ea.key(i), eb.key(i));
    decode_key(ea.key(i), out);
  }
  const Column back = out[0].finish();
  for (RowIndex i = 0; i < 4; ++i) {
    EXPECT_EQ(compare_rows(a, i, back, i), 0);
  }
}
TEST(SortTest, NullsStandWhereAsked) {
  ColumnBuilder ints(type_of(TypeKind::kInt));
  ints.append<std::int32_t>(3);
  ints.append_null();
  ints.append<std::int32_t>(1);
  ints.append<std::int32_t>(3);
  const std::vector<Column> columns{ints.finish()};
  const SortKey up{.column = 0};
  const SortKey down{.column = 0, .descending = true, .nulls_first = true};
  EXPECT_EQ(sort_rows(columns, {&up, 1}, 4), (std::vector<RowIndex>{2, 0, 3, 1}));
  EXPECT_EQ(sort_rows(columns, {&down, 1}, 4), (std::vector<RowIndex>{1, 0, 3, 2}));
}
}  // namespace
}  // namespace thalweg
