#include "sql/bind_query.h"

#include <numeric>
#include <utility>

#include "plan/build.h"
#include "sql/bind_emit.h"
#include "sql/bind_expr.h"
#include "sql/coerce.h"
#include "sql/order_limit.h"
#include "sql/rank_cut.h"

namespace thalweg::sql {
namespace {

// Enters a query's CTEs into `scope`; the first ones are known to those that follow.
bool bind_ctes(BindContext& context, const ast::Query& query, CteScope& scope) {
  if (query.recursive) {
    context.not_supported("WITH RECURSIVE", query.span);
    return false;
  }
  bool ok = true;
  for (const ast::Cte& cte : query.ctes) {
    if (scope.ctes.contains(cte.name.key) || scope.ranked.contains(cte.name.key)) {
      context.error("S0202", "WITH has \"" + cte.name.text + "\" twice", cte.name.span);
      ok = false;
      continue;
    }
    if (ranks_rows(*cte.query)) {
      scope.ranked[cte.name.key] = &cte;
      continue;
    }
    plan::NodePtr node = bind_sub_query(context, *cte.query, cte.name.text);
    if (node != nullptr && !cte.columns.empty()) {
      node = rename_columns(context, node, cte.columns);
    }
    ok = ok && node != nullptr;
    scope.ctes[cte.name.key] = std::move(node);
  }
  return ok;
}

QueryRows bind_body(BindContext& context, const ast::Query& query);

// ORDER BY and LIMIT of VALUES and UNION: over their output.
plan::NodePtr order_output(BindContext& context, const ast::Query& query, plan::NodePtr node) {
  if (!can_order(context, query, *node)) {
    return nullptr;
  }
  const Scope scope = scope_of(node, "", "");
  const std::vector<std::string> names = column_names(*node);
  std::vector<ExprPtr> exprs = column_exprs(*node);
  std::vector<std::string> all_names = names;
  std::vector<SortKey> keys;
  for (const ast::OrderItem& item : query.order_by) {
    std::optional<std::uint32_t> column = output_column(context, *item.value, names, "ORDER BY");
    if (!column) {
      ExprPtr expr = ExprBinder(context, scope, "ORDER BY").bind_value(*item.value);
      column = expr == nullptr ? kBadOrdinal : static_cast<std::uint32_t>(exprs.size());
      exprs.push_back(std::move(expr));
      all_names.emplace_back("?order?");
    }
    if (*column == kBadOrdinal) {
      return nullptr;
    }
    keys.push_back(sort_key(*column, item));
  }
  const bool hidden = exprs.size() > names.size();
  plan::NodePtr input =
      hidden ? plan::make_project(node, std::move(exprs), std::move(all_names)) : node;
  plan::NodePtr sorted = make_ordered(context, query, input, std::move(keys));
  if (sorted == nullptr || !hidden) {
    return sorted;
  }
  return plan::make_project(sorted, column_exprs(*node), names);
}

}  // namespace

std::vector<ExprPtr> column_exprs(const plan::Node& node) {
  std::vector<ExprPtr> exprs;
  for (std::uint32_t i = 0; i < node.schema.size(); ++i) {
    exprs.push_back(column_expr(i, node.schema[i].type, node.schema[i].name));
  }
  return exprs;
}

std::vector<std::string> column_names(const plan::Node& node) {
  std::vector<std::string> names;
  for (const Field& field : node.schema) {
    names.push_back(field.name);
  }
  return names;
}

plan::NodePtr rename_columns(BindContext& context, const plan::NodePtr& node,
                             const std::vector<ast::Name>& names) {
  if (names.size() > node->schema.size()) {
    context.error("S0214",
                  std::to_string(names.size()) + " names for " +
                      std::to_string(node->schema.size()) + " columns",
                  names[node->schema.size()].span);
    return nullptr;
  }
  std::vector<std::string> all = column_names(*node);
  for (std::size_t i = 0; i < names.size(); ++i) {
    all[i] = names[i].text;
  }
  return plan::make_project(node, column_exprs(*node), std::move(all));
}

plan::NodePtr bind_sub_query(BindContext& context, const ast::Query& query,
                             const std::string& name) {
  const Inherited inherited(context);
  context.name = name.empty() ? context.name : name;
  context.wanted = nullptr;
  return bind_query(context, query).node;
}

bool check_constant_column(BindContext& context, const plan::Node& node, std::uint32_t column,
                           const Type& type, Span span) {
  const auto* project = std::get_if<plan::Project>(&node.step);
  return project == nullptr ||
         check_constants(context, cast_expr(project->exprs[column], type), span);
}

QueryRows bind_query(BindContext& context, const ast::Query& query) {
  const Inherited inherited(context);
  if (!query.emit) {
    context.emit_is_own = false;
    return bind_body(context, query);
  }
  std::optional<EmitRule> rule = bind_emit(context, *query.emit);
  if (!rule) {
    return {};
  }
  context.emit = &*rule;
  context.emit_is_own = true;
  QueryRows rows = bind_body(context, query);
  if (rows.node != nullptr && !check_emit(context, *rule, *rows.node)) {
    return {};
  }
  return rows;
}

namespace {

QueryRows bind_body(BindContext& context, const ast::Query& query) {
  CteScope scope{.outer = context.ctes, .ctes = {}};
  const std::vector<Type>* wanted = std::exchange(context.wanted, nullptr);
  OuterCondition* outer = std::exchange(context.outer, nullptr);
  context.ctes = &scope;
  if (!bind_ctes(context, query, scope)) {
    return {};
  }
  context.wanted = wanted;
  context.outer = outer;
  if (const auto* select = std::get_if<ast::Select>(&query.body)) {
    return bind_select(context, query, *select);
  }
  const auto* values = std::get_if<ast::Values>(&query.body);
  QueryRows rows = values != nullptr
                       ? bind_values(context, *values, query.span)
                       : bind_set_operation(context, std::get<ast::SetOperation>(query.body));
  if (rows.node != nullptr) {
    rows.node = order_output(context, query, rows.node);
  }
  return rows;
}

}  // namespace

}  // namespace thalweg::sql
