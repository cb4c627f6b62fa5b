#include <algorithm>
#include <string>
#include <utility>

#include "plan/build.h"
#include "sql/bind_expr.h"
#include "sql/bind_query.h"
#include "sql/coerce.h"

namespace thalweg::sql {
namespace {

using Rows = std::vector<std::vector<ExprPtr>>;

bool is_literal_column(const Rows& rows, std::size_t column) {
  for (const auto& row : rows) {
    if (row[column]->kind != ExprKind::kLiteral) {
      return false;
    }
  }
  return true;
}

// CASE WHEN row = 0 THEN ... : each row's own expression, so that one that fails fails alone.
ExprPtr choose_by_row(const Rows& rows, std::size_t column, const ExprPtr& row_number) {
  const ArgumentType number{type_of(TypeKind::kBigint), false};
  const std::optional<ResolvedFunction> equal =
      resolve_function("=", std::vector<ArgumentType>{number, number});
  const Type type = rows[0][column]->type;
  std::vector<ExprPtr> args;
  for (std::size_t row = 0; row < rows.size(); ++row) {
    const ExprPtr here = literal_expr(bigint_value(static_cast<std::int64_t>(row)));
    args.push_back(call_expr(*equal->overload, equal->result_type, {row_number, here}));
    args.push_back(rows[row][column]);
  }
  args.push_back(literal_expr(null_value(type)));
  return expr_of(ExprKind::kCase, type, std::move(args));
}

// Rows of expressions over no columns.
plan::NodePtr make_rows(const Schema& schema, const Rows& rows) {
  Schema literal_schema;
  std::vector<std::vector<Value>> literals(rows.size());
  std::vector<std::optional<std::uint32_t>> places(schema.size());
  for (std::size_t column = 0; column < schema.size(); ++column) {
    if (is_literal_column(rows, column)) {
      places[column] = static_cast<std::uint32_t>(literal_schema.size());
      literal_schema.push_back(schema[column]);
      for (std::size_t row = 0; row < rows.size(); ++row) {
        literals[row].push_back(rows[row][column]->literal);
      }
    }
  }
  if (literal_schema.size() == schema.size()) {
    return plan::make_values(schema, std::move(literals));
  }
  const ExprPtr row_number = column_expr(static_cast<std::uint32_t>(literal_schema.size()),
                                         type_of(TypeKind::kBigint), "row");
  literal_schema.push_back({"row", type_of(TypeKind::kBigint)});
  for (std::size_t row = 0; row < rows.size(); ++row) {
    literals[row].push_back(bigint_value(static_cast<std::int64_t>(row)));
  }
  std::vector<ExprPtr> exprs;
  std::vector<std::string> names;
  for (std::size_t column = 0; column < schema.size(); ++column) {
    const Field& field = schema[column];
    exprs.push_back(places[column] ? column_expr(*places[column], field.type, field.name)
                                   : choose_by_row(rows, column, row_number));
    names.push_back(field.name);
  }
  return plan::make_project(plan::make_values(std::move(literal_schema), std::move(literals)),
                            std::move(exprs), std::move(names));
}

// One column's values, in all rows.
struct ValuesColumn {
  std::vector<Bound> values;
  std::vector<Span> spans;
};

// Nothing when a value is in error, or not every row has as many as the first.
std::optional<std::vector<ValuesColumn>> bind_columns(BindContext& context,
                                                      const ast::Values& values, Span span) {
  const Scope no_columns;
  ExprBinder binder(context, no_columns, "VALUES");
  std::vector<ValuesColumn> columns(values.rows[0].size());
  bool ok = true;
  for (const auto& row : values.rows) {
    if (row.size() != columns.size()) {
      context.error("S0214",
                    "the rows of VALUES are not equally long: the first has " +
                        std::to_string(columns.size()) + " values, this one " +
                        std::to_string(row.size()),
                    row.empty() ? span : Span{row.front()->span.begin, row.back()->span.end});
      return std::nullopt;
    }
    for (std::size_t i = 0; i < row.size(); ++i) {
      columns[i].values.push_back(binder.bind(*row[i]));
      columns[i].spans.push_back(row[i]->span);
      ok = ok && columns[i].values.back();
    }
  }
  return ok ? std::optional(std::move(columns)) : std::nullopt;
}

bool all_assign(const ValuesColumn& column, const Type& type) {
  return std::all_of(column.values.begin(), column.values.end(),
                     [&type](const Bound& value) { return assigns(value, type); });
}

}  // namespace

QueryRows bind_values(BindContext& context, const ast::Values& values, Span span) {
  const std::optional<std::vector<ValuesColumn>> columns = bind_columns(context, values, span);
  if (!columns) {
    return {};
  }
  QueryRows result;
  Schema schema;
  Rows rows(values.rows.size());
  bool ok = true;
  for (std::size_t i = 0; i < columns->size(); ++i) {
    const ValuesColumn& column = (*columns)[i];
    std::vector<ArgumentType> types;
    bool untyped = true;
    for (const Bound& value : column.values) {
      types.push_back(value.argument());
      untyped = untyped && (value.text_literal || value.expr->type.kind == TypeKind::kNull);
    }
    std::optional<Type> type = common_type_of(types);
    const Type* wanted =
        context.wanted != nullptr && i < context.wanted->size() ? &(*context.wanted)[i] : nullptr;
    // Each value goes into its column by itself: one that is no DATE loses nothing to one that is.
    if (wanted != nullptr && all_assign(column, *wanted)) {
      type = *wanted;
      untyped = false;
    }
    if (!type) {
      context.error("S0207",
                    "the values of column " + std::to_string(i + 1) + " have no common type",
                    column.spans[0], "", {"cast them, as in CAST(... AS TEXT)"});
      return {};
    }
    schema.push_back({"column" + std::to_string(i + 1), settled(*type)});
    result.untyped.push_back(untyped);
    for (std::size_t row = 0; row < rows.size(); ++row) {
      const ExprPtr value =
          coerce(context, column.values[row], schema.back().type, column.spans[row]);
      ok = ok && value != nullptr;
      rows[row].push_back(value == nullptr ? nullptr : fold_constants(value));
    }
  }
  if (ok) {
    result.node = make_rows(schema, rows);
  }
  return result;
}

}  // namespace thalweg::sql
