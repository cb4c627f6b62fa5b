#pragma once

#include <optional>

#include "sql/bind_query.h"

// Windows of months, and of days of a time zone that are not equally long.
namespace thalweg::sql {

// The constants of TUMBLE, HOP or CUMULATE; zero where one is not written.
struct WindowIntervals {
  Interval size;
  Interval step;  // HOP's slide, CUMULATE's step.
  Interval offset;
};

// Whether it has a length only where it stands in the calendar. Days with hours beside them have 24
// hours.
bool goes_by_calendar(BindContext& context, const Interval& interval);

// Requires: one of the size and the step goes by the calendar, or the offset has months. Nothing,
// reported, where they make no windows of which no two end together.
std::optional<plan::Window> bind_calendar_windows(BindContext& context, const WindowCall& call,
                                                  const WindowIntervals& intervals);

}  // namespace thalweg::sql
