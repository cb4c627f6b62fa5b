#include <algorithm>
#include <utility>

#include "plan/build.h"
#include "sql/coerce.h"
#include "sql/membership.h"
#include "sql/order_limit.h"
#include "sql/select_binder.h"
#include "sql/sql_text.h"

namespace thalweg::sql {
namespace {

// As PostgreSQL names a column, but spelled as declared.
std::string name_of(const ast::Expr& source, const Expr& bound) {
  const bool is_name =
      source.as<ast::ColumnRef>() != nullptr || source.as<ast::FieldAccess>() != nullptr;
  return is_name && !bound.name.empty() ? bound.name : output_name(source);
}

}  // namespace

QueryRows bind_select(BindContext& context, const ast::Query& query, const ast::Select& select) {
  return SelectBinder(context, query, select).bind();
}

QueryRows SelectBinder::bind() {
  cut_ = find_rank_cut(context_, outer_, query_, select_);
  take_hints();
  if (!bind_input()) {
    return {};
  }
  // Each part is bound even where another is in error, so that one run finds all.
  bool ok = bind_rank();
  items_complete_ = bind_items();
  ok = items_complete_ && ok;
  ok = bind_group_keys() && ok;
  ok = bind_having() && ok;
  ok = bind_order() && ok;
  ok = bind_distinct_on() && ok;
  ok = bind_qualify() && ok;
  ok = ok && bind_over_windows();
  if (!ok || !group() || !put_top_n() || !put_overs()) {
    return {};
  }
  const bool is_distinct_on = select_.quantifier == ast::SelectQuantifier::kDistinctOn;
  if (!is_distinct_on && !can_order(context_, query_, *input_)) {
    return {};
  }
  std::size_t visible = 0;
  plan::NodePtr node = project(visible);
  if (node != nullptr && select_.quantifier == ast::SelectQuantifier::kDistinct) {
    node = make_distinct(context_, node, query_.span);
    if (node != nullptr && !can_order(context_, query_, *node)) {
      return {};
    }
  }
  if (node == nullptr) {
    return {};
  }
  if (is_distinct_on) {
    node = keep_first_of_each(node);
    if (node == nullptr) {
      return {};
    }
  }
  std::vector<SortKey> keys;
  for (const Order& order : orders_) {
    keys.push_back(sort_key(order.column, *order.item));
  }
  // There ORDER BY says which row is kept; only where all rows are there does it sort them too.
  const bool sorts =
      !is_distinct_on || (node->bounded && !node->updating) || query_.limit != nullptr;
  if (sorts && is_distinct_on && !can_order(context_, query_, *node)) {
    return {};
  }
  if (sorts) {
    node = make_ordered(context_, query_, node, std::move(keys));
  }
  context_.hinted_id.reset();
  context_.hinted_ttl.reset();
  if (node == nullptr) {
    return {};
  }
  if (visible < node->schema.size()) {
    std::vector<ExprPtr> exprs = column_exprs(*node);
    std::vector<std::string> names = column_names(*node);
    exprs.resize(visible);
    names.resize(visible);
    node = plan::make_project(node, std::move(exprs), std::move(names));
  }
  QueryRows rows{std::move(node), {}};
  for (const Item& item : items_) {
    rows.untyped.push_back(item.untyped);
  }
  return rows;
}

bool SelectBinder::bind_input() {
  if (select_.from != nullptr) {
    condition_.where = select_.where.get();
    condition_.alias = select_.from->alias ? select_.from->alias->name.key : "";
    if (const auto* named = select_.from->as<ast::NamedTable>(); named && !select_.from->alias) {
      condition_.alias = named->name.back().key;
    }
    const bool is_plain = select_.from->as<ast::QueryTable>() != nullptr ||
                          select_.from->as<ast::NamedTable>() != nullptr;
    const bool is_renamed = select_.from->alias && !select_.from->alias->columns.empty();
    const bool is_join = select_.from->as<ast::Join>() != nullptr;
    context_.outer = (is_plain && !is_renamed) || is_join ? &condition_ : nullptr;
    const auto hinted_id = std::exchange(context_.hinted_id, std::nullopt);
    const auto hinted_ttl = context_.hinted_ttl;
    if (select_.from->as<ast::WindowTable>() == nullptr && !is_join) {
      context_.hinted_ttl.reset();
    }
    std::optional<Scope> scope = bind_from(context_, *select_.from);
    context_.hinted_id = hinted_id;
    context_.hinted_ttl = hinted_ttl;
    context_.outer = nullptr;
    if (!scope) {
      return false;
    }
    scope_ = std::move(*scope);
    input_ = scope_.node;
  } else {
    input_ = plan::make_values({}, {{}});
  }
  aggregates_.input_columns = static_cast<std::uint32_t>(input_->schema.size());
  if (!find_group_window()) {
    return false;
  }
  if (bind_where()) {
    return true;
  }
  // What the list has wrong is told too.
  bind_items();
  return false;
}

bool SelectBinder::bind_where() {
  if (select_.where == nullptr) {
    return true;
  }
  const std::vector<const ast::Expr*>& answered = condition_.answered;
  std::vector<const ast::Expr*> parts = conjuncts_of(*select_.where);
  std::vector<Membership> memberships;
  for (const ast::Expr* part : parts) {
    if (const auto found = find_membership(*part)) {
      memberships.push_back(*found);
    }
  }
  if (answered.empty() && memberships.empty()) {
    parts = {select_.where.get()};
  }
  bool ok = true;
  for (const ast::Expr* part : parts) {
    if (std::find(answered.begin(), answered.end(), part) != answered.end() ||
        find_membership(*part)) {
      continue;
    }
    const ExprPtr condition = ExprBinder(context_, scope_, "WHERE").bind_condition(*part);
    ok = ok && condition != nullptr;
    input_ = ok ? plan::make_filter(input_, condition) : input_;
  }
  for (const Membership& membership : memberships) {
    Scope rows = scope_;
    rows.node = input_;
    const plan::NodePtr found = bind_membership(context_, rows, membership);
    ok = ok && found != nullptr;
    input_ = ok ? found : input_;
  }
  return ok;
}

// ttl('1 day'), or Flink's state_ttl('t' = '1d') of any input.
void SelectBinder::take_ttl_hint(const ast::Hint& hint) {
  std::int64_t micros = 0;
  const bool ok = hint.options.size() == 1 &&
                  parse_duration_micros(hint.options[0].value, micros) && micros >= 0;
  if (ok) {
    context_.hinted_ttl = micros;
  } else {
    context_.warn("S0220", "the hint " + hint.name.text + " has no effect", hint.span,
                  "write ttl('1 day')");
  }
}

void SelectBinder::take_hints() {
  for (const ast::Hint& hint : select_.hints) {
    if (hint.name.key == "ttl" || hint.name.key == "state_ttl") {
      take_ttl_hint(hint);
      continue;
    }
    const bool is_id = hint.name.key == "id" && hint.options.size() == 1;
    if (!is_id || hint.options[0].value.empty()) {
      context_.warn(
          "S0220", "the hint " + hint.name.text + " has no effect", hint.span,
          hint.name.key == "id" ? "write id('name')" : did_you_mean(hint.name.key, {"id", "ttl"}));
      continue;
    }
    context_.hinted_id = hint.options[0].value;
  }
}

bool SelectBinder::bind_items() {
  bool ok = true;
  for (const ast::SelectItem& item : select_.items) {
    if (const auto* star = item.value->as<ast::Star>()) {
      ok = bind_star(*star, item.value->span) && ok;
    } else {
      ok = bind_item(item, items_.size()) && ok;
    }
  }
  return ok;
}

bool SelectBinder::bind_item(const ast::SelectItem& item, std::size_t place) {
  const Bound bound = binder_.bind(*item.value);
  if (!bound) {
    return false;
  }
  bool untyped = bound.text_literal || bound.expr->type.kind == TypeKind::kNull;
  Type type = settled(bound.expr->type);
  if (untyped && context_.wanted != nullptr && place < context_.wanted->size()) {
    type = (*context_.wanted)[place];
    untyped = false;
  }
  ExprPtr expr = coerce(context_, bound, type, item.value->span);
  if (expr == nullptr) {
    return false;
  }
  std::string name = item.alias ? item.alias->text : name_of(*item.value, *bound.expr);
  items_.push_back({std::move(expr), std::move(name), item.value->span, untyped});
  return true;
}

bool SelectBinder::bind_star(const ast::Star& star, Span span) {
  const auto columns = star_columns(context_, scope_, star, span);
  if (!columns) {
    return false;
  }
  std::vector<bool> used(star.exclude.size() + star.replace.size(), false);
  bool ok = true;
  for (const std::uint32_t column : *columns) {
    const Field& field = scope_.columns()[column];
    Item item{column_expr(column, field.type, field.name), field.name, span, false};
    bool excluded = false;
    for (std::size_t i = 0; i < star.exclude.size(); ++i) {
      if (names_column(star.exclude[i], field.name)) {
        excluded = used[i] = true;
      }
    }
    for (std::size_t i = 0; i < star.replace.size(); ++i) {
      if (names_column(star.replace[i].name, field.name)) {
        used[star.exclude.size() + i] = true;
        item.expr = binder_.bind_value(*star.replace[i].value);
        ok = ok && item.expr != nullptr;
      }
    }
    if (!excluded) {
      items_.push_back(std::move(item));
    }
  }
  for (std::size_t i = 0; i < used.size(); ++i) {
    const ast::Name& name =
        i < star.exclude.size() ? star.exclude[i] : star.replace[i - star.exclude.size()].name;
    // Reports that there is no such column.
    ok = ok && (used[i] || find_column(context_, scope_, {name}, name.span).has_value());
  }
  return ok;
}

bool SelectBinder::bind_having() {
  if (select_.having == nullptr) {
    return true;
  }
  binder_.set_clause("HAVING");
  having_ = binder_.bind_condition(*select_.having);
  return having_ != nullptr;
}

bool SelectBinder::bind_order() {
  std::vector<std::string> names;
  for (const Item& item : items_) {
    names.push_back(item.name);
  }
  binder_.set_clause("ORDER BY");
  bool ok = true;
  for (const ast::OrderItem& item : query_.order_by) {
    Order order{&item, item.value.get(), 0, nullptr};
    const std::optional<std::uint32_t> column =
        output_column(context_, *item.value, names, "ORDER BY");
    if (column) {
      order.column = *column;
      ok = ok && *column != kBadOrdinal;
    } else {
      order.hidden = binder_.bind_value(*item.value);
      ok = ok && order.hidden != nullptr;
    }
    orders_.push_back(std::move(order));
  }
  return ok;
}

// The list, and behind it what ORDER BY needs beside it: the first `visible` columns are the list.
plan::NodePtr SelectBinder::project(std::size_t& visible) {
  std::vector<ExprPtr> exprs;
  std::vector<std::string> names;
  for (const Item& item : items_) {
    exprs.push_back(item.expr);
    names.push_back(item.name);
  }
  visible = exprs.size();
  std::vector<Order*> asked;
  for (Order& order : orders_) {
    asked.push_back(&order);
  }
  for (Order& key : distinct_on_) {
    asked.push_back(&key);
  }
  for (Order* const each : asked) {
    Order& order = *each;
    if (order.hidden == nullptr) {
      continue;
    }
    const auto same = std::find_if(exprs.begin(), exprs.end(), [&order](const ExprPtr& expr) {
      return equal(*expr, *order.hidden);
    });
    order.column = static_cast<std::uint32_t>(same - exprs.begin());
    if (same != exprs.end()) {
      continue;
    }
    if (select_.quantifier == ast::SelectQuantifier::kDistinct) {
      context_.error("S0211", "ORDER BY of SELECT DISTINCT can only name columns of its list",
                     order.item->value->span, "", {"add it to the list"});
      return nullptr;
    }
    names.push_back(context_.written(order.source->span));
    exprs.push_back(order.hidden);
  }
  return plan::make_project(input_, std::move(exprs), std::move(names));
}

}  // namespace thalweg::sql
