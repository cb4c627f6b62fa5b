#include "expr/evaluator.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "columnar/kernels.h"
#include "expr/cast.h"
#include "expr/in_set.h"
#include "expr/logic.h"
#include "expr/run_kernel.h"

namespace thalweg {

// One expression with what its evaluation needs: kernels and literals, found once.
struct Evaluator::Node {
  explicit Node(ExprPtr bound);

  Vector evaluate(const Batch& batch, EvalContext& context);
  Vector evaluate_kernel(const Batch& batch, EvalContext& context);
  Vector evaluate_connective(Connective connective, const Batch& batch, EvalContext& context);
  Vector evaluate_case(const Batch& batch, EvalContext& context);
  Vector evaluate_coalesce(const Batch& batch, EvalContext& context);
  Vector evaluate_in(const Batch& batch, EvalContext& context);
  Vector evaluate_field(const Batch& batch, EvalContext& context);

  ExprPtr expr;
  std::vector<Node> args;
  Vector literal;           // kLiteral.
  Kernel kernel = nullptr;  // kCall, kCast, kTryCast.
  NullRule null_rule = NullRule::kStrict;
  bool every_row = false;
  std::unique_ptr<KernelState> state;
  std::unique_ptr<InSet> in_set;  // kIn, where the list allows it.
  bool null_in_list = false;
};

namespace {

bool has_null(const Expr& in) {
  return std::any_of(in.args.begin() + 1, in.args.end(), [](const ExprPtr& item) {
    return item->kind == ExprKind::kLiteral && item->literal.is_null();
  });
}

Vector constant_vector(const Value& value) {
  return Vector{.column = repeat(value, 1), .constant = true, .errors = nullptr};
}

}  // namespace

Evaluator::Node::Node(ExprPtr bound) : expr(std::move(bound)) {
  for (const ExprPtr& arg : expr->args) {
    args.emplace_back(arg);
  }
  switch (expr->kind) {
    case ExprKind::kLiteral:
      literal = constant_vector(expr->literal);
      break;
    case ExprKind::kCall: {
      const Function* function = find_function(expr->function->function);
      TW_CHECK(function != nullptr);
      kernel = expr->function->kernel;
      null_rule = function->null_rule;
      every_row = function->volatility == Volatility::kVolatile;
      state = expr->function->make_state == nullptr ? nullptr : expr->function->make_state();
      break;
    }
    case ExprKind::kCast:
    case ExprKind::kTryCast:
      kernel = find_cast(expr->args[0]->type, expr->type);
      TW_CHECK(kernel != nullptr);
      break;
    case ExprKind::kIn:
      in_set = make_in_set(*expr);
      null_in_list = has_null(*expr);
      break;
    default:
      break;
  }
}

Vector Evaluator::Node::evaluate(const Batch& batch, EvalContext& context) {
  switch (expr->kind) {
    case ExprKind::kColumn:
      return Vector{.column = batch.columns[expr->column], .constant = false, .errors = nullptr};
    case ExprKind::kLiteral:
      return literal;
    case ExprKind::kCall:
    case ExprKind::kCast:
      return evaluate_kernel(batch, context);
    case ExprKind::kTryCast: {
      // Only errors of the cast itself become NULL, not those of what is cast.
      const Vector arg = args[0].evaluate(batch, context);
      Vector clean = arg;
      clean.errors = nullptr;
      Vector out = errors_to_nulls(
          run_kernel({.kernel = kernel, .type = expr->type}, {&clean, 1}, batch.length, context));
      out.errors = arg.errors;
      return out;
    }
    case ExprKind::kAnd:
      return evaluate_connective(Connective::kAnd, batch, context);
    case ExprKind::kOr:
      return evaluate_connective(Connective::kOr, batch, context);
    case ExprKind::kNot:
      return negate(args[0].evaluate(batch, context));
    case ExprKind::kCase:
      return evaluate_case(batch, context);
    case ExprKind::kCoalesce:
      return evaluate_coalesce(batch, context);
    case ExprKind::kIsNull:
      return is_null(args[0].evaluate(batch, context), false);
    case ExprKind::kIsNotNull:
      return is_null(args[0].evaluate(batch, context), true);
    case ExprKind::kIn:
      return evaluate_in(batch, context);
    case ExprKind::kField:
      return evaluate_field(batch, context);
  }
  TW_CHECK(false);
  return {};
}

Vector Evaluator::Node::evaluate_kernel(const Batch& batch, EvalContext& context) {
  std::vector<Vector> values;
  values.reserve(args.size());
  for (Node& arg : args) {
    values.push_back(arg.evaluate(batch, context));
  }
  return run_kernel({.kernel = kernel,
                     .null_rule = null_rule,
                     .type = expr->type,
                     .state = state.get(),
                     .every_row = every_row},
                    values, batch.length, context);
}

Vector Evaluator::Node::evaluate_connective(Connective connective, const Batch& batch,
                                            EvalContext& context) {
  Vector out = args[0].evaluate(batch, context);
  for (std::size_t i = 1; i < args.size(); ++i) {
    if (decides_all(connective, out, batch.length)) {
      break;
    }
    out = connect(connective, out, args[i].evaluate(batch, context), batch.length);
  }
  return out;
}

Vector Evaluator::Node::evaluate_case(const Batch& batch, EvalContext& context) {
  Choice choice{batch.length};
  std::vector<Vector> branches(args.size() / 2 + 1);
  for (std::size_t i = 0; i + 1 < args.size() && !choice.decided(); i += 2) {
    const auto branch = static_cast<std::uint16_t>(i / 2);
    if (choice.decide(args[i].evaluate(batch, context), branch)) {
      branches[branch] = args[i + 1].evaluate(batch, context);
    }
  }
  if (!choice.decided()) {
    branches.back() = args.back().evaluate(batch, context);
    choice.decide_rest(static_cast<std::uint16_t>(branches.size() - 1));
  }
  return choice.assemble(expr->type, branches);
}

Vector Evaluator::Node::evaluate_coalesce(const Batch& batch, EvalContext& context) {
  Vector first = args[0].evaluate(batch, context);
  if (first.errors == nullptr && !first.column.may_have_nulls()) {
    return first;
  }
  Choice choice{batch.length};
  std::vector<Vector> branches{std::move(first)};
  choice.decide_valid(branches[0], 0);
  for (std::size_t i = 1; i < args.size() && !choice.decided(); ++i) {
    branches.push_back(args[i].evaluate(batch, context));
    choice.decide_valid(branches.back(), static_cast<std::uint16_t>(i));
  }
  return choice.assemble(expr->type, branches);
}

Vector Evaluator::Node::evaluate_in(const Batch& batch, EvalContext& context) {
  const Vector value = args[0].evaluate(batch, context);
  if (in_set != nullptr && !value.constant) {
    Vector out = value;
    auto bits = in_set->find(value, batch.length);
    out.column = Column{expr->type, batch.length};
    if (null_in_list) {
      // Not found may still be the NULL: only what is found is known.
      out.column.set_validity(bits);
    }
    out.column.set_values(std::move(bits));
    if (value.column.may_have_nulls()) {
      out.column = out.column.with_validity(intersect_validity(out.column, value.column));
    }
    return out;
  }
  Vector out;
  for (std::size_t i = 1; i < args.size(); ++i) {
    Vector equal = equals(value, args[i].evaluate(batch, context), batch.length, context);
    out = i == 1 ? std::move(equal) : connect(Connective::kOr, out, equal, batch.length);
  }
  return out;
}

Vector Evaluator::Node::evaluate_field(const Batch& batch, EvalContext& context) {
  Vector out = args[0].evaluate(batch, context);
  const Column whole = std::move(out.column);
  out.column = whole.children()[expr->column];
  if (whole.may_have_nulls()) {
    out.column = out.column.with_validity(intersect_validity(out.column, whole));
  }
  return out;
}

Evaluator::Evaluator(ExprPtr expr) : root_(std::make_unique<Node>(std::move(expr))) {}
Evaluator::~Evaluator() = default;
Evaluator::Evaluator(Evaluator&&) noexcept = default;
Evaluator& Evaluator::operator=(Evaluator&&) noexcept = default;

const Type& Evaluator::type() const { return root_->expr->type; }

Vector Evaluator::evaluate(const Batch& batch, EvalContext& context) {
  return root_->evaluate(batch, context);
}

Column expand(const Vector& vector, std::uint32_t length) {
  return vector.constant ? repeat(value_at(vector.column, 0), length) : vector.column;
}

Verdict judge(const Batch& batch, const Vector& condition) {
  Verdict verdict;
  if (!batch.selection && !condition.constant && condition.errors == nullptr) {
    append_true_rows(condition.column, verdict.kept);
    return verdict;
  }
  for (std::uint32_t i = 0; i < batch.num_rows(); ++i) {
    const RowIndex row = batch.row(i);
    const RowIndex at = condition.constant ? 0 : row;
    if (const RowError error = condition.error(row); error != RowError::kNone) {
      verdict.failed.push_back(row);
      verdict.errors.push_back(error);
    } else if (condition.column.is_valid(at) && condition.column.bit(at)) {
      verdict.kept.push_back(row);
    }
  }
  return verdict;
}

}  // namespace thalweg
