#pragma once

#include <cstdint>
#include <cstdlib>

namespace thalweg {

// How many random cases a test goes through: THALWEG_RANDOM_CASES of the environment, else as many
// as it usually does, or a fifth of them where sanitizers make each take several times as long.
inline std::uint64_t random_cases(std::uint64_t usual) {
  const char* const wanted = std::getenv("THALWEG_RANDOM_CASES");
  if (wanted != nullptr) {
    return std::strtoull(wanted, nullptr, 10);
  }
#ifdef THALWEG_SANITIZED
  return (usual + 4) / 5;
#else
  return usual;
#endif
}

}  // namespace thalweg
