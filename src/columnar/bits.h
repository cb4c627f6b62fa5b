#pragma once

#include <algorithm>
#include <cstdint>

namespace thalweg {

// Runs of bits inside bitmaps of 64-bit words, least significant bit first.

// The 64 bits from `begin` on; reads one word past the one that holds `begin`.
inline std::uint64_t load_bits(const std::uint64_t* words, std::uint32_t begin) {
  const std::uint32_t shift = begin & 63;
  const std::uint64_t* at = words + (begin >> 6);
  return shift == 0 ? at[0] : (at[0] >> shift) | (at[1] << (64 - shift));
}

// Calls bits(done) for the 64 bits that belong at `begin + done`, and stores `count` bits in all.
template <typename Bits>
void store_bits(std::uint64_t* words, std::uint32_t begin, std::uint32_t count, Bits bits) {
  for (std::uint32_t done = 0; done < count;) {
    const std::uint32_t at = begin + done;
    const std::uint32_t shift = at & 63;
    const std::uint32_t run = std::min(64 - shift, count - done);
    const std::uint64_t mask = (run == 64 ? ~0ULL : (1ULL << run) - 1) << shift;
    std::uint64_t& word = words[at >> 6];
    word = (word & ~mask) | ((bits(done) << shift) & mask);
    done += run;
  }
}

inline void copy_bits(std::uint64_t* to, std::uint32_t to_begin, const std::uint64_t* from,
                      std::uint32_t from_begin, std::uint32_t count) {
  store_bits(to, to_begin, count,
             [=](std::uint32_t done) { return load_bits(from, from_begin + done); });
}

inline void fill_bits(std::uint64_t* words, std::uint32_t begin, std::uint32_t count, bool value) {
  store_bits(words, begin, count, [=](std::uint32_t) { return value ? ~0ULL : 0ULL; });
}

inline void set_bit(std::uint64_t* words, std::uint32_t at, bool value) {
  const std::uint64_t mask = 1ULL << (at & 63);
  words[at >> 6] = value ? words[at >> 6] | mask : words[at >> 6] & ~mask;
}

}  // namespace thalweg
