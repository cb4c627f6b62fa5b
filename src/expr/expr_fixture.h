#pragma once

#include <gtest/gtest.h>

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "columnar/builder.h"
#include "expr/evaluator.h"
#include "expr/expr.h"

// What the tests of this folder build expressions and columns with.
namespace thalweg::fixture {

inline Type type(TypeKind kind) { return type_of(kind); }

// A literal from PostgreSQL's text form; "NULL" is a NULL.
inline ExprPtr literal(std::string_view text, Type type) {
  if (text == "NULL") {
    return literal_expr(null_value(std::move(type)));
  }
  Result<Value> value = parse_value(text, type);
  EXPECT_TRUE(value.ok()) << text;
  return literal_expr(std::move(value).take());
}
inline ExprPtr bigint(std::int64_t value) { return literal_expr(bigint_value(value)); }
inline ExprPtr number(double value) {
  return literal_expr(Value{.type = type_of(TypeKind::kDouble), .data = value});
}
inline ExprPtr text(std::string value) { return literal_expr(text_value(std::move(value))); }
inline ExprPtr boolean(std::string_view value) {
  return literal(value, type_of(TypeKind::kBoolean));
}

// A call as the binder makes it: resolved, with implicit casts.
inline ExprPtr call(std::string_view name, std::vector<ExprPtr> args) {
  std::vector<ArgumentType> types;
  for (const ExprPtr& arg : args) {
    types.push_back(ArgumentType{.type = arg->type, .text_literal = false});
  }
  const auto resolved = resolve_function(name, types);
  if (!resolved) {
    ADD_FAILURE() << "no overload of " << name;
    return literal_expr(null_value(type_of(TypeKind::kText)));
  }
  for (std::size_t i = 0; i < args.size(); ++i) {
    args[i] = cast_expr(args[i], resolved->parameter_types[i]);
  }
  return call_expr(*resolved->overload, resolved->result_type, std::move(args));
}

inline ExprPtr boolean_of(ExprKind kind, std::vector<ExprPtr> args) {
  return expr_of(kind, type_of(TypeKind::kBoolean), std::move(args));
}

// A column from text forms.
inline Column column(const Type& type, const std::vector<std::string>& rows) {
  ColumnBuilder builder{type};
  for (const std::string& row : rows) {
    builder.append_value(literal(row, type)->literal);
  }
  return builder.finish();
}

inline Batch batch(std::vector<Column> columns) {
  Batch out;
  out.length = columns.empty() ? 1 : columns[0].length();
  out.columns = std::move(columns);
  return out;
}

// Each row as text: its value, "NULL", or "!" and the word of its error.
inline std::vector<std::string> evaluate(const ExprPtr& expr, const Batch& batch,
                                         EvalContext context = {}) {
  const Vector out = Evaluator{expr}.evaluate(batch, context);
  EXPECT_EQ(out.column.type(), expr->type);
  std::vector<std::string> rows;
  for (RowIndex row = 0; row < batch.length; ++row) {
    const Value value = value_at(out.column, out.constant ? 0 : row);
    const RowError error = out.error(row);
    rows.push_back(error != RowError::kNone ? "!" + std::string(to_string(error))
                   : value.is_null()        ? "NULL"
                                            : to_string(value));
  }
  return rows;
}

// Of an expression without columns: computed row by row and over constants, which must agree.
inline std::string evaluate(const ExprPtr& expr) {
  const std::string out = evaluate(expr, batch({}))[0];
  const ExprPtr folded = fold_constants(expr);
  EXPECT_EQ(evaluate(folded, batch({}))[0], out);
  return out;
}

}  // namespace thalweg::fixture
