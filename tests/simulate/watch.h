#pragma once

#include <cstdint>

#include "plan/plan.h"

namespace thalweg::tests {

inline constexpr std::int64_t kWatchQuiet = 2'000'000;  // Microseconds.
inline constexpr std::int64_t kWatchTells = 3;

// A function with state and timers over rows (id, k, v, x, ts) with event time, by k: gives (k,
// why, n, t), at every third row of a key, and when the key has been quiet; n counts its rows, t
// sums v up since it was quiet.
plan::NodePtr watch(const plan::NodePtr& rows);

// The same rows by k, with a broadcast stream of the same rows: gives (k, why, n, t) for each, n
// counts the rows of all keys up to its time, t sums their v up.
plan::NodePtr survey(const plan::NodePtr& rows);

}  // namespace thalweg::tests
