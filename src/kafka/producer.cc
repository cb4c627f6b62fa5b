#include "thalweg/kafka/producer.h"

#include <utility>

#include "env/env.h"
#include "kafka/delivery_waiters.h"
#include "kafka/producer_core.h"

namespace thalweg::kafka {
namespace {

constexpr std::chrono::milliseconds kCloseAtEnd{10'000};

}  // namespace

struct Producer::Impl {
  std::unique_ptr<ProducerCore> core;
};

Producer::Producer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Producer::Producer(Producer&& other) noexcept = default;
Producer& Producer::operator=(Producer&& other) noexcept = default;

Producer::~Producer() {
  if (impl_ != nullptr) {
    (void)close(kCloseAtEnd);
  }
}

Expected<Producer> Producer::open(ProducerOptions options) {
  Expected<std::unique_ptr<ProducerCore>> core = ProducerCore::make(system_env(), options, {});
  if (!core) {
    return core.error();
  }
  auto impl = std::make_unique<Impl>();
  impl->core = std::move(*core);
  return Producer(std::move(impl));
}

std::future<Delivery> Producer::send(const OutputRecord& record) {
  return send_for_future(*impl_->core, record);
}

Error Producer::send(const OutputRecord& record, Callback callback) {
  return send_with_callback(*impl_->core, record, std::move(callback));
}

Error Producer::post(const OutputRecord& record) { return impl_->core->send(record, nullptr); }

std::vector<Delivery> Producer::send_all(std::span<const OutputRecord> records) {
  return impl_->core->send_all(records);
}

Flushed Producer::flush(std::chrono::milliseconds timeout) { return impl_->core->flush(timeout); }

Flushed Producer::close(std::chrono::milliseconds timeout) { return impl_->core->close(timeout); }

Expected<std::int32_t> Producer::partition_count(const std::string& topic) {
  return impl_->core->partition_count(topic);
}

std::uint64_t Producer::in_flight_bytes() const { return impl_->core->in_flight_bytes(); }

std::uint64_t Producer::failures() const { return impl_->core->failures(); }

}  // namespace thalweg::kafka
