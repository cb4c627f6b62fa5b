#include "operators/as_of_inputs.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "columnar/kernels.h"
#include "operators/join_columns.h"
#include "operators/join_side.h"
#include "operators/late_after_idle.h"

namespace thalweg {
namespace {

AggregationSpec computed(const AsOfJoinSpec::Side& side) {
  return {
      .keys = side.keys, .aggregates = {}, .input = AggregateInput::kRows, .updating_input = false};
}

// Keys that are columns stand where they are, each once; the others behind all columns.
std::vector<std::uint32_t> places_of_keys(const AsOfJoinSpec::Side& side) {
  std::vector<std::uint32_t> places;
  auto next = static_cast<std::uint32_t>(side.types.size());
  for (const ExprPtr& key : side.keys) {
    const bool is_column = key->kind == ExprKind::kColumn &&
                           std::find(places.begin(), places.end(), key->column) == places.end();
    places.push_back(is_column ? key->column : next++);
  }
  return places;
}

RowLayout layout_of(const AsOfJoinSpec::Side& side) {
  RowLayout layout{.types = side.types, .keys = places_of_keys(side), .has_time = true};
  for (std::size_t i = 0; i < side.keys.size(); ++i) {
    if (layout.keys[i] >= side.types.size()) {
      layout.types.push_back(side.keys[i]->type);
    }
  }
  layout.has_changes = side.has_changes;
  layout.has_origin = side.has_origin;
  return layout;
}

Batch in_order_of_time(Batch batch) {
  const auto times = batch.event_time->values<std::int64_t>();
  if (std::is_sorted(times.begin(), times.end())) {
    return batch;
  }
  const Column time[] = {*batch.event_time};
  const SortKey by_time[] = {{.column = 0}};
  return gather(batch, sort_rows(time, by_time, batch.length));
}

}  // namespace

AsOfInputs::AsOfInputs(const AsOfJoinSpec& spec)
    : computed_{Aggregation(computed(spec.sides[kLeft])),
                Aggregation(computed(spec.sides[kRight]))},
      places_{places_of_keys(spec.sides[kLeft]), places_of_keys(spec.sides[kRight])},
      keeps_left_(keeps_left(spec.kind)),
      distance_micros_(spec.distance_micros),
      waiting_{TimeOrderedRows(layout_of(spec.sides[kLeft]), "left"),
               TimeOrderedRows(layout_of(spec.sides[kRight]), "right")} {
  TW_CHECK(!spec.sides[kLeft].keys.empty());
  TW_CHECK(spec.sides[kLeft].keys.size() == spec.sides[kRight].keys.size());
}

void AsOfInputs::note_time(Clock clock, EventTime now) {
  computed_[kLeft].set_time(clock, now);
  computed_[kRight].set_time(clock, now);
  if (clock == Clock::kWatermark) {
    watermark_ = now;
  }
}

void AsOfInputs::take(std::size_t input, Batch batch, Emitter& out) {
  AggregateColumns columns =
      computed_[input].prepare(reject_late_after_idle(std::move(batch), watermark_, out), out);
  const std::size_t width = columns.batch.columns.size();
  for (std::size_t i = 0; i < columns.keys.size(); ++i) {
    if (places_[input][i] >= width) {
      columns.batch.columns.push_back(columns.keys[i]);
    }
  }
  const bool drops_nulls = input == kRight || !keeps_left_;
  const bool any_null = drops_nulls && std::ranges::any_of(columns.keys, &Column::may_have_nulls);
  if (columns.all && !any_null) {
    waiting_[input].add(std::move(columns.batch));
    return;
  }
  std::vector<RowIndex> rows;
  for (std::uint32_t i = 0; i < columns.count; ++i) {
    const RowIndex row = columns.all_rows()[i];
    if (!any_null || !has_null(columns.keys, row)) {
      rows.push_back(row);
    }
  }
  waiting_[input].add(std::move(columns.batch).select(std::move(rows)));
}

EventTime AsOfInputs::left_passed(EventTime watermark) const {
  const bool moves = watermark != kStartOfTime && watermark != kEndOfTime && distance_micros_ > 0;
  return moves ? moved_by(watermark, -distance_micros_) : watermark;
}

AsOfInputs::Passed AsOfInputs::pass() {
  const bool moves = watermark_ != kEndOfTime && distance_micros_ < 0;
  Passed passed{.left = waiting_[kLeft].take_before(left_passed(watermark_)),
                .right = waiting_[kRight].take_before(moves ? moved_by(watermark_, distance_micros_)
                                                            : watermark_)};
  if (passed.left) {
    passed.left = in_order_of_time(*std::move(passed.left));
  }
  if (passed.right) {
    passed.right = in_order_of_time(*std::move(passed.right));
  }
  return passed;
}

std::vector<Column> AsOfInputs::keys(std::size_t input, const Batch& batch) const {
  std::vector<Column> keys;
  for (const std::uint32_t place : places_[input]) {
    keys.push_back(batch.columns[place]);
  }
  return keys;
}

}  // namespace thalweg
