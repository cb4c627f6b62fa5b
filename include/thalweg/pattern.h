#pragma once

#include <algorithm>
#include <chrono>
#include <concepts>
#include <cstdint>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "thalweg/detail/pattern_decl.h"
#include "thalweg/detail/pattern_function.h"

namespace thalweg {

// The rows of one match, in order of event time, by the names of the pattern's steps. A view: valid
// during the call that hands it over. A name that the pattern has not, and a row that the match has
// not, throw std::invalid_argument, which rejects the match.
template <typename T>
class Match {
 public:
  // For the engine. `steps`: by row, the number of its step.
  Match(std::span<const T> rows, std::span<const std::uint32_t> steps,
        const std::vector<std::string>& names)
      : rows_(rows), steps_(steps), names_(&names) {}

  // All of them; not those that were passed over.
  std::span<const T> rows() const { return rows_; }
  // Those of a step; none where it was left out.
  std::span<const T> rows(std::string_view step) const {
    const auto own = std::ranges::equal_range(steps_, number_of(step));
    return rows_.subspan(static_cast<std::size_t>(own.begin() - steps_.begin()), own.size());
  }
  bool has(std::string_view step) const { return !rows(step).empty(); }
  const T& first(std::string_view step) const { return some_rows(step).front(); }
  const T& last(std::string_view step) const { return some_rows(step).back(); }

 private:
  std::uint32_t number_of(std::string_view step) const {
    const auto found = std::ranges::find(*names_, step);
    if (found == names_->end()) {
      throw std::invalid_argument("the pattern has no step \"" + std::string(step) + '"');
    }
    return static_cast<std::uint32_t>(found - names_->begin());
  }
  std::span<const T> some_rows(std::string_view step) const {
    const std::span<const T> own = rows(step);
    if (own.empty()) {
      throw std::invalid_argument("the match has no row of step \"" + std::string(step) + '"');
    }
    return own;
  }

  std::span<const T> rows_;
  std::span<const std::uint32_t> steps_;  // Ascending.
  const std::vector<std::string>* names_;
};

// Which rows of a key, in order of event time, make a match: steps with names, one behind the
// other, each of which takes rows of which its conditions are true.
//
//   pattern<Login>()
//       .begin("failed").where([](const Login& login) { return !login.ok; }).times(3)
//       .followed_by("success").where([](const Login& login) { return login.ok; })
//       .within(5min)
//
// Where a match may go on in several ways, more rows of a step are preferred to fewer, and an
// optional step to none: at most one match begins at each row, the preferred one. It comes out as
// soon as no row to come can make another of it. A value; each call gives a changed copy. What
// cannot be, such as two steps of one name, is told of when the pipeline runs.
template <typename T>
class Pattern {
 public:
  // For the engine, which has pattern<T>() for programs.
  explicit Pattern(std::string first) { add_step(std::move(first), Follows::kNext); }

  // What must be true of the rows of the step that was named last; of several conditions all.
  // Without any it takes any row. Called once for each row of the stream, whatever came before it;
  // copied to each worker. A row on which one throws is rejected, and the others go on.
  template <std::predicate<const T&> F>
  Pattern where(F condition) const {
    Pattern changed = *this;
    changed.decl_.steps.back().has_condition = true;
    changed.conditions_.back().push_back(detail::make_condition<T>(std::move(condition)));
    return changed;
  }

  // How many rows the step takes, where not one. Rows that can be nothing that may come next stand
  // between them, unless they are consecutive().
  Pattern times(std::uint64_t count) const { return counted(count, count); }
  Pattern times(std::uint64_t least, std::uint64_t most) const { return counted(least, most); }
  Pattern times_or_more(std::uint64_t least) const { return counted(least, std::nullopt); }
  Pattern one_or_more() const { return counted(1, std::nullopt); }
  // One row of the step behind the other.
  Pattern consecutive() const {
    return changed_step([](Step& step) { step.is_consecutive = true; });
  }
  // A match may have no row of the step.
  Pattern optional() const {
    return changed_step([](Step& step) { step.is_optional = true; });
  }
  // As few rows as there may be are preferred, and none to an optional step.
  Pattern reluctant() const {
    return changed_step([](Step& step) { step.is_reluctant = true; });
  }

  // The next step begins with the next row of the key.
  Pattern then(std::string name) const { return with_step(std::move(name), Follows::kNext); }
  // The next step begins with the first later row that can be it: those that can be nothing that
  // may come next are passed over, and are not in the match.
  Pattern followed_by(std::string name) const {
    return with_step(std::move(name), Follows::kLater);
  }

  // The last row of a match comes less than so long after the first. Frees what waits without
  // another row of the key. Without it, what is not complete waits for ever.
  Pattern within(std::chrono::microseconds span) const {
    Pattern changed = *this;
    changed.decl_.within = span;
    return changed;
  }

  // Where the next match may begin; past the last row of the one before unless one of these says
  // otherwise: behind its first row, or at the first or last row of a step. A match that has no
  // such row comes out, and its first row is rejected.
  Pattern skip_to_next_row() const { return skipping(Skip::kToNextRow, {}); }
  Pattern skip_to_first(std::string step) const {
    return skipping(Skip::kToFirst, std::move(step));
  }
  Pattern skip_to_last(std::string step) const { return skipping(Skip::kToLast, std::move(step)); }

  // For the engine.
  const detail::PatternDecl& decl() const { return decl_; }
  const detail::MakeConditions<T>& conditions() const { return conditions_; }

 private:
  using Step = detail::PatternStep;
  using Follows = Step::Follows;
  using Skip = detail::MatchSkip;

  void add_step(std::string name, Follows follows) {
    decl_.steps.push_back({.name = std::move(name), .follows = follows});
    conditions_.emplace_back();
  }
  Pattern with_step(std::string name, Follows follows) const {
    Pattern changed = *this;
    changed.add_step(std::move(name), follows);
    return changed;
  }
  template <typename Change>
  Pattern changed_step(Change change) const {
    Pattern changed = *this;
    change(changed.decl_.steps.back());
    return changed;
  }
  Pattern counted(std::uint64_t least, std::optional<std::uint64_t> most) const {
    Pattern changed = *this;
    Step& step = changed.decl_.steps.back();
    if (step.is_counted) {
      changed.decl_.mistakes.push_back("step \"" + step.name + "\" is counted twice");
    }
    step.is_counted = true;
    step.least = least;
    step.most = most;
    return changed;
  }
  Pattern skipping(Skip skip, std::string step) const {
    Pattern changed = *this;
    changed.decl_.skip = skip;
    changed.decl_.skip_to = std::move(step);
    return changed;
  }

  detail::PatternDecl decl_;
  detail::MakeConditions<T> conditions_;  // By step.
};

// Where a pattern of rows of type T, a plain struct, begins.
template <typename T>
class PatternStart {
 public:
  Pattern<T> begin(std::string name) const { return Pattern<T>(std::move(name)); }
};

template <typename T>
PatternStart<T> pattern() {
  return {};
}

}  // namespace thalweg
