#include "state/value_codec.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "columnar/value.h"

namespace thalweg {
namespace {

// Values of a type in PostgreSQL's text form, and NULL; each must come back as it went in.
struct Sample {
  Type type;
  std::vector<std::string> texts;
};

std::vector<Sample> samples() {
  const Type text = type_of(TypeKind::kText);
  return {
      {type_of(TypeKind::kBoolean), {"t", "f"}},
      {type_of(TypeKind::kSmallint), {"-32768", "0", "32767"}},
      {type_of(TypeKind::kInt), {"-2147483648", "2147483647"}},
      {type_of(TypeKind::kBigint), {"-9223372036854775808", "9223372036854775807"}},
      {type_of(TypeKind::kReal), {"1.5", "-0", "NaN", "Infinity"}},
      {type_of(TypeKind::kDouble), {"0.1", "-0", "NaN", "-Infinity"}},
      {numeric_type(38, 2), {"0.00", "-999999999999999999999999999999999999.99", "1.50"}},
      {text, {"", "a", "deux mots", std::string(5000, 'x')}},
      {type_of(TypeKind::kBytea), {"\\x", "\\x00ff"}},
      {type_of(TypeKind::kDate), {"1969-12-31", "2018-02-01"}},
      {type_of(TypeKind::kTime), {"00:00:00", "23:59:59.999999"}},
      {type_of(TypeKind::kTimestamp), {"1960-01-01 00:00:00.000001", "2018-02-01 00:00:00"}},
      {type_of(TypeKind::kTimestamptz), {"2018-02-01 00:00:00+00"}},
      // A key would show these two as one; a value may not.
      {type_of(TypeKind::kInterval), {"30 days", "1 mon", "-1 days +02:00:00"}},
      {array_type(type_of(TypeKind::kInt)), {"{}", "{1,NULL,3}"}},
      {array_type(array_type(text)), {"{{a,b},{NULL,\"\"}}"}},
      {struct_type({{"x", type_of(TypeKind::kInt)}, {"y", array_type(text)}}),
       {"(1,\"{a}\")", "(,)"}},
  };
}

Column column_of(const Sample& sample) {
  ColumnBuilder builder(sample.type);
  builder.append_null();
  for (const std::string& text : sample.texts) {
    Result<Value> value = parse_value(text, sample.type);
    EXPECT_TRUE(value.ok()) << text;
    builder.append_value(std::move(value).take());
  }
  return builder.finish();
}

TEST(ValueCodecTest, EveryTypeComesBackExactly) {
  for (const Sample& sample : samples()) {
    const Column column = column_of(sample);
    std::string bytes;
    for (RowIndex row = 0; row < column.length(); ++row) {
      append_value(column, row, bytes);
    }
    ColumnBuilder builder(sample.type);
    std::string_view rest = bytes;
    for (RowIndex row = 0; row < column.length(); ++row) {
      read_value(rest, builder);
    }
    EXPECT_TRUE(rest.empty()) << to_string(sample.type);
    const Column back = builder.finish();
    for (RowIndex row = 0; row < column.length(); ++row) {
      EXPECT_EQ(back.is_valid(row), column.is_valid(row)) << to_string(sample.type);
      EXPECT_EQ(to_string(value_at(back, row)), to_string(value_at(column, row)))
          << to_string(sample.type);
    }
  }
}

TEST(ValueCodecTest, MinusZeroKeepsItsSign) {
  ColumnBuilder builder(type_of(TypeKind::kDouble));
  builder.append(-0.0);
  std::string bytes;
  append_value(builder.finish(), 0, bytes);
  std::string_view rest = bytes;
  read_value(rest, builder);
  EXPECT_TRUE(std::signbit(builder.finish().values<double>()[0]));
}

TEST(ValueCodecTest, PlainValuesStandOneBehindTheOther) {
  std::string bytes;
  append_plain(std::int64_t{-5}, bytes);
  append_plain(true, bytes);
  std::string_view rest = bytes;
  EXPECT_EQ(read_plain<std::int64_t>(rest), -5);
  EXPECT_TRUE(read_plain<bool>(rest));
  EXPECT_TRUE(rest.empty());
}

TEST(ValueCodecTest, BytesThatAreNoValueAreKnown) {
  for (const Sample& sample : samples()) {
    const Column column = column_of(sample);
    for (RowIndex row = 0; row < column.length(); ++row) {
      std::string bytes;
      append_value(column, row, bytes);
      std::string_view whole = bytes;
      EXPECT_TRUE(skip_value(whole, sample.type)) << to_string(sample.type);
      EXPECT_TRUE(whole.empty());
      for (std::size_t size = 0; size < bytes.size(); ++size) {
        std::string_view cut = std::string_view(bytes).substr(0, size);
        EXPECT_FALSE(skip_value(cut, sample.type)) << to_string(sample.type) << ' ' << size;
      }
      bytes[0] = 2;
      std::string_view broken = bytes;
      EXPECT_FALSE(skip_value(broken, sample.type));
    }
  }
}

TEST(ValueCodecTest, RecordsComeBackAndNothingElseDoes) {
  std::string bytes;
  for (const std::string_view record : {"one", "", "three"}) {
    append_record(record, bytes);
  }
  std::vector<std::string_view> records;
  ASSERT_TRUE(read_records(bytes, records));
  EXPECT_EQ(records, (std::vector<std::string_view>{"one", "", "three"}));
  for (const std::size_t size : {0, 2, 4, 7, 9, 14, 16, 20}) {
    std::vector<std::string_view> some;
    EXPECT_FALSE(read_records(std::string_view(bytes).substr(0, size), some)) << size;
  }
  bytes[0] = 2;
  EXPECT_FALSE(read_records(bytes, records));
}

}  // namespace
}  // namespace thalweg
