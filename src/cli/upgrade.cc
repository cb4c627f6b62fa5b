#include "thalweg/upgrade.h"

#include <fmt/format.h>
#include <unistd.h>

#include <optional>

#include "answer_output.h"
#include "commands.h"
#include "json_text.h"
#include "script_file.h"
#include "terminal.h"

namespace thalweg::cli {

int run_upgrade(const CommandLine& line) {
  const std::optional<Script> before = read_script(line.arguments[0], line.json);
  const std::optional<Script> now = read_script(line.arguments[1], line.json);
  if (!before || !now) {
    return kExitInvalid;
  }
  SessionOptions options;
  options.color = wants_color(STDERR_FILENO, line.color);
  options.state.allow_new_state = line.allow_new_state;
  options.state.allow_dropped_state = line.allow_dropped_state;
  const UpgradeReport report = check_upgrade(*before, *now, options);
  show_problems(report.problems, line.json);
  if (report.outcome != Outcome::kDone) {
    return kExitInvalid;
  }
  for (const UpgradeReport::Job& job : report.jobs) {
    if (line.json) {
      fmt::print("{{\"kept\":{},\"text\":{}}}\n", job.is_kept, json_text(job.text));
    } else {
      fmt::print("{}\n", job.text);
    }
  }
  return report.is_kept() ? kExitOk : kExitFailed;
}

}  // namespace thalweg::cli
