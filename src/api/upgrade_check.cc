#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "api/engine.h"
#include "plan/walk.h"
#include "runtime/upgrade.h"
#include "thalweg/upgrade.h"

namespace thalweg {
namespace {

// A job of a script, and what is kept of it.
struct JobState {
  QueryState state;
  bool bounded = true;                        // Whether it comes to an end by itself.
  std::map<std::string, std::string> places;  // Where each source is read.
};

std::map<std::string, std::string> places_of(const plan::Plan& plan) {
  std::map<std::string, std::string> places;
  for (const plan::NodePtr& node : plan::inputs_first(plan)) {
    if (const auto* scan = plan::step_of<plan::Scan>(*node)) {
      for (const char* const option : {"path", "topic"}) {
        if (scan->table->options.has(option)) {
          places[scan->table->name] =
              fmt::format("{} '{}'", option, scan->table->options.text(option));
        }
      }
    }
  }
  return places;
}

// What a start will find out: which of them have been read stands in the state alone.
std::string moved_sources(const JobState& before, const JobState& now) {
  std::string text;
  for (const auto& [source, place] : now.places) {
    const auto earlier = before.places.find(source);
    if (earlier != before.places.end() && earlier->second != place) {
      text += fmt::format(
          "; source {} is read from {}, no longer from {}: where that names nothing of what has "
          "been read, a start is refused unless --allow-new-state is given",
          source, place, earlier->second);
    }
  }
  return text;
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
  upgrade.text += moved_sources(before, now);
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
