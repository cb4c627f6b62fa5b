#include "connectors/kafka_discovery.h"

#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <utility>

#include "kafka/error_mapping.h"

namespace thalweg {
namespace {

// Of each question: a job that is to end waits for the answer.
constexpr std::chrono::milliseconds kAnswerMax{3000};
// A broker that has just begun may not know every topic yet: one that is read has gone when so many
// looks in a row have not found it, with this much time between them.
constexpr int kLooksToBeGone = 5;
constexpr std::chrono::milliseconds kPauseWhileMissing{1000};

// What the next look may find otherwise.
bool passes(const kafka::Error& error) {
  return error.kind() == kafka::ErrorKind::kRetriable ||
         error.kind() == kafka::ErrorKind::kAbortable || error.kind() == kafka::ErrorKind::kInDoubt;
}

}  // namespace

KafkaDiscovery::KafkaDiscovery(Options options, const TopicChoice& topics,
                               const std::vector<PartitionBounds>& known)
    : options_(std::move(options)), topics_(topics) {
  for (const PartitionBounds& each : known) {
    std::int32_t& count = counts_[each.topic];
    count = std::max(count, each.partition + 1);
  }
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

Result<std::vector<PartitionBounds>> KafkaDiscovery::take() {
  if (!has_news_.load(std::memory_order_relaxed)) {
    return std::vector<PartitionBounds>();
  }
  const std::lock_guard lock(mutex_);
  if (!failure_.ok()) {
    return Status(failure_);
  }
  has_news_.store(false, std::memory_order_relaxed);
  return std::exchange(found_, {});
}

void KafkaDiscovery::run(const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  while (true) {
    const std::chrono::microseconds pause =
        missing_.empty() ? options_.interval : std::chrono::microseconds(kPauseWhileMissing);
    never.wait_for(lock, stop, pause, [] { return false; });
    if (stop.stop_requested()) {
      return;
    }
    const kafka::Error error = options_.is_away() ? kafka::Error() : look(stop);
    if (error && !passes(error)) {
      return fail(kafka::to_status(error));
    }
    if (Status status = gone(); !status.ok()) {
      return fail(std::move(status));
    }
  }
}

void KafkaDiscovery::fail(Status failure) {
  const std::lock_guard lock(mutex_);
  failure_ = std::move(failure);
  has_news_.store(true, std::memory_order_relaxed);
}

void KafkaDiscovery::note_missing(const std::vector<kafka::TopicListing>& topics) {
  for (const auto& [name, count] : counts_) {
    if (count == 0) {
      continue;  // Nobody reads it.
    }
    if (std::ranges::find(topics, name, &kafka::TopicListing::name) == topics.end()) {
      ++missing_[name];
    } else {
      missing_.erase(name);
    }
  }
}

Status KafkaDiscovery::gone() const {
  for (const auto& [name, looks] : missing_) {
    if (looks >= kLooksToBeGone) {
      return topic_has_gone(fmt::format("there is no topic \"{}\" any more", name));
    }
  }
  return {};
}

kafka::Error KafkaDiscovery::look(const std::stop_token& stop) {
  if (!admin_) {
    kafka::Expected<kafka::Admin> opened =
        kafka::Admin::open({.connection = options_.connection, .timeout = kAnswerMax});
    if (!opened) {
      return opened.error();
    }
    admin_.emplace(std::move(*opened));
  }
  const kafka::Expected<std::vector<kafka::TopicListing>> topics = admin_->list_topics();
  if (!topics) {
    return topics.error();
  }
  note_missing(*topics);
  for (const kafka::TopicListing& topic : *topics) {
    std::int32_t& count = counts_[topic.name];
    if (topic.partitions <= count || !topics_.has(topic.name) || stop.stop_requested()) {
      continue;
    }
    const kafka::Expected<std::vector<PartitionBounds>> found =
        partitions_from(*admin_, topic.name, count);
    if (!found) {
      if (is_unknown_topic(found.error())) {
        continue;  // It has gone again.
      }
      return found.error();
    }
    const std::lock_guard lock(mutex_);
    for (const PartitionBounds& each : *found) {
      count = std::max(count, each.partition + 1);
      found_.push_back(each);
    }
    has_news_.store(true, std::memory_order_relaxed);
  }
  return {};
}

}  // namespace thalweg
