#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "stream/sink.h"
#include "thalweg/session.h"

namespace thalweg {

// The answers of one job on their way to the receiver, which is called by one thread at a time.
class ResultChannel {
 public:
  // `stop` is called, perhaps more than once, when the receiver wants no more rows.
  ResultChannel(ResultReceiver& receiver, std::function<void()> stop)
      : receiver_(receiver), stop_(std::move(stop)) {}

  void resuming(const ResumedRun& run);
  void at_least_once(const std::vector<std::string>& sinks);  // Told once.
  void waiting(std::string_view why);
  void begin(const ResultHeader& header);
  void rows(const ResultHeader& header, const Batch& batch);
  void end(const ResultHeader& header, const RunProgress& summary);

 private:
  std::mutex mutex_;  // Guards the receiver and what follows it.
  ResultReceiver& receiver_;
  const std::function<void()> stop_;
  bool closed_ = false;
  bool told_at_least_once_ = false;
  std::set<std::size_t> begun_;  // Statements.
};

// The sink of a query whose rows are asked for. Borrows both, which outlive it.
std::unique_ptr<Sink> make_result_sink(ResultChannel& channel, const ResultHeader& header);

}  // namespace thalweg
