#pragma once

#include <cstdint>
#include <string>

namespace thalweg::nexmark {

// Random numbers by counter (splitmix64): the sequence follows from where it starts alone.
class Random {
 public:
  // One sequence for each seed, event and attribute.
  Random(std::uint64_t seed, std::uint64_t event, std::uint64_t attribute)
      : state_(mix(mix(mix(seed) + event) + attribute)) {}

  std::uint64_t next() {
    state_ += 0x9e3779b97f4a7c15ULL;
    return mix(state_);
  }

  // From 0 to bound - 1. Requires: bound > 0.
  std::uint64_t below(std::uint64_t bound) {
    __extension__ using Wide = unsigned __int128;
    return static_cast<std::uint64_t>((Wide{next()} * bound) >> 64);
  }

  // In [0, 1).
  double unit() { return static_cast<double>(next() >> 11) * 0x1p-53; }

 private:
  static std::uint64_t mix(std::uint64_t z) {
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
  }

  std::uint64_t state_;
};

// 3 to length_max - 1 characters, one in 13 of them `special` and the others a to z; special
// characters at both ends are dropped where they are spaces.
void append_random_text(Random& random, std::uint64_t length_max, char special, std::string& out);

// Letters that fill a row up to about `size_wanted` bytes; none where it has that many.
void append_padding(Random& random, std::int64_t size, std::int64_t size_wanted, std::string& out);

// Log-uniform from 100 to 100 million.
std::int64_t random_price(Random& random);

}  // namespace thalweg::nexmark
