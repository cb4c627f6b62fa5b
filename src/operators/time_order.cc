#include "operators/time_order.h"

#include "columnar/kernels.h"

namespace thalweg {

std::vector<RowIndex> order_of_time(const Batch& batch) {
  std::vector<Column> columns = {*batch.event_time};
  if (batch.partition && batch.position) {
    columns.push_back(*batch.partition);
    columns.push_back(*batch.position);
  } else {
    columns.insert(columns.end(), batch.columns.begin(), batch.columns.end());
  }
  std::vector<SortKey> keys;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    keys.push_back({.column = i});
  }
  return sort_rows(columns, keys, batch.length);
}

}  // namespace thalweg
