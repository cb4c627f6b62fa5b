#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <optional>
#include <string_view>

#include "api/engine.h"
#include "state/key_groups.h"
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

void on_signal(int signal) {
  timespec clock{};
  ::clock_gettime(CLOCK_MONOTONIC, &clock);
  const std::int64_t now = std::int64_t{clock.tv_sec} * 1000 + clock.tv_nsec / 1'000'000;
  std::int64_t first = 0;
  if (!stop_asked_millis.compare_exchange_strong(first, now)) {
    // A terminal that closes sends SIGHUP, and so does its shell: nobody asks for haste by it.
    if (signal != SIGHUP && now - first > kSameSignalMillis) {
      std::_Exit(kExitInterrupted);
    }
    return;
  }
  if (Pipeline* const pipeline = running_pipeline.load()) {
    pipeline->request_stop();
  }
}

// Writes a message to standard error. One that cannot be written is dropped: who does not read
// messages changes nothing in what the pipeline does.
void tell(std::string_view text) { (void)std::fwrite(text.data(), 1, text.size(), stderr); }

// Standard streams that are closed are held by something that cannot be read or written: their
// numbers would else go to the next files opened, and what is printed into those. A reader that has
// gone, and a file above the limit of its size, are errors of their write.
void prepare_process() {
  constexpr int kWays[] = {O_WRONLY, O_RDONLY, O_WRONLY};
  for (int stream = STDIN_FILENO; stream <= STDERR_FILENO; ++stream) {
    const bool closed = ::fcntl(stream, F_GETFD) < 0 && errno == EBADF;
    if (closed && ::open("/dev/null", kWays[stream]) != stream) {
      std::_Exit(kExitUnavailable);  // There is nowhere to say it.
    }
  }
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
}

struct Flags {
  SessionOptions options;
  bool explain = false;
  bool quiet = false;
  bool help = false;
  std::string wrong;
};

// `NAME=VALUE`, as --set of the program thalweg takes it. Empty: it was right.
std::string apply_set(SessionOptions& options, const std::string& text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string::npos) {
    return "--set takes NAME=VALUE, not " + text;
  }
  const sql::BoundSet set{.name = text.substr(0, equals), .value = text.substr(equals + 1)};
  return apply_setting(options, set)
             ? ""
             : fmt::format(
                   "--set {}: the settings are batch_rows, checkpoint_interval (such as 10s), "
                   "checkpoint_rows, memory_limit (such as 2GiB or 50%), on_failure ('wait' or "
                   "'stop') and workers",
                   text);
}

// A flag with a value. Empty: it was right.
std::string apply_flag(SessionOptions& options, std::string_view flag, const std::string& value) {
  if (flag == "--set") {
    return apply_set(options, value);
  }
  if (flag == "--workers") {
    return apply_setting(options, {.name = "workers", .value = value}) && !value.empty()
               ? ""
               : fmt::format("--workers takes a number from 1 to {}, not {}", kKeyGroups, value);
  }
  if (value.empty()) {
    return fmt::format("{} takes a value that is not empty", flag);
  }
  if (flag == "--from-savepoint") {
    options.state.from_savepoints.push_back(value);
  } else {
    (flag == "--state-dir" ? options.state.directory : options.state.name) = value;
  }
  return "";
}

constexpr std::string_view kFlagsWithValue[] = {"--workers", "--set", "--state-dir", "--name",
                                                "--from-savepoint"};

Flags parse_flags(int argc, char** argv) {
  Flags flags;
  for (int i = 1; i < argc && flags.wrong.empty(); ++i) {
    const std::string_view flag = argv[i];
    if (flag == "--explain") {
      flags.explain = true;
    } else if (flag == "-q" || flag == "--quiet") {
      flags.quiet = true;
    } else if (flag == "-h" || flag == "--help") {
      flags.help = true;
    } else if (flag == "--from-scratch") {
      flags.options.state.from_scratch = true;
    } else if (flag == "--take-over") {
      flags.options.state.take_over = true;
    } else if (flag == "--allow-new-state") {
      flags.options.state.allow_new_state = true;
    } else if (flag == "--allow-dropped-state") {
      flags.options.state.allow_dropped_state = true;
    } else if (std::ranges::find(kFlagsWithValue, flag) == std::end(kFlagsWithValue)) {
      flags.wrong = fmt::format("unknown flag {}", flag);
    } else if (i + 1 == argc) {
      flags.wrong = fmt::format("{} takes a value", flag);
    } else {
      flags.wrong = apply_flag(flags.options, flag, argv[++i]);
    }
  }
  const StateOptions& state = flags.options.state;
  if (flags.wrong.empty() && state.directory.empty() &&
      (state.from_scratch || state.take_over || state.allow_new_state ||
       state.allow_dropped_state || !state.name.empty() || !state.from_savepoints.empty())) {
    flags.wrong =
        "--name, --from-scratch, --take-over, --from-savepoint, --allow-new-state and "
        "--allow-dropped-state are "
        "about the state in --state-dir DIR";
  }
  return flags;
}

void print_help(const std::string& name) {
  fmt::print(
      "{0}: a thalweg pipeline\n\n"
      "  --workers N            threads; without it one for each core\n"
      "  --state-dir DIR        keeps the state there, and goes on from it\n"
      "  --name NAME            of the pipeline there; without it {0}\n"
      "  --from-scratch         begins anew; the old state stays under another name\n"
      "  --take-over            ends the process that runs it, and takes its place\n"
      "  --from-savepoint PATH  begins with the state in a savepoint\n"
      "  --allow-new-state      what is new in a changed program begins with nothing\n"
      "  --allow-dropped-state  what is no longer there may be lost\n"
      "  --set NAME=VALUE       checkpoint_interval, checkpoint_rows, on_failure, batch_rows,\n"
      "                         memory_limit; may be repeated\n"
      "  --explain              shows the plan and runs nothing\n"
      "  -q, --quiet            no summary at the end\n"
      "  -h, --help             this text\n",
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
  struct sigaction hangup_before{};
  running_pipeline.store(&pipeline);
  ::sigaction(SIGINT, &action, &interrupt_before);
  ::sigaction(SIGTERM, &action, &terminate_before);
  ::sigaction(SIGHUP, nullptr, &hangup_before);
  if (hangup_before.sa_handler != SIG_IGN) {  // As under nohup.
    ::sigaction(SIGHUP, &action, nullptr);
  }
  RunReport report = pipeline.run(options);
  ::sigaction(SIGINT, &interrupt_before, nullptr);
  ::sigaction(SIGTERM, &terminate_before, nullptr);
  ::sigaction(SIGHUP, &hangup_before, nullptr);
  running_pipeline.store(nullptr);
  return report;
}

}  // namespace

int main(Pipeline& pipeline, int argc, char** argv) {
  prepare_process();
  Flags flags = parse_flags(argc, argv);
  if (!flags.quiet) {
    flags.options.state.on_resume = [](const ResumedRun& run) { tell(describe_resumed(run)); };
    flags.options.state.on_at_least_once = [](const std::vector<std::string>& sinks) {
      tell(describe_at_least_once(sinks));
    };
    flags.options.state.on_waiting = [](std::string_view why) { tell(describe_waiting(why)); };
  }
  if (flags.help) {
    print_help(pipeline.name());
    return 0;
  }
  if (!flags.wrong.empty()) {
    tell(fmt::format("error: {}\n", flags.wrong));
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
    tell(problem.text);
  }
  if (!flags.quiet && !flags.explain && report.outcome != Outcome::kInvalid) {
    tell(summarize(report.summary));
  }
  return exit_code(report.outcome);
}

}  // namespace thalweg
