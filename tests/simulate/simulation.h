#pragma once

#include <cstdint>
#include <string>

#include "simulate/bug.h"

namespace thalweg::tests {

// How the life of a job went.
struct Outcome {
  std::string problem;  // Empty: none.
  std::string where;    // Pipeline, life and call.
  std::uint64_t trace = 0;
};

// All lives of the one job that follows from a seed. `shown`: prints what happens.
Outcome simulate(std::uint64_t seed, const Bug* bug, bool shown);

// What a pass over many jobs has come to.
struct Totals {
  int passed = 0;
  int failed = 0;
};

// A few small jobs, with each trouble at each call of their first life, and of a recovery.
Totals simulate_every_step();

// Each seeded bug, until it is found.
Totals find_seeded_bugs();

}  // namespace thalweg::tests
