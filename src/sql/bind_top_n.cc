#include <algorithm>
#include <utility>

#include "plan/build.h"
#include "sql/added_columns.h"
#include "sql/bind_emit.h"
#include "sql/order_limit.h"
#include "sql/select_binder.h"
#include "sql/top_n.h"

// The first rows of each key: rankings that a condition cuts off, and DISTINCT ON.
namespace thalweg::sql {
namespace {

// rank >= low.
ExprPtr at_least(const ExprPtr& rank, std::uint64_t low) {
  const ArgumentType number{type_of(TypeKind::kBigint), false};
  const std::optional<ResolvedFunction> compare =
      resolve_function(">=", std::vector<ArgumentType>{number, number});
  return call_expr(*compare->overload, compare->result_type,
                   {rank, literal_expr(bigint_value(static_cast<std::int64_t>(low)))});
}

}  // namespace

plan::NodePtr make_top_n(BindContext& context, plan::NodePtr input, plan::TopN top,
                         const std::string& rank_name, Span span) {
  const bool changes = asks_for_changes(context, *input);
  top.emit = plan::choose_top_n_emit(*input, top, changes);
  if (top.emit == plan::TopNEmit::kOnWindowClose && context.emit != nullptr) {
    context.emit->used = true;
    if (context.emit->written.interval != nullptr) {
      context.not_supported("the first rows of a window before it closes, or corrected later,",
                            context.emit->written.span,
                            {"EMIT CHANGES gives every change of them"});
    }
  }
  const bool frees =
      top.emit == plan::TopNEmit::kChanges || top.emit == plan::TopNEmit::kBehindWatermark;
  top.ttl_micros = frees && !top.keys.empty() ? context.ttl_micros() : 0;
  const char* const kind = top.limit == plan::kNoLimit ? "sort"
                           : top.limit == 1            ? "deduplicate"
                                                       : "top";
  plan::NodePtr node = plan::make_top_n(std::move(input), std::move(top), rank_name,
                                        context.next_id(kind), context.name);
  warn_of_state(context, *node, span);
  return node;
}

bool SelectBinder::bind_rank() {
  if (!cut_) {
    return true;
  }
  const ast::WindowSpec& over = *ranking_call(*cut_->call)->over;
  const std::optional<WindowParts> window = window_parts(context_, over, select_.windows);
  if (!window) {
    return false;
  }
  if (window->frame != nullptr) {
    context_.error("S0217", "a ranking has no frame", window->frame->span, "", {"leave it out"});
    return false;
  }
  bool ok = true;
  binder_.set_clause("PARTITION BY");
  for (const ast::ExprPtr& expr : *window->partition_by) {
    rank_keys_.push_back(binder_.bind_value(*expr));
    ok = ok && rank_keys_.back() != nullptr;
  }
  binder_.set_clause("ORDER BY");
  for (const ast::OrderItem& item : *window->order_by) {
    rank_order_.emplace_back(binder_.bind_value(*item.value), &item);
    ok = ok && rank_order_.back().first != nullptr;
  }
  binder_.set_clause("SELECT");
  binder_.set_rank(cut_->written);
  return ok;
}

ExprPtr SelectBinder::with_rank(const ExprPtr& expr, const ExprPtr& rank) {
  return replace_columns(
      expr, [&rank](const Expr& column) { return column.column == kRankColumn ? rank : nullptr; });
}

// Keeps the first rows of each key, and tells everything bound so far what column has the rank.
bool SelectBinder::put_top_n() {
  if (!cut_) {
    return true;
  }
  plan::TopN top{.ranking = cut_->ranking, .limit = cut_->high, .shows_rank = cut_->high > 1};
  AddedColumns columns(input_);
  for (const ExprPtr& key : rank_keys_) {
    top.keys.push_back(columns.add(key));
  }
  for (const auto& [value, item] : rank_order_) {
    top.order.push_back(sort_key(columns.add(value), *item));
  }
  input_ = make_top_n(context_, columns.take(), std::move(top),
                      ranking_call(*cut_->call)->name[0].text, cut_->call->span);
  const auto place = static_cast<std::uint32_t>(input_->schema.size() - 1);
  const ExprPtr rank = cut_->high > 1 ? column_expr(place, type_of(TypeKind::kBigint), "rank")
                                      : literal_expr(bigint_value(1));
  if (cut_->low > 1) {
    input_ = plan::make_filter(input_, at_least(rank, cut_->low));
  }
  for (Item& item : items_) {
    item.expr = with_rank(item.expr, rank);
  }
  for (Order& order : orders_) {
    order.hidden = with_rank(order.hidden, rank);
  }
  for (const ast::Expr* part : cut_->others) {
    binder_.set_clause("QUALIFY");
    ExprPtr condition = binder_.bind_condition(*part);
    if (condition != nullptr && select_.group_by) {
      condition = regroup(condition);
    }
    if (condition == nullptr) {
      return false;
    }
    input_ = plan::make_filter(input_, with_rank(condition, rank));
  }
  return true;
}

bool SelectBinder::bind_distinct_on() {
  std::vector<std::string> names;
  for (const Item& item : items_) {
    names.push_back(item.name);
  }
  binder_.set_clause("DISTINCT ON");
  bool ok = true;
  for (const ast::ExprPtr& expr : select_.distinct_on) {
    Order key{nullptr, expr.get(), 0, nullptr};
    const std::optional<std::uint32_t> column =
        output_column(context_, *expr, names, "DISTINCT ON");
    if (column) {
      key.column = *column;
      ok = ok && *column != kBadOrdinal;
    } else {
      key.hidden = binder_.bind_value(*expr);
      ok = ok && key.hidden != nullptr;
    }
    distinct_on_.push_back(std::move(key));
  }
  return ok;
}

// DISTINCT ON over its projection: the first row of each key as ORDER BY says.
plan::NodePtr SelectBinder::keep_first_of_each(const plan::NodePtr& node) {
  plan::TopN top;
  for (const Order& key : distinct_on_) {
    top.keys.push_back(key.column);
  }
  for (const Order& order : orders_) {
    if (std::find(top.keys.begin(), top.keys.end(), order.column) == top.keys.end()) {
      top.order.push_back(sort_key(order.column, *order.item));
    }
  }
  return make_top_n(context_, node, std::move(top), "", select_.distinct_on[0]->span);
}

}  // namespace thalweg::sql
