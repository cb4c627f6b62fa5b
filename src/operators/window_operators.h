#pragma once

#include <memory>
#include <span>

#include "operators/session_aggregate.h"
#include "operators/window_aggregate.h"
#include "state/session_index.h"

namespace thalweg {

// The forms that make_window_aggregate() chooses from.

// Over slices.
std::unique_ptr<Operator> make_sliding_window(WindowAggregateSpec spec);

// With results that change.
std::unique_ptr<Operator> make_changing_window(WindowAggregateSpec spec);

// The same of sessions: one that make_session_aggregate() chooses.
std::unique_ptr<Operator> make_changing_session(SessionAggregateSpec spec);

// window_start, window_end and window_time of these sessions, which is their event time.
Batch session_bounds(const SessionIndex& index, std::span<const GroupId> ids);

// The first columns of `count` results of a window, with their event time.
Batch window_batch(const TimeWindow& window, std::uint32_t count);

}  // namespace thalweg
