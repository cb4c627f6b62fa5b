#pragma once

#include <regex.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "thalweg/kafka/admin.h"

namespace thalweg {

// A partition, and what it has when it is asked.
struct PartitionBounds {
  std::string topic;
  std::int32_t partition = 0;
  std::int64_t begin = 0;  // Of the records that there are,
  std::int64_t end = 0;    // and behind the last.
};

// The topics that a table names: some by their names, others by patterns, regular expressions that
// begin with ^, as librdkafka takes them: POSIX's extended ones, of which a topic's name need only
// begin with a match. No pattern means Kafka's own topics, which begin with "__".
class TopicChoice {
 public:
  // Requires: is_topic_choice(text).
  explicit TopicChoice(const std::string& text);

  const std::vector<std::string>& names() const { return names_; }
  bool has_patterns() const { return !patterns_.empty(); }
  bool matches_pattern(const std::string& topic) const;
  bool has(const std::string& topic) const;

  // All partitions of those that there are: of the named ones first, in their order. Fails where
  // one that is named is not there, nor comes soon.
  Result<std::vector<PartitionBounds>> find(kafka::Admin& admin,
                                            const kafka::Connection& connection) const;

 private:
  struct RegexDeleter {
    void operator()(regex_t* regex) const {
      regfree(regex);
      delete regex;
    }
  };

  std::vector<std::string> names_;
  std::vector<std::unique_ptr<regex_t, RegexDeleter>> patterns_;
};

// Whether the text, with semicolons in it, names topics, and its patterns are regular expressions.
bool is_topic_choice(std::string_view text);
constexpr std::string_view kTopicChoiceExpected =
    "names of topics, and regular expressions that begin with ^, with semicolons between them";

bool is_topic_pattern(std::string_view topic);

// A topic that is to be there when a job begins. One that was made just now may not be known to
// every broker yet: it is waited for as long as topic.metadata.propagation.max.ms of the connection
// says, else for five seconds.
kafka::Expected<kafka::TopicDescription> describe_awaited(kafka::Admin& admin,
                                                          const kafka::Connection& connection,
                                                          const std::string& topic);

// The partitions of a topic from `first` on, as they are now.
kafka::Expected<std::vector<PartitionBounds>> partitions_from(kafka::Admin& admin,
                                                              const std::string& topic,
                                                              std::int32_t first);

// Whether there is no such topic (any more).
bool is_unknown_topic(const kafka::Error& error);

// Why a job that was reading a topic cannot go on; `what` says which one there is no more.
Status topic_has_gone(std::string_view what);

}  // namespace thalweg
