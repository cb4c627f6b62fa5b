#pragma once

#include "thalweg/session.h"

namespace thalweg::cli {

// While it lives, the first SIGINT or SIGTERM asks the session to stop in order, and says so; the
// second ends the process at once with code 130. One at a time.
class InterruptGuard {
 public:
  InterruptGuard(Session& session, bool quiet);
  ~InterruptGuard();
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;
};

}  // namespace thalweg::cli
