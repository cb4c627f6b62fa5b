#include "plan/window_text.h"

#include <cstdlib>

#include "columnar/calendar.h"
#include "plan/duration_text.h"

namespace thalweg::plan {
namespace {

std::string span_text(const Interval& span) {
  std::string text;
  const auto add = [&text](const std::string& part) { text += (text.empty() ? "" : " ") + part; };
  if (span.months != 0) {
    add(std::to_string(span.months) + (std::abs(span.months) == 1 ? " month" : " months"));
  }
  if (span.days != 0) {
    add(duration_text(span.days * kMicrosPerDay));
  }
  if (span.nanos != 0) {
    add(duration_text(span.nanos / 1000));
  }
  return text;
}

}  // namespace

std::string window_text(const Window& window) {
  const auto& calendar = window.calendar;
  const std::string size = calendar ? span_text(calendar->size) : duration_text(window.size_micros);
  const std::string step = calendar ? span_text(calendar->step) : duration_text(window.step_micros);
  const std::string offset = calendar                    ? span_text(calendar->offset)
                             : window.offset_micros == 0 ? ""
                                                         : duration_text(window.offset_micros);
  std::string text;
  switch (window.kind) {
    case WindowKind::kTumble:
      text = "TUMBLE " + size;
      break;
    case WindowKind::kHop:
      text = "HOP " + size + " every " + step;
      break;
    case WindowKind::kCumulate:
      text = "CUMULATE " + size + " every " + step;
      break;
  }
  text += calendar ? " of " + calendar->zone : "";
  return text + (offset.empty() ? "" : " OFFSET " + offset);
}

}  // namespace thalweg::plan
