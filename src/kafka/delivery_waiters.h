#pragma once

#include <functional>
#include <future>
#include <memory>
#include <utility>

#include "kafka/producer_core.h"

namespace thalweg::kafka {

// Each lives until its record's delivery is told.
struct FutureWaiter : DeliveryWaiter {
  std::promise<Delivery> promise;
};

struct CallbackWaiter : DeliveryWaiter {
  std::function<void(const Delivery&)> callback;
};

// The future is ready where the record is refused too.
inline std::future<Delivery> send_for_future(ProducerCore& core, const OutputRecord& record) {
  auto waiter = std::make_unique<FutureWaiter>();
  waiter->done = [](DeliveryWaiter& done, Delivery&& delivery) {
    const std::unique_ptr<FutureWaiter> own(static_cast<FutureWaiter*>(&done));
    own->promise.set_value(std::move(delivery));
  };
  std::future<Delivery> future = waiter->promise.get_future();
  if (Error error = core.send(record, waiter.get())) {
    waiter->promise.set_value({.error = std::move(error)});
  } else {
    (void)waiter.release();
  }
  return future;
}

inline Error send_with_callback(ProducerCore& core, const OutputRecord& record,
                                std::function<void(const Delivery&)> callback) {
  auto waiter = std::make_unique<CallbackWaiter>();
  waiter->callback = std::move(callback);
  waiter->done = [](DeliveryWaiter& done, Delivery&& delivery) {
    const std::unique_ptr<CallbackWaiter> own(static_cast<CallbackWaiter*>(&done));
    own->callback(delivery);
  };
  Error error = core.send(record, waiter.get());
  if (!error) {
    (void)waiter.release();
  }
  return error;
}

}  // namespace thalweg::kafka
