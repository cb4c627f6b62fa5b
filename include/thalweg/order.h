#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "thalweg/detail/reflect.h"

namespace thalweg {

// What rows are ordered by: a field, and which end of it comes first. Rows without a value come
// last either way.
struct OrderBy {
  std::string field;
  bool largest_first = false;
};

inline OrderBy smallest(std::string field) { return {std::move(field), false}; }
inline OrderBy largest(std::string field) { return {std::move(field), true}; }
template <auto Member>
OrderBy smallest() {
  return smallest(std::string(detail::name_of_value<Member>()));
}
template <auto Member>
OrderBy largest() {
  return largest(std::string(detail::name_of_value<Member>()));
}

// How many rows of each key come first: what Stream::top() takes; a number alone will do.
struct Top {
  enum class Ties : std::uint8_t {
    kCut,      // So many rows; which of equal ones is told by where they came from.
    kKeep,     // Those equal to the last of them too. rank() of SQL.
    kTogether  // So many different values, each with all of its rows. dense_rank() of SQL.
  };

  Top(std::uint64_t count, Ties how = Ties::kCut) : rows(count), ties(how) {}  // NOLINT: a number.

  std::uint64_t rows;
  Ties ties;
};

inline Top with_ties(std::uint64_t rows) { return {rows, Top::Ties::kKeep}; }
inline Top distinct_values(std::uint64_t values) { return {values, Top::Ties::kTogether}; }

// Which row of each key stays: the first by event time, given out when the watermark has passed
// it and never changed; or the last, which takes the place of the one before.
enum class Keep : std::uint8_t { kFirst, kLast };

}  // namespace thalweg
