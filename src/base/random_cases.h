#pragma once

#include <cstdint>
#include <cstdlib>

namespace thalweg {

// How many random cases a test goes through: THALWEG_RANDOM_CASES of the environment, else as many
// as it usually does.
inline std::uint64_t random_cases(std::uint64_t usual) {
  const char* const wanted = std::getenv("THALWEG_RANDOM_CASES");
  return wanted == nullptr ? usual : std::strtoull(wanted, nullptr, 10);
}

}  // namespace thalweg
