#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <utility>

#include "expr/expr.h"
#include "plan/plan.h"
#include "sql/join_sides.h"

namespace thalweg::sql {

// How long something is at least and at most: months are not equally long.
struct Length {
  std::int64_t least = 0;
  std::int64_t most = 0;

  bool is_exact() const { return least == most; }
  // Whether four of them are less than all times.
  bool is_short() const;
  friend Length operator+(Length a, Length b) { return {a.least + b.least, a.most + b.most}; }
  friend Length operator-(Length a, Length b) { return {a.least - b.most, a.most - b.least}; }
};

// How far apart the event times of a join's rows may be, as its conditions say.
class JoinBounds {
 public:
  // `times`: what is known of the sides' times.
  JoinBounds(JoinSides sides, std::array<plan::TimeInfo, 2> times);

  // Takes a comparison of the times of both sides, or of how far they are apart with an interval.
  // Whether the bounds say all that it says.
  bool take(const Expr& comparison);
  // The right row's time is at most the left one's, which the expression is; whether it is that.
  bool take_left_time(const Expr& expr);
  // `b.ts <= a.expires`: a row says of itself up to when it matches.
  void take_last(const Expr& comparison);

  bool any() const;
  bool is_bounded_below() const { return lower_micros_.has_value(); }
  bool is_bounded_above() const { return upper_micros_.has_value(); }
  // Into the join.
  void put(plan::Join& join) const;

 private:
  // The event time of a side's row, and so much.
  struct TimeTerm {
    Side side = Side::kLeft;
    Length offset;
  };

  std::optional<TimeTerm> time_term(const Expr& expr) const;
  std::optional<std::pair<TimeTerm, TimeTerm>> distance_in(const Expr& expr) const;
  // `less` is at most `more` plus so much.
  void limit(const TimeTerm& less, const TimeTerm& more, std::int64_t micros);

  JoinSides sides_;
  std::array<plan::TimeInfo, 2> times_;
  std::optional<std::int64_t> lower_micros_;
  std::optional<std::int64_t> upper_micros_;
  std::array<ExprPtr, 2> last_;  // By side.
};

}  // namespace thalweg::sql
