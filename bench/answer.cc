#include "answer.h"

namespace thalweg::bench {
namespace {

// The finishing step of splitmix64.
std::uint64_t mix(std::uint64_t z) {
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}

}  // namespace

void Answer::add(std::span<const std::int64_t* const> columns, std::uint64_t rows) {
  rows_ += rows;
  for (const std::int64_t* column : columns) {
    asm volatile("" : : "r"(column) : "memory");
  }
  if (keep_ == Keep::kCount) {
    return;
  }
  for (std::uint64_t row = 0; row < rows; ++row) {
    std::uint64_t hash = 0;
    for (const std::int64_t* column : columns) {
      hash = mix(hash + 0x9e3779b97f4a7c15ULL + static_cast<std::uint64_t>(column[row]));
    }
    sum_ += hash;
    other_sum_ += mix(hash + 1);
  }
}

}  // namespace thalweg::bench
