#include "connectors/kafka_checks.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <vector>

#include "connectors/kafka_options.h"
#include "connectors/kafka_topics.h"
#include "kafka/setting_table.h"

namespace thalweg {
namespace {

bool is_topic_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '_' || c == '-';
}

std::optional<OptionRefusal> refuses_topic(const Options& options) {
  std::vector<std::string> known;
  for (const std::string& name : split_names(options.text("topic"))) {
    if (std::ranges::find(known, name) != known.end()) {
      return OptionRefusal{.option = "topic",
                           .message = fmt::format("topic \"{}\" stands twice", name)};
    }
    known.push_back(name);
    if (!is_topic_pattern(name) && !std::ranges::all_of(name, is_topic_letter)) {
      return OptionRefusal{
          .option = "topic",
          .message = fmt::format(
              "\"{}\" cannot be a topic's name, which is letters, digits, '.', '_' and '-'{}", name,
              name.find(',') == std::string::npos
                  ? ""
                  : "; several topics have semicolons between them, as in 'orders;returns'")};
    }
  }
  return std::nullopt;
}

std::optional<OptionRefusal> refuses_start(const Options& options) {
  const std::string& start = options.text("start");
  if (start == "timestamp" && !options.has("start_timestamp")) {
    return OptionRefusal{
        .option = "start",
        .message = "start = 'timestamp' needs start_timestamp = 'milliseconds since 1970'"};
  }
  if (start != "timestamp" && options.has("start_timestamp")) {
    return OptionRefusal{
        .option = "start_timestamp",
        .message =
            fmt::format("start_timestamp goes with start = 'timestamp', and start is '{}'", start)};
  }
  if (start.starts_with("group") && !options.has("group")) {
    return OptionRefusal{.option = "start", .message = "start = 'group' needs group = 'NAME'"};
  }
  return std::nullopt;
}

std::optional<OptionRefusal> refuses_settings(const Options& options) {
  for (const kafka::SettingSpec& spec : kafka::setting_specs()) {
    const std::string option = setting_option(spec.name);
    if (!options.has(option)) {
      continue;
    }
    if (kafka::Error error = kafka::check_setting(spec.name, options.text(option), spec.side)) {
      return OptionRefusal{.option = option, .message = error.message()};
    }
  }
  return std::nullopt;
}

// Brokers that do not answer for all replicas cannot tell a record that comes twice.
std::optional<OptionRefusal> refuses_acks(const Options& options) {
  const std::string acks = setting_option("acks");
  const std::string idempotence = setting_option("enable.idempotence");
  if (!options.has(acks) || options.text(acks) == "-1" || options.text(acks) == "all" ||
      (options.has(idempotence) && options.text(idempotence) == "false")) {
    return std::nullopt;
  }
  return OptionRefusal{
      .option = acks,
      .message = fmt::format(
          "{0} = '{1}' does not go with {2}, by which a record that is sent again counts once: "
          "leave {0} out; or set {2} = 'false' beside it, with delivery = 'at-least-once'",
          acks, options.text(acks), idempotence)};
}

}  // namespace

std::optional<OptionRefusal> refuses_kafka_value(const Options& options) {
  for (auto* const check : {refuses_topic, refuses_start, refuses_settings, refuses_acks}) {
    if (std::optional<OptionRefusal> refusal = check(options)) {
      return refusal;
    }
  }
  return std::nullopt;
}

std::string refuses_kafka_option(std::string_view name) {
  // These are options of the table, under names of its own.
  const bool is_setting = name.starts_with(kSettingPrefix) && !is_own_option(name);
  const kafka::RefusedSetting* const refused = is_setting ? kafka::find_refused(name) : nullptr;
  return std::string(refused == nullptr ? "" : refused->reason);
}

std::optional<OptionRefusal> refuses_kafka_writing(const Options& options) {
  const std::string& topic = options.text("topic");
  const bool is_pattern = is_topic_pattern(topic);
  if (!is_pattern && topic.find(';') == std::string::npos) {
    return std::nullopt;
  }
  return OptionRefusal{.option = "topic",
                       .message = fmt::format("topic '{}' {}, which can only be read", topic,
                                              is_pattern ? "is a pattern (it begins with ^)"
                                                         : "names several topics")};
}

}  // namespace thalweg
