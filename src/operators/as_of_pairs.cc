#include "operators/as_of_pairs.h"

#include <utility>

#include "columnar/kernels.h"
#include "operators/join_columns.h"

namespace thalweg {

bool is_later(const Batch& batch, const AsOfJoinSpec::Side& right, RowIndex a, RowIndex b) {
  const auto times = batch.event_time->values<std::int64_t>();
  if (times[a] != times[b] || right.has_changes) {
    return true;
  }
  if (batch.partition && batch.position) {
    const int order = compare_rows(*batch.partition, a, *batch.partition, b);
    return order != 0 ? order < 0 : compare_rows(*batch.position, a, *batch.position, b) < 0;
  }
  for (std::size_t i = 0; i < right.types.size(); ++i) {
    if (const int order = compare_rows(batch.columns[i], a, batch.columns[i], b); order != 0) {
      return order < 0;
    }
  }
  return true;
}

Batch left_rows(const Batch& batch, RowSpan rows, std::size_t width) {
  const bool is_run = rows.back() - rows.front() + 1 == rows.size();
  Batch left;
  left.length = static_cast<std::uint32_t>(rows.size());
  const auto chosen = [&](const Column& column) {
    return is_run ? column.slice(rows.front(), left.length) : gather(column, rows);
  };
  for (std::size_t i = 0; i < width; ++i) {
    left.columns.push_back(chosen(batch.columns[i]));
  }
  set_event_time(left, chosen(*batch.event_time));
  return left;
}

Batch with_nulls(Batch left, const std::vector<Type>& right_types) {
  left.columns = side_by_side(std::move(left.columns), null_columns(right_types, left.length));
  return left;
}

}  // namespace thalweg
