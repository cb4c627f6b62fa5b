#include "runtime/worker.h"

#include <algorithm>
#include <utility>

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

bool Worker::has_ended(std::uint64_t epoch) {
  for (const auto& step : steps_) {
    if (step->epoch() < epoch && !step->finished()) {
      return false;
    }
  }
  if (std::exchange(epoch_, epoch) == epoch) {
    return true;
  }
  for (const auto& step : steps_) {
    if (step->epoch() < epoch) {
      step->end_epoch_after_all(epoch);
    }
  }
  return true;
}

bool Worker::take_waiting(std::uint64_t epoch) {
  const Result<bool> took = context_.delta->take_waiting();
  if (!took.ok()) {
    context_.fail(took.status());
    return false;
  }
  if (!took.value()) {
    ended_epoch_ = epoch;
  }
  return took.value();
}

void Worker::begin_after(std::uint64_t epoch) {
  epoch_ = epoch;
  ended_epoch_ = epoch;
  for (const auto& step : steps_) {
    step->begin_after(epoch);
  }
}

void Worker::note_kept() {
  for (const auto& step : steps_) {
    step->note_kept();
  }
}

Status Worker::flush() {
  for (SinkWriter* writer : writers_) {
    TW_TRY(writer->flush());
  }
  return {};
}

}  // namespace thalweg
