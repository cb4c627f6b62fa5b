#include "columnar/kernels.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "columnar/builder.h"
#include "columnar/value.h"

namespace thalweg {
namespace {

using ::testing::ElementsAre;

Type row_type() {
  return struct_type({{"n", type_of(TypeKind::kInt)}, {"t", type_of(TypeKind::kText)}});
}

// A type of every layout.
std::vector<Type> layouts() {
  return {type_of(TypeKind::kBoolean),
          type_of(TypeKind::kSmallint),
          type_of(TypeKind::kInt),
          type_of(TypeKind::kBigint),
          numeric_type(38, 2),
          type_of(TypeKind::kText),
          type_of(TypeKind::kInterval),
          array_type(type_of(TypeKind::kText)),
          array_type(array_type(type_of(TypeKind::kInt))),
          row_type()};
}

Value random_value(const Type& type, std::mt19937& random);

Value::List random_list(const Type& type, std::mt19937& random) {
  Value::List list;
  const bool array = type.kind == TypeKind::kArray;
  const std::size_t count = array ? random() % 4 : type.fields->size();
  for (std::size_t i = 0; i < count; ++i) {
    list.push_back(random_value((*type.fields)[array ? 0 : i].type, random));
  }
  return list;
}

Value random_value(const Type& type, std::mt19937& random) {
  if (random() % 5 == 0) {
    return null_value(type);
  }
  const auto number = static_cast<std::int64_t>(random() % 1000) - 500;
  switch (type.kind) {
    case TypeKind::kBoolean:
      return Value{type, number > 0};
    case TypeKind::kNumeric:
      return Value{type, Int128{number} << 70};
    case TypeKind::kText:
      return Value{type, std::string(random() % 60, static_cast<char>('a' + random() % 26))};
    case TypeKind::kInterval:
      return Value{type, Interval{.months = 1, .days = 2, .nanos = number * 1000}};
    case TypeKind::kStruct:
    case TypeKind::kArray:
      return Value{type, random_list(type, random)};
    default:
      return Value{type, number};
  }
}

Column column_of(const Type& type, const std::vector<Value>& values) {
  ColumnBuilder builder{type};
  for (const Value& value : values) {
    builder.append_value(value);
  }
  return builder.finish();
}

std::vector<std::string> texts(const Column& column) {
  std::vector<std::string> out;
  for (RowIndex row = 0; row < column.length(); ++row) {
    out.push_back(column.is_valid(row) ? to_string(value_at(column, row)) : "NULL");
  }
  return out;
}

class EveryLayoutTest : public ::testing::TestWithParam<Type> {
 protected:
  std::mt19937 random_{12345};

  std::vector<Value> random_values(std::size_t count) {
    std::vector<Value> values;
    for (std::size_t i = 0; i < count; ++i) {
      values.push_back(random_value(GetParam(), random_));
    }
    return values;
  }
};

TEST_P(EveryLayoutTest, GatherTakesRowsInAnyOrderAndAgain) {
  const Column column = column_of(GetParam(), random_values(300));
  const auto all = texts(column);
  std::vector<RowIndex> rows;
  std::vector<std::string> expected;
  for (int i = 0; i < 500; ++i) {
    rows.push_back(static_cast<RowIndex>(random_() % 300));
    expected.push_back(all[rows.back()]);
  }
  EXPECT_EQ(texts(gather(column, rows)), expected);
  EXPECT_EQ(gather(column, {}).length(), 0u);
}

TEST_P(EveryLayoutTest, SlicesBeginAnywhere) {
  const Column column = column_of(GetParam(), random_values(300));
  const auto all = texts(column);
  for (const auto& [begin, length] :
       {std::pair{0U, 300U}, {1U, 100U}, {64U, 130U}, {63U, 65U}, {299U, 1U}, {300U, 0U}}) {
    const Column slice = column.slice(begin, length);
    EXPECT_EQ(texts(slice),
              std::vector<std::string>(all.begin() + begin, all.begin() + begin + length));
    const std::vector<RowIndex> first{0};
    if (length > 0) {
      EXPECT_EQ(texts(gather(slice, first))[0], all[begin]);
      EXPECT_EQ(texts(slice.slice(length - 1, 1))[0], all[begin + length - 1]);
    }
  }
}

TEST_P(EveryLayoutTest, ConcatPutsPartsOfAnyLengthTogether) {
  const Column column = column_of(GetParam(), random_values(300));
  std::vector<Column> parts = {column.slice(0, 0),    column.slice(0, 7),    column.slice(7, 64),
                               column.slice(71, 129), column.slice(200, 99), column.slice(299, 1)};
  EXPECT_EQ(texts(concat_columns(parts)), texts(column));
  EXPECT_EQ(texts(concat_columns({parts.data(), 1})).size(), 0u);
}

TEST_P(EveryLayoutTest, ConcatOfColumnsWithAndWithoutNulls) {
  Value value = random_value(GetParam(), random_);
  while (value.is_null()) {
    value = random_value(GetParam(), random_);
  }
  const std::vector<Column> parts = {repeat(value, 70), null_column(GetParam(), 3),
                                     repeat(value, 1)};
  const Column column = concat_columns(parts);
  ASSERT_EQ(column.length(), 74u);
  EXPECT_EQ(texts(column)[69], to_string(value));
  EXPECT_EQ(texts(column)[72], "NULL");
  EXPECT_EQ(texts(column)[73], to_string(value));
}

TEST_P(EveryLayoutTest, NullColumnsHoldZeroValues) {
  const Column column = null_column(GetParam(), 70);
  EXPECT_EQ(column.length(), 70u);
  for (const std::string& text : texts(column)) {
    EXPECT_EQ(text, "NULL");
  }
  EXPECT_EQ(texts(repeat(null_value(GetParam()), 2)), texts(null_column(GetParam(), 2)));
}

INSTANTIATE_TEST_SUITE_P(Layouts, EveryLayoutTest, ::testing::ValuesIn(layouts()));

TEST(KernelsTest, GatherOfValidColumnsMakesNoBitmap) {
  ColumnBuilder builder{type_of(TypeKind::kBigint)};
  builder.append(std::int64_t{1});
  builder.append_null();
  builder.append(std::int64_t{3});
  const Column column = builder.finish();
  const std::vector<RowIndex> valid{2, 0};
  const std::vector<RowIndex> with_null{2, 1};
  EXPECT_FALSE(gather(column, valid).may_have_nulls());
  EXPECT_TRUE(gather(column, with_null).may_have_nulls());
}

TEST(KernelsTest, TrueRowsAreThoseThatAreTrueAndNotNull) {
  for (const std::uint32_t length : {0U, 1U, 63U, 64U, 65U, 200U}) {
    ColumnBuilder builder{type_of(TypeKind::kBoolean)};
    std::vector<RowIndex> expected{77};
    for (std::uint32_t row = 0; row < length; ++row) {
      if (row % 3 == 1) {
        builder.append_null();
      } else {
        builder.append_bool(row % 2 == 0);
        if (row % 2 == 0) {
          expected.push_back(row);
        }
      }
    }
    std::vector<RowIndex> rows{77};
    append_true_rows(builder.finish(), rows);
    EXPECT_EQ(rows, expected) << length;
  }
}

TEST(KernelsTest, TrueRowsOfFullWordsAreAllRows) {
  std::vector<RowIndex> rows;
  append_true_rows(repeat(boolean_value(true), 130), rows);
  ASSERT_EQ(rows.size(), 130u);
  EXPECT_EQ(rows[129], 129u);
}

TEST(KernelsTest, PackBitsPacksAnyLength) {
  for (const std::uint32_t length : {1U, 7U, 8U, 63U, 64U, 65U, 129U}) {
    const auto buffer = pack_bits(length, [](std::uint32_t row) { return row % 5 == 2; });
    for (std::uint32_t row = 0; row < length; ++row) {
      EXPECT_EQ((buffer->as<std::uint64_t>()[row / 64] >> (row % 64)) & 1, row % 5 == 2 ? 1u : 0u);
    }
  }
}

TEST(KernelsTest, BitsAreCountedUpToTheLengthOnly) {
  const auto ones = bitmap_of_ones(70);
  EXPECT_EQ(count_set(ones->as<std::uint64_t>(), 70), 70u);
  EXPECT_EQ(count_set(ones->as<std::uint64_t>(), 65), 65u);
  EXPECT_EQ(count_set(ones->as<std::uint64_t>(), 0), 0u);
}

TEST(KernelsTest, ValidInBothIsValid) {
  const Column plain = repeat(bigint_value(1), 3);
  ColumnBuilder a{type_of(TypeKind::kBigint)};
  ColumnBuilder b{type_of(TypeKind::kBigint)};
  a.append_null();
  a.append(std::int64_t{1});
  a.append(std::int64_t{1});
  b.append(std::int64_t{1});
  b.append(std::int64_t{1});
  b.append_null();
  const Column left = a.finish();
  const Column right = b.finish();
  EXPECT_EQ(intersect_validity(plain, plain), nullptr);
  EXPECT_EQ(intersect_validity(left, plain)->as<std::uint64_t>()[0] & 7, 0b110u);
  EXPECT_EQ(intersect_validity(plain, right)->as<std::uint64_t>()[0] & 7, 0b011u);
  EXPECT_EQ(intersect_validity(left, right)->as<std::uint64_t>()[0] & 7, 0b010u);
}

}  // namespace
}  // namespace thalweg
