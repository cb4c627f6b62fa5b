#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>

#include "env/env.h"

namespace thalweg {

// The standard input of a session, whose columns may be inferred before it is read: what was read
// ahead for that is read again as rows. Thread-safe.
class StandardInput {
 public:
  explicit StandardInput(Env& env) : env_(env) {}

  // The first rows, whole lines where the input has that many: at most `lines_max` of them, fewer
  // when the input ends or falls silent after the first.
  Result<std::string> sample(std::size_t lines_max);

  // The input from its first byte. Fails the second time, for a pipe can be read only once.
  Result<std::unique_ptr<InputFile>> take();

  // A sample that waits for its first row fails. From any thread; also from a signal handler.
  void request_stop() { stop_requested_.store(true); }
  void forget_stop() { stop_requested_.store(false); }

 private:
  Env& env_;
  std::atomic<bool> stop_requested_{false};
  std::mutex mutex_;  // Guards what follows.
  std::unique_ptr<InputFile> input_;
  std::string ahead_;
  bool ended_ = false;
  bool taken_ = false;
};

}  // namespace thalweg
