#pragma once

#include <vector>

#include "columnar/type.h"

namespace thalweg {

// The type that a sum of exact numbers is kept in.
Type exact_sum_type(const Type& arg);

// Columns of a sum's or average's partial state. Integers and NUMERIC: sum, count, carries beyond
// 128 bits. Floating point: sum, compensation, count.
std::vector<Type> sum_partial_types(const Type& arg);

}  // namespace thalweg
