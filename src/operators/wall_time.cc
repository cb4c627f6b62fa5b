#include "operators/wall_time.h"

#include <algorithm>
#include <utility>

#include "operators/fixed_column.h"

namespace thalweg {
namespace {

class WallTime final : public Operator {
 public:
  explicit WallTime(std::optional<std::uint32_t> column) : column_(column) {}

  Result<Progress> process(int /*input*/, Batch batch, Emitter& out) override {
    const Column times = fixed_column<std::int64_t>(type_of(TypeKind::kTimestamp), batch.length,
                                                    [this](std::size_t) { return now_.micros; });
    if (column_) {
      batch.columns[*column_] = times.with_type(batch.columns[*column_].type());
    }
    set_event_time(batch, times);
    batch.stamps.reset();  // No row is older than what came before it.
    out.emit(Port::kMain, std::move(batch));
    return Progress::kDone;
  }

  // Nothing gets a time before one that has been given out.
  void restored(EventTime watermark) override { now_ = std::max(now_, watermark); }

  Result<Progress> on_time(Clock /*clock*/, EventTime now, Emitter& /*out*/) override {
    now_ = std::max(now_, now);
    return Progress::kDone;
  }

 private:
  const std::optional<std::uint32_t> column_;
  EventTime now_ = kStartOfTime;
};

}  // namespace

std::unique_ptr<Operator> make_wall_time(std::optional<std::uint32_t> column) {
  return std::make_unique<WallTime>(column);
}

}  // namespace thalweg
