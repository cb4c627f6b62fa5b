#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "columnar/type.h"
#include "expr/aggregate.h"

namespace thalweg {

// Variables of a pattern are numbered from 0; a set of them has a bit for each.
using VariableSet = std::uint64_t;
inline constexpr std::size_t kPatternVariablesMax = 64;
inline constexpr VariableSet kAllVariables = ~VariableSet{0};

// Which runs of rows match, and which of them are preferred: the first alternative of a choice, and
// more rounds of a repetition, or fewer of a reluctant one. A round beyond the least that matches
// no row is the last one.
struct RowPattern {
  enum class Kind : std::uint8_t {
    kVariable,
    kSequence,
    kChoice,
    kRepeat,
    // Any number of rows between two of the match that are passed over: each can be none of the
    // variables that may come next there. Fewer are preferred.
    kGap,
  };

  Kind kind = Kind::kSequence;
  std::uint32_t variable = 0;     // kVariable: one row, for which its condition is true.
  std::vector<RowPattern> parts;  // kRepeat has one. An empty kSequence matches no row.
  std::uint64_t least = 1;
  std::optional<std::uint64_t> most = 1;  // Absent: any number.
  bool reluctant = false;
  bool excluded = false;  // {- ... -}: its rows are matched and not put out.

  friend bool operator==(const RowPattern&, const RowPattern&) = default;
};

// As SQL writes it: "A B+? (C | D){2,3}"; a gap is "...".
std::string to_string(const RowPattern& pattern, std::span<const std::string> variables);

// A pattern unrolled: places that take one row each, and in which order of preference a match may
// go on behind each of them.
struct PatternProgram {
  static constexpr std::uint32_t kAccept = UINT32_MAX;  // The match may end here.
  static constexpr std::uint32_t kNoVariable = UINT32_MAX;

  struct Place {
    std::uint32_t variable = 0;  // kNoVariable: of a gap.
    bool excluded = false;
    VariableSet without = 0;  // Of a gap: only rows that can be none of these.

    bool is_gap() const { return variable == kNoVariable; }
    // `can_be`: the variables whose conditions are true of the row.
    bool takes(VariableSet can_be) const {
      return is_gap() ? (can_be & without) == 0 : (can_be >> variable & 1) != 0;
    }
  };
  std::vector<Place> places;
  // Numbers of places and kAccept, each once.
  std::vector<std::uint32_t> first;
  std::vector<std::vector<std::uint32_t>> next;  // By place.
};

inline constexpr std::size_t kPatternPlacesMax = 10'000;
inline constexpr std::size_t kPatternWaysMax = 1'000'000;  // Entries of `next`.

// Nothing: it has more places or ways than the above.
std::optional<PatternProgram> compile_pattern(const RowPattern& pattern);

// What is told of each match, over the input's columns.
struct MatchValue {
  enum class Kind : std::uint8_t {
    kPick,        // A column's value in one of its rows; NULL where there is no such row.
    kClassifier,  // The name of the variable of that row.
    kAggregate,   // Over those of its rows.
    kNumber,      // Of the match among those of its key, from 1.
    kTime,        // The event time of its last row.
  };

  Kind kind = Kind::kPick;
  VariableSet variables = kAllVariables;  // The rows that are looked at.
  bool from_first = false;                // kPick and kClassifier: which of them, counted from
  std::uint64_t offset = 0;               // the first or the last, at 0.
  // Where all rows of a match come out, each sees the rows up to itself; with this all of them.
  bool final = false;
  std::optional<std::uint32_t> column;  // Absent: of kClassifier, or count(*).
  AggregateKind aggregate = AggregateKind::kCountStar;
  Type type;
  std::string name;

  bool is_aggregate() const { return kind == Kind::kAggregate; }
};

// What must be true of a row, beside what it has itself, to be a variable of a match: conditions on
// the match's rows up to it, the row being that variable.
struct MatchConditions {
  // What they look at: kPick, kClassifier, and aggregates of is_followed_aggregate().
  std::vector<MatchValue> terms;
  // By variable, over the input's columns and then the terms, BOOLEAN; nullptr, or none: no such.
  std::vector<ExprPtr> by_variable;

  bool empty() const { return by_variable.empty(); }
};

// Whether conditions may look at the aggregate.
bool is_followed_aggregate(AggregateKind kind);
inline constexpr std::size_t kMatchTermsMax = 64;
inline constexpr std::uint64_t kTermOffsetMax = 100;  // Of kPick and kClassifier.

enum class RowsPerMatch : std::uint8_t {
  kOne,
  kAll,  // Of a match without rows the one that it stands at.
  kAllWithoutEmpty,
};

enum class AfterMatch : std::uint8_t {
  kPastLastRow,
  kToNextRow,
  kToFirst,  // The first row of some variables.
  kToLast,
};

}  // namespace thalweg
