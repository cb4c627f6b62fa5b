#include "thalweg/kafka/consumer.h"

#include <utility>

#include "env/env.h"
#include "kafka/consumer_core.h"
#include "kafka/handler_run.h"

namespace thalweg::kafka {

Consumer::Consumer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Consumer::Consumer(Consumer&& other) noexcept = default;
Consumer& Consumer::operator=(Consumer&& other) noexcept = default;
Consumer::~Consumer() = default;

Expected<Consumer> Consumer::open(ConsumerOptions options) {
  Expected<std::unique_ptr<ConsumerCore>> core =
      ConsumerCore::make(system_env(), std::move(options));
  if (!core) {
    return core.error();
  }
  auto impl = std::make_unique<Impl>();
  impl->core = std::move(*core);
  return Consumer(std::move(impl));
}

Expected<RecordBatch> Consumer::poll(PollLimits limits) { return impl_->core->poll(limits); }

void Consumer::done(const RecordBatch& batch) { impl_->core->done(batch); }

void Consumer::done(const Record& record) {
  impl_->core->done(record.topic, record.partition, record.offset);
}

Error Consumer::commit() { return impl_->core->commit(); }

Error Consumer::commit(const std::vector<PartitionOffset>& offsets) {
  return impl_->core->commit(offsets);
}

Error Consumer::request_commit(const std::vector<PartitionOffset>& offsets) {
  return impl_->core->request_commit(offsets);
}

HandlingSummary Consumer::run(RecordHandler handler, HandlingOptions options) {
  return HandlerRun(*impl_->core, impl_->stopping, options).run(std::move(handler), nullptr);
}

HandlingSummary Consumer::run(BatchHandler handler, HandlingOptions options) {
  return HandlerRun(*impl_->core, impl_->stopping, options).run(nullptr, std::move(handler));
}

void Consumer::stop() { impl_->stopping = true; }

Error Consumer::seek(const std::vector<PartitionOffset>& offsets) {
  return impl_->core->seek(offsets);
}

Error Consumer::pause(const std::vector<TopicPartition>& partitions) {
  return impl_->core->pause(partitions);
}

Error Consumer::resume(const std::vector<TopicPartition>& partitions) {
  return impl_->core->resume(partitions);
}

Error Consumer::add_partitions(const std::vector<AssignedPartition>& partitions) {
  return impl_->core->add_partitions(partitions);
}

std::vector<TopicPartition> Consumer::assignment() const { return impl_->core->assignment(); }

std::vector<PartitionOffset> Consumer::positions() const { return impl_->core->positions(); }

Expected<std::vector<PartitionLag>> Consumer::lag() { return impl_->core->lag(); }

bool Consumer::at_end() const { return impl_->core->at_end(); }

Error Consumer::trouble() const { return impl_->core->trouble(); }

Error Consumer::close(std::chrono::milliseconds timeout) { return impl_->core->close(timeout); }

}  // namespace thalweg::kafka
