#pragma once

#include <cstdint>

#include "base/int128.h"

// Private to this folder.
namespace thalweg {

// Division of any 64-bit number by one divisor, by multiplication with a precomputed number:
// H. Warren, Hacker's Delight, 2nd edition, 10-1. Truncates towards zero, as C++ and SQL do.
// Several times faster than the processor's division.
class ConstantDivisor {
 public:
  // Requires: divisor is none of -1, 0, 1.
  explicit ConstantDivisor(std::int64_t divisor) : divisor_(divisor) {
    constexpr std::uint64_t kTwo63 = std::uint64_t{1} << 63;
    const auto unsigned_divisor = static_cast<std::uint64_t>(divisor);
    const std::uint64_t size = divisor < 0 ? 0 - unsigned_divisor : unsigned_divisor;
    const std::uint64_t limit = kTwo63 + (unsigned_divisor >> 63);
    const std::uint64_t largest = limit - 1 - limit % size;
    int power = 63;
    std::uint64_t quotient_1 = kTwo63 / largest;
    std::uint64_t remainder_1 = kTwo63 - quotient_1 * largest;
    std::uint64_t quotient_2 = kTwo63 / size;
    std::uint64_t remainder_2 = kTwo63 - quotient_2 * size;
    std::uint64_t delta = 0;
    do {
      ++power;
      step(quotient_1, remainder_1, largest);
      step(quotient_2, remainder_2, size);
      delta = size - remainder_2;
    } while (quotient_1 < delta || (quotient_1 == delta && remainder_1 == 0));
    multiplier_ = static_cast<std::int64_t>(quotient_2 + 1);
    if (divisor < 0) {
      multiplier_ = static_cast<std::int64_t>(0 - static_cast<std::uint64_t>(multiplier_));
    }
    shift_ = power - 64;
    // The multiplier may not fit 63 bits and a sign; then the dividend is added or taken away.
    addend_ = divisor > 0 && multiplier_ < 0 ? 1 : divisor < 0 && multiplier_ > 0 ? -1 : 0;
  }

  std::int64_t quotient(std::int64_t value) const {
    const auto high = static_cast<std::uint64_t>((static_cast<Int128>(multiplier_) * value) >> 64);
    const std::uint64_t sum =
        high + static_cast<std::uint64_t>(value) * static_cast<std::uint64_t>(addend_);
    const std::int64_t shifted = static_cast<std::int64_t>(sum) >> shift_;
    return shifted + static_cast<std::int64_t>(static_cast<std::uint64_t>(shifted) >> 63);
  }

  std::int64_t remainder(std::int64_t value) const {
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(value) -
                                     static_cast<std::uint64_t>(quotient(value)) *
                                         static_cast<std::uint64_t>(divisor_));
  }

 private:
  static void step(std::uint64_t& quotient, std::uint64_t& remainder, std::uint64_t divisor) {
    quotient *= 2;
    remainder *= 2;
    if (remainder >= divisor) {
      ++quotient;
      remainder -= divisor;
    }
  }

  std::int64_t divisor_;
  std::int64_t multiplier_ = 0;
  std::int64_t addend_ = 0;
  int shift_ = 0;
};

}  // namespace thalweg
