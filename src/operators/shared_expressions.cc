#include "operators/shared_expressions.h"

#include <utility>

namespace thalweg {

std::size_t SharedExpressions::add(const ExprPtr& expr) {
  for (std::size_t i = 0; i < expressions_.size() && !is_volatile(*expr); ++i) {
    if (equal(*expressions_[i].expr, *expr)) {
      return i;
    }
  }
  expressions_.push_back({.expr = expr, .evaluator = Evaluator(expr), .computed = std::nullopt});
  return expressions_.size() - 1;
}

const SharedExpressions::Computed& SharedExpressions::compute(std::size_t number,
                                                              const Batch& batch,
                                                              EvalContext& context) {
  Expression& expression = expressions_[number];
  if (!expression.computed) {
    Vector vector = expression.evaluator.evaluate(batch, context);
    Column column = expand(vector, batch.length);
    expression.computed = {.vector = std::move(vector), .column = std::move(column)};
  }
  return *expression.computed;
}

void SharedExpressions::end_batch() {
  for (Expression& expression : expressions_) {
    expression.computed.reset();
  }
}

}  // namespace thalweg
