#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "stream/operator.h"

namespace thalweg {

struct GroupingSetsSpec {
  std::vector<std::uint32_t> keys;      // Columns of the input.
  std::vector<std::vector<bool>> sets;  // Whether each set has the key of that number.
};

// Repeats each row once for each grouping set, behind its columns those of the keys, NULL where the
// set has them not, and the set's number (INT).
std::unique_ptr<Operator> make_grouping_sets(GroupingSetsSpec spec);

}  // namespace thalweg
