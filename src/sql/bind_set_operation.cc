#include <numeric>
#include <utility>

#include "plan/build.h"
#include "sql/bind_query.h"
#include "sql/coerce.h"

namespace thalweg::sql {
namespace {

// Common types of the columns of both sides; nothing, reported, where they do not go together.
std::optional<std::vector<Type>> common_types(BindContext& context, const QueryRows& left,
                                              const QueryRows& right, Span span) {
  const Schema& left_columns = left.node->schema;
  const Schema& right_columns = right.node->schema;
  if (left_columns.size() != right_columns.size()) {
    context.error("S0214",
                  "the sides of UNION have " + std::to_string(left_columns.size()) + " and " +
                      std::to_string(right_columns.size()) + " columns",
                  span);
    return std::nullopt;
  }
  std::vector<Type> types;
  for (std::size_t i = 0; i < left_columns.size(); ++i) {
    const std::optional<Type> type =
        common_type_of({ArgumentType{left_columns[i].type, left.untyped[i]},
                        ArgumentType{right_columns[i].type, right.untyped[i]}});
    if (!type) {
      context.error("S0207",
                    "column " + std::to_string(i + 1) + " of UNION, \"" + left_columns[i].name +
                        "\", is " + to_string(left_columns[i].type) + " on one side and " +
                        to_string(right_columns[i].type) + " on the other",
                    span, "cast one side, as in CAST(... AS TEXT)");
      return std::nullopt;
    }
    types.push_back(*type);
  }
  return types;
}

plan::NodePtr cast_columns(BindContext& context, const plan::NodePtr& node,
                           const std::vector<Type>& types, Span span) {
  std::vector<ExprPtr> exprs = column_exprs(*node);
  bool same = true;
  for (std::size_t i = 0; i < exprs.size(); ++i) {
    same = same && exprs[i]->type == types[i];
    if (!check_constant_column(context, *node, static_cast<std::uint32_t>(i), types[i], span)) {
      return nullptr;
    }
    exprs[i] = cast_expr(exprs[i], types[i]);
  }
  return same ? node : plan::make_project(node, std::move(exprs), column_names(*node));
}

}  // namespace

QueryRows bind_set_operation(BindContext& context, const ast::SetOperation& operation) {
  if (operation.op != ast::SetOp::kUnion) {
    context.not_supported(operation.op == ast::SetOp::kExcept ? "EXCEPT" : "INTERSECT",
                          operation.op_span);
    return {};
  }
  const QueryRows left = bind_query(context, *operation.left);
  const QueryRows right = bind_query(context, *operation.right);
  if (left.node == nullptr || right.node == nullptr) {
    return {};
  }
  const auto types = common_types(context, left, right, operation.right->span);
  if (!types) {
    return {};
  }
  QueryRows rows;
  const plan::NodePtr first = cast_columns(context, left.node, *types, operation.left->span);
  const plan::NodePtr second = cast_columns(context, right.node, *types, operation.right->span);
  if (first == nullptr || second == nullptr) {
    return {};
  }
  rows.node = plan::make_union({first, second});
  for (std::size_t i = 0; i < types->size(); ++i) {
    rows.untyped.push_back(left.untyped[i] && right.untyped[i]);
  }
  if (!operation.all) {
    rows.node = make_distinct(context, rows.node, operation.op_span);
  }
  return rows;
}

}  // namespace thalweg::sql
