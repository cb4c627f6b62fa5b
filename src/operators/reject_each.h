#pragma once

#include <vector>

#include "stream/operator.h"

namespace thalweg {

// Rejects rows, each with its own error: one call for each reason.
void reject_each(const Batch& batch, const std::vector<RowIndex>& rows,
                 const std::vector<RowError>& errors, Emitter& out);

}  // namespace thalweg
