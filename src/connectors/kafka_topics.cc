#include "connectors/kafka_topics.h"

#include <fmt/format.h>

#include <algorithm>
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

Result<std::vector<PartitionBounds>> TopicChoice::find(kafka::Admin& admin) const {
  std::vector<PartitionBounds> all;
  const auto add = [&](const std::string& topic) -> kafka::Error {
    kafka::Expected<std::vector<PartitionBounds>> found = partitions_from(admin, topic, 0);
    if (!found) {
      return found.error();
    }
    all.insert(all.end(), found->begin(), found->end());
    return {};
  };
  for (const std::string& name : names_) {
    TW_TRY(kafka::to_status(add(name)));
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
      if (const kafka::Error error = add(topic.name); error && !is_unknown_topic(error)) {
        return kafka::to_status(error);
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

kafka::Expected<std::vector<PartitionBounds>> partitions_from(kafka::Admin& admin,
                                                              const std::string& topic,
                                                              std::int32_t first) {
  const kafka::Expected<kafka::TopicDescription> description = admin.describe_topic(topic);
  if (!description) {
    return description.error();
  }
  std::vector<PartitionBounds> found;
  for (const kafka::PartitionDescription& partition : description->partitions) {
    if (partition.partition >= first) {
      found.push_back({.topic = topic,
                       .partition = partition.partition,
                       .begin = partition.begin,
                       .end = partition.end});
    }
  }
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
