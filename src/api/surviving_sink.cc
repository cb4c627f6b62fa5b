#include "api/surviving_sink.h"

#include <utility>

namespace thalweg {

class SurvivingSink::Writer final : public SinkWriter {
 public:
  explicit Writer(SurvivingSink& sink) : sink_(sink) {}

  Status write(const Batch& batch) override {
    written_.push_back(batch);
    return {};
  }
  Status flush() override { return {}; }
  Status end_epoch(std::uint64_t epoch) override {
    const std::lock_guard lock(sink_.mutex_);
    std::vector<Batch>& pending = sink_.pending_[epoch];
    pending.insert(pending.end(), written_.begin(), written_.end());
    written_.clear();
    return {};
  }

 private:
  SurvivingSink& sink_;
  std::vector<Batch> written_;
};

class SurvivingSink::Life final : public Sink {
 public:
  explicit Life(SurvivingSink& sink) : sink_(sink) {}

  Status recover(const EpochStart& /*start*/) override {
    const std::lock_guard lock(sink_.mutex_);
    sink_.pending_.clear();
    return {};
  }
  Status open() override { return {}; }
  std::unique_ptr<SinkWriter> make_writer() override { return std::make_unique<Writer>(sink_); }
  Status commit(std::uint64_t epoch) override {
    std::vector<Batch> batches;
    {
      const std::lock_guard lock(sink_.mutex_);
      batches = std::exchange(sink_.pending_[epoch], {});
    }
    for (const Batch& batch : batches) {
      TW_TRY(sink_.writer_->write(batch));
    }
    return {};
  }
  bool is_exactly_once() const override { return true; }
  Status close(bool /*completed*/) override { return {}; }

 private:
  SurvivingSink& sink_;
};

Status SurvivingSink::open() {
  TW_TRY(sink_->open());
  writer_ = sink_->make_writer();
  return {};
}

Status SurvivingSink::close(bool completed) {
  if (completed) {
    TW_TRY(writer_->flush());
  }
  return sink_->close(completed);
}

std::unique_ptr<Sink> SurvivingSink::make_life() { return std::make_unique<Life>(*this); }

}  // namespace thalweg
