#include "columnar/builder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace thalweg {
namespace {

using ::testing::ElementsAre;

std::vector<std::int64_t> integers(const Column& column) {
  const auto values = column.values<std::int64_t>();
  return {values.begin(), values.end()};
}

TEST(ColumnBuilderTest, ColumnWithoutNullsHasNoBitmap) {
  ColumnBuilder builder{type_of(TypeKind::kBigint), 2};
  for (std::int64_t i = 0; i < 200; ++i) {
    builder.append(i);
  }
  const Column column = builder.finish();
  EXPECT_EQ(column.length(), 200u);
  EXPECT_FALSE(column.may_have_nulls());
  EXPECT_EQ(column.values<std::int64_t>()[199], 199);
}

TEST(ColumnBuilderTest, NullsKeepTheirPlaceThroughGrowth) {
  ColumnBuilder builder{type_of(TypeKind::kBigint), 1};
  for (std::int64_t i = 0; i < 1000; ++i) {
    if (i % 7 == 3) {
      builder.append_null();
    } else {
      builder.append(i);
    }
  }
  const Column column = builder.finish();
  for (RowIndex row = 0; row < 1000; ++row) {
    ASSERT_EQ(column.is_valid(row), row % 7 != 3) << row;
    ASSERT_EQ(column.values<std::int64_t>()[row], row % 7 == 3 ? 0 : row);
  }
}

TEST(ColumnBuilderTest, FinishLeavesItReadyForTheNextColumn) {
  ColumnBuilder builder{type_of(TypeKind::kText)};
  builder.append_text("a");
  builder.append_null();
  const Column first = builder.finish();
  builder.append_text("bc");
  const Column second = builder.finish();
  EXPECT_EQ(first.text(0), "a");
  EXPECT_FALSE(first.is_valid(1));
  EXPECT_EQ(first.text(1), "");
  ASSERT_EQ(second.length(), 1u);
  EXPECT_EQ(second.text(0), "bc");
  EXPECT_FALSE(second.may_have_nulls());
}

TEST(ColumnBuilderTest, EmptyColumnsOfEveryLayoutHaveTheirBuffers) {
  for (const TypeKind kind : {TypeKind::kText, TypeKind::kBoolean, TypeKind::kBigint}) {
    const Column column = ColumnBuilder{type_of(kind)}.finish();
    EXPECT_EQ(column.length(), 0u);
    EXPECT_NE(column.raw_values(), nullptr);
  }
  const Column array = ColumnBuilder{array_type(type_of(TypeKind::kInt))}.finish();
  EXPECT_EQ(array.offsets()[0], 0);
  EXPECT_EQ(array.children()[0].length(), 0u);
}

TEST(ColumnBuilderTest, LongTextGrowsTheBytes) {
  ColumnBuilder builder{type_of(TypeKind::kText), 1};
  const std::string text(100'000, 'x');
  builder.append_text("short");
  builder.append_text(text);
  builder.append_text("end");
  const Column column = builder.finish();
  EXPECT_EQ(column.text(0), "short");
  EXPECT_EQ(column.text(1), text);
  EXPECT_EQ(column.text(2), "end");
}

TEST(ColumnBuilderTest, BooleansPackIntoBits) {
  ColumnBuilder builder{type_of(TypeKind::kBoolean)};
  for (int i = 0; i < 130; ++i) {
    builder.append_bool(i % 3 == 0);
  }
  const Column column = builder.finish();
  for (RowIndex row = 0; row < 130; ++row) {
    ASSERT_EQ(column.bit(row), row % 3 == 0);
  }
}

TEST(ColumnBuilderTest, TruncateForgetsNullsTextAndElements) {
  ColumnBuilder numbers{type_of(TypeKind::kBigint)};
  numbers.append(std::int64_t{1});
  numbers.append_null();
  numbers.truncate(1);
  numbers.append(std::int64_t{2});
  const Column column = numbers.finish();
  EXPECT_FALSE(column.may_have_nulls());
  EXPECT_THAT(integers(column), ElementsAre(1, 2));

  ColumnBuilder text{type_of(TypeKind::kText)};
  text.append_text("kept");
  text.append_text("dropped");
  text.pop();
  text.append_text("next");
  const Column texts = text.finish();
  EXPECT_EQ(texts.text(0), "kept");
  EXPECT_EQ(texts.text(1), "next");

  ColumnBuilder array{array_type(type_of(TypeKind::kBigint))};
  array.child(0).append(std::int64_t{5});
  array.close_row();
  array.child(0).append(std::int64_t{6});  // The row was never closed.
  array.truncate(1);
  const Column arrays = array.finish();
  EXPECT_THAT(integers(arrays.children()[0]), ElementsAre(5));
}

TEST(ColumnBuilderTest, TruncateDropsFieldsOfAnUnclosedRow) {
  ColumnBuilder row{
      struct_type({{"a", type_of(TypeKind::kBigint)}, {"b", type_of(TypeKind::kText)}})};
  row.child(0).append(std::int64_t{1});
  row.truncate(0);
  row.child(0).append(std::int64_t{2});
  row.child(1).append_text("x");
  row.close_row();
  row.append_null();
  const Column column = row.finish();
  ASSERT_EQ(column.length(), 2u);
  EXPECT_THAT(integers(column.children()[0]), ElementsAre(2, 0));
  EXPECT_FALSE(column.is_valid(1));
  EXPECT_FALSE(column.children()[1].is_valid(1));
}

TEST(ColumnBuilderTest, AppendFromCopiesEveryLayout) {
  const Type type = struct_type({{"n", numeric_type(10, 2)},
                                 {"t", array_type(type_of(TypeKind::kText))},
                                 {"f", type_of(TypeKind::kBoolean)}});
  const auto text = [](const char* word) { return text_value(word); };
  const Value row{
      .type = type,
      .data = Value::List{
          Value{.type = numeric_type(10, 2), .data = Int128{150}},
          Value{.type = array_type(type_of(TypeKind::kText)),
                .data = Value::List{text("a"), null_value(type_of(TypeKind::kText)), text("bc")}},
          boolean_value(true)}};
  ColumnBuilder from{type};
  from.append_null();
  from.append_value(row);
  const Column source = from.finish();
  ColumnBuilder to{type};
  to.append_from(source, 1);
  to.append_from(source, 0);
  const Column copy = to.finish();
  EXPECT_FALSE(copy.is_valid(1));
  const Value read = value_at(copy, 0);
  const auto& fields = std::get<Value::List>(read.data);
  EXPECT_EQ(std::get<Int128>(fields[0].data), 150);
  const auto& elements = std::get<Value::List>(fields[1].data);
  ASSERT_EQ(elements.size(), 3u);
  EXPECT_EQ(std::get<std::string>(elements[2].data), "bc");
  EXPECT_TRUE(elements[1].is_null());
  EXPECT_TRUE(std::get<bool>(fields[2].data));
}

}  // namespace
}  // namespace thalweg
