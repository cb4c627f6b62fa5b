#include "operators/time_sort.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "operators/late_after_idle.h"
#include "operators/time_order.h"
#include "state/time_ordered_rows.h"

namespace thalweg {
namespace {

constexpr std::uint32_t kResultRowsMax = 4096;

class TimeSort final : public Operator {
 public:
  explicit TimeSort(TimeSortSpec spec) : spec_(std::move(spec)), waiting_(spec_.rows) {}

  Result<std::vector<StateTable*>> state_tables() override {
    return std::vector<StateTable*>{&waiting_};
  }

  void restored(EventTime watermark) override { watermark_ = watermark; }

  Result<Progress> process(int /*input*/, Batch batch, Emitter& out) override {
    waiting_.add(reject_late_after_idle(std::move(batch), watermark_, out));
    out.hold({.count = waiting_.rows(), .due = waiting_.first_time()});
    return Progress::kDone;
  }

  Result<Progress> on_time(Clock clock, EventTime now, Emitter& out) override {
    if (clock != Clock::kWatermark) {
      return Progress::kDone;
    }
    watermark_ = now;
    passed_ = waiting_.take_before(now);
    if (passed_) {
      order_ = spec_.keys.empty() ? order_of_time(*passed_)
                                  : sort_rows(passed_->columns, spec_.keys, passed_->length);
    }
    return resume(out);
  }

  Result<Progress> resume(Emitter& out) override {
    while (emitted_ < order_.size()) {
      if (!out.has_room()) {
        return Progress::kMore;
      }
      const std::size_t count = std::min<std::size_t>(kResultRowsMax, order_.size() - emitted_);
      emit_rows({order_.data() + emitted_, count}, out);
      emitted_ += count;
    }
    passed_.reset();
    order_.clear();
    emitted_ = 0;
    out.hold({.count = waiting_.rows(), .due = waiting_.first_time()});
    return Progress::kDone;
  }

  Kept kept() const override {
    return {.count = waiting_.rows(),
            .bytes = waiting_.memory_bytes() + (passed_ ? passed_->memory_bytes() : 0)};
  }

 private:
  void emit_rows(RowSpan rows, Emitter& out) {
    Batch batch;
    batch.length = static_cast<std::uint32_t>(rows.size());
    batch.columns = gather(passed_->columns, rows);
    set_event_time(batch, gather(*passed_->event_time, rows));
    if (passed_->partition) {
      batch.partition = gather(*passed_->partition, rows);
    }
    if (passed_->position) {
      batch.position = gather(*passed_->position, rows);
    }
    out.emit(Port::kMain, std::move(batch));
  }

  const TimeSortSpec spec_;
  TimeOrderedRows waiting_;
  EventTime watermark_ = kStartOfTime;
  std::optional<Batch> passed_;  // By time, not all out yet,
  std::vector<RowIndex> order_;  // in this order.
  std::size_t emitted_ = 0;
};

}  // namespace

std::unique_ptr<Operator> make_time_sort(TimeSortSpec spec) {
  return std::make_unique<TimeSort>(std::move(spec));
}

}  // namespace thalweg
