#include "operators/window_time.h"

#include <utility>

#include "operators/fixed_column.h"

namespace thalweg {
namespace {

class WindowTime final : public Operator {
 public:
  explicit WindowTime(WindowTimeSpec spec) : spec_(spec) {}

  Result<Progress> process(int /*input*/, Batch batch, Emitter& out) override {
    const auto ends = batch.columns[spec_.window_end].values<std::int64_t>();
    set_event_time(batch, fixed_column<std::int64_t>(
                              type_of(TypeKind::kTimestamp), batch.length,
                              [&](std::size_t i) { return ends[i] + spec_.micros_to_end - 1; }));
    out.emit(Port::kMain, std::move(batch));
    return Progress::kDone;
  }

 private:
  const WindowTimeSpec spec_;
};

}  // namespace

std::unique_ptr<Operator> make_window_time(WindowTimeSpec spec) {
  return std::make_unique<WindowTime>(spec);
}

}  // namespace thalweg
