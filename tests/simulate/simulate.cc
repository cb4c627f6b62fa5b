// Runs whole lives of jobs in simulated worlds, each from one seed; see README.md beside it.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "simulate/simulation.h"

namespace thalweg::tests {
namespace {

constexpr std::uint64_t kSeedsPerReplay = 16;  // Of so many one is run twice.
constexpr std::uint64_t kSeedsToldOf = 1'000;  // With one line.

volatile std::sig_atomic_t seed_running = 0;

// A broken invariant ends the program.
void tell_seed(int signal) {
  std::fprintf(stderr, "FAILED seed %ld: signal %d\n", static_cast<long>(seed_running), signal);
  std::_Exit(1);
}

void run_seed(std::uint64_t seed, bool shown, Totals& totals) {
  seed_running = static_cast<std::sig_atomic_t>(seed);
  Outcome outcome = simulate(seed, nullptr, shown);
  if (shown) {
    fmt::print("trace {:016x}\n", outcome.trace);
  }
  if (outcome.problem.empty() && seed % kSeedsPerReplay == 0 &&
      simulate(seed, nullptr, false).trace != outcome.trace) {
    outcome.problem = "run again it does other things";
  }
  ++(outcome.problem.empty() ? totals.passed : totals.failed);
  if (!outcome.problem.empty()) {
    fmt::print("FAILED seed {}: {}: {}\n", seed, outcome.where, outcome.problem);
    std::fflush(stdout);
  }
}

struct Arguments {
  std::uint64_t first = 1;
  std::uint64_t last = 500;
  bool seeds = true;
  bool shown = false;
  bool every_step = true;
  bool bugs = true;
};

bool parse_arguments(const std::vector<std::string_view>& words, Arguments& arguments) {
  if (words.size() == 1) {
    return true;
  }
  arguments.seeds = words.size() == 3 && words[1] == "--seeds";
  arguments.every_step = words.size() == 2 && words[1] == "--every-step";
  arguments.bugs = words.size() == 2 && words[1] == "--bugs";
  if (arguments.seeds) {
    const std::string range(words[2]);
    const std::size_t dots = range.find("..");
    arguments.shown = dots == std::string::npos;
    arguments.first = std::stoull(range);
    arguments.last = arguments.shown ? arguments.first : std::stoull(range.substr(dots + 2));
  }
  return arguments.seeds || arguments.every_step || arguments.bugs;
}

int run(const std::vector<std::string_view>& words) {
  Arguments arguments;
  if (!parse_arguments(words, arguments)) {
    fmt::print(stderr,
               "simulate [--seeds A..B | --seeds A | --every-step | --bugs]\n"
               "Without arguments all of it, with seeds 1..500. One seed alone shows each call.\n");
    return 2;
  }
  for (const int signal : {SIGABRT, SIGSEGV, SIGFPE}) {
    std::signal(signal, tell_seed);
  }
  Totals totals;
  const auto timed = [&](std::string_view what, auto pass) {
    const auto begun = std::chrono::steady_clock::now();
    const Totals more = pass();
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begun;
    fmt::print("{}: {} passed, {} failed ({:.1f} s)\n", what, more.passed, more.failed,
               seconds.count());
    std::fflush(stdout);
    totals.passed += more.passed;
    totals.failed += more.failed;
  };
  for (std::uint64_t first = arguments.first; arguments.seeds && first <= arguments.last;
       first += kSeedsToldOf) {
    const std::uint64_t last = std::min(arguments.last, first + kSeedsToldOf - 1);
    timed(fmt::format("seeds {} to {}", first, last), [&] {
      Totals seeds;
      for (std::uint64_t seed = first; seed <= last; ++seed) {
        run_seed(seed, arguments.shown, seeds);
      }
      return seeds;
    });
  }
  if (arguments.every_step) {
    timed("every step", simulate_every_step);
  }
  if (arguments.bugs) {
    timed("seeded bugs", find_seeded_bugs);
  }
  fmt::print("{} passed, {} failed\n", totals.passed, totals.failed);
  return totals.failed == 0 ? 0 : 1;
}

}  // namespace
}  // namespace thalweg::tests

int main(int argc, char** argv) { return thalweg::tests::run({argv, argv + argc}); }
