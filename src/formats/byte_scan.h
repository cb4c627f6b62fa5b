#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

#ifdef __AVX2__
#include <immintrin.h>
#endif

namespace thalweg {

// Searches of bytes, as wide as the processor allows. They read up to 31 bytes past what they find
// and have no end: the caller sees to it that there is something to find.

inline std::uint64_t load_word(const char* at) {
  std::uint64_t word = 0;
  std::memcpy(&word, at, sizeof(word));
  return word;
}

inline constexpr std::uint64_t kEachByte = 0x0101010101010101ULL;
inline constexpr std::uint64_t kHighBits = 0x8080808080808080ULL;

// The high bit of each byte of `word` that is zero; exact up to the first such byte.
inline std::uint64_t zero_bytes(std::uint64_t word) {
  return (word - kEachByte) & ~word & kHighBits;
}
inline std::uint64_t equal_bytes(std::uint64_t word, char byte) {
  return zero_bytes(word ^ (kEachByte * static_cast<unsigned char>(byte)));
}

// The first quote, backslash or control character (so a newline at the latest). `beyond_ascii`
// becomes other than 0 where there is a byte of 0x80 or more before it, and may where one follows.
inline const char* find_string_stop(const char* at, std::uint64_t& beyond_ascii) {
#ifdef __AVX2__
  const __m256i quote = _mm256_set1_epi8('"');
  const __m256i backslash = _mm256_set1_epi8('\\');
  const __m256i last_control = _mm256_set1_epi8(0x1f);
  for (;; at += 32) {
    const __m256i bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at));
    const __m256i control = _mm256_cmpeq_epi8(_mm256_min_epu8(bytes, last_control), bytes);
    const __m256i stop = _mm256_or_si256(
        control,
        _mm256_or_si256(_mm256_cmpeq_epi8(bytes, quote), _mm256_cmpeq_epi8(bytes, backslash)));
    beyond_ascii |= static_cast<std::uint32_t>(_mm256_movemask_epi8(bytes));
    const auto stops = static_cast<std::uint32_t>(_mm256_movemask_epi8(stop));
    if (stops != 0) {
      return at + std::countr_zero(stops);
    }
  }
#else
  for (;; at += 8) {
    const std::uint64_t word = load_word(at);
    const std::uint64_t control = (word - kEachByte * 0x20) & ~word & kHighBits;
    const std::uint64_t stops = control | equal_bytes(word, '"') | equal_bytes(word, '\\');
    beyond_ascii |= word & kHighBits;
    if (stops != 0) {
      return at + std::countr_zero(stops) / 8;
    }
  }
#endif
}

// The first byte that is neither a digit nor one of "-./".
inline const char* find_number_stop(const char* at) {
#ifdef __AVX2__
  const __m256i below = _mm256_set1_epi8('-' - 1);
  const __m256i above = _mm256_set1_epi8('9' + 1);
  for (;; at += 32) {
    const __m256i bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at));
    // Signed comparisons: bytes of 0x80 and more are below.
    const __m256i inside =
        _mm256_and_si256(_mm256_cmpgt_epi8(bytes, below), _mm256_cmpgt_epi8(above, bytes));
    const auto outside = ~static_cast<std::uint32_t>(_mm256_movemask_epi8(inside));
    if (outside != 0) {
      return at + std::countr_zero(outside);
    }
  }
#else
  while (*at >= '-' && *at <= '9') {
    ++at;
  }
  return at;
#endif
}

// The first of three bytes.
inline const char* find_any(const char* at, char a, char b, char c) {
#ifdef __AVX2__
  const __m256i as = _mm256_set1_epi8(a);
  const __m256i bs = _mm256_set1_epi8(b);
  const __m256i cs = _mm256_set1_epi8(c);
  for (;; at += 32) {
    const __m256i bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at));
    const __m256i found = _mm256_or_si256(
        _mm256_cmpeq_epi8(bytes, as),
        _mm256_or_si256(_mm256_cmpeq_epi8(bytes, bs), _mm256_cmpeq_epi8(bytes, cs)));
    const auto mask = static_cast<std::uint32_t>(_mm256_movemask_epi8(found));
    if (mask != 0) {
      return at + std::countr_zero(mask);
    }
  }
#else
  for (;; at += 8) {
    const std::uint64_t word = load_word(at);
    const std::uint64_t found = equal_bytes(word, a) | equal_bytes(word, b) | equal_bytes(word, c);
    if (found != 0) {
      return at + std::countr_zero(found) / 8;
    }
  }
#endif
}

}  // namespace thalweg
