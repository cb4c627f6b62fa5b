#pragma once

#include <memory>
#include <vector>

#include "columnar/batch.h"
#include "expr/expr.h"

namespace thalweg {

// Computes bound expressions over whole batches. Kernels and literals are prepared once, in the
// constructor. Owned by one worker.
class Evaluator {
 public:
  explicit Evaluator(ExprPtr expr);
  ~Evaluator();
  Evaluator(Evaluator&&) noexcept;
  Evaluator& operator=(Evaluator&&) noexcept;

  const Type& type() const;

  // Over all rows of the batch's columns, selected or not: errors of rows not selected do not
  // count. A column reference yields the column itself, no copy.
  Vector evaluate(const Batch& batch, EvalContext& context);

 private:
  struct Node;
  std::unique_ptr<Node> root_;
};

// A constant vector written out to `length` rows.
Column expand(const Vector& vector, std::uint32_t length);

// Splits a batch's existing rows by a BOOLEAN vector: true rows, and rows that failed with their
// errors (false and NULL are dropped).
struct Verdict {
  std::vector<RowIndex> kept;
  std::vector<RowIndex> failed;
  std::vector<RowError> errors;  // One per failed row.
};
Verdict judge(const Batch& batch, const Vector& condition);

}  // namespace thalweg
