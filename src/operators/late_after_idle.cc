#include "operators/late_after_idle.h"

#include <utility>
#include <vector>

#include "base/check.h"

namespace thalweg {

Batch reject_late_after_idle(Batch batch, EventTime watermark, Emitter& out) {
  TW_CHECK(batch.event_time.has_value());
  if (batch.time_min >= watermark) {
    return batch;
  }
  const auto times = batch.event_time->values<std::int64_t>();
  std::vector<RowIndex> in_time;
  std::vector<RowIndex> late;
  for (std::uint32_t i = 0; i < batch.num_rows(); ++i) {
    const RowIndex row = batch.row(i);
    (times[row] < watermark.micros ? late : in_time).push_back(row);
  }
  if (late.empty()) {
    return batch;
  }
  out.reject(batch, late, RowError::kLateAfterIdle);
  return std::move(batch).select(std::move(in_time));
}

}  // namespace thalweg
