#pragma once

#include "stream/operator.h"

namespace thalweg {

// Rejects the rows that are older than the operator's own watermark, which for active partitions
// are none (RowError::kLateAfterIdle). Returns the others. Requires: the batch has event time.
Batch reject_late_after_idle(Batch batch, EventTime watermark, Emitter& out);

}  // namespace thalweg
