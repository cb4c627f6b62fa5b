#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "expr/row_pattern.h"

// Random patterns, and what matches them by the letter of the standard: every way of matching is
// tried, in order of preference, until one succeeds.
namespace thalweg::fixture {

struct PatternRow {
  VariableSet can_be = 0;
  std::int64_t time = 0;
};

// The variable of each row of a match.
using MatchedRows = std::vector<std::uint32_t>;

// Whether the last row of a match so far, which begins at a row, can be the variable that it is.
using MovingCondition = std::function<bool(std::size_t first, const MatchedRows& matched)>;

class ReferenceMatcher {
 public:
  ReferenceMatcher(const RowPattern& pattern, std::vector<PatternRow> rows, std::int64_t within,
                   MovingCondition condition = nullptr)
      : pattern_(pattern),
        rows_(std::move(rows)),
        within_(within),
        condition_(std::move(condition)) {}

  // The preferred match that begins at the row.
  std::optional<MatchedRows> match_at(std::size_t first) {
    first_ = first;
    matched_.clear();
    if (try_part(pattern_, first, [](std::size_t) { return true; })) {
      return matched_;
    }
    return std::nullopt;
  }

 private:
  using Then = std::function<bool(std::size_t)>;

  bool try_part(const RowPattern& part, std::size_t at, const Then& then) {
    switch (part.kind) {
      case RowPattern::Kind::kVariable: {
        const bool fits = at < rows_.size() && (rows_[at].can_be >> part.variable & 1) != 0 &&
                          (within_ == 0 || rows_[at].time < rows_[first_].time + within_);
        if (!fits) {
          return false;
        }
        matched_.push_back(part.variable);
        if ((condition_ == nullptr || condition_(first_, matched_)) && then(at + 1)) {
          return true;
        }
        matched_.pop_back();
        return false;
      }
      case RowPattern::Kind::kSequence:
        return try_sequence(part, 0, at, then);
      case RowPattern::Kind::kChoice:
        for (const RowPattern& each : part.parts) {
          if (try_part(each, at, then)) {
            return true;
          }
        }
        return false;
      case RowPattern::Kind::kGap:
        return false;  // random_pattern() makes none.
      case RowPattern::Kind::kRepeat:
        return try_rounds(part, 0, at, then);
    }
    return false;
  }

  bool try_sequence(const RowPattern& part, std::size_t i, std::size_t at, const Then& then) {
    return i == part.parts.size() ? then(at)
                                  : try_part(part.parts[i], at, [&, i](std::size_t next) {
                                      return try_sequence(part, i + 1, next, then);
                                    });
  }

  bool try_rounds(const RowPattern& part, std::uint64_t round, std::size_t at, const Then& then) {
    const auto one_more = [&] {
      return try_part(part.parts[0], at, [&](std::size_t next) {
        return round >= part.least && next == at ? then(at)
                                                 : try_rounds(part, round + 1, next, then);
      });
    };
    if (round < part.least) {
      return one_more();
    }
    if (part.most && round >= *part.most) {
      return then(at);
    }
    return part.reluctant ? then(at) || one_more() : one_more() || then(at);
  }

  const RowPattern& pattern_;
  const std::vector<PatternRow> rows_;
  const std::int64_t within_;
  const MovingCondition condition_;
  std::size_t first_ = 0;
  MatchedRows matched_;
};

inline RowPattern variable_of(std::uint32_t number) {
  RowPattern pattern;
  pattern.kind = RowPattern::Kind::kVariable;
  pattern.variable = number;
  return pattern;
}

inline RowPattern parts_of(RowPattern::Kind kind, std::vector<RowPattern> parts) {
  RowPattern pattern;
  pattern.kind = kind;
  pattern.parts = std::move(parts);
  return pattern;
}

inline RowPattern repeat_of(RowPattern part, std::uint64_t least, std::optional<std::uint64_t> most,
                            bool reluctant = false) {
  RowPattern pattern = parts_of(RowPattern::Kind::kRepeat, {std::move(part)});
  pattern.least = least;
  pattern.most = most;
  pattern.reluctant = reluctant;
  return pattern;
}

// `size`: how many variables, repetitions and choices it has at most.
inline RowPattern random_pattern(std::mt19937_64& dice, int size, std::uint32_t variables) {
  if (size <= 1) {
    return dice() % 12 == 0 ? RowPattern()
                            : variable_of(static_cast<std::uint32_t>(dice() % variables));
  }
  if (dice() % 3 == 0) {
    constexpr std::optional<std::uint64_t> kNoMost;
    const std::pair<std::uint64_t, std::optional<std::uint64_t>> bounds[] = {
        {0, kNoMost}, {1, kNoMost}, {0, 1}, {2, 2}, {0, 2}, {1, 3}, {2, kNoMost}};
    const auto& [least, most] = bounds[dice() % std::size(bounds)];
    return repeat_of(random_pattern(dice, size - 1, variables), least, most, dice() % 3 == 0);
  }
  const int left = 1 + static_cast<int>(dice() % static_cast<std::uint64_t>(size - 1));
  return parts_of(
      dice() % 3 == 0 ? RowPattern::Kind::kChoice : RowPattern::Kind::kSequence,
      {random_pattern(dice, left, variables), random_pattern(dice, size - left, variables)});
}

}  // namespace thalweg::fixture
