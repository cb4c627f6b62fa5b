#include "operators/assign_window.h"

#include <utility>

#include "base/check.h"
#include "operators/fixed_column.h"

namespace thalweg {
namespace {

Column timestamp_column(std::uint32_t length, BufferRef values) {
  Column column(type_of(TypeKind::kTimestamp), length);
  column.set_values(std::move(values));
  return column;
}

class AssignWindow final : public Operator {
 public:
  explicit AssignWindow(WindowGrid grid) : grid_(std::move(grid)) {}

  Result<Progress> process(int /*input*/, Batch batch, Emitter& out) override {
    TW_CHECK(batch.event_time.has_value());
    if (grid_.tumbles()) {
      assign_one(batch);
      out.emit(Port::kMain, std::move(batch));
    } else {
      out.emit(Port::kMain, assign_all(batch));
    }
    return Progress::kDone;
  }

 private:
  void assign_one(Batch& batch) const {
    const std::size_t bytes = batch.length * sizeof(std::int64_t);
    auto starts = Buffer::allocate(bytes);
    auto ends = Buffer::allocate(bytes);
    auto lasts = Buffer::allocate(bytes);
    const std::int64_t* times = batch.event_time->values<std::int64_t>().data();
    // Rows that are not selected may hold any time; they get a window like the others.
    TimeWindow window = grid_.window_of({times[0]});
    for (std::uint32_t row = 0; row < batch.length; ++row) {
      if (!window.contains({times[row]})) {
        window = grid_.window_of({times[row]});
      }
      starts->as<std::int64_t>()[row] = window.start.micros;
      ends->as<std::int64_t>()[row] = window.end.micros;
      lasts->as<std::int64_t>()[row] = window.last().micros;
    }
    batch.columns.push_back(timestamp_column(batch.length, std::move(starts)));
    batch.columns.push_back(timestamp_column(batch.length, std::move(ends)));
    batch.columns.push_back(timestamp_column(batch.length, std::move(lasts)));
  }

  Batch assign_all(const Batch& batch) const {
    const auto times = batch.event_time->values<std::int64_t>();
    std::vector<RowIndex> rows;
    std::vector<TimeWindow> windows;
    for (std::uint32_t i = 0; i < batch.num_rows(); ++i) {
      const RowIndex row = batch.row(i);
      const EventTime time{times[row]};
      for (auto window = grid_.first_window(time); window;
           window = grid_.first_window(time, window->end)) {
        rows.push_back(row);
        windows.push_back(*window);
      }
    }
    Batch assigned = gather(batch, rows);
    const Type type = type_of(TypeKind::kTimestamp);
    const std::size_t count = windows.size();
    assigned.columns.push_back(fixed_column<std::int64_t>(
        type, count, [&](std::size_t i) { return windows[i].start.micros; }));
    assigned.columns.push_back(fixed_column<std::int64_t>(
        type, count, [&](std::size_t i) { return windows[i].end.micros; }));
    assigned.columns.push_back(fixed_column<std::int64_t>(
        type, count, [&](std::size_t i) { return windows[i].last().micros; }));
    return assigned;
  }

  const WindowGrid grid_;
};

}  // namespace

std::unique_ptr<Operator> make_assign_window(WindowGrid grid) {
  return std::make_unique<AssignWindow>(std::move(grid));
}

}  // namespace thalweg
