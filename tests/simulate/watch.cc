#include "simulate/watch.h"

#include <memory>
#include <numeric>
#include <optional>
#include <string>
#include <utility>

#include "api/failure_notes.h"
#include "api/program_columns.h"
#include "plan/build.h"
#include "thalweg/thalweg.h"

namespace thalweg::tests {
namespace {

struct Event {
  std::optional<std::int64_t> id;
  std::string k;
  std::optional<std::int64_t> v;
  std::optional<double> x;
  Timestamp ts;
};

struct Memory {
  MapState<std::int64_t, std::int64_t> counts;  // Of rows by a part of v,
  ListState<std::int64_t> values;               // and v of each row since it was quiet.
  std::optional<std::int64_t> due;
};

struct Note {
  std::string k;
  std::string why;
  std::int64_t n;
  std::int64_t t;
};

class Watch final : public KeyedProcessor<std::string, Event, Memory, Note> {
 public:
  void process(const Event& event, Memory& memory, Context& context) override {
    const std::int64_t part = event.v.value_or(0) % kParts;
    const std::int64_t* count = memory.counts.find(part);
    memory.counts.set(part, count == nullptr ? 1 : *count + 1);
    memory.values.add(event.v.value_or(0));
    if (memory.due) {
      context.remove_timer({*memory.due});
    }
    memory.due = context.time().micros + kWatchQuiet;
    context.set_timer({*memory.due});
    if (count_of(memory) % kWatchTells == 0) {
      tell("many", memory, context);
    }
  }

  void on_timer(const Timer& /*timer*/, Memory& memory, Context& context) override {
    tell("quiet", memory, context);
    memory.values.clear();
    memory.due.reset();
  }

 private:
  static constexpr std::int64_t kParts = 4;

  static std::int64_t count_of(const Memory& memory) {
    std::int64_t all = 0;
    for (const auto& [part, entry] : memory.counts) {
      all += entry.value;
    }
    return all;
  }
  static void tell(const char* why, const Memory& memory, Context& context) {
    const std::int64_t total =
        std::accumulate(memory.values.begin(), memory.values.end(), std::int64_t{0});
    context.emit({context.key(), why, count_of(memory), total});
  }
};

struct Totals {
  std::int64_t count = 0;
  std::int64_t total = 0;
};

class Survey final
    : public KeyedBroadcastProcessor<std::string, Event, Memory, Event, Totals, Note> {
 public:
  void process(const Event& /*event*/, Memory& /*memory*/, Context& context) override {
    const Totals& totals = context.broadcast_state();
    context.emit({context.key(), "all", totals.count, totals.total});
  }
  void process_broadcast(const Event& event, Totals& totals,
                         const BroadcastContext& /*context*/) override {
    ++totals.count;
    totals.total += event.v.value_or(0);
  }
};

template <typename P>
plan::KeyedProcess process_of(const std::string& name, detail::BroadcastSide<P> side) {
  plan::KeyedProcess process{.text = name, .keys = {1}, .make = {}};
  process.make = [name, side] {
    return make_keyed_function(std::make_unique<detail::KeyedProcessorFunction<P>>(
                                   P(), std::vector<std::string>{"id", "k", "v", "x", "ts"},
                                   std::vector<std::uint32_t>{1}, side),
                               detail::fields_of<Note>(), name, /*has_ttl=*/false,
                               std::make_shared<FailureNotes>());
  };
  return process;
}

}  // namespace

plan::NodePtr watch(const plan::NodePtr& rows) {
  return plan::make_keyed_process({rows}, process_of<Watch>("watch", {}),
                                  schema_of(detail::fields_of<Note>()), "watched/process#1",
                                  "watched");
}

plan::NodePtr survey(const plan::NodePtr& rows) {
  const plan::NodePtr in_order =
      plan::make_sort(rows, {.keys = {}, .limit = {}, .behind_watermark = true},
                      "surveyed/broadcast#1", "surveyed");
  return plan::make_keyed_process(
      {rows, in_order}, process_of<Survey>("survey", {.names = {"id", "k", "v", "x", "ts"}}),
      schema_of(detail::fields_of<Note>()), "surveyed/process#1", "surveyed");
}

}  // namespace thalweg::tests
