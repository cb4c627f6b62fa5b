#include "runtime/step.h"

#include <algorithm>
#include <utility>

namespace thalweg {

TimeCharge::TimeCharge(WorkerContext& context, StepCounters& counters) : context_(context) {
  if (context_.measure) {
    before_ = context_.running;
    hand_over(&counters);
  }
}

TimeCharge::~TimeCharge() {
  if (context_.measure) {
    hand_over(before_);
  }
}

void TimeCharge::hand_over(StepCounters* next) {
  const std::int64_t now = context_.env.steady_nanos();
  if (context_.running != nullptr) {
    context_.running->nanos.add(static_cast<std::uint64_t>(now - context_.running_since));
  }
  context_.running = next;
  context_.running_since = now;
}

bool Step::finished() const {
  return ended_ && std::all_of(outlets_.begin(), outlets_.end(),
                               [](const WayOut& way) { return way.outlet->drained(); });
}

void Step::keep_as(std::string id, std::vector<StateTable*> tables, KeyGroupRange groups) {
  state_id_ = std::move(id);
  tables_ = std::move(tables);
  for (StateTable* const table : tables_) {
    context_.delta->keep(state_id_, *table, groups);
  }
}

Status Step::keep_tables(EventTime watermark) {
  for (StateTable* const table : tables_) {
    TW_TRY(context_.delta->take(*table));
  }
  if (!tables_.empty()) {
    context_.delta->note_watermark(state_id_, watermark);
  }
  return {};
}

bool Step::outlets_have_room() {
  return std::all_of(outlets_.begin(), outlets_.end(),
                     [](const WayOut& way) { return way.outlet->has_room(); });
}

bool Step::drain_outlets() {
  bool moved = false;
  for (const WayOut& way : outlets_) {
    moved |= way.outlet->drain();
  }
  return moved;
}

void Step::send_to_all(Message message) {
  if (const Batch* batch = std::get_if<Batch>(&message)) {
    if (batch->empty()) {
      return;
    }
    counters_.rows_out.add(batch->num_rows());
    if (context_.measure) {
      counters_.bytes_out.add(batch->memory_bytes());
    }
  }
  const bool is_rows = std::holds_alternative<Batch>(message);
  Outlet* last = nullptr;
  for (const WayOut& way : outlets_) {
    if (is_rows && way.takes_dead_letters) {
      continue;
    }
    if (last != nullptr) {
      last->send(message);
    }
    last = way.outlet.get();
  }
  if (last != nullptr) {
    last->send(std::move(message));
  }
}

void Step::send_dead_letters(const Batch& letters) {
  for (const WayOut& way : outlets_) {
    if (way.takes_dead_letters) {
      way.outlet->send(letters);
    }
  }
}

bool Step::has_dead_letter_outlets() const {
  return std::any_of(outlets_.begin(), outlets_.end(),
                     [](const WayOut& way) { return way.takes_dead_letters; });
}

}  // namespace thalweg
