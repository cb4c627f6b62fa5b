#pragma once

#include <cstdint>
#include <variant>

#include "base/event_time.h"
#include "columnar/batch.h"

namespace thalweg {

// No row older than `time` will come on this channel. An idle channel promises nothing and holds
// nobody back, until its next message.
struct WatermarkMessage {
  EventTime time;
  bool idle = false;
};

// Everything before belongs to epoch `epoch` or an earlier one.
struct BarrierMessage {
  std::uint64_t epoch = 0;
};

// Nothing more will come on this channel. When the job was told to stop instead of reading to the
// end, windows that are still open stay so.
struct EndMessage {
  bool stopped = false;
  // The highest watermark of any input. It is passed before the end of time, so that what happens
  // then does not depend on which input ended last.
  EventTime reached = kStartOfTime;
};

// What flows between steps, in order.
using Message = std::variant<Batch, WatermarkMessage, BarrierMessage, EndMessage>;

}  // namespace thalweg
