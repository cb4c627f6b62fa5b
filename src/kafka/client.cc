#include "kafka/client.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <future>
#include <limits>
#include <thread>
#include <utility>
#include <vector>

#include "kafka/client_config.h"
#include "kafka/error_mapping.h"
#include "kafka/oauth.h"
#include "kafka/secret.h"

namespace thalweg::kafka {
namespace {

ClientEvents& events_of(void* opaque) { return *static_cast<ClientEvents*>(opaque); }

// librdkafka up to this version repeats its nonce in SCRAM's second message, which brokers from
// Kafka 4 on refuse as wrong credentials.
constexpr int kScramMendedIn = 0x020601ff;

bool is_scram(const Connection& connection) {
  const SaslMechanism mechanism = connection.security.mechanism;
  if (mechanism == SaslMechanism::kScramSha256 || mechanism == SaslMechanism::kScramSha512) {
    return true;
  }
  return std::any_of(connection.properties.begin(), connection.properties.end(),
                     [](const auto& property) {
                       return property.first.find("sasl.mechanism") != std::string::npos &&
                              property.second.starts_with("SCRAM");
                     });
}

// librdkafka has one code for all that goes wrong with TLS, and may tell of a lost connection where
// the handshake has failed.
bool is_about_certificates(rd_kafka_resp_err_t code, std::string_view reason) {
  const bool is_failed_check = reason.find("certificate") != std::string_view::npos ||
                               reason.find("verify") != std::string_view::npos ||
                               reason.find("doesn't match") != std::string_view::npos;
  return is_failed_check && (code == RD_KAFKA_RESP_ERR__SSL ||
                             (code == RD_KAFKA_RESP_ERR__TRANSPORT &&
                              reason.find("SSL routines") != std::string_view::npos));
}

Error trouble_of(rd_kafka_resp_err_t code, std::string_view reason, const Connection& connection) {
  const std::string doing = fmt::format("brokers {}", connection.brokers);
  if (is_about_certificates(code, reason)) {
    return {ErrorKind::kAuthorization, rd_kafka_err2name(code),
            fmt::format("{}: {}; check ssl.ca.location, the broker's certificate and the host "
                        "that it names",
                        doing, reason)};
  }
  if (code == RD_KAFKA_RESP_ERR__AUTHENTICATION && is_scram(connection) &&
      rd_kafka_version() < kScramMendedIn) {
    return {ErrorKind::kAuthorization, rd_kafka_err2name(code),
            fmt::format("{}: {}; where user and password are right: SCRAM of librdkafka {} does "
                        "not work with Kafka 4 (2.6.1 does): use a newer librdkafka, or PLAIN "
                        "over TLS, or OAUTHBEARER",
                        doing, reason, rd_kafka_version_str())};
  }
  // librdkafka takes it for a broken connection, and asks for the same bytes for ever.
  if (reason.find("increase receive.message.max.bytes") != std::string_view::npos) {
    return {ErrorKind::kConfiguration, std::string(kAnswerTooLarge),
            fmt::format("{}: {}", doing, reason)};
  }
  if (kind_of(code) == ErrorKind::kRetriable) {
    // Whatever call it explains tells the cure.
    return {ErrorKind::kRetriable, rd_kafka_err2name(code), fmt::format("{}: {}", doing, reason)};
  }
  return error_of(code, doing, reason);
}

}  // namespace

ClientEvents::ClientEvents(Env& env, const Connection& connection)
    : env_(env), connection_(with_own_settings(connection)) {}

void ClientEvents::listen(rd_kafka_conf_t* conf) {
  rd_kafka_conf_set_opaque(conf, this);
  // Without a callback of ours librdkafka writes to standard error.
  rd_kafka_conf_set_log_cb(
      conf, [](const rd_kafka_t* client, int level, const char* /*facility*/, const char* line) {
        ClientEvents& events = events_of(rd_kafka_opaque(client));
        if (events.connection().on_log) {
          events.called([&] { events.connection().on_log(level, line); });
        }
      });
  rd_kafka_conf_set_error_cb(
      conf, [](rd_kafka_t* /*client*/, int code, const char* reason, void* opaque) {
        ClientEvents& events = events_of(opaque);
        events.called([&] { events.on_error(static_cast<rd_kafka_resp_err_t>(code), reason); });
      });
  if (connection_.security.token || !connection_.security.token_file.empty()) {
    rd_kafka_conf_enable_sasl_queue(conf, 1);
    rd_kafka_conf_set_oauthbearer_token_refresh_cb(
        conf, [](rd_kafka_t* client, const char* /*config*/, void* opaque) {
          ClientEvents& events = events_of(opaque);
          events.called([&] { events.refresh_token(client); });
        });
  }
}

void ClientEvents::fall_silent() {
  is_silent_ = true;
  for (int under_way = calls_; under_way > 0; under_way = calls_) {
    calls_.wait(under_way);
  }
}

bool ClientEvents::is_disturbance(rd_kafka_resp_err_t code) {
  return code == RD_KAFKA_RESP_ERR__TRANSPORT || code == RD_KAFKA_RESP_ERR__TIMED_OUT ||
         code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN;
}

void ClientEvents::on_error(rd_kafka_resp_err_t code, std::string_view reason) {
  Error trouble = trouble_of(code, reason, connection_);
  {
    const std::lock_guard lock(mutex_);
    disturbances_ += is_disturbance(code) ? 1 : 0;
    // That all brokers are down is the consequence of something that was told before.
    const bool is_consequence = code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN && trouble_;
    if (!is_consequence) {
      trouble_ = std::move(trouble);
    }
    trouble_nanos_ = env_.steady_nanos();
  }
  if (code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) {
    begin_outage();
  }
}

void ClientEvents::begin_outage() {
  const std::lock_guard lock(mutex_);
  if (!is_away_.exchange(true) && connection_.on_outage) {
    connection_.on_outage(true);
  }
}

void ClientEvents::end_outage() {
  const std::lock_guard lock(mutex_);
  is_away_.store(false);
  if (connection_.on_outage) {
    connection_.on_outage(false);
  }
}

std::optional<Error> ClientEvents::trouble_since(std::int64_t since) const {
  const std::lock_guard lock(mutex_);
  return trouble_ && trouble_nanos_ >= since ? trouble_ : std::nullopt;
}

std::uint64_t ClientEvents::disturbances() const {
  const std::lock_guard lock(mutex_);
  return disturbances_;
}

void ClientEvents::refresh_token(rd_kafka_t* client) {
  const Security& security = connection_.security;
  const auto failed = [&](const std::string& why) {
    rd_kafka_oauthbearer_set_token_failure(client, why.c_str());
  };
  const Expected<OauthToken> token =
      security.token ? security.token()
                     : read_token_file(env_, security.token_file, connection_.file_directories);
  if (!token) {
    return failed(token.error().message());
  }
  std::vector<const char*> extensions;
  for (const auto& [name, value] : token->extensions) {
    extensions.push_back(name.c_str());
    extensions.push_back(value.c_str());
  }
  std::array<char, 512> why{};
  const rd_kafka_resp_err_t code = rd_kafka_oauthbearer_set_token(
      client, SecretReader::text(token->token).c_str(), token->expires.micros / 1000,
      token->principal.c_str(), extensions.data(), extensions.size(), why.data(), why.size());
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
    failed(why.data());
  }
}

Client::~Client() {
  constexpr std::chrono::seconds kWaitMax{2};
  if (handle_ == nullptr) {
    return;
  }
  events_->fall_silent();
  std::promise<void> is_over;
  const std::future<void> over = is_over.get_future();
  std::thread([handle = std::move(handle_), events = std::move(events_),
               is_over = std::move(is_over)]() mutable {
    handle.reset();
    is_over.set_value();
  }).detach();
  (void)over.wait_for(kWaitMax);
}

Expected<std::unique_ptr<Client>> Client::make(rd_kafka_type_t type, ConfPtr conf,
                                               std::unique_ptr<ClientEvents> events) {
  events->listen(conf.get());
  std::array<char, 512> why{};
  auto client = std::make_unique<Client>();
  client->events_ = std::move(events);
  client->handle_.reset(rd_kafka_new(type, conf.get(), why.data(), why.size()));
  if (client->handle_ == nullptr) {
    return Error(ErrorKind::kConfiguration, "",
                 fmt::format("no client for brokers {}: {}", client->events_->connection().brokers,
                             static_cast<const char*>(why.data())));
  }
  (void)conf.release();  // It is the handle's now.
  const Security& security = client->events_->connection().security;
  if (security.token || !security.token_file.empty()) {
    // Else tokens were refreshed only while somebody polls.
    if (Error error =
            error_of(rd_kafka_sasl_background_callbacks_enable(client->get()), "OAUTHBEARER")) {
      return error;
    }
  }
  return client;
}

void Client::look_again() {
  constexpr std::int64_t kPauseNanos = 500'000'000;
  constexpr int kWaitMillis = 100;
  constexpr int kLooksInVain = 2;  // One may have been too hasty for a slow broker.
  const std::int64_t now = events_->env().steady_nanos();
  const std::uint64_t disturbances = events_->disturbances();
  if ((!events_->is_away() && disturbances == disturbances_answered_) ||
      now - looked_nanos_ < kPauseNanos) {
    return;
  }
  looked_nanos_ = now;
  const rd_kafka_metadata_t* found = nullptr;
  if (rd_kafka_metadata(get(), 0, nullptr, &found, kWaitMillis) == RD_KAFKA_RESP_ERR_NO_ERROR) {
    rd_kafka_metadata_destroy(found);
    disturbances_answered_ = disturbances;
    looks_in_vain_ = 0;
    events_->on_answer();
  } else if (++looks_in_vain_ >= kLooksInVain) {
    events_->begin_outage();
  }
}

Error Client::explained(Error error, std::int64_t since) const {
  if (error.kind() != ErrorKind::kRetriable) {
    return error;
  }
  const std::optional<Error> trouble = events_->trouble_since(since);
  if (!trouble) {
    return error;
  }
  return {trouble->kind(), trouble->name(),
          fmt::format("{} ({})", error.message(), trouble->message())};
}

int timeout_of(std::chrono::milliseconds span) {
  return static_cast<int>(
      std::clamp<std::int64_t>(span.count(), 0, std::numeric_limits<int>::max()));
}

}  // namespace thalweg::kafka
