#include "interrupt.h"

#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdint>
#include <ctime>
#include <string_view>

#include "command_line.h"

namespace thalweg::cli {
namespace {

// Signal handlers reach nothing but globals.
std::atomic<Session*> session_to_stop{nullptr};
std::atomic<bool> say_nothing{false};
std::atomic<bool> screen_tells{false};
std::atomic<bool> continued{false};
std::atomic<std::int64_t> first_at_millis{0};  // By the steady clock; 0: none has come.

// `timeout` and process groups send one signal twice; people do not press so fast.
constexpr std::int64_t kSameInterruptMillis = 200;

std::int64_t steady_millis() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return std::int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000;
}

void say(std::string_view text) {
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, text.data(), text.size());
}

extern "C" void on_interrupt(int signal) {
  const std::int64_t now = steady_millis();
  std::int64_t first = 0;
  if (!first_at_millis.compare_exchange_strong(first, now)) {
    // A terminal that closes sends SIGHUP, and so does its shell: nobody asks for haste by it.
    if (signal != SIGHUP && now - first > kSameInterruptMillis) {
      if (screen_tells.load()) {
        say("\n");
      }
      _exit(kExitInterrupted);
    }
    return;
  }
  if (!say_nothing.load() && !screen_tells.load()) {
    say("\n");
    say(kStoppingText);
    say("\n");
  }
  if (Session* const session = session_to_stop.load()) {
    session->request_stop();
  }
}

extern "C" void on_continue(int /*signal*/) { continued = true; }

}  // namespace

void leave_telling_to_screen(bool leave) { screen_tells = leave; }
bool is_interrupted() { return first_at_millis.load() != 0; }
bool continued_since_drawn() { return continued.exchange(false); }

InterruptGuard::InterruptGuard(Session& session, bool quiet) : InterruptGuard(&session, quiet) {}

InterruptGuard::InterruptGuard(Session* session, bool quiet) {
  say_nothing = quiet;
  first_at_millis = 0;
  session_to_stop = session;
  std::signal(SIGINT, on_interrupt);
  std::signal(SIGTERM, on_interrupt);
  std::signal(SIGCONT, on_continue);
  struct sigaction hangup{};
  ignores_hangup_ = ::sigaction(SIGHUP, nullptr, &hangup) == 0 && hangup.sa_handler == SIG_IGN;
  if (!ignores_hangup_) {
    std::signal(SIGHUP, on_interrupt);
  }
}

InterruptGuard::~InterruptGuard() {
  std::signal(SIGINT, SIG_DFL);
  std::signal(SIGTERM, SIG_DFL);
  std::signal(SIGCONT, SIG_DFL);
  if (!ignores_hangup_) {
    std::signal(SIGHUP, SIG_DFL);
  }
  session_to_stop = nullptr;
}

}  // namespace thalweg::cli
