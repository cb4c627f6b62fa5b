#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "measure.h"
#include "thalweg/kafka/admin.h"

namespace thalweg::bench {

// A broker of tests/kafka/broker.py, stopped and removed in the end.
class KafkaBroker {
 public:
  // `folder` is empty or not there.
  static Result<KafkaBroker> start(std::string folder);
  ~KafkaBroker();
  KafkaBroker(KafkaBroker&& other) noexcept = default;
  KafkaBroker& operator=(KafkaBroker&&) = delete;

  const std::string& address() const { return address_; }
  // Makes a topic with one partition, or one anew that is empty.
  Status make_topic(const std::string& name) const;
  // Of the only partition.
  Result<std::int64_t> end_offset(const std::string& topic) const;
  // What the broker has used, in units of 10 ms.
  Result<double> processor_seconds() const;

  // Counts the processor time of this process and of the broker.
  Contestant timed(std::function<Status(Answer&)> run) const;
  // So too, of what fills the topic, which is empty each time; answers with its end.
  Contestant timed_filling(const std::string& topic, std::function<Status()> run) const;

 private:
  Status wait_for(const std::string& topic) const;

  KafkaBroker(std::string folder, std::string address, kafka::Admin admin);

  std::string folder_;
  std::string address_;
  std::unique_ptr<kafka::Admin> admin_;  // None: moved from.
};

}  // namespace thalweg::bench
