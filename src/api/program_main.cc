#include <fmt/format.h>

#include <atomic>
#include <charconv>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <optional>
#include <string_view>

#include "thalweg/pipeline.h"

namespace thalweg {
namespace {

constexpr int kExitUsage = 2;
constexpr int kExitUnavailable = 75;
constexpr int kExitInvalid = 78;
constexpr int kExitInterrupted = 130;

// The pipeline that a signal stops: signal handlers can be given nothing else.
std::atomic<Pipeline*> running_pipeline{nullptr};
std::atomic<std::int64_t> stop_asked_millis{0};  // By the steady clock; 0: not at all.

// `timeout` and process groups send one signal twice; people do not press so fast.
constexpr std::int64_t kSameSignalMillis = 200;

void on_signal(int /*signal*/) {
  timespec clock{};
  ::clock_gettime(CLOCK_MONOTONIC, &clock);
  const std::int64_t now = std::int64_t{clock.tv_sec} * 1000 + clock.tv_nsec / 1'000'000;
  std::int64_t first = 0;
  if (!stop_asked_millis.compare_exchange_strong(first, now)) {
    if (now - first > kSameSignalMillis) {
      std::_Exit(kExitInterrupted);
    }
    return;
  }
  if (Pipeline* const pipeline = running_pipeline.load()) {
    pipeline->request_stop();
  }
}

struct Flags {
  SessionOptions options;
  bool explain = false;
  bool quiet = false;
  bool help = false;
  std::string wrong;
};

Flags parse_flags(int argc, char** argv) {
  Flags flags;
  for (int i = 1; i < argc; ++i) {
    const std::string_view flag = argv[i];
    if (flag == "--explain") {
      flags.explain = true;
    } else if (flag == "-q" || flag == "--quiet") {
      flags.quiet = true;
    } else if (flag == "-h" || flag == "--help") {
      flags.help = true;
    } else if (flag == "--workers" && i + 1 < argc) {
      const std::string_view text = argv[++i];
      const auto [end, error] =
          std::from_chars(text.data(), text.data() + text.size(), flags.options.workers);
      if (error != std::errc() || end != text.data() + text.size() || flags.options.workers < 1) {
        flags.wrong = "--workers takes a number of at least 1, not " + std::string(text);
      }
    } else {
      flags.wrong =
          flag == "--workers" ? "--workers takes a number" : "unknown flag " + std::string(flag);
    }
    if (!flags.wrong.empty()) {
      break;
    }
  }
  return flags;
}

void print_help(const std::string& name) {
  fmt::print(
      "{}: a thalweg pipeline\n\n"
      "  --workers N   threads; without it one for each core\n"
      "  --explain     shows the plan and runs nothing\n"
      "  -q, --quiet   no summary at the end\n"
      "  -h, --help    this text\n",
      name);
}

int exit_code(Outcome outcome) {
  switch (outcome) {
    case Outcome::kDone:
    case Outcome::kStopped:
      return 0;
    case Outcome::kInvalid:
      return kExitInvalid;
    case Outcome::kUnavailable:
      return kExitUnavailable;
    case Outcome::kFailed:
      break;
  }
  return 1;
}

RunReport run_with_signals(Pipeline& pipeline, const SessionOptions& options) {
  struct sigaction action{};
  action.sa_handler = on_signal;
  struct sigaction interrupt_before{};
  struct sigaction terminate_before{};
  running_pipeline.store(&pipeline);
  ::sigaction(SIGINT, &action, &interrupt_before);
  ::sigaction(SIGTERM, &action, &terminate_before);
  RunReport report = pipeline.run(options);
  ::sigaction(SIGINT, &interrupt_before, nullptr);
  ::sigaction(SIGTERM, &terminate_before, nullptr);
  running_pipeline.store(nullptr);
  return report;
}

}  // namespace

int main(Pipeline& pipeline, int argc, char** argv) {
  const Flags flags = parse_flags(argc, argv);
  if (flags.help) {
    print_help(pipeline.name());
    return 0;
  }
  if (!flags.wrong.empty()) {
    fmt::print(stderr, "error: {}\n", flags.wrong);
    return kExitUsage;
  }
  RunReport report;
  if (flags.explain) {
    Explanation explanation = pipeline.explain();
    fmt::print("{}", explanation.text);
    report = std::move(explanation.report);
  } else {
    report = run_with_signals(pipeline, flags.options);
  }
  for (const Problem& problem : report.problems) {
    fmt::print(stderr, "{}", problem.text);
  }
  if (!flags.quiet && !flags.explain && report.outcome != Outcome::kInvalid) {
    fmt::print(stderr, "{}", summarize(report.summary));
  }
  return exit_code(report.outcome);
}

}  // namespace thalweg
