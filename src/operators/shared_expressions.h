#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "expr/evaluator.h"

namespace thalweg {

// Expressions over the same batches, each computed once however often it is asked for.
class SharedExpressions {
 public:
  // The expression's number; equal ones share one, unless they are volatile.
  std::size_t add(const ExprPtr& expr);

  // Valid until end_batch(). Requires: the same batch since the last one.
  struct Computed {
    Vector vector;
    Column column;  // The vector, written out where it is constant.
  };
  const Computed& compute(std::size_t number, const Batch& batch, EvalContext& context);
  void end_batch();

 private:
  struct Expression {
    ExprPtr expr;
    Evaluator evaluator;
    std::optional<Computed> computed;
  };

  std::vector<Expression> expressions_;
};

}  // namespace thalweg
