#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/check.h"

namespace thalweg {

enum class Code : std::uint8_t {
  kOk,
  kInvalidArgument,  // The caller, or the user's query or option, is wrong. Never retried.
  kUnavailable,      // Something outside this process is not answering. Retry with backoff.
  kNoSpace,          // A disk is full, or a quota used up. Worth waiting for.
  kNoMemory,         // The job needs more memory than it may have. Stop the job.
  kCorrupt,          // Bytes we wrote do not read back. Stop the job.
  kRowFailed,        // A row failed under on_error = 'fail'. Stop the job.
  kReaderGone,       // Nobody reads what we write (a closed pipe). Stop the job quietly.
};

// Outcome of an operation that can fail for reasons the program must live with.
// Broken invariants are not reported here; they are checked with TW_CHECK.
class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(Code code, std::string message) : code_(code), message_(std::move(message)) {
    TW_CHECK(code != Code::kOk);
  }

  bool ok() const { return code_ == Code::kOk; }
  Code code() const { return code_; }
  const std::string& message() const { return message_; }

 private:
  Code code_ = Code::kOk;
  std::string message_;
};

inline Status invalid_argument(std::string message) {
  return {Code::kInvalidArgument, std::move(message)};
}
inline Status unavailable(std::string message) { return {Code::kUnavailable, std::move(message)}; }

// A value, or the reason there is none.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : value_(std::move(value)) {}  // NOLINT: implicit so `return value;` reads well.
  Result(Status status) : status_(std::move(status)) { TW_CHECK(!status_.ok()); }  // NOLINT

  bool ok() const { return value_.has_value(); }
  const Status& status() const { return status_; }

  // Requires: ok().
  T take() && {
    TW_CHECK(ok());
    return *std::move(value_);
  }

  // Requires: ok().
  const T& value() const& {
    TW_CHECK(ok());
    return *value_;
  }

 private:
  std::optional<T> value_;
  Status status_;
};

}  // namespace thalweg

// The only two control-flow macros in the code base.
#define TW_TRY(expr)                                               \
  do {                                                             \
    if (::thalweg::Status tw_status_ = (expr); !tw_status_.ok()) { \
      return tw_status_;                                           \
    }                                                              \
  } while (false)

#define TW_CONCAT_INNER(a, b) a##b
#define TW_CONCAT(a, b) TW_CONCAT_INNER(a, b)
#define TW_TRY_ASSIGN_NAMED(lhs, expr, name) \
  auto name = (expr);                        \
  if (!name.ok()) {                          \
    return name.status();                    \
  }                                          \
  lhs = std::move(name).take()
#define TW_TRY_ASSIGN(lhs, expr) TW_TRY_ASSIGN_NAMED(lhs, expr, TW_CONCAT(tw_result_, __LINE__))
