#include "simulate/watch.h"

#include <memory>
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
  std::int64_t count = 0;
  std::int64_t total = 0;
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
    ++memory.count;
    memory.total += event.v.value_or(0);
    if (memory.due) {
      context.remove_timer({*memory.due});
    }
    memory.due = context.time().micros + kWatchQuiet;
    context.set_timer({*memory.due});
    if (memory.count % kWatchTells == 0) {
      context.emit({context.key(), "many", memory.count, memory.total});
    }
  }

  void on_timer(const Timer& /*timer*/, Memory& memory, Context& context) override {
    context.emit({context.key(), "quiet", memory.count, memory.total});
    memory.total = 0;
    memory.due.reset();
  }
};

}  // namespace

plan::NodePtr watch(const plan::NodePtr& rows) {
  const std::vector<detail::FieldInfo> fields = detail::fields_of<Note>();
  plan::KeyedProcess process{.text = "watch", .keys = {1}, .make = {}};
  process.make = [fields] {
    return make_keyed_function(std::make_unique<detail::KeyedProcessorFunction<Watch>>(
                                   Watch(), std::vector<std::string>{"id", "k", "v", "x", "ts"},
                                   std::vector<std::uint32_t>{1}),
                               fields, "watch", /*has_ttl=*/false,
                               std::make_shared<FailureNotes>());
  };
  return plan::make_keyed_process({rows}, std::move(process), schema_of(fields),
                                  "watched/process#1", "watched");
}

}  // namespace thalweg::tests
