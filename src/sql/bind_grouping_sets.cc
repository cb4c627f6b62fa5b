#include <algorithm>
#include <utility>

#include "plan/build.h"
#include "sql/select_binder.h"

// GROUPING SETS, ROLLUP and CUBE, and GROUPING(), which tells their rows apart.
namespace thalweg::sql {
namespace {

constexpr std::size_t kSetsMax = 128;
constexpr std::size_t kGroupingArgumentsMax = 31;  // Bits of an INT, without its sign.

ExprPtr int_literal(std::size_t value) {
  return literal_expr({.type = type_of(TypeKind::kInt), .data = static_cast<std::int64_t>(value)});
}

ExprPtr equals(const ExprPtr& number, std::size_t value) {
  const ArgumentType type{type_of(TypeKind::kInt), false};
  const std::optional<ResolvedFunction> compare =
      resolve_function("=", std::vector<ArgumentType>{type, type});
  return call_expr(*compare->overload, compare->result_type, {number, int_literal(value)});
}

}  // namespace

Bound ExprBinder::bind_grouping(const ast::Call& call, const ast::Expr& expr) {
  const std::string& shown = call.name[0].text;
  if (aggregates_ == nullptr || in_aggregate_) {
    context_.error("S0212", shown + "(...) stands beside GROUP BY: in SELECT, HAVING, ORDER BY",
                   expr.span);
    return {};
  }
  if (call.arguments.empty() || call.arguments.size() > kGroupingArgumentsMax) {
    context_.error("S0206", shown + " takes 1 to 31 of what GROUP BY names", expr.span);
    return {};
  }
  AggregateUses::Grouping grouping{.keys = {}, .span = expr.span};
  for (const ast::Argument& argument : call.arguments) {
    grouping.keys.push_back(bind_value(*argument.value));
    if (grouping.keys.back() == nullptr) {
      return {};
    }
  }
  std::vector<AggregateUses::Grouping>& all = aggregates_->groupings;
  all.push_back(std::move(grouping));
  return {column_expr(kGroupingColumn + static_cast<std::uint32_t>(all.size() - 1),
                      type_of(TypeKind::kInt), context_.written(expr.span))};
}

bool SelectBinder::bind_grouping_sets() {
  bool ok = true;
  sets_ = {{}};
  for (const ast::GroupingElement& element : select_.group_by->elements) {
    const std::optional<std::vector<GroupingSet>> sets = sets_of(element);
    if (!sets) {
      ok = false;
      continue;
    }
    // Each of the sets so far with each of these.
    std::vector<GroupingSet> product;
    for (const GroupingSet& left : sets_) {
      for (const GroupingSet& right : *sets) {
        product.push_back(joined(left, right));
      }
    }
    sets_ = std::move(product);
    if (sets_.size() > kSetsMax) {
      context_.error("S0217",
                     "these are " + std::to_string(sets_.size()) + " grouping sets, and " +
                         std::to_string(kSetsMax) + " is the most",
                     select_.group_by->span);
      return false;
    }
  }
  return ok && find_window_of_sets();
}

SelectBinder::GroupingSet SelectBinder::joined(GroupingSet left, const GroupingSet& right) {
  left.keys.insert(left.keys.end(), right.keys.begin(), right.keys.end());
  left.window.insert(left.window.end(), right.window.begin(), right.window.end());
  left.has_call |= right.has_call;
  return left;
}

std::optional<std::vector<SelectBinder::GroupingSet>> SelectBinder::sets_of(
    const ast::GroupingElement& element) {
  if (element.kind == ast::GroupingKind::kExprs) {
    GroupingSet set;
    bool ok = true;
    for (const ast::ExprPtr& expr : element.exprs) {
      ok = bind_group_key(*expr, set) && ok;
    }
    return ok ? std::optional(std::vector<GroupingSet>{std::move(set)}) : std::nullopt;
  }
  std::vector<std::vector<GroupingSet>> parts;
  for (const ast::GroupingElement& part : element.elements) {
    std::optional<std::vector<GroupingSet>> sets = sets_of(part);
    if (!sets) {
      return std::nullopt;
    }
    if (element.kind != ast::GroupingKind::kSets && part.kind != ast::GroupingKind::kExprs) {
      context_.error("S0217", "ROLLUP and CUBE take expressions and lists of them", part.span);
      return std::nullopt;
    }
    parts.push_back(*std::move(sets));
  }
  switch (element.kind) {
    case ast::GroupingKind::kRollup:
      return rolled_up(parts);
    case ast::GroupingKind::kCube:
      return cubed(parts);
    default:
      break;
  }
  std::vector<GroupingSet> all;
  for (const std::vector<GroupingSet>& part : parts) {
    all.insert(all.end(), part.begin(), part.end());
  }
  return all;
}

// The whole list, and less and less of it from behind.
std::vector<SelectBinder::GroupingSet> SelectBinder::rolled_up(
    const std::vector<std::vector<GroupingSet>>& parts) {
  std::vector<GroupingSet> sets = {{}};
  for (const std::vector<GroupingSet>& part : parts) {
    sets.push_back(joined(sets.back(), part[0]));
  }
  std::reverse(sets.begin(), sets.end());
  return sets;
}

// Every choice of the list.
std::vector<SelectBinder::GroupingSet> SelectBinder::cubed(
    const std::vector<std::vector<GroupingSet>>& parts) {
  std::vector<GroupingSet> sets = {{}};
  for (const std::vector<GroupingSet>& part : parts) {
    std::vector<GroupingSet> more;
    for (std::size_t i = 0; i < sets.size() && sets.size() <= kSetsMax; ++i) {
      more.push_back(joined(sets[i], part[0]));
    }
    sets.insert(sets.begin(), more.begin(), more.end());
  }
  return sets;
}

// Groups are in windows when every set tells the window; else its columns are keys like others.
bool SelectBinder::find_window_of_sets() {
  // In the end, where all can be added behind them: those that have a row where there are none.
  std::stable_partition(sets_.begin(), sets_.end(), [](const GroupingSet& set) {
    return !set.keys.empty() || !set.window.empty();
  });
  if (group_window_) {
    const bool all = std::all_of(sets_.begin(), sets_.end(),
                                 [](const GroupingSet& set) { return set.has_call; });
    if (!all) {
      context_.error("S0217", "the window must be in every grouping set", select_.group_by->span,
                     "", {"as in GROUP BY " + aggregates_.window_written + ", ROLLUP(...)"});
    }
    return all;
  }
  const bool all = std::all_of(sets_.begin(), sets_.end(),
                               [](const GroupingSet& set) { return !set.window.empty(); });
  if (!all) {
    make_keys_of_window_columns();
    return true;
  }
  for (const GroupingSet& set : sets_) {
    for (const std::uint32_t column : set.window) {
      if (!groups_by(column)) {
        window_.push_back(column);
      }
    }
  }
  return true;
}

// Whether each set has each key, and the set's number, which is the last; without windows only of
// the sets that have any.
std::vector<std::vector<bool>> SelectBinder::key_sets() const {
  std::vector<std::vector<bool>> sets;
  for (const GroupingSet& set : sets_) {
    if (window_.empty() && set.keys.empty()) {
      continue;
    }
    std::vector<bool>& has = sets.emplace_back(keys_.size() + 1, false);
    has.back() = true;
    for (const std::uint32_t key : set.keys) {
      has[key] = true;
    }
  }
  return sets;
}

// A set without keys has a row also where there are no rows: it is an aggregate of its own.
plan::NodePtr SelectBinder::make_grouping_sets() {
  if (!window_.empty()) {
    return make_group(true);
  }
  std::vector<plan::NodePtr> parts;
  if (!keys_.empty()) {
    parts.push_back(make_group(false));
  }
  for (std::size_t set = key_sets().size(); set < sets_.size(); ++set) {
    plan::Aggregate total;
    total.aggregates = aggregates_.calls;
    if (!choose_emit(context_, *input_, false, total) ||
        (!parts.empty() && parts.back() == nullptr)) {
      return nullptr;
    }
    const plan::NodePtr node = plan::make_aggregate(input_, std::move(total), {},
                                                    context_.next_id("aggregate"), context_.name);
    parts.push_back(with_number(node, set));
  }
  return parts.size() == 1 ? parts[0] : plan::make_union(std::move(parts));
}

// The columns of an aggregate without keys as those of the other sets.
plan::NodePtr SelectBinder::with_number(const plan::NodePtr& total, std::size_t set) const {
  std::vector<ExprPtr> exprs;
  for (const ExprPtr& key : keys_) {
    exprs.push_back(literal_expr(null_value(key->type)));
  }
  exprs.push_back(int_literal(set));
  std::vector<std::string> names = key_names();
  names.emplace_back("grouping set");
  for (const ExprPtr& column : column_exprs(*total)) {
    exprs.push_back(column);
    names.push_back(column->name);
  }
  return plan::make_project(total, std::move(exprs), std::move(names));
}

// Which of GROUPING's arguments a set has not, the first one foremost; nothing, reported, where one
// is not grouped by at all.
std::optional<std::size_t> SelectBinder::grouping_bits(const AggregateUses::Grouping& grouping,
                                                       const GroupingSet& set) {
  std::size_t bits = 0;
  for (const ExprPtr& argument : grouping.keys) {
    const auto key = std::find_if(keys_.begin(), keys_.end(),
                                  [&](const ExprPtr& other) { return equal(*argument, *other); });
    const bool of_window = argument->kind == ExprKind::kColumn && groups_by(argument->column);
    if (key == keys_.end() && !of_window) {
      context_.error("S0211", "GROUPING takes what GROUP BY names, word for word", grouping.span);
      return std::nullopt;
    }
    const auto number = static_cast<std::uint32_t>(key - keys_.begin());
    const bool has =
        of_window || std::find(set.keys.begin(), set.keys.end(), number) != set.keys.end();
    bits = bits << 1U | (has ? 0 : 1);
  }
  return bits;
}

ExprPtr SelectBinder::grouping_value(std::size_t grouping) {
  std::vector<std::size_t> bits;
  for (const GroupingSet& set : sets_.empty() ? std::vector<GroupingSet>{{}} : sets_) {
    const std::optional<std::size_t> value = grouping_bits(aggregates_.groupings[grouping], set);
    if (!value) {
      return nullptr;
    }
    bits.push_back(*value);
  }
  const ExprPtr set = column_expr(first_aggregate() - 1, type_of(TypeKind::kInt), "grouping set");
  std::vector<ExprPtr> parts;
  for (std::size_t i = 0; i + 1 < bits.size(); ++i) {
    parts.push_back(equals(set, i));
    parts.push_back(int_literal(bits[i]));
  }
  parts.push_back(int_literal(bits.back()));
  return parts.size() == 1 ? parts[0]
                           : expr_of(ExprKind::kCase, type_of(TypeKind::kInt), std::move(parts));
}

}  // namespace thalweg::sql
