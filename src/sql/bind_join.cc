#include <algorithm>
#include <utility>

#include "plan/build.h"
#include "plan/walk.h"
#include "sql/as_of_binder.h"
#include "sql/bind_expr.h"
#include "sql/bind_query.h"
#include "sql/join_binder.h"
#include "sql/membership.h"
#include "sql/rank_cut.h"

// a JOIN b ON a.k = b.k, or the same as FROM a, b WHERE ...
namespace thalweg::sql {
namespace {

JoinKind kind_of(ast::JoinKind kind) {
  switch (kind) {
    case ast::JoinKind::kInner:
    case ast::JoinKind::kCross:
      return JoinKind::kInner;
    case ast::JoinKind::kLeft:
      return JoinKind::kLeft;
    case ast::JoinKind::kRight:
      return JoinKind::kRight;
    case ast::JoinKind::kFull:
      return JoinKind::kFull;
    case ast::JoinKind::kSemi:
      return JoinKind::kSemi;
    case ast::JoinKind::kAnti:
      return JoinKind::kAnti;
  }
  return JoinKind::kInner;
}

// Without the columns that a window function's hide.
Scope visible(BindContext& context, Scope scope, Span span) {
  if (!scope.window_columns) {
    return scope;
  }
  const Relation& relation = scope.relations[0];
  return scope_of(pick_columns(scope.node, *star_columns(context, scope, {}, span)), relation.key,
                  relation.shown);
}

// A column of USING, over the columns of both sides.
struct SharedColumn {
  std::uint32_t left;
  std::uint32_t right;
  ExprPtr equality;
};

// Nothing, reported, where a side has no such column, or they cannot be compared.
std::optional<std::vector<SharedColumn>> shared_columns(BindContext& context, const ast::Join& join,
                                                        const Scope& left, const Scope& right) {
  std::vector<SharedColumn> shared;
  const auto first_of_right = static_cast<std::uint32_t>(left.columns().size());
  for (const ast::Name& name : join.using_columns) {
    const auto one = find_column(context, left, {name}, name.span);
    const auto other = one ? find_column(context, right, {name}, name.span) : std::nullopt;
    if (!other) {
      return std::nullopt;
    }
    const auto bound = [](const Scope& scope, std::uint32_t column, std::uint32_t first) {
      const Field& field = scope.columns()[column];
      return Bound{column_expr(first + column, field.type, field.name)};
    };
    const Bound equal = ExprBinder(context, both(left, right), "USING")
                            .equal(bound(left, one->column, 0), name.span,
                                   bound(right, other->column, first_of_right), name.span);
    if (!equal) {
      return std::nullopt;
    }
    shared.push_back({.left = one->column,
                      .right = first_of_right + other->column,
                      .equality = fold_constants(equal.expr)});
  }
  return shared;
}

// Behind the columns of the pairs: of each two shared ones that which is not NULL.
plan::NodePtr with_either(const plan::NodePtr& pairs, const std::vector<SharedColumn>& shared) {
  std::vector<ExprPtr> exprs;
  std::vector<std::string> names;
  for (std::uint32_t i = 0; i < pairs->schema.size(); ++i) {
    exprs.push_back(column_expr(i, pairs->schema[i].type, pairs->schema[i].name));
    names.push_back(pairs->schema[i].name);
  }
  for (const SharedColumn& column : shared) {
    const std::vector<ExprPtr>& sides = column.equality->args;  // Of one type.
    exprs.push_back(expr_of(ExprKind::kCoalesce, sides[0]->type, sides));
    names.push_back(names[column.left]);
  }
  return plan::make_project(pairs, std::move(exprs), std::move(names));
}

// Each shared column goes by its name alone once, and stands first. Where either side may have no
// row it is the one that is there.
Scope share(Scope scope, JoinKind kind, const std::vector<SharedColumn>& shared) {
  if (shared.empty() || !yields_pairs(kind)) {
    return scope;
  }
  const auto columns = static_cast<std::uint32_t>(scope.columns().size());
  std::vector<std::uint32_t> others = shown_columns(scope);
  std::vector<std::uint32_t> shown;
  for (const SharedColumn& column : shared) {
    std::erase(others, column.left);
    std::erase(others, column.right);
    shown.push_back(kind == JoinKind::kFull    ? columns + static_cast<std::uint32_t>(shown.size())
                    : kind == JoinKind::kRight ? column.right
                                               : column.left);
  }
  shown.insert(shown.end(), others.begin(), others.end());
  scope.node = kind == JoinKind::kFull ? with_either(scope.node, shared) : scope.node;
  scope.shown = std::move(shown);
  return scope;
}

// The parts of a condition over these columns, all of which must be true; nothing, reported, where
// it is in error.
std::optional<std::vector<ExprPtr>> parts_of(BindContext& context, const Scope& scope,
                                             const char* clause, const ast::Expr& condition) {
  const ExprPtr bound = ExprBinder(context, scope, clause).bind_condition(condition);
  return bound == nullptr ? std::nullopt : std::optional(plan::conjuncts(fold_constants(bound)));
}

// What ON asks, and what WHERE does that is about these columns only; nothing, reported, where ON
// is in error.
std::optional<std::vector<ExprPtr>> conditions(BindContext& context, const ast::Join& join,
                                               const Scope& scope,
                                               const std::vector<SharedColumn>& shared,
                                               std::vector<ExprPtr>& where) {
  std::vector<ExprPtr> all;
  for (const SharedColumn& column : shared) {
    all.push_back(column.equality);
  }
  if (join.on != nullptr) {
    auto parts = parts_of(context, scope, "ON", *join.on);
    if (!parts) {
      return std::nullopt;
    }
    all = *std::move(parts);
  }
  std::erase_if(where, [&](const ExprPtr& part) {
    std::vector<bool> used;
    collect_columns(*part, used);
    const bool fits = used.size() <= scope.columns().size();
    if (fits) {
      all.push_back(part);
    }
    return fits;
  });
  return all;
}

// No two relations may go by one name.
bool check_names(BindContext& context, const Scope& left, const Scope& right, Span span) {
  for (const Relation& one : left.relations) {
    for (const Relation& other : right.relations) {
      if (!one.key.empty() && one.key == other.key) {
        context.error("S0204", "two relations are called " + one.shown, span, "",
                      {"give one of them another name: " + one.shown + " AS other"});
        return false;
      }
    }
  }
  return true;
}

bool check_as_of_form(BindContext& context, const ast::Join& join) {
  const std::string what = join.asof ? "ASOF JOIN" : "FOR SYSTEM_TIME AS OF";
  if (join.asof && versioned_table(join) != nullptr) {
    context.error("P0116", "ASOF JOIN and FOR SYSTEM_TIME AS OF each say which times match",
                  join.keywords, "", {"leave one of them out"});
    return false;
  }
  const bool is_cross = join.kind == ast::JoinKind::kCross;
  if (is_cross || join.on == nullptr) {
    context.error(
        "S0101", what + " needs JOIN ... ON", join.keywords, "",
        {join.asof ? "say which rows belong together: a ASOF JOIN b ON a.k = b.k AND "
                     "b.ts <= a.ts"
                   : "say which rows belong together: a JOIN b FOR SYSTEM_TIME AS OF a.ts "
                     "ON a.k = b.k"});
    return false;
  }
  if (join.kind != ast::JoinKind::kInner && join.kind != ast::JoinKind::kLeft) {
    context.not_supported(what + " of this kind of JOIN", join.keywords,
                          {"the pairs come of " + std::string(join.asof ? "ASOF JOIN" : "JOIN") +
                           ", with the left rows that have no partner of " +
                           (join.asof ? "ASOF LEFT JOIN" : "LEFT JOIN")});
    return false;
  }
  return true;
}

// Whether it is of a form that there is.
bool check_form(BindContext& context, const ast::Join& join) {
  const std::vector<std::string> cure{"say which rows belong together: a JOIN b ON a.k = b.k"};
  if (join.natural) {
    context.not_supported("NATURAL JOIN", join.keywords,
                          {"name the columns that must be equal: a JOIN b USING (k)"});
    return false;
  }
  if (is_as_of(join) && !check_as_of_form(context, join)) {
    return false;
  }
  if (join.on == nullptr && join.using_columns.empty() && join.kind != ast::JoinKind::kCross) {
    context.error("S0101", "JOIN needs a condition", join.keywords, "", cure);
    return false;
  }
  return true;
}

// What WHERE asks may be asked by the join itself: its rows are pairs, and all pairs that match.
bool is_plain_inner(const ast::Join& join) {
  return kind_of(join.kind) == JoinKind::kInner && !is_as_of(join);
}

// The join, and those that its left side is made of, the first one first. What WHERE asks it asks
// of all of them: they are inner joins.
std::vector<const ast::Join*> chain_of(const ast::Join& join) {
  std::vector<const ast::Join*> chain;
  const auto is_inner = [](const ast::Join* one) { return is_plain_inner(*one); };
  for (const ast::Join* next = &join;
       next != nullptr && (chain.empty() || (is_inner(next) && is_inner(&join)));
       next = next->left->as<ast::Join>()) {
    chain.insert(chain.begin(), next);
  }
  return chain;
}

}  // namespace

std::optional<Scope> bind_joined(BindContext& context, const ast::TableRef& table,
                                 std::optional<std::int64_t> hinted_ttl) {
  // It is for joins alone, not for what they are made of.
  context.hinted_ttl = table.as<ast::Join>() != nullptr ? hinted_ttl : std::nullopt;
  std::optional<Scope> scope = bind_from(context, table);
  return scope ? std::optional(visible(context, *std::move(scope), table.span)) : std::nullopt;
}

std::optional<Scope> bind_join(BindContext& context, const ast::Join& join) {
  OuterCondition* const outer = std::exchange(context.outer, nullptr);
  const std::int64_t ttl_micros = context.ttl_micros();
  const std::optional<std::int64_t> hinted_ttl = context.hinted_ttl;
  const std::vector<const ast::Join*> chain = chain_of(join);
  if (!std::ranges::all_of(chain, [&](const auto* one) { return check_form(context, *one); })) {
    return std::nullopt;
  }
  std::optional<Scope> left = bind_joined(context, *chain[0]->left, hinted_ttl);
  std::vector<Scope> others;
  std::vector<std::vector<SharedColumn>> shared;
  std::optional<Scope> all = left;
  for (const ast::Join* const one : chain) {
    context.versioned = versioned_table(*one);
    std::optional<Scope> right = bind_joined(context, *one->right, hinted_ttl);
    context.versioned = nullptr;
    if (!all || !right || !check_names(context, *all, *right, one->right->span)) {
      return std::nullopt;
    }
    auto columns = shared_columns(context, *one, *all, *right);
    if (!columns) {
      return std::nullopt;
    }
    all = both(*all, *right);
    all = is_plain_inner(*one) ? share(*std::move(all), JoinKind::kInner, *columns) : all;
    shared.push_back(*std::move(columns));
    others.push_back(*std::move(right));
  }
  std::vector<ExprPtr> where;
  if (outer != nullptr && outer->where != nullptr && is_plain_inner(join)) {
    for (const ast::Expr* part : conjuncts_of(*outer->where)) {
      if (find_membership(*part)) {
        continue;  // Of the pairs.
      }
      const auto parts = parts_of(context, *all, "WHERE", *part);
      if (!parts) {
        return std::nullopt;
      }
      where.insert(where.end(), parts->begin(), parts->end());
      outer->answered.push_back(part);
    }
  }
  for (std::size_t i = 0; left && i < chain.size(); ++i) {
    const ast::Join& one = *chain[i];
    if (is_as_of(one)) {
      left = join_as_of(context, one, ttl_micros, *std::move(left), std::move(others[i]));
      continue;
    }
    const JoinClause clause{.kind = kind_of(one.kind),
                            .keywords = one.keywords,
                            .condition = one.on == nullptr ? one.keywords : one.on->span,
                            .ttl_micros = ttl_micros};
    const auto parts = conditions(context, one, both(*left, others[i]), shared[i], where);
    left = parts ? join_relations(context, clause, *std::move(left), std::move(others[i]), *parts)
                 : std::nullopt;
    left = left ? std::optional(share(*std::move(left), clause.kind, shared[i])) : left;
  }
  return left;
}

}  // namespace thalweg::sql
