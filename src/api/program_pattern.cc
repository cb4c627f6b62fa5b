#include "api/program_pattern.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>

namespace thalweg {
namespace {

using detail::MatchSkip;
using detail::PatternDecl;
using detail::PatternStep;
using Kind = RowPattern::Kind;

RowPattern sequence_of(std::vector<RowPattern> parts) {
  RowPattern sequence;
  sequence.parts = std::move(parts);
  return sequence;
}

RowPattern gap() {
  RowPattern gap;
  gap.kind = Kind::kGap;
  return gap;
}

RowPattern repeated(RowPattern part, std::uint64_t least, std::optional<std::uint64_t> most,
                    bool reluctant) {
  RowPattern repeat;
  repeat.kind = Kind::kRepeat;
  repeat.parts.push_back(std::move(part));
  repeat.least = least;
  repeat.most = most;
  repeat.reluctant = reluctant;
  return repeat;
}

// The rows of a step, of which there is one.
RowPattern rows_of(const PatternStep& step, std::uint32_t number) {
  RowPattern row;
  row.kind = Kind::kVariable;
  row.variable = number;
  if (step.least == 1 && step.most == 1U) {
    return row;
  }
  if (step.is_consecutive) {
    return repeated(std::move(row), step.least, step.most, step.is_reluctant);
  }
  RowPattern later = sequence_of({gap(), row});
  const auto more = step.most ? std::optional(*step.most - 1) : std::nullopt;
  return sequence_of({row, repeated(std::move(later), step.least - 1, more, step.is_reluctant)});
}

// The steps from `first` on, before which there are rows of the match.
RowPattern later_steps(const PatternDecl& pattern, std::uint32_t first) {
  RowPattern all;
  for (std::uint32_t i = first; i < pattern.steps.size(); ++i) {
    const PatternStep& step = pattern.steps[i];
    const bool is_later = step.follows == PatternStep::Follows::kLater;
    RowPattern rows = rows_of(step, i);
    rows = is_later ? sequence_of({gap(), std::move(rows)}) : std::move(rows);
    all.parts.push_back(step.is_optional ? repeated(std::move(rows), 0, 1, step.is_reluctant)
                                         : std::move(rows));
  }
  return all;
}

// The steps from `first` on, the match beginning with one of them: no gap stands before it.
RowPattern steps_from(const PatternDecl& pattern, std::uint32_t first) {
  const PatternStep& step = pattern.steps[first];
  RowPattern with = sequence_of({rows_of(step, first), later_steps(pattern, first + 1)});
  if (!step.is_optional) {
    return with;
  }
  RowPattern choice;
  choice.kind = Kind::kChoice;
  choice.parts = {std::move(with), steps_from(pattern, first + 1)};
  if (step.is_reluctant) {
    std::swap(choice.parts[0], choice.parts[1]);
  }
  return choice;
}

void check_step(const PatternStep& step, std::vector<std::string>& mistakes) {
  const auto add = [&](const std::string& what) {
    mistakes.push_back(fmt::format("step \"{}\" {}", step.name, what));
  };
  if (step.least == 0) {
    add("takes at least one row: optional() lets a match have none of it");
  } else if (step.most && *step.most < step.least) {
    add(fmt::format("takes {} rows at least and {} at most", step.least, *step.most));
  }
  if (step.is_consecutive && step.most == 1U) {
    add("is consecutive() and takes one row");
  }
  if (step.is_reluctant && !step.is_optional && step.most == step.least) {
    add("is reluctant() and always takes the same number of rows");
  }
}

void check_skip(const PatternDecl& pattern, std::vector<std::string>& mistakes) {
  if (pattern.skip != MatchSkip::kToFirst && pattern.skip != MatchSkip::kToLast) {
    return;
  }
  const auto target = std::ranges::find(pattern.steps, pattern.skip_to, &PatternStep::name);
  if (target == pattern.steps.end()) {
    mistakes.push_back(fmt::format("it skips to a step \"{}\", which it has not", pattern.skip_to));
  } else if (target == pattern.steps.begin() && !target->is_optional &&
             (pattern.skip == MatchSkip::kToFirst || target->most == 1U)) {
    mistakes.push_back(fmt::format(
        "behind a match it would skip to \"{}\", with which the match begins", pattern.skip_to));
  }
}

}  // namespace

std::vector<std::string> mistakes_in(const PatternDecl& pattern) {
  std::vector<std::string> mistakes = pattern.mistakes;
  const std::vector<PatternStep>& steps = pattern.steps;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    if (std::find_if(steps.begin(), steps.begin() + static_cast<std::ptrdiff_t>(i),
                     [&](const PatternStep& other) { return other.name == steps[i].name; }) !=
        steps.begin() + static_cast<std::ptrdiff_t>(i)) {
      mistakes.push_back(fmt::format("two steps are called \"{}\"", steps[i].name));
    }
    check_step(steps[i], mistakes);
  }
  if (std::ranges::all_of(steps, &PatternStep::is_optional)) {
    mistakes.emplace_back("all its steps are optional: a match has a row");
  }
  if (steps.size() > kPatternVariablesMax) {
    mistakes.push_back(fmt::format("a pattern has {} steps at most", kPatternVariablesMax));
  }
  if (pattern.within && pattern.within->count() <= 0) {
    mistakes.emplace_back("the time within which a match ends must be more than nothing");
  }
  check_skip(pattern, mistakes);
  return mistakes;
}

RowPattern row_pattern_of(const PatternDecl& pattern) { return steps_from(pattern, 0); }

}  // namespace thalweg
