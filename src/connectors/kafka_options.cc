#include "connectors/kafka_options.h"

#include <absl/strings/ascii.h>
#include <absl/strings/str_split.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <deque>
#include <utility>

#include "connectors/kafka_topics.h"
#include "kafka/client_config.h"

namespace thalweg {
namespace {

// The same settings as one of the connector's own options.
bool has_own_option(std::string_view name) {
  return name == "bootstrap.servers" || name == "group.id" || name == "auto.offset.reset" ||
         name == "isolation.level" || name == "transactional.id";
}

std::vector<OptionSpec> own_options() {
  return {
      {.name = "topic",
       .type = OptionType::kText,
       .required = true,
       .text = "The topic; to read, also several with semicolons between them, and regular "
               "expressions that begin with ^, which Kafka's own topics, beginning with __, "
               "never match.",
       .aliases = {"kafka_topic", "topics"},
       .accepts = is_topic_choice,
       .expects = kTopicChoiceExpected},
      {.name = "brokers",
       .type = OptionType::kText,
       .required = true,
       .text = "host:port,host:port: some of the cluster's brokers.",
       .aliases = {"properties.bootstrap.servers", "bootstrap.servers", "bootstrap_servers"}},
      {.name = "group",
       .type = OptionType::kText,
       .text =
           "Read: the group that is told how far a job that keeps its state has come, for tools "
           "that watch its lag.",
       .aliases = {"properties.group.id", "group.id", "group_id"}},
      {.name = "start",
       .type = OptionType::kChoice,
       .default_value = "earliest",
       .text = "Read: where a job without state begins: earliest, latest, timestamp, or group, "
               "where the group has committed.",
       .choices = {"earliest", "latest", "timestamp", "group", "earliest-offset", "latest-offset",
                   "group-offsets"},
       .aliases = {"scan.startup.mode"}},
      {.name = "start_timestamp",
       .type = OptionType::kInteger,
       .text =
           "Read, with start = 'timestamp': milliseconds since 1970. Begins at the first record "
           "of that time or later.",
       .aliases = {"scan.startup.timestamp-millis"},
       .accepts = is_natural,
       .expects = kNaturalExpected},
      {.name = "on_missing",
       .type = OptionType::kChoice,
       .default_value = "fail",
       .text =
           "Read: what a job that goes on does where records that it has not read are gone from "
           "the topic: fail; or skip them, which counts as an error (not_there), and go on with "
           "the first that there is.",
       .choices = {"fail", "skip"}},
      {.name = "bounded",
       .type = OptionType::kBoolean,
       .default_value = "false",
       .text = "Read: ends where the topic ended when the run began.",
       .aliases = {"scan_bounded", "scan.bounded"}},
      {.name = "discovery_interval",
       .type = OptionType::kDuration,
       .default_value = "10s",
       .text = "Read: how often new partitions, and new topics that match, are looked for while a "
               "job runs; 0: never.",
       .aliases = {"scan.topic-partition-discovery.interval",
                   "properties.partition.discovery.interval.ms",
                   "partition.discovery.interval.ms"}},
      {.name = "max_row_bytes",
       .type = OptionType::kBytes,
       .default_value = "16MiB",
       .text = "Read: a longer value is rejected; 1 GiB at most.",
       .accepts = is_row_size,
       .expects = kRowSizeExpected},
      {.name = "delivery",
       .type = OptionType::kChoice,
       .text = "Written: exactly-once, in one transaction for each epoch, which needs a job that "
               "keeps its state and is the default there; at-least-once, as rows come.",
       .choices = {"exactly-once", "at-least-once"},
       .aliases = {"sink.delivery-guarantee", "sink.semantic"}},
      {.name = "key_fields",
       .type = OptionType::kText,
       .text =
           "The columns that make the record's key, with semicolons between them; else the primary "
           "key, and without one there is no key.",
       .aliases = {"key.fields"}},
      {.name = "key_format",
       .type = OptionType::kChoice,
       .default_value = "raw",
       .text = "What the key is, read and written: raw, the text of its one column, json or csv.",
       .choices = {"raw", "json", "csv"},
       .aliases = {"key.format"}},
      {.name = "value_fields",
       .type = OptionType::kChoice,
       .default_value = "all",
       .text = "Whether the value has the key's columns too: all, or except_key, where they are "
               "read from the key.",
       .choices = {"all", "except_key"},
       .aliases = {"value.fields-include"}},
  };
}

std::string text_of(const kafka::SettingDoc& doc) {
  if (doc.type == "integer") {
    return fmt::format("{} A whole number from {} to {}.", doc.text, doc.smallest, doc.largest);
  }
  return doc.choices.empty()
             ? doc.text
             : fmt::format("{} One of `{}`.", doc.text, fmt::join(doc.choices, "`, `"));
}

}  // namespace

std::span<const OptionSpec> kafka_options() {
  static const std::vector<OptionSpec> specs = [] {
    static std::deque<std::string> names;  // What the specs refer to.
    std::vector<OptionSpec> all = own_options();
    for (const kafka::SettingDoc& doc : kafka::setting_docs()) {
      if (has_own_option(doc.name)) {
        continue;
      }
      OptionSpec spec{.name = names.emplace_back(setting_option(doc.name)),
                      .type = OptionType::kText,
                      .text = names.emplace_back(text_of(doc))};
      for (const std::string& alias : doc.aliases) {
        spec.aliases.push_back(names.emplace_back(setting_option(alias)));
      }
      all.push_back(std::move(spec));
    }
    return all;
  }();
  return specs;
}

std::span<const MetadataInfo> kafka_metadata() {
  static const std::vector<MetadataInfo> all{
      {.name = "topic", .types = {type_of(TypeKind::kText)}, .text = "The record's topic."},
      {.name = "partition", .types = {type_of(TypeKind::kInt)}, .text = "Its partition."},
      {.name = "offset", .types = {type_of(TypeKind::kBigint)}, .text = "Its number there."},
      {.name = "timestamp",
       .types = {type_of(TypeKind::kTimestamp), type_of(TypeKind::kTimestamptz)},
       .text = "The time that the record bears, in milliseconds; NULL where it has none. "
               "Written: where it is not NULL, in place of the row's event time.",
       .can_write = true},
      {.name = "key",
       .types = {type_of(TypeKind::kText), type_of(TypeKind::kBytea)},
       .text = "The record's key; NULL where it has none, and as TEXT where it is not UTF-8."},
      {.name = "headers",
       .types = {array_type(struct_type(
           {{"name", type_of(TypeKind::kText)}, {"value", type_of(TypeKind::kBytea)}}))},
       .text = "Its headers, in their order. Written: these.",
       .can_write = true},
  };
  return all;
}

kafka::Connection kafka_connection(const Options& options, kafka::Side side) {
  kafka::Connection connection{.brokers = options.text("brokers")};
  for (const kafka::SettingDoc& doc : kafka::setting_docs()) {
    const std::string name = setting_option(doc.name);
    if (options.has(name)) {
      connection.properties[doc.name] = options.text(name);
    }
  }
  return kafka::for_side(std::move(connection), side);
}

std::optional<std::uint64_t> number_setting(const kafka::Connection& connection,
                                            std::string_view setting) {
  const auto found = connection.properties.find(std::string(setting));
  if (found == connection.properties.end()) {
    return std::nullopt;
  }
  const std::string& text = found->second;
  std::uint64_t number = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  return parsed.ec == std::errc() ? std::optional(number) : std::nullopt;
}

bool may_be_exactly_once(const Options& options) {
  return !options.has("delivery") || options.text("delivery") == "exactly-once";
}

std::string setting_option(std::string_view setting) {
  return std::string(kSettingPrefix) + std::string(setting);
}

bool is_own_option(std::string_view name) {
  return std::ranges::any_of(own_options(), [&](const OptionSpec& spec) {
    return spec.name == name || std::ranges::find(spec.aliases, name) != spec.aliases.end();
  });
}

std::vector<std::string> split_names(const std::string& text) {
  std::vector<std::string> names = absl::StrSplit(text, ';', absl::SkipWhitespace());
  for (std::string& name : names) {
    absl::StripAsciiWhitespace(&name);
  }
  return names;
}

}  // namespace thalweg
