#include "operators/pattern_steps.h"

#include <algorithm>

#include "base/check.h"

namespace thalweg {
namespace {

constexpr std::size_t kStatesMin = 4096;
constexpr std::size_t kStepsMax = std::size_t{1} << 18;  // More are forgotten, and made again.

}  // namespace

PatternSteps::PatternSteps(PatternProgram program)
    : program_(std::move(program)),
      has_gaps_(std::ranges::any_of(program_.places, &PatternProgram::Place::is_gap)),
      crowded_at_(kStatesMin),
      seen_(program_.places.size()) {
  state_of({});
  Places first = program_.first;
  if (!first.empty() && first.back() == PatternProgram::kAccept) {
    matches_nothing_ = true;
    first.pop_back();
  }
  first_ = state_of(std::move(first));
}

PatternSteps::State PatternSteps::state_of(Places places) {
  const auto [found, is_new] = states_.try_emplace(places, static_cast<State>(lists_.size()));
  if (is_new) {
    entries_ += places.size();
    lists_.push_back(std::move(places));
  }
  return found->second;
}

PatternSteps::Step PatternSteps::make_step(State state, VariableSet can_be) {
  Step step;
  Places next;
  bool takes_it = false;
  ++seen_now_;
  for (const std::uint32_t place : lists_[state]) {
    if (!takes(place, can_be)) {
      continue;
    }
    takes_it = takes_it || !program_.places[place].is_gap();
    for (const std::uint32_t way : program_.next[place]) {
      if (way == PatternProgram::kAccept) {
        step.accepts = true;
        break;
      }
      if (seen_[way] != seen_now_) {
        seen_[way] = seen_now_;
        next.push_back(way);
      }
    }
    if (step.accepts) {
      break;
    }
  }
  step.next = state_of(std::move(next));
  step.passes_over = !takes_it && !step.accepts && step.next == state;
  if (steps_.size() >= kStepsMax) {
    steps_.clear();
  }
  steps_.emplace(std::pair(state, can_be), step);
  return step;
}

void PatternSteps::trace(std::span<const VariableSet> can_be,
                         std::vector<std::uint32_t>& places) const {
  // For each row the places that could take it, and by which of the row before they were reached.
  struct Reached {
    std::uint32_t place;
    std::uint32_t from;
  };
  std::vector<Reached> reached;
  std::vector<std::size_t> begins{0};
  for (const std::uint32_t place : lists_[first_]) {
    reached.push_back({.place = place, .from = 0});
  }
  std::vector<std::uint32_t> seen(program_.places.size());
  std::size_t last = 0;
  for (std::size_t row = 0; row < can_be.size(); ++row) {
    const std::size_t begin = begins.back();
    const std::size_t end = reached.size();
    const auto mark = static_cast<std::uint32_t>(row + 1);
    begins.push_back(end);
    bool accepted = false;
    for (std::size_t i = begin; i < end && !accepted; ++i) {
      const std::uint32_t place = reached[i].place;
      if (!takes(place, can_be[row])) {
        continue;
      }
      for (const std::uint32_t way : program_.next[place]) {
        if (way == PatternProgram::kAccept) {
          accepted = true;
          last = i;
          break;
        }
        if (seen[way] != mark) {
          seen[way] = mark;
          reached.push_back({.place = way, .from = static_cast<std::uint32_t>(i - begin)});
        }
      }
    }
    TW_CHECK(accepted || row + 1 < can_be.size());
  }
  places.resize(can_be.size());
  for (std::size_t row = can_be.size(); row-- > 0;) {
    places[row] = reached[last].place;
    last = row > 0 ? begins[row - 1] + reached[last].from : 0;
  }
}

void PatternSteps::keep_only(std::span<State* const> in_use) {
  const std::vector<Places> lists = std::move(lists_);
  lists_.clear();
  states_.clear();
  steps_.clear();
  entries_ = 0;
  state_of({});
  first_ = state_of(lists[first_]);
  for (State* const state : in_use) {
    *state = state_of(lists[*state]);
  }
  crowded_at_ = std::max(kStatesMin, 2 * lists_.size());
}

std::size_t PatternSteps::memory_bytes() const {
  return 2 * entries_ * sizeof(std::uint32_t) + lists_.size() * 2 * sizeof(Places) +
         steps_.size() * (sizeof(Step) + sizeof(std::pair<State, VariableSet>));
}

}  // namespace thalweg
