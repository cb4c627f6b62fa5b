#include "connectors/kafka_topics.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <thread>
#include <utility>

#include "base/check.h"
#include "connectors/kafka_options.h"
#include "kafka/error_mapping.h"

namespace thalweg {
namespace {

constexpr int kRegexFlags = REG_EXTENDED | REG_NOSUB;

bool is_regex(const std::string& text) {
  regex_t regex;
  if (regcomp(&regex, text.c_str(), kRegexFlags) != 0) {
    return false;
  }
  regfree(&regex);
  return true;
}

// Those from `first` on.
void add_partitions(const kafka::TopicDescription& topic, std::int32_t first,
                    std::vector<PartitionBounds>& all) {
  for (const kafka::PartitionDescription& each : topic.partitions) {
    if (each.partition >= first) {
      all.push_back(
          {.topic = topic.name, .partition = each.partition, .begin = each.begin, .end = each.end});
    }
  }
}

// How long a topic may be unknown.
std::chrono::milliseconds patience_of(const kafka::Connection& connection) {
  constexpr std::uint64_t kPatienceMillis = 5000;
  return std::chrono::milliseconds(
      number_setting(connection, "topic.metadata.propagation.max.ms").value_or(kPatienceMillis));
}

kafka::Error waited_for(std::chrono::milliseconds patience, const kafka::Error& error) {
  const double seconds = std::chrono::duration<double>(patience).count();
  return seconds == 0 ? error
                      : kafka::Error(error.kind(), error.name(),
                                     fmt::format("waited {:g} s: {}", seconds, error.message()));
}

}  // namespace

TopicChoice::TopicChoice(const std::string& text) {
  for (std::string& each : split_names(text)) {
    if (!is_topic_pattern(each)) {
      names_.push_back(std::move(each));
      continue;
    }
    auto compiled = std::make_unique<regex_t>();
    TW_CHECK(regcomp(compiled.get(), each.c_str(), kRegexFlags) == 0);
    patterns_.emplace_back(compiled.release());
  }
}

bool TopicChoice::matches_pattern(const std::string& topic) const {
  return !topic.starts_with("__") && std::ranges::any_of(patterns_, [&](const auto& pattern) {
    return regexec(pattern.get(), topic.c_str(), 0, nullptr, 0) == 0;
  });
}

bool TopicChoice::has(const std::string& topic) const {
  return std::ranges::find(names_, topic) != names_.end() || matches_pattern(topic);
}

Result<std::vector<PartitionBounds>> TopicChoice::find(kafka::Admin& admin,
                                                       const kafka::Connection& connection) const {
  std::vector<PartitionBounds> all;
  for (const std::string& name : names_) {
    const kafka::Expected<kafka::TopicDescription> found =
        describe_awaited(admin, connection, name);
    if (!found) {
      return kafka::to_status(found.error());
    }
    add_partitions(*found, 0, all);
  }
  if (!has_patterns()) {
    return all;
  }
  const kafka::Expected<std::vector<kafka::TopicListing>> topics = admin.list_topics();
  if (!topics) {
    return kafka::to_status(topics.error());
  }
  for (const kafka::TopicListing& topic : *topics) {
    if (matches_pattern(topic.name) && std::ranges::find(names_, topic.name) == names_.end()) {
      const kafka::Expected<kafka::TopicDescription> found = admin.describe_topic(topic.name);
      if (found) {
        add_partitions(*found, 0, all);
      } else if (!is_unknown_topic(found.error())) {
        return kafka::to_status(found.error());
      }
    }
  }
  return all;
}

bool is_topic_choice(std::string_view text) {
  const std::vector<std::string> names = split_names(std::string(text));
  return !names.empty() && std::ranges::all_of(names, [](const std::string& name) {
    return !is_topic_pattern(name) || is_regex(name);
  });
}

bool is_topic_pattern(std::string_view topic) { return topic.starts_with('^'); }

kafka::Expected<kafka::TopicDescription> describe_awaited(kafka::Admin& admin,
                                                          const kafka::Connection& connection,
                                                          const std::string& topic) {
  constexpr std::chrono::milliseconds kPause{100};
  const std::chrono::milliseconds patience = patience_of(connection);
  const auto until = std::chrono::steady_clock::now() + patience;
  while (true) {
    kafka::Expected<kafka::TopicDescription> found = admin.describe_topic(topic);
    if (found || !is_unknown_topic(found.error())) {
      return found;
    }
    if (std::chrono::steady_clock::now() >= until) {
      return waited_for(patience, found.error());
    }
    std::this_thread::sleep_for(kPause);
  }
}

kafka::Expected<std::vector<PartitionBounds>> partitions_from(kafka::Admin& admin,
                                                              const std::string& topic,
                                                              std::int32_t first) {
  const kafka::Expected<kafka::TopicDescription> description = admin.describe_topic(topic);
  if (!description) {
    return description.error();
  }
  std::vector<PartitionBounds> found;
  add_partitions(*description, first, found);
  return found;
}

bool is_unknown_topic(const kafka::Error& error) {
  // A client that has heard of it says so in words of its own.
  return error.name() == "UNKNOWN_TOPIC_OR_PART" || error.name() == "_UNKNOWN_TOPIC" ||
         error.name() == "_UNKNOWN_PARTITION";
}

Status topic_has_gone(std::string_view what) {
  return invalid_argument(
      fmt::format("{}. The topic has been deleted while it was read: the next start leaves it out "
                  "where it only matched a pattern; one that is named must be there, and is read "
                  "--from-scratch when it has been made anew",
                  what));
}

}  // namespace thalweg
