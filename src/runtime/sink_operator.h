#pragma once

#include <memory>
#include <span>

#include "stream/operator.h"
#include "stream/sink.h"

namespace thalweg {

// The last step of a chain: hands every batch to one worker's writer of a sink.
class SinkOperator final : public Operator {
 public:
  explicit SinkOperator(std::unique_ptr<SinkWriter> writer) : writer_(std::move(writer)) {}

  Result<Progress> process(int /*input*/, Batch batch, Emitter& out) override {
    TW_TRY(writer_->write(batch));
    for (const RefusedRow& refused : writer_->refused()) {
      out.reject(batch, std::span(&refused.row, 1), refused.error);
    }
    return Progress::kDone;
  }

  SinkWriter& writer() { return *writer_; }

 private:
  const std::unique_ptr<SinkWriter> writer_;
};

}  // namespace thalweg
