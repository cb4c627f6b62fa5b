#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace thalweg {

// The columns, ascending, by which rows that stand at one time differ from each other: none of them
// where there is one row at most, nothing where no such columns are known.
using RowKey = std::optional<std::vector<std::uint32_t>>;

}  // namespace thalweg
