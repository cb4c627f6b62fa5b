#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "columnar/type.h"
#include "columnar/value.h"
#include "expr/function.h"

namespace thalweg {

enum class ExprKind : std::uint8_t {
  kColumn,  // A column of the input, by number.
  kLiteral,
  kCall,     // A function of the table, with its kernel chosen.
  kCast,     // To `type`; a value that does not fit is a row error.
  kTryCast,  // To `type`; a value that does not fit is NULL.
  kAnd,
  kOr,
  kNot,
  kCase,  // args: when, then, when, then, ..., else. Errors of branches not taken do not count.
  kCoalesce,
  kIsNull,
  kIsNotNull,
  kIn,     // args[0] among args[1...], literals or not; three-valued.
  kField,  // Field number `column`, called `name`, of the STRUCT args[0]; NULL where that is NULL.
};

// A bound, typed expression. Immutable and shared between plans.
struct Expr;
using ExprPtr = std::shared_ptr<const Expr>;

struct Expr {
  ExprKind kind = ExprKind::kLiteral;
  Type type;
  std::vector<ExprPtr> args;
  std::uint32_t column = 0;                    // kColumn, kField.
  std::string name;                            // The column's or field's, as users know it.
  Value literal;                               // kLiteral.
  const FunctionOverload* function = nullptr;  // kCall.
};

ExprPtr column_expr(std::uint32_t column, Type type, std::string name);
ExprPtr literal_expr(Value value);
ExprPtr call_expr(const FunctionOverload& function, Type type, std::vector<ExprPtr> args);
// No-op where `expr` has that type already.
ExprPtr cast_expr(ExprPtr expr, Type type, bool try_cast = false);
ExprPtr expr_of(ExprKind kind, Type type, std::vector<ExprPtr> args);

// The same computation with literals for everything that depends on no column and is not volatile.
// A constant part that fails stays as it is, so that it is an error only of rows that reach it.
ExprPtr fold_constants(const ExprPtr& expr);

// With each column c replaced by mapping[c].
ExprPtr remap_columns(const ExprPtr& expr, const std::vector<std::uint32_t>& mapping);
// With each column c replaced by the expression replacements[c].
ExprPtr substitute(const ExprPtr& expr, const std::vector<ExprPtr>& replacements);

void collect_columns(const Expr& expr, std::vector<bool>& used);
bool is_volatile(const Expr& expr);
bool equal(const Expr& a, const Expr& b);

// As SQL that a user would write.
std::string to_string(const Expr& expr);

}  // namespace thalweg
