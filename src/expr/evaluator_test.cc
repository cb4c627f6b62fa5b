#include "expr/evaluator.h"

#include <gmock/gmock.h>

#include "expr/expr_fixture.h"

namespace thalweg {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
namespace f = fixture;

const Type kBigint = type_of(TypeKind::kBigint);
const Type kBoolean = type_of(TypeKind::kBoolean);
const Type kText = type_of(TypeKind::kText);

TEST(EvaluatorTest, ColumnIsPassedOnWithoutACopy) {
  const Batch batch = f::batch({f::column(kBigint, {"1", "2"})});
  EvalContext context;

  const Vector out = Evaluator{column_expr(0, kBigint, "a")}.evaluate(batch, context);

  EXPECT_EQ(out.column.raw_values(), batch.columns[0].raw_values());
}

TEST(EvaluatorTest, NullInNullOut) {
  const Batch batch =
      f::batch({f::column(kBigint, {"1", "NULL", "3"}), f::column(kBigint, {"10", "20", "NULL"})});
  const ExprPtr sum = f::call("+", {column_expr(0, kBigint, "a"), column_expr(1, kBigint, "b")});

  EXPECT_THAT(f::evaluate(sum, batch), ElementsAre("11", "NULL", "NULL"));
}

TEST(EvaluatorTest, NullRowsHoldZero) {
  const Batch batch = f::batch({f::column(kBigint, {"1", "NULL"})});
  EvalContext context;

  const Vector out = Evaluator{f::call("+", {column_expr(0, kBigint, "a"), f::bigint(7)})}.evaluate(
      batch, context);

  EXPECT_EQ(out.column.values<std::int64_t>()[1], 0);
}

TEST(EvaluatorTest, FailingRowsAreMarkedAndOthersGoOn) {
  const Batch batch = f::batch({f::column(kBigint, {"9223372036854775807", "1", "NULL", "6"}),
                                f::column(kBigint, {"1", "0", "0", "2"})});
  const ExprPtr a = column_expr(0, kBigint, "a");
  const ExprPtr b = column_expr(1, kBigint, "b");

  EXPECT_THAT(f::evaluate(f::call("+", {a, b}), batch), ElementsAre("!overflow", "1", "NULL", "8"));
  EXPECT_THAT(f::evaluate(f::call("/", {a, b}), batch),
              ElementsAre("9223372036854775807", "!division_by_zero", "NULL", "3"));
  // An error passes through what is computed from it.
  EXPECT_THAT(f::evaluate(f::call("=", {f::call("/", {a, b}), f::bigint(3)}), batch),
              ElementsAre("f", "!division_by_zero", "NULL", "t"));
}

TEST(EvaluatorTest, AndOrFollowKleene) {
  const Batch batch =
      f::batch({f::column(kBoolean, {"t", "t", "t", "f", "f", "f", "NULL", "NULL", "NULL"}),
                f::column(kBoolean, {"t", "f", "NULL", "t", "f", "NULL", "t", "f", "NULL"})});
  const std::vector<ExprPtr> sides = {column_expr(0, kBoolean, "a"), column_expr(1, kBoolean, "b")};

  EXPECT_THAT(f::evaluate(f::boolean_of(ExprKind::kAnd, sides), batch),
              ElementsAre("t", "f", "NULL", "f", "f", "f", "NULL", "f", "NULL"));
  EXPECT_THAT(f::evaluate(f::boolean_of(ExprKind::kOr, sides), batch),
              ElementsAre("t", "t", "t", "t", "f", "NULL", "t", "NULL", "NULL"));
  EXPECT_THAT(f::evaluate(f::boolean_of(ExprKind::kNot, {sides[1]}), batch),
              ElementsAre("f", "t", "NULL", "f", "t", "NULL", "f", "t", "NULL"));
}

TEST(EvaluatorTest, DecidingSideHidesTheOthersError) {
  const Batch batch =
      f::batch({f::column(kBigint, {"0", "2", "0"}), f::column(kBoolean, {"f", "f", "t"})});
  const ExprPtr a = column_expr(0, kBigint, "a");
  const ExprPtr b = column_expr(1, kBoolean, "b");
  const ExprPtr fails = f::call(">", {f::call("/", {f::bigint(6), a}), f::bigint(1)});

  EXPECT_THAT(f::evaluate(f::boolean_of(ExprKind::kAnd, {fails, b}), batch),
              ElementsAre("f", "f", "!division_by_zero"));
  EXPECT_THAT(f::evaluate(f::boolean_of(ExprKind::kOr, {b, fails}), batch),
              ElementsAre("!division_by_zero", "t", "t"));
}

TEST(EvaluatorTest, CaseTakesTheFirstTrueBranchAndItsErrorsOnly) {
  const Batch batch = f::batch({f::column(kBigint, {"0", "2", "NULL", "5"})});
  const ExprPtr a = column_expr(0, kBigint, "a");
  const ExprPtr zero = f::call("=", {a, f::bigint(0)});
  const ExprPtr two = f::call("=", {a, f::bigint(2)});
  const ExprPtr quotient = f::call("/", {f::bigint(10), a});

  EXPECT_THAT(f::evaluate(expr_of(ExprKind::kCase, kBigint,
                                  {zero, f::bigint(-1), two, quotient, f::bigint(7)}),
                          batch),
              ElementsAre("-1", "5", "7", "7"));
  EXPECT_THAT(f::evaluate(expr_of(ExprKind::kCase, kBigint, {two, f::bigint(1), quotient}), batch),
              ElementsAre("!division_by_zero", "1", "NULL", "2"));
}

TEST(EvaluatorTest, CaseMixesTextsAndConstants) {
  const Batch batch =
      f::batch({f::column(kBoolean, {"t", "f", "NULL"}), f::column(kText, {"x", "y", "NULL"})});
  const ExprPtr mixed =
      expr_of(ExprKind::kCase, kText,
              {column_expr(0, kBoolean, "c"), f::text("yes"), column_expr(1, kText, "t")});

  EXPECT_THAT(f::evaluate(mixed, batch), ElementsAre("yes", "y", "NULL"));
}

TEST(EvaluatorTest, CoalesceStopsAtTheFirstValue) {
  const Batch batch =
      f::batch({f::column(kBigint, {"1", "NULL", "NULL"}), f::column(kBigint, {"0", "4", "0"})});
  const ExprPtr a = column_expr(0, kBigint, "a");
  const ExprPtr b = column_expr(1, kBigint, "b");

  EXPECT_THAT(f::evaluate(expr_of(ExprKind::kCoalesce, kBigint,
                                  {a, f::call("/", {f::bigint(8), b}), f::bigint(9)}),
                          batch),
              ElementsAre("1", "2", "!division_by_zero"));
}

TEST(EvaluatorTest, InIsThreeValued) {
  const Batch batch =
      f::batch({f::column(kBigint, {"1", "2", "NULL"}), f::column(kText, {"a", "b", "NULL"})});
  const ExprPtr a = column_expr(0, kBigint, "a");
  const ExprPtr t = column_expr(1, kText, "t");

  EXPECT_THAT(f::evaluate(f::boolean_of(ExprKind::kIn, {a, f::bigint(1), f::bigint(3)}), batch),
              ElementsAre("t", "f", "NULL"));
  EXPECT_THAT(
      f::evaluate(f::boolean_of(ExprKind::kIn, {a, f::bigint(1), f::literal("NULL", kBigint)}),
                  batch),
      ElementsAre("t", "NULL", "NULL"));
  EXPECT_THAT(f::evaluate(f::boolean_of(ExprKind::kIn, {t, f::text("b")}), batch),
              ElementsAre("f", "t", "NULL"));
  EXPECT_THAT(f::evaluate(f::boolean_of(ExprKind::kIn, {f::bigint(2), a, f::bigint(5)}), batch),
              ElementsAre("f", "t", "NULL"));
}

TEST(EvaluatorTest, IsNullLooksAtValidityAlone) {
  const Batch batch = f::batch({f::column(kText, {"a", "NULL"})});
  const ExprPtr t = column_expr(0, kText, "t");

  EXPECT_THAT(f::evaluate(f::boolean_of(ExprKind::kIsNull, {t}), batch), ElementsAre("f", "t"));
  EXPECT_THAT(f::evaluate(f::boolean_of(ExprKind::kIsNotNull, {t}), batch), ElementsAre("t", "f"));
}

TEST(EvaluatorTest, FieldOfANullStructIsNull) {
  const Type type = struct_type({{"a", kBigint}, {"b", kText}});
  const Batch batch = f::batch({f::column(type, {"(1,x)", "NULL", "(,y)"})});
  auto field = std::make_shared<Expr>();
  field->kind = ExprKind::kField;
  field->type = kText;
  field->column = 1;
  field->name = "b";
  field->args = {column_expr(0, type, "s")};

  EXPECT_THAT(f::evaluate(field, batch), ElementsAre("x", "NULL", "y"));
  EXPECT_EQ(to_string(*field), "(s).b");
}

TEST(EvaluatorTest, TryCastTurnsItsOwnErrorsIntoNull) {
  const Batch batch = f::batch({f::column(kText, {"1", "x", "NULL"})});
  const ExprPtr t = column_expr(0, kText, "t");

  EXPECT_THAT(f::evaluate(cast_expr(t, kBigint), batch), ElementsAre("1", "!bad_cast", "NULL"));
  EXPECT_THAT(f::evaluate(cast_expr(t, kBigint, true), batch), ElementsAre("1", "NULL", "NULL"));
  EXPECT_THAT(f::evaluate(cast_expr(cast_expr(t, kBigint), kBoolean, true), batch),
              ElementsAre("t", "!bad_cast", "NULL"));
}

TEST(EvaluatorTest, JudgeKeepsTrueRowsOfTheSelectionOnly) {
  Batch batch = f::batch({f::column(kBigint, {"1", "0", "5", "NULL", "2"})});
  const ExprPtr a = column_expr(0, kBigint, "a");
  const ExprPtr condition = f::call(">", {f::call("/", {f::bigint(10), a}), f::bigint(3)});
  EvalContext context;

  const Verdict all = judge(batch, Evaluator{condition}.evaluate(batch, context));
  EXPECT_THAT(all.kept, ElementsAre(0, 4));
  EXPECT_THAT(all.failed, ElementsAre(1));
  EXPECT_THAT(all.errors, ElementsAre(RowError::kDivisionByZero));

  batch.selection = std::make_shared<const std::vector<RowIndex>>(std::vector<RowIndex>{2, 4});
  const Verdict some = judge(batch, Evaluator{condition}.evaluate(batch, context));
  EXPECT_THAT(some.kept, ElementsAre(4));
  EXPECT_THAT(some.failed, IsEmpty());
}

TEST(EvaluatorTest, ConstantsExpandToEveryRow) {
  const Batch batch = f::batch({f::column(kBigint, {"1", "2", "3"})});
  EvalContext context;

  const Vector out = Evaluator{f::text("x")}.evaluate(batch, context);
  const Column column = expand(out, batch.length);

  ASSERT_EQ(column.length(), 3u);
  EXPECT_EQ(column.text(2), "x");
}

TEST(EvaluatorTest, FoldingLeavesWhatFailsAndWhatDependsOnColumns) {
  const ExprPtr a = column_expr(0, kBigint, "a");
  const ExprPtr folded =
      fold_constants(f::call("+", {a, f::call("*", {f::bigint(2), f::bigint(3)})}));
  EXPECT_EQ(to_string(*folded), "a + 6");

  const ExprPtr fails = f::call("/", {f::bigint(1), f::bigint(0)});
  EXPECT_EQ(fold_constants(fails)->kind, ExprKind::kCall);

  const ExprPtr positive = f::call(">", {a, f::bigint(0)});
  EXPECT_EQ(to_string(*fold_constants(f::boolean_of(ExprKind::kAnd, {positive, f::boolean("t")}))),
            "a > 0");
  EXPECT_EQ(to_string(*fold_constants(f::boolean_of(ExprKind::kAnd, {positive, f::boolean("f")}))),
            "FALSE");
}

TEST(EvaluatorTest, PrintsParenthesesWhereTheyMatter) {
  const ExprPtr a = column_expr(0, kBigint, "a");
  const ExprPtr b = column_expr(1, kBigint, "b");
  const ExprPtr sum = f::call("+", {a, b});
  EXPECT_EQ(to_string(*f::call("*", {sum, f::bigint(2)})), "(a + b) * 2");
  EXPECT_EQ(to_string(*f::call("-", {sum, sum})), "a + b - (a + b)");
  const ExprPtr either =
      f::boolean_of(ExprKind::kOr, {f::call("<", {a, b}), f::call("=", {a, f::bigint(1)})});
  EXPECT_EQ(to_string(*f::boolean_of(ExprKind::kAnd, {either, f::call(">", {b, a})})),
            "(a < b OR a = 1) AND b > a");
}

}  // namespace
}  // namespace thalweg
