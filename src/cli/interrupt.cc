#include "interrupt.h"

#include <unistd.h>

#include <atomic>
#include <csignal>
#include <string_view>

#include "command_line.h"

namespace thalweg::cli {
namespace {

// Signal handlers reach nothing but globals.
std::atomic<Session*> session_to_stop{nullptr};
std::atomic<int> interrupts{0};
std::atomic<bool> say_nothing{false};

extern "C" void on_interrupt(int /*signal*/) {
  if (interrupts.fetch_add(1) > 0) {
    _exit(kExitInterrupted);
  }
  if (!say_nothing.load()) {
    constexpr std::string_view kText =
        "\nstopping: finishing what has been read; Ctrl-C again stops now\n";
    [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, kText.data(), kText.size());
  }
  if (Session* const session = session_to_stop.load()) {
    session->request_stop();
  }
}

}  // namespace

InterruptGuard::InterruptGuard(Session& session, bool quiet) {
  say_nothing = quiet;
  interrupts = 0;
  session_to_stop = &session;
  std::signal(SIGINT, on_interrupt);
  std::signal(SIGTERM, on_interrupt);
}

InterruptGuard::~InterruptGuard() {
  std::signal(SIGINT, SIG_DFL);
  std::signal(SIGTERM, SIG_DFL);
  session_to_stop = nullptr;
}

}  // namespace thalweg::cli
