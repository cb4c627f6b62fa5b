#include "sql/calendar_windows.h"

#include <fmt/format.h>

#include <cstdlib>

#include "columnar/calendar.h"
#include "sql/bind_window.h"

namespace thalweg::sql {
namespace {

constexpr std::int64_t kDaysMax = 3'660'000;  // Some 10,000 years.
constexpr std::int64_t kMicrosPerHour = kMicrosPerDay / 24;

// What a month or a day there may have.
std::int64_t longest_micros(const Interval& span) {
  return span.months * 31 * kMicrosPerDay + span.days * 25 * kMicrosPerHour + span.nanos / 1000;
}
std::int64_t shortest_micros(const Interval& span) {
  return span.months * 28 * kMicrosPerDay + span.days * 23 * kMicrosPerHour + span.nanos / 1000;
}

// What they mostly have.
std::int64_t usual_micros(const Interval& span) {
  return (span.months * 30 + span.days) * kMicrosPerDay + span.nanos / 1000;
}

// One of the intervals, as it is written.
struct Part {
  const char* name;  // "size"
  Interval interval;
  const ast::Expr* expr;
};

class CalendarBinder {
 public:
  CalendarBinder(BindContext& context, const WindowCall& call, const WindowIntervals& intervals)
      : context_(context), is_hop_(call.kind == ast::WindowKind::kHop) {
    const Part size{"size", intervals.size, call.size};
    const Part step{is_hop_ ? "slide" : "step", intervals.step, call.step};
    unit_ = is_hop_ ? step : size;
    other_ = is_hop_ ? size : step;
    offset_ = {"offset", intervals.offset, call.offset};
  }

  bool check() {
    return check_offset() && check_length(unit_) && check_length(other_) && check_length(offset_) &&
           check_more_than_zero(unit_) && check_more_than_zero(other_) && check_unit() &&
           check_step();
  }

 private:
  bool fail(std::string message, const Part& part, std::vector<std::string> notes) {
    context_.error("P0103", std::move(message), part.expr->span, "", std::move(notes));
    return false;
  }

  bool by_calendar(const Part& part) { return goes_by_calendar(context_, part.interval); }

  bool check_offset() {
    if (offset_.interval.months == 0 || unit_.interval.months != 0) {
      return true;
    }
    return fail(fmt::format("an offset in months needs a {} in months", unit_.name), offset_,
                {"months are not equally long, so that windows which begin by days or hours would "
                 "no more meet; give it in days, hours, minutes or seconds"});
  }

  bool check_length(const Part& part) {
    const Interval& span = part.interval;
    if (span.months != 0 && &part != &offset_ && (span.days != 0 || span.nanos != 0)) {
      return fail(fmt::format("a {} in months cannot have days or hours beside them", part.name),
                  part, {"as in INTERVAL '1 month'"});
    }
    const auto days = std::int64_t{std::abs(std::int64_t{span.months})} * 31 +
                      std::abs(std::int64_t{span.days}) +
                      std::abs(span.nanos / 1000 / kMicrosPerDay);
    if (days <= kDaysMax) {
      return true;
    }
    return fail(fmt::format("the {} cannot be longer than 10,000 years", part.name), part, {});
  }

  bool check_more_than_zero(const Part& part) {
    if (part.expr == nullptr || shortest_micros(part.interval) > 0) {
      return true;
    }
    return fail(fmt::format("a window's {} must be more than zero", part.name), part,
                {"as in INTERVAL '1 month'"});
  }

  // Whether the windows begin so that those that end later begin later.
  bool check_unit() {
    const bool months = other_.interval.months != 0;
    if (by_calendar(unit_) && (!months || unit_.interval.months != 0)) {
      return true;
    }
    std::vector<std::string> notes;
    if (is_hop_ && months) {
      notes = {"windows of a month that begin on 29, 30 and 31 January would end together",
               "as in HOP(t, ts, INTERVAL '1 month', INTERVAL '3 months')"};
    } else if (is_hop_) {
      notes = {
          "a day may have 23 or 25 hours there: windows that begin by the hour would end "
          "together",
          fmt::format("give it in hours: INTERVAL '{} hours'", other_.interval.days * 24)};
    } else {
      notes = {fmt::format(
          "steps are counted from where a window begins, which need not be where a {} does",
          months ? "month" : "day")};
    }
    const std::string counted_in = months ? "months" : "days of " + context_.names().time_zone;
    return fail(fmt::format("a {} in {} needs a {} in {}", other_.name, counted_in, unit_.name,
                            months ? "months" : "days or months"),
                other_, std::move(notes));
  }

  bool check_step() {
    if (other_.expr == nullptr) {
      return true;
    }
    if (!is_hop_ && shortest_micros(other_.interval) > longest_micros(unit_.interval)) {
      return fail("the step of CUMULATE is longer than its size", other_,
                  {"the step comes first: CUMULATE(t, ts, step, size)"});
    }
    const Part& size = is_hop_ ? other_ : unit_;
    const Part& step = is_hop_ ? unit_ : other_;
    return check_windows_per_row(
        context_, is_hop_ ? "HOP" : "CUMULATE",
        {.size_micros = usual_micros(size.interval), .step_micros = usual_micros(step.interval)},
        step.expr->span);
  }

  BindContext& context_;
  const bool is_hop_;
  Part unit_;   // By what the windows begin.
  Part other_;  // HOP's size, CUMULATE's step; not written where it is TUMBLE.
  Part offset_;
};

}  // namespace

bool goes_by_calendar(BindContext& context, const Interval& interval) {
  return interval.months != 0 ||
         (interval.days != 0 && interval.nanos == 0 && context.names().time_zone != "UTC");
}

std::optional<plan::Window> bind_calendar_windows(BindContext& context, const WindowCall& call,
                                                  const WindowIntervals& intervals) {
  if (!CalendarBinder(context, call, intervals).check()) {
    return std::nullopt;
  }
  plan::Window window;
  window.kind = window_kind(call.kind);
  window.calendar = {.size = intervals.size,
                     .step = intervals.step,
                     .offset = intervals.offset,
                     .zone = context.names().time_zone};
  return window;
}

}  // namespace thalweg::sql
