#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "columnar/kernels.h"
#include "state/whole_rows.h"
#include "stream/operator.h"

namespace thalweg {

struct SortLimitSpec {
  std::vector<SortKey> keys;  // Over the input's columns. Empty: the order of arrival.
  std::optional<std::uint64_t> limit;
  std::uint64_t offset = 0;
  RowLayout rows = {};  // Of the input.
};

// Yields rows [offset, offset + limit) of the sorted input once it has ended; rows with equal keys
// keep their order of arrival. With a limit it keeps only the rows that may still be among them.
// Without keys the first rows go out as they come; when all have, its output watermark is at the
// end of time. Has to see the whole input: one instance only.
std::unique_ptr<Operator> make_sort_limit(SortLimitSpec spec);

}  // namespace thalweg
