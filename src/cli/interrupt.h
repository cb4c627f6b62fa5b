#pragma once

#include <string_view>

#include "thalweg/session.h"

namespace thalweg::cli {

// While it lives, the first SIGINT, SIGTERM or SIGHUP asks the session to stop in order, and says
// so; a second SIGINT or SIGTERM ends the process at once with code 130. SIGHUP stays ignored where
// it was, as under nohup. One at a time.
class InterruptGuard {
 public:
  InterruptGuard(Session& session, bool quiet);
  // For who looks at is_interrupted() by himself: nothing is said.
  InterruptGuard() : InterruptGuard(nullptr, true) {}
  ~InterruptGuard();
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;

 private:
  InterruptGuard(Session* session, bool quiet);

  bool ignores_hangup_ = false;
};

inline constexpr std::string_view kStoppingText =
    "stopping: finishing what has been read; Ctrl-C again stops now";

// While something is drawn in place the first interrupt leaves telling to who draws it: a line of
// its own would move what is drawn.
void leave_telling_to_screen(bool leave);
bool is_interrupted();

// Whether the program was stopped (Ctrl-Z) and has been continued since it was asked last.
bool continued_since_drawn();

}  // namespace thalweg::cli
