#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "api/engine.h"
#include "connectors/connector.h"
#include "connectors/kafka_options.h"
#include "connectors/kafka_topics.h"
#include "plan/walk.h"
#include "runtime/upgrade.h"
#include "thalweg/upgrade.h"

namespace thalweg {
namespace {

// Where a source is read.
struct Place {
  std::string option;  // Which says so.
  std::string value;
  std::vector<std::string> names;  // Of files, or of topics and patterns of them.
};

// A job of a script, and what is kept of it.
struct JobState {
  QueryState state;
  bool bounded = true;                  // Whether it comes to an end by itself.
  std::map<std::string, Place> places;  // Of each source.
};

std::map<std::string, Place> places_of(const plan::Plan& plan) {
  std::map<std::string, Place> places;
  for (const plan::NodePtr& node : plan::inputs_first(plan)) {
    const auto* scan = plan::step_of<plan::Scan>(*node);
    if (scan == nullptr) {
      continue;
    }
    const Options& options = scan->table->options;
    if (options.has("path")) {
      const std::string& path = options.text("path");
      auto files = file_partitions(system_env(), options);
      places[scan->table->name] = {
          .option = "path",
          .value = path,
          .names = files.ok() ? std::move(files).take() : std::vector<std::string>{path}};
    } else if (options.has("topic")) {
      const std::string& topic = options.text("topic");
      places[scan->table->name] = {.option = "topic", .value = topic, .names = split_names(topic)};
    }
  }
  return places;
}

// A start goes on where any of what has been read is still there. What patterns of topics lead to
// is not known here.
bool any_stays(const Place& before, const Place& now) {
  return std::ranges::any_of(now.names, [&](const std::string& name) {
    return std::ranges::count(before.names, name) > 0 ||
           (now.option == "topic" && is_topic_pattern(name));
  });
}

// The sources that are read from elsewhere, so that all there would be read from its beginning.
std::vector<std::string> moved_sources(const JobState& before, const JobState& now) {
  std::vector<std::string> moved;
  for (const auto& [source, place] : now.places) {
    const auto earlier = before.places.find(source);
    if (earlier != before.places.end() && !any_stays(earlier->second, place)) {
      moved.push_back(fmt::format("source {}: from {} '{}', no longer from '{}'", source,
                                  place.option, place.value, earlier->second.value));
    }
  }
  return moved;
}

// Nothing, with the problems told, where the script is wrong.
std::optional<std::vector<JobState>> states_of(const Script& script, const SessionOptions& options,
                                               UpgradeReport& report) {
  Engine engine(system_env(), options);
  std::vector<plan::Plan> plans;
  RunReport looked = engine.look_at_plans(script, plans);
  std::ranges::move(looked.problems, std::back_inserter(report.problems));
  if (looked.outcome != Outcome::kDone) {
    report.outcome = looked.outcome;
    return std::nullopt;
  }
  std::vector<JobState> states;
  for (const plan::Plan& plan : plans) {
    Result<QueryState> state = state_of(plan, system_env());
    if (!state.ok()) {
      report.outcome = Outcome::kInvalid;
      report.problems.push_back(engine.problem_of(script, state.status()));
      return std::nullopt;
    }
    states.push_back({.state = std::move(state).take(),
                      .bounded = std::ranges::all_of(plan.sinks, &plan::Node::bounded),
                      .places = places_of(plan)});
  }
  return states;
}

UpgradeReport::Job judge(const JobState& before, const JobState& now, const StateOptions& state) {
  Upgrade upgrade = judge_upgrade(before.state, now.state, allowed_changes(state));
  if (upgrade.verdict == Upgrade::Verdict::kRefused) {
    return {.is_kept = false, .text = "the state is of another query:" + upgrade.text};
  }
  const std::vector<std::string> moved = moved_sources(before, now);
  if (!moved.empty() && !state.allow_new_state) {
    return {
        .is_kept = false,
        .text = fmt::format("the state is of another query:\n  read from its beginning, on top of "
                            "what the state has already: {}\n--allow-new-state allows it; or go "
                            "back to the earlier place, or give this one another --name",
                            fmt::join(moved, ", "))};
  }
  if (!moved.empty()) {
    upgrade.text += fmt::format("; read from its beginning: {}", fmt::join(moved, ", "));
  }
  if (before.bounded && !upgrade.added.empty()) {
    upgrade.text +=
        "; where the earlier query has come to the end of its inputs this one is refused, "
        "for what is new would not run";
  }
  return {.is_kept = true, .text = std::move(upgrade.text)};
}

}  // namespace

bool UpgradeReport::is_kept() const {
  return outcome == Outcome::kDone &&
         std::ranges::all_of(jobs, [](const Job& job) { return job.is_kept; });
}

UpgradeReport check_upgrade(const Script& before, const Script& now,
                            const SessionOptions& options) {
  UpgradeReport report;
  const auto states_before = states_of(before, options, report);
  const auto states_now = states_of(now, options, report);
  if (!states_before || !states_now) {
    return report;
  }
  for (std::size_t i = 0; i < std::max(states_before->size(), states_now->size()); ++i) {
    if (i >= states_now->size()) {
      report.jobs.push_back(
          {.is_kept = true,
           .text = fmt::format("job {} is no longer there; its state stays where it is", i + 1)});
    } else if (i >= states_before->size()) {
      report.jobs.push_back(
          {.is_kept = true, .text = fmt::format("job {} is new and has no state yet", i + 1)});
    } else {
      report.jobs.push_back(judge((*states_before)[i], (*states_now)[i], options.state));
    }
  }
  return report;
}

}  // namespace thalweg
