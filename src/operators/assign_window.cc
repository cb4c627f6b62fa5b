#include "operators/assign_window.h"

#include <optional>
#include <utility>

#include "base/check.h"
#include "operators/fixed_column.h"
#include "operators/window_tables.h"

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
      return Progress::kDone;
    }
    repeated_ = std::move(batch);
    next_row_ = 0;
    return repeat_rows(out);
  }

  Result<Progress> resume(Emitter& out) override { return repeat_rows(out); }

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

  // A row may be in very many windows: they go out in batches, while there is room.
  Progress repeat_rows(Emitter& out) {
    while (next_row_ < repeated_.num_rows()) {
      if (!out.has_room()) {
        return Progress::kMore;
      }
      out.emit(Port::kMain, next_rows(repeated_));
    }
    repeated_ = {};
    return Progress::kDone;
  }

  Batch next_rows(const Batch& batch) {
    const auto times = batch.event_time->values<std::int64_t>();
    std::vector<RowIndex> rows;
    std::vector<TimeWindow> windows;
    while (next_row_ < batch.num_rows() && windows.size() < kResultRows) {
      const RowIndex row = batch.row(next_row_);
      const auto window = grid_.first_window({times[row]}, last_end_);
      if (window) {
        rows.push_back(row);
        windows.push_back(*window);
        last_end_ = window->end;
      } else {
        ++next_row_;
        last_end_ = kStartOfTime;
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
  // The batch whose rows are being repeated, the row that it has come to, and the end of the window
  // that this row was last put into.
  Batch repeated_;
  std::uint32_t next_row_ = 0;
  EventTime last_end_ = kStartOfTime;
};

}  // namespace

std::unique_ptr<Operator> make_assign_window(WindowGrid grid) {
  return std::make_unique<AssignWindow>(std::move(grid));
}

}  // namespace thalweg
