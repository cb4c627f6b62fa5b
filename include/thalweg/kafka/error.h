#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

// Kafka without a pipeline: producers, consumers and the administration of topics and groups. No
// call throws; what can fail gives an Error, or an Expected value.
namespace thalweg::kafka {

// What can be done about an error.
enum class ErrorKind : std::uint8_t {
  kNone,
  kRetriable,      // Passes by itself, as when a broker restarts: the same call may succeed later.
  kAbortable,      // The open transaction cannot be committed. Abort it and do its work again.
  kFatal,          // The client can do nothing any more. Make a new one.
  kInDoubt,        // Nobody can tell whether a transaction was committed.
  kConfiguration,  // A setting, a name or an argument is wrong. Never succeeds by itself.
  kAuthorization,  // Who we are, or what we may do. Never succeeds by itself.
  kRecord,         // This record is refused, for its size or its bytes. Others are not.
  kPosition,       // The partition has no record at the position asked for, or has none any more.
  kMisuse,         // A call at a moment when it makes no sense: a second begin(), a closed client.
};

std::string_view to_string(ErrorKind kind);

// What failed, with the broker, topic or partition, and the cure. True where there is an error.
class [[nodiscard]] Error {
 public:
  Error() = default;
  // `name`: Kafka's or librdkafka's, such as "TOPIC_AUTHORIZATION_FAILED"; empty where it is ours.
  Error(ErrorKind kind, std::string name, std::string message)
      : kind_(kind), name_(std::move(name)), message_(std::move(message)) {}

  explicit operator bool() const { return kind_ != ErrorKind::kNone; }
  ErrorKind kind() const { return kind_; }
  const std::string& name() const { return name_; }
  const std::string& message() const { return message_; }

  // Whether another producer with the same transactional id has taken this one's place, or the
  // broker has ended its transaction for having taken too long. Brokers do not tell the two apart.
  bool is_fenced() const { return name_ == "_FENCED"; }

 private:
  ErrorKind kind_ = ErrorKind::kNone;
  std::string name_;
  std::string message_;
};

// A value, or why there is none. True where there is a value.
template <typename T>
class [[nodiscard]] Expected {
 public:
  Expected(T value) : state_(std::move(value)) {}      // NOLINT: implicit, for `return value;`.
  Expected(Error error) : state_(std::move(error)) {}  // NOLINT

  explicit operator bool() const { return std::holds_alternative<T>(state_); }
  // Requires: there is a value.
  T& value() & { return std::get<T>(state_); }
  const T& value() const& { return std::get<T>(state_); }
  T value() && { return std::get<T>(std::move(state_)); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T operator*() && { return std::move(*this).value(); }
  // Requires: there is none.
  const Error& error() const { return std::get<Error>(state_); }

 private:
  std::variant<T, Error> state_;
};

}  // namespace thalweg::kafka
