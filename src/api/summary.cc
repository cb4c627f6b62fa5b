#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <vector>

#include "thalweg/run_progress.h"

namespace thalweg {
namespace {

constexpr std::size_t kExamplesShown = 3;

// The first of each reason, then others while there is room.
std::vector<RunProgress::Sample> chosen_examples(const RunProgress& progress) {
  std::vector<RunProgress::Sample> chosen;
  std::vector<RunProgress::Sample> others;
  for (const RunProgress::Sample& sample : progress.samples) {
    const bool is_first = std::none_of(chosen.begin(), chosen.end(), [&](const auto& each) {
      return each.reason == sample.reason;
    });
    (is_first ? chosen : others).push_back(sample);
  }
  for (std::size_t i = 0; i < others.size() && chosen.size() < kExamplesShown; ++i) {
    chosen.push_back(others[i]);
  }
  return chosen;
}

std::string examples(const RunProgress& progress) {
  std::string text;
  for (const RunProgress::Sample& sample : chosen_examples(progress)) {
    text += fmt::format("  {}: {}{}{}\n", sample.reason, sample.origin,
                        sample.origin.empty() ? "" : ": ", sample.detail);
  }
  return text;
}

// Files that were begun again while they were followed, a line each.
std::string restarts(const RunProgress& progress) {
  std::string text;
  for (const RunProgress::Partition& partition : progress.partitions) {
    if (partition.restarts > 0) {
      text += fmt::format(
          "  {} was cut or written anew {} and read from its beginning again\n", partition.name,
          partition.restarts == 1 ? "once" : human_count(partition.restarts) + " times");
    }
  }
  return text;
}

}  // namespace

std::string describe_resumed(const ResumedRun& run) {
  const std::string changes =
      run.changes.empty() ? "" : fmt::format("the query has changed: {}\n", run.changes);
  if (run.finished) {
    return changes +
           fmt::format(
               "finished: an earlier run came to the end of its inputs (epoch {}, {} ago); "
               "--from-scratch runs it anew\n",
               run.epoch, human_duration(run.age_seconds));
  }
  return changes + fmt::format("going on from epoch {}, {} old: {} rows of state read in {}\n",
                               run.epoch, human_duration(run.age_seconds), human_count(run.rows),
                               human_duration(run.seconds));
}

std::string describe_at_least_once(const std::vector<std::string>& sinks) {
  return fmt::format("at least once: after a crash the last rows come again in {}\n",
                     fmt::join(sinks, ", "));
}

std::string describe_waiting(std::string_view why) { return fmt::format("waiting: {}\n", why); }

std::string human_count(std::uint64_t count) {
  std::string digits = std::to_string(count);
  for (std::size_t i = digits.size(); i > 3; i -= 3) {
    digits.insert(i - 3, " ");
  }
  return digits;
}

std::string human_late(const RunProgress& progress) {
  std::string text = human_count(progress.rows_late);
  if (progress.rows_late_after_idle > 0) {
    text += fmt::format(" ({} after idle)", human_count(progress.rows_late_after_idle));
  }
  return text;
}

std::string human_duration(double seconds) {
  if (seconds < 1) {
    return fmt::format("{:.0f} ms", seconds * 1000);
  }
  if (seconds < 60) {
    return fmt::format("{:.1f} s", seconds);
  }
  const auto whole = static_cast<std::int64_t>(seconds);
  if (whole < 3600) {
    return fmt::format("{} min {} s", whole / 60, whole % 60);
  }
  if (whole < 48 * 3600) {
    return fmt::format("{} h {} min", whole / 3600, whole / 60 % 60);
  }
  return fmt::format("{} days {} h", whole / 86400, whole / 3600 % 24);
}

std::string summarize(const RunProgress& progress) {
  std::string line = fmt::format("in {} · out {} · late {}", human_count(progress.rows_in),
                                 human_count(progress.rows_out), human_late(progress));
  std::string errors;
  for (const RunProgress::Rejected& rejected : progress.rejected) {
    if (!rejected.reason.starts_with("late")) {
      errors += fmt::format("{}{} {}", errors.empty() ? "" : ", ", rejected.reason,
                            human_count(rejected.rows));
    }
  }
  line += fmt::format(" · errors {}", errors.empty() ? "0" : errors);
  if (progress.keys_expired > 0) {
    line += fmt::format(" · keys expired {}", human_count(progress.keys_expired));
  }
  if (progress.seconds_waited > 0) {
    line += fmt::format(" · waited {} for room on a disk", human_duration(progress.seconds_waited));
  }
  if (progress.seconds_paused > 0) {
    line += fmt::format(" · paused {} at memory_limit", human_duration(progress.seconds_paused));
  }
  if (progress.stopped && progress.rows_held > 0) {
    line += fmt::format(" · still held {} {}", human_count(progress.rows_held),
                        progress.rows_held == 1 ? "row or group" : "rows or groups");
  }
  return line + fmt::format(" · {}\n", human_duration(progress.seconds)) + examples(progress) +
         restarts(progress);
}

}  // namespace thalweg
