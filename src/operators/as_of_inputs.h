#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "operators/aggregation.h"
#include "operators/as_of_join.h"
#include "state/time_ordered_rows.h"

namespace thalweg {

// The rows of both sides of an as-of join until the watermark has passed them.
class AsOfInputs {
 public:
  static constexpr std::size_t kLeft = 0;
  static constexpr std::size_t kRight = 1;

  explicit AsOfInputs(const AsOfJoinSpec& spec);

  std::vector<StateTable*> tables() { return {&waiting_[kLeft], &waiting_[kRight]}; }

  void note_time(Clock clock, EventTime now);

  // Keeps the rows of a batch that may come out, or be a partner.
  void take(std::size_t input, Batch batch, Emitter& out);

  // What no row to come can stand between any more: left rows, and right rows that they may have as
  // partners or that come before those; in order of event time, those of one time as they came.
  // Their columns are the input's and some behind.
  struct Passed {
    std::optional<Batch> left;
    std::optional<Batch> right;
  };
  Passed pass();

  // Of rows of pass().
  std::vector<Column> keys(std::size_t input, const Batch& batch) const;

  EventTime watermark() const { return watermark_; }
  // The left rows older than this have passed when the watermark stands there.
  EventTime left_passed(EventTime watermark) const;

  const TimeOrderedRows& waiting(std::size_t input) const { return waiting_[input]; }

 private:
  std::array<Aggregation, 2> computed_;
  // By input, and key: the column that holds it.
  const std::array<std::vector<std::uint32_t>, 2> places_;
  const bool keeps_left_;
  const std::int64_t distance_micros_;
  std::array<TimeOrderedRows, 2> waiting_;
  EventTime watermark_ = kStartOfTime;
};

}  // namespace thalweg
