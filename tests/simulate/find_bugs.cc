#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>

#include "simulate/simulation.h"

namespace thalweg::tests {
namespace {

const Bug* bug_sought = nullptr;
volatile std::sig_atomic_t seed_running = 0;

[[noreturn]] void tell(std::string_view how) {
  const bool in_time = static_cast<std::uint64_t>(seed_running) <= bug_sought->seeds;
  std::printf("%s%-60.*s within %3ld seeds (of %ld): %.*s\n", in_time ? "" : "FAILED ",
              static_cast<int>(bug_sought->name.size()), bug_sought->name.data(),
              static_cast<long>(seed_running), static_cast<long>(bug_sought->seeds),
              static_cast<int>(how.size()), how.data());
  std::fflush(stdout);
  std::_Exit(in_time ? 0 : 1);
}

void tell_broken_invariant(int /*signal*/) { tell("a broken invariant"); }

// In a process of its own, which a bug may bring down.
[[noreturn]] void seek(const Bug& bug) {
  bug_sought = &bug;
  std::signal(SIGABRT, tell_broken_invariant);
  for (std::uint64_t seed = 1; seed <= bug.seeds; ++seed) {
    seed_running = static_cast<std::sig_atomic_t>(seed);
    const Outcome outcome = simulate(seed, &bug, false);
    if (!outcome.problem.empty()) {
      tell(outcome.problem.substr(0, outcome.problem.find('\n')));
    }
  }
  seed_running = seed_running + 1;
  tell("not found");
}

}  // namespace

Totals find_seeded_bugs() {
  Totals totals;
  for (const Bug& bug : seeded_bugs()) {
    std::fflush(stdout);
    const pid_t child = ::fork();
    if (child == 0) {
      seek(bug);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    const bool found = WIFEXITED(status) && WEXITSTATUS(status) == 0;
    ++(found ? totals.passed : totals.failed);
  }
  return totals;
}

}  // namespace thalweg::tests
