#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "columnar/batch.h"
#include "columnar/row_key.h"

namespace thalweg {

// What a row of a changelog does, as it is shown outside.
enum class ChangeOp : std::uint8_t { kInsert, kUpdateBefore, kUpdateAfter, kDelete };

// "+I", "-U", "+U" or "-D".
std::string_view to_string(ChangeOp op);

// What each existing row of a batch does: -old and +new side by side with the same key are an
// update. Rows without a known key only come and go.
std::vector<ChangeOp> change_ops(const Batch& batch, const RowKey& key);

}  // namespace thalweg
