#include "sql/membership.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "plan/build.h"
#include "plan/walk.h"
#include "sql/bind_emit.h"
#include "sql/bind_expr.h"
#include "sql/bind_query.h"
#include "sql/join_binder.h"
#include "sql/join_sides.h"

namespace thalweg::sql {
namespace {

ExprPtr boolean(ExprKind kind, std::vector<ExprPtr> args) {
  return expr_of(kind, type_of(TypeKind::kBoolean), std::move(args));
}

// The columns of a sub-query behind those of what it stands in, which it may name too: its own go
// first.
Scope inner_first(const Scope& outer, const Scope& inner) {
  Scope scope = both(outer, inner);
  const auto first_of_inner = static_cast<std::uint32_t>(outer.columns().size());
  if (outer.window_columns) {
    // What a window function's columns hide goes by no name.
    Schema columns = scope.columns();
    const Schema& shown = outer.columns();
    for (std::uint32_t i = 0; i < *outer.window_columns; ++i) {
      const bool hidden = std::any_of(
          shown.begin() + *outer.window_columns, shown.end(),
          [&](const Field& field) { return fold_name(field.name) == fold_name(shown[i].name); });
      columns[i].name = hidden ? "" : columns[i].name;
    }
    scope.node = plan::make_values(std::move(columns), {});
  }
  std::rotate(scope.relations.begin(),
              scope.relations.begin() + static_cast<std::ptrdiff_t>(outer.relations.size()),
              scope.relations.end());
  scope.window_columns = first_of_inner;
  return scope;
}

// A SELECT of rows as they are, which may look at the rows around it.
const ast::Select* plain_select(const ast::Query& query) {
  const auto* select = std::get_if<ast::Select>(&query.body);
  const bool is_plain = select != nullptr && query.ctes.empty() && query.limit == nullptr &&
                        query.offset == nullptr && !query.emit && select->from != nullptr &&
                        select->distinct_on.empty() && !select->group_by &&
                        select->having == nullptr && select->windows.empty() &&
                        select->qualify == nullptr && select->hints.empty();
  return is_plain && std::ranges::none_of(select->items,
                                          [](const ast::SelectItem& item) {
                                            const auto* call = item.value->as<ast::Call>();
                                            return call != nullptr && call->name.size() == 1 &&
                                                   find_aggregate(call->name[0].key) != nullptr;
                                          })
             ? select
             : nullptr;
}

class MembershipBinder {
 public:
  MembershipBinder(BindContext& context, const Scope& outer, const Membership& membership)
      : context_(context), outer_(outer), membership_(membership) {}

  plan::NodePtr bind();

 private:
  bool bind_inner();
  bool bind_plain(const ast::Select& select);
  bool bind_whole();
  bool take_items(const ast::Select& select, const Scope& names);
  void report_columns() const;
  bool bind_equality();
  plan::NodePtr join(JoinKind kind, const std::vector<ExprPtr>& parts) const;
  bool has_equal_columns() const;
  plan::NodePtr bind_not_in();
  plan::NodePtr without_nulls(plan::NodePtr rows, const plan::NodePtr& inner) const;

  BindContext& context_;
  const Scope& outer_;
  const Membership& membership_;
  Scope inner_;
  std::vector<ExprPtr> parts_;  // Over the columns of both: what WHERE asks within.
  Bound value_;                 // Of IN: what the sub-query selects, over the columns of both,
  Span value_span_;
  Bound operand_;
  ExprPtr equality_;  // and that it is equal to the operand.
};

plan::NodePtr MembershipBinder::bind() {
  if (!bind_inner() || !bind_equality()) {
    return nullptr;
  }
  if (membership_.operand != nullptr && membership_.negated) {
    return bind_not_in();
  }
  if (equality_ != nullptr) {
    parts_.push_back(equality_);
  }
  return join(membership_.negated ? JoinKind::kAnti : JoinKind::kSemi, parts_);
}

bool MembershipBinder::bind_inner() {
  const Inherited inherited(context_);
  context_.outer = nullptr;
  context_.wanted = nullptr;
  const auto hinted_ttl = context_.hinted_ttl;
  const ast::Select* select = plain_select(*membership_.query);
  const bool ok = select != nullptr ? bind_plain(*select) : bind_whole();
  context_.hinted_ttl = hinted_ttl;
  return ok;
}

bool MembershipBinder::bind_plain(const ast::Select& select) {
  std::optional<Scope> inner = bind_joined(context_, *select.from, std::nullopt);
  if (!inner) {
    return false;
  }
  inner_ = *std::move(inner);
  const Scope names = inner_first(outer_, inner_);
  if (select.where != nullptr) {
    const ExprPtr where = ExprBinder(context_, names, "WHERE").bind_condition(*select.where);
    if (where == nullptr) {
      return false;
    }
    parts_ = plan::conjuncts(fold_constants(where));
  }
  return take_items(select, names);
}

bool MembershipBinder::take_items(const ast::Select& select, const Scope& names) {
  const bool is_in = membership_.operand != nullptr;
  const auto first = static_cast<std::uint32_t>(outer_.columns().size());
  for (const ast::SelectItem& item : select.items) {
    const bool is_star = item.value->as<ast::Star>() != nullptr;
    if (is_in && (select.items.size() != 1 || (is_star && inner_.columns().size() != 1))) {
      report_columns();
      return false;
    }
    if (is_star) {
      value_ = {column_expr(first, inner_.columns()[0].type, inner_.columns()[0].name)};
    } else {
      value_ = ExprBinder(context_, names, "SELECT").bind(*item.value);
    }
    value_span_ = item.value->span;
    if (!value_) {
      return false;
    }
  }
  return true;
}

void MembershipBinder::report_columns() const {
  context_.error("S0207", "IN needs one column, and this sub-query has more",
                 membership_.query->span);
}

// What groups, ranks or cuts rows is bound by itself.
bool MembershipBinder::bind_whole() {
  plan::NodePtr node = bind_sub_query(context_, *membership_.query, "");
  if (node == nullptr) {
    return false;
  }
  if (membership_.operand != nullptr && node->schema.size() != 1) {
    report_columns();
    return false;
  }
  inner_ = scope_of(std::move(node), "", "");
  value_span_ = membership_.query->span;
  const auto first = static_cast<std::uint32_t>(outer_.columns().size());
  value_ = {column_expr(first, inner_.columns()[0].type, inner_.columns()[0].name)};
  return true;
}

bool MembershipBinder::bind_equality() {
  if (membership_.operand == nullptr) {
    return true;
  }
  ExprBinder binder(context_, outer_, "WHERE");
  operand_ = binder.bind(*membership_.operand);
  if (!operand_) {
    return false;
  }
  const Bound equal = binder.equal(operand_, membership_.operand->span, value_, value_span_);
  equality_ = equal ? fold_constants(equal.expr) : nullptr;
  return equality_ != nullptr;
}

plan::NodePtr MembershipBinder::join(JoinKind kind, const std::vector<ExprPtr>& parts) const {
  const std::string what = membership_.operand != nullptr ? "IN" : "EXISTS";
  const JoinClause clause{.kind = kind,
                          .what = (membership_.negated ? "NOT " : "") + what,
                          .keywords = membership_.span,
                          .condition = membership_.span,
                          .ttl_micros = context_.ttl_micros()};
  const std::optional<Scope> joined = join_relations(context_, clause, outer_, inner_, parts);
  return joined ? joined->node : nullptr;
}

// Whether the sub-query says itself which of its rows are compared with a row.
bool MembershipBinder::has_equal_columns() const {
  const auto first = static_cast<std::uint32_t>(outer_.columns().size());
  const JoinSides sides{.first_of_right = first,
                        .columns = first + static_cast<std::uint32_t>(inner_.columns().size())};
  return std::ranges::any_of(parts_, [&](const ExprPtr& part) {
    if (!is_equality(*part)) {
      return false;
    }
    const std::optional<Side> left = sides.only_side(*part->args[0]);
    const std::optional<Side> right = sides.only_side(*part->args[1]);
    return left && right && left != right;
  });
}

// x NOT IN (...) holds where x is not equal to any, and no comparison with one is NULL.
plan::NodePtr MembershipBinder::bind_not_in() {
  if (has_equal_columns()) {
    const ExprPtr yes = literal_expr({.type = type_of(TypeKind::kBoolean), .data = true});
    parts_.push_back(boolean(ExprKind::kCoalesce, {equality_, yes}));
    return join(JoinKind::kAnti, parts_);
  }
  // All rows are compared with the same ones: those that are NULL, or that there are any, count
  // for all.
  const auto first = static_cast<std::uint32_t>(outer_.columns().size());
  const JoinSides sides{.first_of_right = first,
                        .columns = first + static_cast<std::uint32_t>(inner_.columns().size())};
  std::vector<ExprPtr> filters;
  for (const ExprPtr& part : parts_) {
    if (sides.only_side(*part) != Side::kRight) {
      context_.not_supported(
          "NOT IN beside a condition that compares both, but not by equal columns",
          membership_.span, {"write NOT EXISTS (SELECT ... WHERE x.k = y.k AND ...)"});
      return nullptr;
    }
    filters.push_back(sides.over_own_columns(part, Side::kRight));
  }
  std::vector<bool> used(sides.columns, false);
  collect_columns(*value_.expr, used);
  if (std::any_of(used.begin(), used.begin() + first, [](bool is_used) { return is_used; })) {
    context_.not_supported("NOT IN of what is computed of both sides", membership_.span,
                           {"write NOT EXISTS (SELECT ... WHERE x.k = y.k AND ...)"});
    return nullptr;
  }
  if (!filters.empty()) {
    inner_.node = plan::make_filter(inner_.node, plan::conjunction(std::move(filters)));
  }
  plan::NodePtr rows = join(JoinKind::kAnti, {equality_});
  return rows == nullptr ? nullptr : without_nulls(std::move(rows), inner_.node);
}

// Of the rows that are not equal to any those for which that is sure: a join with one row that says
// whether there are any, and NULLs among them.
plan::NodePtr MembershipBinder::without_nulls(plan::NodePtr rows,
                                              const plan::NodePtr& inner) const {
  const auto first = static_cast<std::uint32_t>(outer_.columns().size());
  const JoinSides sides{.first_of_right = first,
                        .columns = first + static_cast<std::uint32_t>(inner->schema.size())};
  const Type number = type_of(TypeKind::kInt);
  const auto constant = [&](std::int64_t value) {
    return literal_expr({.type = number, .data = value});
  };
  const ExprPtr value = sides.over_own_columns(value_.expr, Side::kRight);
  plan::Aggregate aggregate;
  aggregate.aggregates.push_back(
      {.kind = AggregateKind::kMax,
       .args = {expr_of(ExprKind::kCase, number,
                        {boolean(ExprKind::kIsNull, {value}), constant(1), constant(0)})},
       .filter = nullptr,
       .order_by = {},
       .type = number,
       .name = "has NULL"});
  if (!choose_emit(context_, *inner, /*windowed=*/false, aggregate)) {
    return nullptr;
  }
  const plan::NodePtr nulls = plan::make_aggregate(inner, std::move(aggregate), {},
                                                   context_.next_id("aggregate"), context_.name);
  const ExprPtr has_null = column_expr(first, number, "has NULL");
  plan::Join join{.kind = JoinKind::kAnti};
  join.condition =
      boolean(ExprKind::kOr, {boolean(ExprKind::kAnd, {boolean(ExprKind::kIsNull, {operand_.expr}),
                                                       boolean(ExprKind::kIsNotNull, {has_null})}),
                              expr_of(ExprKind::kCast, type_of(TypeKind::kBoolean), {has_null})});
  const bool ends = rows->bounded && nulls->bounded && !asks_for_changes(context_, *rows) &&
                    !asks_for_changes(context_, *nulls);
  join.by = ends ? plan::JoinBy::kKeysAtEnd : plan::JoinBy::kKeys;
  return plan::make_join(std::move(rows), nulls, std::move(join), context_.next_id("join"),
                         context_.name);
}

}  // namespace

std::optional<Membership> find_membership(const ast::Expr& part) {
  if (const auto* unary = part.as<ast::Unary>();
      unary != nullptr && unary->op == ast::UnaryOp::kNot) {
    std::optional<Membership> found = find_membership(*unary->operand);
    if (found) {
      found->negated = !found->negated;
    }
    return found;
  }
  if (const auto* exists = part.as<ast::Exists>()) {
    return Membership{.query = exists->query.get(), .span = part.span};
  }
  if (const auto* in = part.as<ast::InQuery>()) {
    return Membership{.operand = in->operand.get(),
                      .query = in->query.get(),
                      .negated = in->negated,
                      .span = part.span};
  }
  return std::nullopt;
}

plan::NodePtr bind_membership(BindContext& context, const Scope& scope,
                              const Membership& membership) {
  return MembershipBinder(context, scope, membership).bind();
}

}  // namespace thalweg::sql
