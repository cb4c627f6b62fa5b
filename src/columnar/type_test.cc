#include "columnar/type.h"

#include <gtest/gtest.h>

#include "columnar/row_error.h"

namespace thalweg {
namespace {

TEST(TypeTest, PrintsAsPostgresWritesIt) {
  EXPECT_EQ(to_string(type_of(TypeKind::kBigint)), "BIGINT");
  EXPECT_EQ(to_string(numeric_type(10, 2)), "NUMERIC(10,2)");
  EXPECT_EQ(to_string(array_type(type_of(TypeKind::kText))), "TEXT[]");
  EXPECT_EQ(to_string(struct_type({{"a", type_of(TypeKind::kInt)},
                                   {"dateTime", array_type(numeric_type(5, 0))},
                                   {"b \"c\"", type_of(TypeKind::kText)}})),
            "STRUCT<a INT, dateTime NUMERIC(5,0)[], \"b \"\"c\"\"\" TEXT>");
}

TEST(TypeTest, EqualTypesAreEqualThoughMadeApart) {
  const auto make = [](TypeKind field) { return array_type(struct_type({{"a", type_of(field)}})); };
  EXPECT_EQ(make(TypeKind::kInt), make(TypeKind::kInt));
  EXPECT_NE(make(TypeKind::kInt), make(TypeKind::kText));
  EXPECT_NE(numeric_type(10, 2), numeric_type(10, 3));
  EXPECT_NE(struct_type({{"a", type_of(TypeKind::kInt)}}),
            struct_type({{"b", type_of(TypeKind::kInt)}}));
}

TEST(TypeTest, EveryRowErrorHasAWordAndASentence) {
  for (int i = 0; i < kRowErrorCount; ++i) {
    const auto error = static_cast<RowError>(i);
    EXPECT_FALSE(to_string(error).empty());
    EXPECT_TRUE(explain(error).ends_with('.'));
  }
  EXPECT_EQ(to_string(RowError::kDivisionByZero), "division_by_zero");
  EXPECT_EQ(to_string(RowError::kTooFarAhead), "too_far_ahead");
}

}  // namespace
}  // namespace thalweg
