#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "columnar/row_error.h"
#include "runtime/counters.h"

namespace thalweg {

// What a step on one worker had done at some moment.
struct StepCounts {
  std::uint64_t rows_in = 0;
  std::uint64_t rows_out = 0;
  std::uint64_t keys_expired = 0;
  std::array<std::uint64_t, kRowErrorCount> rejected{};
};
StepCounts counts_of(const StepCounters& counters);

// What all steps of a job have done, since it began from nothing.
struct RunTotals {
  std::uint64_t rows_in = 0;
  std::uint64_t rows_out = 0;
  std::uint64_t rows_filtered = 0;
  std::uint64_t keys_expired = 0;
  std::array<std::uint64_t, kRowErrorCount> rejected{};
};

// Adds `more` to `totals`.
void add_totals(RunTotals& totals, const RunTotals& more);

// As an epoch keeps them, by name; and read back. Names that are not known are passed over.
std::vector<std::pair<std::string, std::uint64_t>> to_counters(const RunTotals& totals);
RunTotals to_totals(const std::vector<std::pair<std::string, std::uint64_t>>& counters);

}  // namespace thalweg
