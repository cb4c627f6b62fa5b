#include <algorithm>
#include <utility>

#include "plan/build.h"
#include "sql/order_limit.h"
#include "sql/select_binder.h"
#include "sql/sql_text.h"

// GROUP BY, DISTINCT, and how an aggregate gives its results.
namespace thalweg::sql {
namespace {

bool is_window_column(const plan::TimeInfo& time, const Expr& expr) {
  if (!time.window || expr.kind != ExprKind::kColumn) {
    return false;
  }
  const plan::WindowColumns& window = *time.window;
  return window.start == expr.column || window.end == expr.column || window.time == expr.column;
}

// Where the aggregate has a window column of its input: start, end, time.
std::uint32_t window_place(const plan::WindowColumns& window, std::uint32_t column) {
  return window.start == column ? 0 : window.end == column ? 1 : 2;
}

plan::NodePtr with_shift(plan::NodePtr node, const plan::TimeInfo& input, bool windowed) {
  const std::int64_t shift = windowed ? input.window->shift_micros : 0;
  return shift == 0 ? node : shift_window_columns(node, 0, shift);
}

}  // namespace

std::optional<plan::Emit> choose_emit(BindContext& context, bool windowed, bool bounded) {
  const ast::Emit* emit = context.emit;
  const bool changes = emit != nullptr && emit->kind == ast::EmitKind::kChanges;
  if (windowed) {
    if (changes && context.emit_is_own) {
      context.not_supported("EMIT CHANGES of a window", emit->span,
                            {"without it, each window is given once, when it closes"});
      return std::nullopt;
    }
    return plan::Emit::kOnWindowClose;
  }
  if (emit != nullptr && !changes && context.emit_is_own) {
    context.error("P0105", "EMIT ON WINDOW CLOSE needs a window, and this groups without one",
                  emit->span, "",
                  {"group by window_start over FROM TUMBLE(table, time column, INTERVAL '...')"});
    return std::nullopt;
  }
  return changes || !bounded ? plan::Emit::kChanges : plan::Emit::kAtEnd;
}

void warn_of_state(BindContext& context, const plan::Node& aggregate, Span span) {
  const auto& step = std::get<plan::Aggregate>(aggregate.step);
  if (step.window || aggregate.bounded || step.keys.empty()) {
    return;
  }
  context.warn("P0107", "this keeps every group for ever, and its input never ends", span,
               "state of " + aggregate.id + " grows with the number of keys",
               {"group by a window too: FROM TUMBLE(table, time column, INTERVAL '...')"});
}

bool SelectBinder::bind_group_keys() {
  if (!select_.group_by) {
    return true;
  }
  bool ok = true;
  if (select_.group_by->all) {
    for (const Item& item : items_) {
      ok = (has_aggregate(*item.expr) || add_group_key(item.expr, item.span)) && ok;
    }
    return ok;
  }
  for (const ast::GroupingElement& element : select_.group_by->elements) {
    if (element.kind != ast::GroupingKind::kExprs) {
      context_.not_supported("GROUPING SETS, ROLLUP and CUBE", element.span);
      return false;
    }
    for (const ast::ExprPtr& expr : element.exprs) {
      ok = bind_group_key(*expr) && ok;
    }
  }
  return ok;
}

bool SelectBinder::bind_group_key(const ast::Expr& expr) {
  std::optional<std::uint32_t> item = ordinal_column(context_, expr, items_.size(), "GROUP BY");
  if (item == kBadOrdinal) {
    return false;
  }
  // A name is a column of the input; only when there is none, an alias of the list.
  const auto* reference = expr.as<ast::ColumnRef>();
  if (reference != nullptr && reference->parts.size() == 1) {
    const ast::Name& name = reference->parts[0];
    const auto names_it = [&name](const auto& named) { return names_column(name, named.name); };
    const Schema& columns = scope_.columns();
    if (std::none_of(columns.begin(), columns.end(), names_it)) {
      const auto found = std::find_if(items_.begin(), items_.end(), names_it);
      if (found != items_.end()) {
        item = static_cast<std::uint32_t>(found - items_.begin());
      }
    }
  }
  if (item) {
    return add_group_key(items_[*item].expr, expr.span);
  }
  const ExprPtr key = ExprBinder(context_, scope_, "GROUP BY").bind_value(expr);
  return key != nullptr && add_group_key(key, expr.span);
}

bool SelectBinder::add_group_key(const ExprPtr& key, Span span) {
  if (has_aggregate(*key)) {
    context_.error("S0212", "aggregates are not allowed in GROUP BY", span);
    return false;
  }
  if (is_window_column(input_->time, *key)) {
    window_.push_back(key->column);
    return true;
  }
  const auto same = [&key](const ExprPtr& other) { return equal(*key, *other); };
  if (std::none_of(keys_.begin(), keys_.end(), same)) {
    keys_.push_back(key);
  }
  return true;
}

bool SelectBinder::has_aggregate(const Expr& expr) const {
  if (expr.kind == ExprKind::kColumn) {
    return expr.column >= aggregates_.input_columns;
  }
  return std::any_of(expr.args.begin(), expr.args.end(),
                     [this](const ExprPtr& arg) { return has_aggregate(*arg); });
}

// Puts the aggregate below, and tells everything bound so far over its columns.
bool SelectBinder::group() {
  if (!select_.group_by && aggregates_.calls.empty() && having_ == nullptr) {
    return true;
  }
  bool ok = true;
  const auto tell = [this, &ok](ExprPtr& expr) {
    if (expr != nullptr) {
      expr = regroup(expr);
      ok = ok && expr != nullptr;
    }
  };
  for (Item& item : items_) {
    tell(item.expr);
  }
  tell(having_);
  for (Order& order : orders_) {
    tell(order.hidden);
  }
  if (!ok) {
    return false;
  }
  input_ = make_group(!window_.empty());
  if (input_ != nullptr && having_ != nullptr) {
    input_ = plan::make_filter(input_, having_);
  }
  return input_ != nullptr;
}

plan::NodePtr SelectBinder::make_group(bool windowed) {
  const plan::TimeInfo time = input_->time;
  const std::optional<plan::Emit> emit = choose_emit(context_, windowed, input_->bounded);
  if (!emit) {
    return nullptr;
  }
  plan::Aggregate aggregate{.window = windowed ? std::optional(time.window->window) : std::nullopt,
                            .keys = keys_,
                            .aggregates = aggregates_.calls,
                            .emit = *emit};
  plan::NodePtr node =
      plan::make_aggregate(input_, std::move(aggregate), key_names(),
                           context_.next_id(windowed ? "window" : "aggregate"), context_.name);
  warn_of_state(context_, *node, select_.group_by ? select_.group_by->span : query_.span);
  return with_shift(std::move(node), time, windowed);
}

std::vector<std::string> SelectBinder::key_names() const {
  std::vector<std::string> names;
  for (const ExprPtr& key : keys_) {
    names.push_back(key->kind == ExprKind::kColumn ? key->name : to_string(*key));
  }
  return names;
}

ExprPtr SelectBinder::regroup(const ExprPtr& expr) {
  const std::size_t first = window_.empty() ? 0 : plan::kWindowColumns;
  for (std::size_t i = 0; i < keys_.size(); ++i) {
    if (equal(*expr, *keys_[i])) {
      return column_expr(static_cast<std::uint32_t>(first + i), expr->type, key_names()[i]);
    }
  }
  if (expr->kind == ExprKind::kColumn) {
    return regroup_column(*expr);
  }
  Expr copy = *expr;
  for (ExprPtr& arg : copy.args) {
    arg = regroup(arg);
    if (arg == nullptr) {
      return nullptr;
    }
  }
  return std::make_shared<const Expr>(std::move(copy));
}

ExprPtr SelectBinder::regroup_column(const Expr& column) {
  const auto first =
      static_cast<std::uint32_t>((window_.empty() ? 0 : plan::kWindowColumns) + keys_.size());
  if (column.column >= aggregates_.input_columns) {
    return column_expr(first + column.column - aggregates_.input_columns, column.type, column.name);
  }
  if (!window_.empty() && is_window_column(input_->time, column)) {
    return column_expr(window_place(*input_->time.window, column.column), column.type, column.name);
  }
  Span span = binder_.span_of(column);
  if (span.end == 0) {
    span = query_.span;
  }
  const std::string name = quote_name(column.name);
  context_.error("S0211", '"' + column.name + "\" is neither grouped nor aggregated", span, "",
                 {"add it to GROUP BY, or aggregate it, as in max(" + name + ')'});
  return nullptr;
}

plan::NodePtr make_distinct(BindContext& context, const plan::NodePtr& node, Span span) {
  plan::Aggregate aggregate;
  std::vector<std::string> names;
  std::vector<std::optional<std::uint32_t>> key_of(node->schema.size());
  const std::vector<ExprPtr> columns = column_exprs(*node);
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (is_window_column(node->time, *columns[i])) {
      aggregate.window = node->time.window->window;
    } else {
      key_of[i] = static_cast<std::uint32_t>(aggregate.keys.size());
      aggregate.keys.push_back(columns[i]);
      names.push_back(node->schema[i].name);
    }
  }
  const bool windowed = aggregate.window.has_value();
  const std::optional<plan::Emit> emit = choose_emit(context, windowed, node->bounded);
  if (!emit) {
    return nullptr;
  }
  aggregate.emit = *emit;
  plan::NodePtr distinct = plan::make_aggregate(node, std::move(aggregate), names,
                                                context.next_id("distinct"), context.name);
  warn_of_state(context, *distinct, span);
  distinct = with_shift(std::move(distinct), node->time, windowed);
  std::vector<ExprPtr> exprs;
  for (std::uint32_t i = 0; i < key_of.size(); ++i) {
    const Field& field = node->schema[i];
    const std::uint32_t place = key_of[i] ? *key_of[i] + (windowed ? plan::kWindowColumns : 0)
                                          : window_place(*node->time.window, i);
    exprs.push_back(column_expr(place, field.type, field.name));
  }
  return plan::make_project(distinct, std::move(exprs), column_names(*node));
}

}  // namespace thalweg::sql
