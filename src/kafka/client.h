#pragma once

#include <librdkafka/rdkafka.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "env/env.h"
#include "kafka/client_config.h"
#include "thalweg/kafka/connection.h"

namespace thalweg::kafka {

// The name of the error where an answer is above receive.message.max.bytes.
inline constexpr std::string_view kAnswerTooLarge = "MSG_SIZE_TOO_LARGE";

// What librdkafka's callbacks reach: logging, tokens, and what is wrong with the connections.
// Its address is the handle's opaque. Thread-safe.
class ClientEvents {
 public:
  ClientEvents(Env& env, const Connection& connection);
  virtual ~ClientEvents() = default;

  // Has the configuration call back here.
  void listen(rd_kafka_conf_t* conf);

  // What a callback of librdkafka does goes through here, which may be within another: nothing once
  // this is silent.
  template <typename Call>
  void called(const Call& call) {
    ++calls_;
    if (!is_silent_) {
      call();
    }
    if (--calls_ == 0 && is_silent_) {
      calls_.notify_all();
    }
  }
  // From now on no callback reaches anything but this. Waits for those under way.
  void fall_silent();

  // An error that belongs to no call, such as a connection that was lost.
  void on_error(rd_kafka_resp_err_t code, std::string_view reason);

  // A broker has answered; for an outage to end that on_error() began.
  void on_answer() {
    if (is_away_.load(std::memory_order_relaxed)) {
      end_outage();
    }
  }
  // No broker can be reached.
  void begin_outage();
  // Ends the outage, also one that began with a client before this one.
  void end_outage();
  bool is_away() const { return is_away_.load(std::memory_order_relaxed); }
  // Whether nobody wants to wait for brokers any more.
  bool gives_up() const { return connection_.gives_up && connection_.gives_up(); }

  // Whether it is of a connection, and passes by itself.
  static bool is_disturbance(rd_kafka_resp_err_t code);

  // What has been wrong since `since`, by steady_nanos(); the latest such error.
  std::optional<Error> trouble_since(std::int64_t since) const;
  // How many connections were lost, or requests timed out, so far.
  std::uint64_t disturbances() const;

  Env& env() const { return env_; }
  const Connection& connection() const { return connection_; }

 private:
  void refresh_token(rd_kafka_t* client);

  std::atomic<int> calls_ = 0;  // Under way.
  std::atomic<bool> is_silent_ = false;
  Env& env_;
  const Connection connection_;
  mutable std::mutex mutex_;  // Guards what follows.
  std::optional<Error> trouble_;
  std::int64_t trouble_nanos_ = 0;
  std::uint64_t disturbances_ = 0;
  std::atomic<bool> is_away_ = false;  // No broker can be reached.
};

// Without closing a consumer, which is done before.
struct HandleDeleter {
  void operator()(rd_kafka_t* handle) const {
    rd_kafka_destroy_flags(handle, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
  }
};

using Handle = std::unique_ptr<rd_kafka_t, HandleDeleter>;

// One of librdkafka's clients with its events, which outlive it.
class Client {
 public:
  // librdkafka 2.0 may wait for ever for a partition that it has lost, such as one of a topic that
  // was deleted: after a while it waits in the background.
  ~Client();

  // `conf` without callbacks; whoever needs more of them than ClientEvents has sets them before.
  static Expected<std::unique_ptr<Client>> make(rd_kafka_type_t type, ConfPtr conf,
                                                std::unique_ptr<ClientEvents> events);

  rd_kafka_t* get() const { return handle_.get(); }
  ClientEvents& events() const { return *events_; }

  // After a disturbance and during an outage, now and then, asks whether a broker answers: for
  // clients that have nothing else to ask. librdkafka alone does not tell that all brokers are away
  // when it has not tried each of them. Waits a little.
  void look_again();

  // Of a call that began at `since` and timed out: what has kept the brokers from answering, where
  // that is known. Any other error as it is.
  Error explained(Error error, std::int64_t since) const;

 private:
  std::unique_ptr<ClientEvents> events_;
  Handle handle_;
  std::atomic<std::int64_t> looked_nanos_ = 0;
  std::atomic<std::uint64_t> disturbances_answered_ = 0;  // Those before the last answer to a look.
  std::atomic<int> looks_in_vain_ = 0;                    // Since then.
};

// Milliseconds for librdkafka's calls.
int timeout_of(std::chrono::milliseconds span);

}  // namespace thalweg::kafka
