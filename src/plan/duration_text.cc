#include "plan/duration_text.h"

#include <cstdlib>

namespace thalweg::plan {
namespace {

struct Unit {
  std::int64_t micros;
  const char* name;
};

constexpr Unit kUnits[] = {{86'400'000'000, "day"}, {3'600'000'000, "hour"}, {60'000'000, "minute"},
                           {1'000'000, "second"},   {1'000, "millisecond"},  {1, "microsecond"}};

}  // namespace

std::string duration_text(std::int64_t micros) {
  if (micros == 0) {
    return "0 seconds";
  }
  std::string text;
  for (const Unit& unit : kUnits) {
    const std::int64_t count = micros / unit.micros;
    if (count == 0) {
      continue;
    }
    micros -= count * unit.micros;
    text += (text.empty() ? "" : " ") + std::to_string(count) + ' ' + unit.name;
    text += std::llabs(count) == 1 ? "" : "s";
  }
  return text;
}

}  // namespace thalweg::plan
