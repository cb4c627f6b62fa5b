#pragma once

#include <memory>
#include <string>

#include "base/result.h"
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

 private:
  KafkaBroker(std::string folder, std::string address, kafka::Admin admin);

  std::string folder_;
  std::string address_;
  std::unique_ptr<kafka::Admin> admin_;  // None: moved from.
};

}  // namespace thalweg::bench
