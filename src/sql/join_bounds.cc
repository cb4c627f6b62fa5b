#include "sql/join_bounds.h"

#include <algorithm>
#include <cstdlib>
#include <string_view>

#include "sql/bind_window.h"

namespace thalweg::sql {
namespace {

// Of a constant interval; nothing where it is none, or is beyond all times.
std::optional<Length> length_of(const Expr& expr) {
  const auto* interval =
      expr.kind == ExprKind::kLiteral ? std::get_if<Interval>(&expr.literal.data) : nullptr;
  constexpr std::int32_t kMonthsMax = 120'000;
  constexpr std::int32_t kDaysMax = 4'000'000;
  if (interval == nullptr || std::abs(std::int64_t{interval->months}) > kMonthsMax ||
      std::abs(std::int64_t{interval->days}) > kDaysMax) {
    return std::nullopt;
  }
  const std::int64_t months = interval->months;
  const std::int64_t rest =
      micros_of({.months = 0, .days = interval->days, .nanos = interval->nanos});
  const Length bounds{months * 28 * kMicrosPerDay, months * 31 * kMicrosPerDay};
  return Length{std::min(bounds.least, bounds.most) + rest,
                std::max(bounds.least, bounds.most) + rest};
}

}  // namespace

bool Length::is_short() const {
  constexpr std::int64_t kShort = INT64_MAX / 4;
  return std::abs(least) < kShort && std::abs(most) < kShort;
}

JoinBounds::JoinBounds(JoinSides sides, std::array<plan::TimeInfo, 2> times)
    : sides_(sides), times_(std::move(times)) {}

bool JoinBounds::any() const {
  return lower_micros_ || upper_micros_ || last_[0] != nullptr || last_[1] != nullptr;
}

void JoinBounds::put(plan::Join& join) const {
  join.lower_micros = lower_micros_;
  join.upper_micros = upper_micros_;
  join.left_last = last_[0];
  join.right_last = last_[1];
}

void JoinBounds::take_last(const Expr& comparison) {
  if (comparison.kind != ExprKind::kCall || comparison.args.size() != 2) {
    return;
  }
  const std::string_view sign = comparison.function->function;
  const bool less = sign == "<" || sign == "<=";
  if (!less && sign != ">" && sign != ">=") {
    return;
  }
  const auto time = time_term(*comparison.args[less ? 0 : 1]);
  const ExprPtr& last = comparison.args[less ? 1 : 0];
  const std::optional<Side> side = sides_.only_side(*last);
  const bool is_time =
      last->type.kind == TypeKind::kTimestamp || last->type.kind == TypeKind::kTimestamptz;
  const bool is_plain = time && time->offset.least == 0 && time->offset.most == 0;
  if (!is_plain || !side || side == time->side || !is_time || time_term(*last)) {
    return;
  }
  ExprPtr& found = last_[number_of(*side)];
  if (found == nullptr) {
    found = sides_.over_own_columns(last, *side);
  }
}

// `b.ts + INTERVAL '1 hour'` where b.ts is event time, or stands at a known distance from it.
std::optional<JoinBounds::TimeTerm> JoinBounds::time_term(const Expr& expr) const {
  if (expr.kind == ExprKind::kColumn) {
    const Side side = sides_.of(expr.column);
    const plan::TimeInfo& time = times_[number_of(side)];
    const auto distance =
        time.lost ? std::nullopt : distance_from_time(time, sides_.place(expr.column));
    return distance ? std::optional(TimeTerm{side, {*distance, *distance}}) : std::nullopt;
  }
  if (expr.kind != ExprKind::kCall || expr.args.size() != 2) {
    return std::nullopt;
  }
  const bool is_sum = expr.function->function == "+";
  if (!is_sum && expr.function->function != "-") {
    return std::nullopt;
  }
  const bool turned = is_sum && length_of(*expr.args[0]).has_value();
  const auto term = time_term(*expr.args[turned ? 1 : 0]);
  const auto length = length_of(*expr.args[turned ? 0 : 1]);
  if (!term || !length) {
    return std::nullopt;
  }
  const Length offset = is_sum ? term->offset + *length : term->offset - *length;
  return offset.is_short() ? std::optional(TimeTerm{term->side, offset}) : std::nullopt;
}

void JoinBounds::limit(const TimeTerm& less, const TimeTerm& more, std::int64_t micros) {
  const std::int64_t distance = (more.offset - less.offset).most + micros;
  if (less.side == Side::kRight) {
    upper_micros_ = std::min(upper_micros_.value_or(distance), distance);
  } else {
    lower_micros_ = std::max(lower_micros_.value_or(-distance), -distance);
  }
}

bool JoinBounds::take_left_time(const Expr& expr) {
  const std::optional<TimeTerm> time = time_term(expr);
  if (!time || time->side != Side::kLeft || !time->offset.is_exact()) {
    return false;
  }
  limit({.side = Side::kRight, .offset = {}}, *time, 0);
  return true;
}

// `b.ts - a.ts`: from which time, and to which.
std::optional<std::pair<JoinBounds::TimeTerm, JoinBounds::TimeTerm>> JoinBounds::distance_in(
    const Expr& expr) const {
  if (expr.kind != ExprKind::kCall || expr.args.size() != 2 || expr.function->function != "-") {
    return std::nullopt;
  }
  const auto from = time_term(*expr.args[0]);
  const auto to = time_term(*expr.args[1]);
  return from && to ? std::optional(std::pair{*from, *to}) : std::nullopt;
}

bool JoinBounds::take(const Expr& comparison) {
  if (comparison.kind != ExprKind::kCall || comparison.args.size() != 2) {
    return false;
  }
  const std::string_view sign = comparison.function->function;
  const bool less = sign == "<" || sign == "<=" || sign == "=";
  const bool greater = sign == ">" || sign == ">=" || sign == "=";
  if (!less && !greater) {
    return false;
  }
  std::optional<TimeTerm> first = time_term(*comparison.args[0]);
  std::optional<TimeTerm> second = time_term(*comparison.args[1]);
  if (const auto distance = distance_in(*comparison.args[0])) {
    if (const auto length = length_of(*comparison.args[1])) {
      first = distance->first;
      second = TimeTerm{distance->second.side, distance->second.offset + *length};
    }
  } else if (const auto other = distance_in(*comparison.args[1])) {
    if (const auto length = length_of(*comparison.args[0])) {
      first = TimeTerm{other->second.side, other->second.offset + *length};
      second = other->first;
    }
  }
  if (!first || !second || first->side == second->side) {
    return false;
  }
  const std::int64_t least = sign == "<" || sign == ">" ? 1 : 0;  // Microseconds between them.
  if (less) {
    limit(*first, *second, -least);
  }
  if (greater) {
    limit(*second, *first, -least);
  }
  return first->offset.is_exact() && second->offset.is_exact();
}

}  // namespace thalweg::sql
