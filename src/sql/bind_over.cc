#include <algorithm>
#include <utility>

#include "columnar/calendar.h"
#include "plan/build.h"
#include "sql/added_columns.h"
#include "sql/bind_emit.h"
#include "sql/order_limit.h"
#include "sql/select_binder.h"
#include "sql/sql_text.h"

// Calls OVER windows of rows: their windows, frames and steps.
namespace thalweg::sql {
namespace {

constexpr int kBasesMax = 16;  // Names of the WINDOW clause that build on each other.

bool is_time(TypeKind kind) {
  return kind == TypeKind::kTimestamp || kind == TypeKind::kTimestamptz;
}

// What RANGE counts in.
enum class RangeUnit : std::uint8_t { kMicros, kDays, kNumber };

std::optional<RangeUnit> range_unit(TypeKind kind) {
  if (is_time(kind)) {
    return RangeUnit::kMicros;
  }
  if (kind == TypeKind::kDate) {
    return RangeUnit::kDays;
  }
  return is_integer(kind) ? std::optional(RangeUnit::kNumber) : std::nullopt;
}

// A constant distance of RANGE from the row.
std::optional<std::int64_t> bind_distance(BindContext& context, const ast::Expr& expr,
                                          RangeUnit unit) {
  if (unit != RangeUnit::kNumber) {
    const std::optional<std::int64_t> micros =
        bind_interval(context, expr, "the distance of the frame");
    if (!micros) {
      return std::nullopt;
    }
    const bool whole = unit == RangeUnit::kMicros || *micros % kMicrosPerDay == 0;
    if (*micros < 0 || !whole) {
      context.error("S0218",
                    whole ? "the distance of a frame cannot be less than zero"
                          : "a frame over dates reaches whole days",
                    expr.span, "", {"as in RANGE INTERVAL '7 days' PRECEDING"});
      return std::nullopt;
    }
    return unit == RangeUnit::kDays ? *micros / kMicrosPerDay : *micros;
  }
  const Scope no_columns;
  ExprPtr folded;
  if (expr.as<ast::ColumnRef>() == nullptr) {
    const ExprPtr bound = ExprBinder(context, no_columns, "a frame").bind(expr).expr;
    if (bound == nullptr) {
      return std::nullopt;
    }
    folded = fold_constants(bound);
  }
  const auto* number =
      folded == nullptr ? nullptr : std::get_if<std::int64_t>(&folded->literal.data);
  if (number == nullptr || folded->kind != ExprKind::kLiteral || *number < 0 ||
      !is_integer(folded->literal.type.kind)) {
    context.error("S0218", "the distance of a frame must be a constant, 0 or more", expr.span, "",
                  {"as in ROWS BETWEEN 9 PRECEDING AND CURRENT ROW"});
    return std::nullopt;
  }
  return *number;
}

// Where a bound stands from the row; nothing: the partition's end on that side. False: in error.
bool bind_bound(BindContext& context, const ast::FrameBound& bound, RangeUnit unit,
                std::optional<std::int64_t>& place) {
  if (bound.distance == nullptr) {
    if (bound.kind == ast::FrameBoundKind::kCurrentRow) {
      place = 0;
    } else {
      place.reset();
    }
    return true;
  }
  const std::optional<std::int64_t> distance = bind_distance(context, *bound.distance, unit);
  if (!distance) {
    return false;
  }
  place = bound.kind == ast::FrameBoundKind::kPreceding ? -*distance : *distance;
  return true;
}

// The frame over rows in this order.
std::optional<OverFrame> bind_frame(
    BindContext& context, const ast::Frame& frame,
    const std::vector<std::pair<ExprPtr, const ast::OrderItem*>>& order) {
  if (frame.unit == ast::FrameUnit::kGroups) {
    context.not_supported("GROUPS", frame.span, {"ROWS and RANGE are"});
    return std::nullopt;
  }
  const bool backwards = frame.start.kind == ast::FrameBoundKind::kUnboundedFollowing ||
                         frame.end.kind == ast::FrameBoundKind::kUnboundedPreceding;
  OverFrame bound{
      .unit = frame.unit == ast::FrameUnit::kRows ? FrameUnit::kRows : FrameUnit::kRange,
      .start = std::nullopt,
      .end = std::nullopt};
  RangeUnit unit = RangeUnit::kNumber;
  const bool measures = bound.unit == FrameUnit::kRange &&
                        (frame.start.distance != nullptr || frame.end.distance != nullptr);
  if (measures) {
    const std::optional<RangeUnit> found =
        order.size() == 1 ? range_unit(order[0].first->type.kind) : std::nullopt;
    if (!found) {
      context.error("S0217",
                    order.size() == 1
                        ? "RANGE measures distances in times, dates and integers, not in " +
                              to_string(order[0].first->type)
                        : "RANGE measures distances in the one column of ORDER BY",
                    frame.span, "", {"ROWS counts rows, whatever they are ordered by"});
      return std::nullopt;
    }
    unit = *found;
  }
  if (!backwards && (!bind_bound(context, frame.start, unit, bound.start) ||
                     !bind_bound(context, frame.end, unit, bound.end))) {
    return std::nullopt;
  }
  if (backwards || (bound.start && bound.end && *bound.start > *bound.end)) {
    context.error("S0217", "the frame ends before it starts", frame.span, "",
                  {"as in BETWEEN 9 PRECEDING AND CURRENT ROW"});
    return std::nullopt;
  }
  return bound;
}

bool looks_to_the_end(const OverCall& call) {
  return call.has_frame() ? !call.frame.end
                          : call.kind == OverKind::kPercentRank ||
                                call.kind == OverKind::kCumeDist || call.kind == OverKind::kNtile;
}

}  // namespace

std::optional<WindowParts> window_parts(BindContext& context, const ast::WindowSpec& window,
                                        const std::vector<ast::NamedWindow>& named) {
  WindowParts parts{&window.partition_by, &window.order_by,
                    window.frame ? &*window.frame : nullptr};
  const ast::WindowSpec* at = &window;
  for (int bases = 0; at->base; ++bases) {
    const auto base = std::find_if(named.begin(), named.end(), [at](const ast::NamedWindow& each) {
      return each.name.key == at->base->key;
    });
    if (base == named.end() || bases == kBasesMax) {
      std::vector<std::string> names;
      for (const ast::NamedWindow& each : named) {
        names.push_back(each.name.text);
      }
      context.error("S0201", "there is no window \"" + at->base->text + '"', at->base->span,
                    did_you_mean(at->base->key, names),
                    {"declare it behind the other clauses: WINDOW " + at->base->text +
                     " AS (PARTITION BY key ORDER BY time column)"});
      return std::nullopt;
    }
    at = &base->window;
    if (parts.partition_by->empty()) {
      parts.partition_by = &at->partition_by;
    }
    if (parts.order_by->empty()) {
      parts.order_by = &at->order_by;
    }
    if (parts.frame == nullptr && at->frame) {
      parts.frame = &*at->frame;
    }
  }
  return parts;
}

bool SelectBinder::bind_qualify() {
  if (select_.qualify == nullptr || cut_) {
    return true;
  }
  binder_.set_clause("QUALIFY");
  std::vector<ExprBinder::Alias> aliases;
  for (const Item& item : items_) {
    aliases.push_back({.name = item.name, .expr = item.expr});
  }
  binder_.set_aliases(std::move(aliases));
  qualify_ = binder_.bind_condition(*select_.qualify);
  return qualify_ != nullptr;
}

// Before rows are grouped, since windows may be over aggregates.
bool SelectBinder::bind_over_windows() {
  if (cut_ && !overs_.calls.empty()) {
    context_.not_supported("QUALIFY beside other calls OVER windows", cut_->call->span,
                           {"compute them in a sub-query in FROM, and cut its rows off"});
    return false;
  }
  bool ok = true;
  for (std::size_t i = 0; i < overs_.calls.size(); ++i) {
    ok = bind_over_window(i) && ok;
  }
  return ok;
}

bool SelectBinder::bind_over_window(std::size_t i) {
  OverUse& use = overs_.calls[i];
  const std::optional<WindowParts> parts = window_parts(context_, *use.window, select_.windows);
  if (!parts) {
    return false;
  }
  OverWindow window{.parts = *parts, .keys = {}, .order = {}, .uses = {i}};
  bool ok = true;
  binder_.set_clause("PARTITION BY");
  for (const ast::ExprPtr& expr : *parts->partition_by) {
    window.keys.push_back(binder_.bind_value(*expr));
    ok = ok && window.keys.back() != nullptr;
  }
  binder_.set_clause("ORDER BY");
  for (const ast::OrderItem& item : *parts->order_by) {
    window.order.emplace_back(binder_.bind_value(*item.value), &item);
    ok = ok && window.order.back().first != nullptr;
  }
  binder_.set_clause("SELECT");
  if (!ok) {
    return false;
  }
  const bool has_own_frame = use.call.frame.unit == FrameUnit::kRows;  // lag and lead.
  if (parts->frame != nullptr && use.call.has_frame() && !has_own_frame) {
    const std::optional<OverFrame> frame = bind_frame(context_, *parts->frame, window.order);
    if (!frame) {
      return false;
    }
    use.call.frame = *frame;
  }
  const auto same =
      std::find_if(over_windows_.begin(), over_windows_.end(), [&](const OverWindow& other) {
        return std::equal(window.keys.begin(), window.keys.end(), other.keys.begin(),
                          other.keys.end(),
                          [](const ExprPtr& a, const ExprPtr& b) { return equal(*a, *b); }) &&
               std::equal(window.order.begin(), window.order.end(), other.order.begin(),
                          other.order.end(), [](const auto& a, const auto& b) {
                            const SortKey left = sort_key(0, *a.second);
                            const SortKey right = sort_key(0, *b.second);
                            return equal(*a.first, *b.first) &&
                                   left.descending == right.descending &&
                                   left.nulls_first == right.nulls_first;
                          });
      });
  if (same == over_windows_.end()) {
    over_windows_.push_back(std::move(window));
  } else {
    same->uses.push_back(i);
  }
  return true;
}

bool SelectBinder::put_overs() {
  over_columns_.resize(overs_.calls.size());
  for (const OverWindow& window : over_windows_) {
    if (!put_over(window)) {
      return false;
    }
  }
  if (overs_.calls.empty() && qualify_ == nullptr) {
    return true;
  }
  for (Item& item : items_) {
    item.expr = with_overs(item.expr);
  }
  for (Order& order : orders_) {
    order.hidden = with_overs(order.hidden);
  }
  for (Order& key : distinct_on_) {
    key.hidden = with_overs(key.hidden);
  }
  if (qualify_ != nullptr) {
    input_ = plan::make_filter(input_, with_overs(qualify_));
  }
  return true;
}

bool SelectBinder::put_over(const OverWindow& window) {
  const Span span = overs_.calls[window.uses[0]].window->span;
  AddedColumns columns(input_);
  plan::Over over;
  for (const ExprPtr& key : window.keys) {
    over.keys.push_back(columns.add(key));
  }
  for (const auto& [expr, item] : window.order) {
    over.order.push_back(sort_key(columns.add(expr), *item));
  }
  for (const std::size_t i : window.uses) {
    const OverUse& use = overs_.calls[i];
    OverCall& call = over.calls.emplace_back(use.call);
    if (use.arg != nullptr) {
      call.arg = columns.add(use.arg);
    }
    if (use.filter != nullptr) {
      call.filter = columns.add(use.filter);
    }
  }
  input_ = columns.take();
  if (!choose_over_emit(over, span)) {
    return false;
  }
  const auto first = static_cast<std::uint32_t>(input_->schema.size());
  input_ = plan::make_over(input_, std::move(over), context_.next_id("over"), context_.name);
  warn_of_state(context_, *input_, span);
  for (std::size_t i = 0; i < window.uses.size(); ++i) {
    const OverCall& call = overs_.calls[window.uses[i]].call;
    over_columns_[window.uses[i]] =
        column_expr(first + static_cast<std::uint32_t>(i), call.type, call.name);
  }
  return true;
}

// Decides when the answers over the rows of input_ come out. False, reported: they never would.
bool SelectBinder::choose_over_emit(plan::Over& over, Span span) {
  if (input_->updating) {
    const bool changes = asks_for_changes(context_, *input_) || !input_->bounded;
    over.emit = changes ? OverEmit::kChanges : OverEmit::kAtEnd;
    over.ttl_micros = changes && !over.keys.empty() ? context_.ttl_micros() : 0;
    return true;
  }
  const plan::TimeInfo& time = input_->time;
  const bool by_time =
      !time.lost && !over.order.empty() && !over.order[0].descending &&
      distance_from_time(time, static_cast<std::uint32_t>(over.order[0].column)).has_value();
  over.emit = by_time ? OverEmit::kBehindWatermark : OverEmit::kAtEnd;
  over.ttl_micros = by_time && !over.keys.empty() ? context_.ttl_micros() : 0;
  if (!input_->bounded && !by_time) {
    std::vector<std::string> notes;
    if (!time.lost && time.column) {
      notes.push_back("begin with ORDER BY " + quote_name(input_->schema[*time.column].name) +
                      ", the event time, ascending");
    }
    notes.emplace_back("or read a part that ends (a file without follow = true)");
    context_.error("P0104", "OVER on an input that never ends must begin with event time", span, "",
                   std::move(notes));
    return false;
  }
  if (!input_->bounded && std::any_of(over.calls.begin(), over.calls.end(), looks_to_the_end)) {
    context_.error("P0104", "this looks to the end of an input that never ends", span, "",
                   {"end the frame with CURRENT ROW or n FOLLOWING",
                    "or read a part that ends (a file without follow = true)"});
    return false;
  }
  return true;
}

ExprPtr SelectBinder::with_overs(const ExprPtr& expr) const {
  return replace_columns(expr, [this](const Expr& column) {
    const bool stands = column.column >= kOverColumn && column.column < kGroupingColumn;
    return stands ? over_columns_[column.column - kOverColumn] : nullptr;
  });
}

}  // namespace thalweg::sql
