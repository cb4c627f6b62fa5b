#include <gtest/gtest.h>

#include "expr/evaluator.h"
#include "sql/test_session.h"

// Every example of the table of functions, through parser, binder and evaluator.
namespace thalweg::sql {
namespace {

std::string shown(const Value& value) { return value.is_null() ? "NULL" : to_string(value); }

// What `SELECT example` yields, or why it does not.
std::string result_of(std::string_view example) {
  TestSession session;
  session.run("SELECT " + std::string(example));
  if (!session.errors().empty()) {
    return session.errors();
  }
  const auto* project = std::get_if<plan::Project>(&session.plan().sinks[0]->inputs[0]->step);
  if (project == nullptr) {
    return "not one expression: " + session.bound();
  }
  Batch row;
  row.length = 1;
  EvalContext context;
  Evaluator evaluator(fold_constants(project->exprs[0]));
  const Vector vector = evaluator.evaluate(row, context);
  if (vector.error(0) != RowError::kNone) {
    return std::string(to_string(vector.error(0)));
  }
  return shown(value_at(vector.column, 0));
}

TEST(FunctionExamplesTest, EveryExampleYieldsItsResult) {
  for (const Function& function : functions()) {
    if (!function.example.empty() && function.volatility == Volatility::kImmutable) {
      EXPECT_EQ(result_of(function.example), function.result) << function.example;
    }
  }
}

TEST(FunctionExamplesTest, EveryFunctionIsDescribed) {
  for (const Function& function : functions()) {
    EXPECT_FALSE(function.text.empty()) << function.name;
    EXPECT_TRUE(!function.example.empty() || function.volatility != Volatility::kImmutable)
        << function.name;
    EXPECT_FALSE(function.signature.empty()) << function.name;
  }
}

TEST(FunctionExamplesTest, ExamplesOfVolatileFunctionsBind) {
  for (const Function& function : functions()) {
    if (function.volatility != Volatility::kImmutable && !function.example.empty()) {
      TestSession session;
      session.run("SELECT " + std::string(function.example));
      EXPECT_EQ(session.errors(), "") << function.example;
    }
  }
}

}  // namespace
}  // namespace thalweg::sql
