#include "catalog/table_options.h"

#include <algorithm>
#include <vector>

namespace thalweg {
namespace {

constexpr std::int64_t kSecond = 1'000'000;
constexpr std::int64_t kIdleTimeoutLive = 30 * kSecond;
constexpr std::int64_t kMaxFutureSkewLive = 24 * 3600 * kSecond;
constexpr std::int64_t kMaxDriftBounded = 3600 * kSecond;

const std::vector<OptionSpec>& specs() {
  static const std::vector<OptionSpec> kSpecs = {
      {.name = "on_error",
       .type = OptionType::kChoice,
       .default_value = "skip",
       .text = "What a row that cannot be processed does: it is counted and left out, or stops "
               "the job.",
       .choices = {"skip", "fail"},
       .aliases = {}},
      {.name = "late",
       .type = OptionType::kChoice,
       .default_value = "drop",
       .text = "What a row that comes after its window has closed does: it is counted and left "
               "out; it has to be written out by INSERT ... SELECT * FROM LATE(view) beside the "
               "view's own rows; or it stops the job.",
       .choices = {"drop", "output", "fail"},
       .aliases = {}},
      {.name = "idle_timeout",
       .type = OptionType::kDuration,
       .text = "A partition read to its end and silent for so long stops holding the watermark "
               "back; 0: never. Default: 30 s where the source never ends, else never.",
       .choices = {},
       .aliases = {"scan.watermark.idle-timeout", "scan.idle-timeout"}},
      {.name = "advance_when_idle",
       .type = OptionType::kBoolean,
       .default_value = "false",
       .text = "When every partition is idle the watermark follows the wall clock minus the delay.",
       .choices = {},
       .aliases = {}},
      {.name = "max_future_skew",
       .type = OptionType::kDuration,
       .text = "Rows whose time is further ahead of the wall clock are rejected; 0: none. Default: "
               "1 day where the source never ends, else none.",
       .choices = {},
       .aliases = {}},
      {.name = "max_drift",
       .type = OptionType::kDuration,
       .text = "How far a partition may be read ahead of the one that is furthest behind; 0: any "
               "distance. Default: 1 hour where the source ends, else any distance.",
       .choices = {},
       .aliases = {"scan.watermark.alignment.max-drift"}},
  };
  return kSpecs;
}

std::int64_t duration_or(const Options& options, std::string_view name, std::int64_t otherwise) {
  return options.has(name) ? options.duration_micros(name) : otherwise;
}

}  // namespace

std::span<const OptionSpec> table_option_specs() { return specs(); }

ChangeMode change_mode_of(const Options& options) {
  const std::string mode = options.has("mode") ? options.text("mode") : "append";
  return mode == "upsert"      ? ChangeMode::kUpsert
         : mode == "changelog" ? ChangeMode::kChangelog
                               : ChangeMode::kAppend;
}

bool is_time_option(std::string_view name) {
  return name != "on_error" && std::any_of(specs().begin(), specs().end(),
                                           [name](const auto& spec) { return spec.name == name; });
}

OnLate on_late_of(const Options& options) {
  const std::string late = options.text("late");
  return late == "fail" ? OnLate::kFail : late == "output" ? OnLate::kOutput : OnLate::kDrop;
}

TimePolicy time_policy_of(const Options& options, bool bounded) {
  return {
      .idle_timeout = duration_or(options, "idle_timeout", bounded ? 0 : kIdleTimeoutLive),
      .advance_when_idle = options.boolean("advance_when_idle"),
      .max_future_skew = duration_or(options, "max_future_skew", bounded ? 0 : kMaxFutureSkewLive),
      .max_drift = duration_or(options, "max_drift", bounded ? kMaxDriftBounded : 0),
  };
}

}  // namespace thalweg
