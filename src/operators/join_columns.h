#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "columnar/batch.h"

namespace thalweg {

// A row with such a key has no partner.
bool has_null(const std::vector<Column>& keys, RowIndex row);

// The left side's columns, and the right side's behind them.
std::vector<Column> side_by_side(std::vector<Column> left, std::vector<Column> right);

// NULLs in the place of a side's columns, for `length` rows of the other that come out alone.
std::vector<Column> null_columns(std::span<const Type> types, std::uint32_t length);

}  // namespace thalweg
