#pragma once

#include <cstddef>
#include <vector>

#include "columnar/batch.h"
#include "operators/as_of_join.h"

// What both as-of joins do with rows of AsOfInputs::pass().
namespace thalweg {

// Rows that are put out together.
inline constexpr std::size_t kPairsAtOnce = 4096;

// Whether of these right rows of one key the second counts, which comes behind the other in the
// batch.
bool is_later(const Batch& batch, const AsOfJoinSpec::Side& right, RowIndex a, RowIndex b);

// These rows with their event time and the first `width` columns.
Batch left_rows(const Batch& batch, RowSpan rows, std::size_t width);

// Left rows that come out alone.
Batch with_nulls(Batch left, const std::vector<Type>& right_types);

}  // namespace thalweg
