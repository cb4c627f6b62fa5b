#include "runtime/worker.h"

#include <algorithm>

namespace thalweg {

bool Worker::turn() {
  if (context_.dice) {
    if (steps_.empty()) {
      return false;
    }
    Step& step = *steps_[(*context_.dice)() % steps_.size()];
    const bool drained = step.drain_outlets();
    return step.run_once() || drained;
  }
  bool moved = false;
  for (auto step = steps_.rbegin(); step != steps_.rend(); ++step) {
    moved |= (*step)->drain_outlets();
    moved |= (*step)->run_once();
  }
  return moved;
}

bool Worker::finished() const {
  return std::all_of(steps_.begin(), steps_.end(),
                     [](const auto& step) { return step->finished(); });
}

Status Worker::flush() {
  for (SinkWriter* writer : writers_) {
    TW_TRY(writer->flush());
  }
  return {};
}

}  // namespace thalweg
