#include "runtime/run_totals.h"

#include <optional>
#include <string_view>

namespace thalweg {
namespace {

constexpr std::string_view kRejected = "rejected.";

std::uint64_t* find_total(RunTotals& totals, std::string_view name) {
  if (name == "rows_in") return &totals.rows_in;
  if (name == "rows_out") return &totals.rows_out;
  if (name == "rows_filtered") return &totals.rows_filtered;
  if (name == "keys_expired") return &totals.keys_expired;
  if (name.starts_with(kRejected)) {
    name.remove_prefix(kRejected.size());
    for (std::size_t i = 0; i < totals.rejected.size(); ++i) {
      if (to_string(static_cast<RowError>(i)) == name) {
        return &totals.rejected[i];
      }
    }
  }
  return nullptr;
}

}  // namespace

StepCounts counts_of(const StepCounters& counters) {
  StepCounts counts{.rows_in = counters.rows_in.get(),
                    .rows_out = counters.rows_out.get(),
                    .keys_expired = counters.keys_expired.get()};
  for (std::size_t i = 0; i < counts.rejected.size(); ++i) {
    counts.rejected[i] = counters.rejected[i].get();
  }
  return counts;
}

void add_totals(RunTotals& totals, const RunTotals& more) {
  totals.rows_in += more.rows_in;
  totals.rows_out += more.rows_out;
  totals.rows_filtered += more.rows_filtered;
  totals.keys_expired += more.keys_expired;
  for (std::size_t i = 0; i < totals.rejected.size(); ++i) {
    totals.rejected[i] += more.rejected[i];
  }
}

std::vector<std::pair<std::string, std::uint64_t>> to_counters(const RunTotals& totals) {
  std::vector<std::pair<std::string, std::uint64_t>> counters{
      {"rows_in", totals.rows_in},
      {"rows_out", totals.rows_out},
      {"rows_filtered", totals.rows_filtered},
      {"keys_expired", totals.keys_expired}};
  for (std::size_t i = 0; i < totals.rejected.size(); ++i) {
    if (totals.rejected[i] > 0) {
      counters.emplace_back(
          std::string(kRejected) + std::string(to_string(static_cast<RowError>(i))),
          totals.rejected[i]);
    }
  }
  return counters;
}

RunTotals to_totals(const std::vector<std::pair<std::string, std::uint64_t>>& counters) {
  RunTotals totals;
  for (const auto& [name, value] : counters) {
    if (std::uint64_t* const total = find_total(totals, name)) {
      *total = value;
    }
  }
  return totals;
}

}  // namespace thalweg
