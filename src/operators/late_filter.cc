#include "operators/late_filter.h"

#include <utility>
#include <vector>

#include "base/check.h"

namespace thalweg {
namespace {

EventTime later_by(EventTime time, std::int64_t micros) {
  EventTime sum;
  return __builtin_add_overflow(time.micros, micros, &sum.micros) ? kEndOfTime : sum;
}

class LateFilter final : public Operator {
 public:
  explicit LateFilter(LateFilterSpec spec) : spec_(spec) {}

  Result<Progress> process(int /*input*/, Batch batch, Emitter& out) override {
    if (!batch.stamps) {
      out.emit(Port::kMain, std::move(batch));
      return Progress::kDone;
    }
    TW_CHECK(batch.event_time.has_value());
    const auto times = batch.event_time->values<std::int64_t>();
    const auto stamps = batch.stamps->values<std::int64_t>();
    std::vector<RowIndex> in_time;
    std::vector<RowIndex> late;
    for (std::uint32_t i = 0; i < batch.num_rows(); ++i) {
      const RowIndex row = batch.row(i);
      (is_late({times[row]}, {stamps[row]}) ? late : in_time).push_back(row);
    }
    if (!late.empty()) {
      out.reject(batch, late, RowError::kLate);
      batch = std::move(batch).select(std::move(in_time));
    }
    batch.stamps.reset();
    if (!batch.empty()) {
      out.emit(Port::kMain, std::move(batch));
    }
    return Progress::kDone;
  }

 private:
  bool is_late(EventTime time, EventTime stamp) {
    if (!spec_.grid) {
      return later_by(time, spec_.lateness_micros) < stamp;
    }
    if (!window_.contains(time)) {
      window_ = spec_.grid->window_of(time);
    }
    return later_by(window_.end, spec_.lateness_micros) <= stamp;
  }

  const LateFilterSpec spec_;
  TimeWindow window_;  // Of the last row judged.
};

}  // namespace

std::unique_ptr<Operator> make_late_filter(LateFilterSpec spec) {
  return std::make_unique<LateFilter>(spec);
}

}  // namespace thalweg
