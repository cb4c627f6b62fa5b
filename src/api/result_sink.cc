#include "api/result_sink.h"

#include <utility>

namespace thalweg {
namespace {

class ResultWriter final : public SinkWriter {
 public:
  ResultWriter(ResultChannel& channel, const ResultHeader& header)
      : channel_(channel), header_(header) {}

  Status write(const Batch& batch) override {
    channel_.rows(header_, batch);
    return {};
  }
  Status flush() override { return {}; }

 private:
  ResultChannel& channel_;
  const ResultHeader& header_;
};

class ResultSink final : public Sink {
 public:
  ResultSink(ResultChannel& channel, const ResultHeader& header)
      : channel_(channel), header_(header) {}

  Status open() override { return {}; }
  std::unique_ptr<SinkWriter> make_writer() override {
    return std::make_unique<ResultWriter>(channel_, header_);
  }
  Status close(bool /*completed*/) override { return {}; }

 private:
  ResultChannel& channel_;
  const ResultHeader& header_;
};

}  // namespace

void ResultChannel::resuming(const ResumedRun& run) {
  const std::lock_guard lock(mutex_);
  receiver_.resuming(run);
}

void ResultChannel::at_least_once(const std::vector<std::string>& sinks) {
  const std::lock_guard lock(mutex_);
  if (!std::exchange(told_at_least_once_, true)) {
    receiver_.at_least_once(sinks);
  }
}

void ResultChannel::waiting(std::string_view why) {
  const std::lock_guard lock(mutex_);
  receiver_.waiting(why);
}

void ResultChannel::begin(const ResultHeader& header) {
  const std::lock_guard lock(mutex_);
  if (begun_.insert(header.statement).second) {
    receiver_.begin(header);
  }
}

void ResultChannel::rows(const ResultHeader& header, const Batch& batch) {
  const std::lock_guard lock(mutex_);
  if (!closed_ && !receiver_.rows(header, Rows(batch))) {
    closed_ = true;
    stop_();
  }
}

void ResultChannel::end(const ResultHeader& header, const RunProgress& summary) {
  const std::lock_guard lock(mutex_);
  receiver_.end(header, summary);
}

std::unique_ptr<Sink> make_result_sink(ResultChannel& channel, const ResultHeader& header) {
  return std::make_unique<ResultSink>(channel, header);
}

}  // namespace thalweg
