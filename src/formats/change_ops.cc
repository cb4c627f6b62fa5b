#include "formats/change_ops.h"

#include <algorithm>

#include "columnar/kernels.h"

namespace thalweg {

std::string_view to_string(ChangeOp op) {
  switch (op) {
    case ChangeOp::kInsert:
      return "+I";
    case ChangeOp::kUpdateBefore:
      return "-U";
    case ChangeOp::kUpdateAfter:
      return "+U";
    case ChangeOp::kDelete:
      return "-D";
  }
  return "+I";
}

std::vector<ChangeOp> change_ops(const Batch& batch, const RowKey& key) {
  std::vector<ChangeOp> ops(batch.num_rows(), ChangeOp::kInsert);
  if (!batch.changes) {
    return ops;
  }
  const auto signs = batch.changes->values<std::int16_t>();
  const auto same_key = [&](RowIndex a, RowIndex b) {
    return std::all_of(key->begin(), key->end(), [&](std::uint32_t column) {
      return compare_rows(batch.columns[column], a, batch.columns[column], b) == 0;
    });
  };
  for (std::uint32_t i = 0; i < ops.size(); ++i) {
    if (signs[batch.row(i)] > 0) {
      continue;
    }
    const bool replaced = key && i + 1 < ops.size() && signs[batch.row(i + 1)] > 0 &&
                          same_key(batch.row(i), batch.row(i + 1));
    ops[i] = replaced ? ChangeOp::kUpdateBefore : ChangeOp::kDelete;
    if (replaced) {
      ops[++i] = ChangeOp::kUpdateAfter;
    }
  }
  return ops;
}

}  // namespace thalweg
