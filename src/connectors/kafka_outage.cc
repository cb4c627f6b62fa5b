#include "connectors/kafka_outage.h"

#include <utility>

#include "kafka/error_mapping.h"

namespace thalweg {

kafka::Connection KafkaOutage::watched(kafka::Connection connection) {
  const std::lock_guard lock(mutex_);
  brokers_ = connection.brokers;
  connection.gives_up = [this] { return gives_up(); };
  connection.on_outage = [this](bool away) {
    if (away) {
      begin();
    } else {
      const std::lock_guard ending(mutex_);
      since_.reset();
      in_vain_since_.reset();
    }
  };
  return connection;
}

void KafkaOutage::begin() {
  const std::lock_guard lock(mutex_);
  if (!since_) {
    since_ = std::chrono::steady_clock::now();
  }
}

bool KafkaOutage::gives_up() {
  constexpr std::chrono::seconds kPatience{3};
  if (stop_requested_ == nullptr || !stop_requested_->load(std::memory_order_relaxed)) {
    return false;
  }
  const std::lock_guard lock(mutex_);
  if (!since_) {
    return false;
  }
  const auto now = std::chrono::steady_clock::now();
  in_vain_since_ = in_vain_since_.value_or(now);
  return now - *in_vain_since_ >= kPatience;
}

Status KafkaOutage::status_of(const kafka::Error& error) {
  if (error.kind() == kafka::ErrorKind::kRetriable ||
      error.kind() == kafka::ErrorKind::kAbortable || error.kind() == kafka::ErrorKind::kInDoubt) {
    begin();
  }
  return kafka::to_status(error);
}

std::optional<Outage> KafkaOutage::now() const {
  const std::lock_guard lock(mutex_);
  if (!since_) {
    return std::nullopt;
  }
  return Outage{
      .who = "broker " + brokers_,
      .seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - *since_).count()};
}

}  // namespace thalweg
