#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "plan/plan.h"

namespace thalweg::plan {

// What the state of a step means, told so that it is the same text where state made under one query
// is right under another. Columns go by what they are made of in the sources, whatever they are
// called on the way; what is done with the step's results is left out.
struct StateMeaning {
  struct Aspect {
    std::string name;  // "keys", "rows"
    std::string text;
    friend bool operator==(const Aspect&, const Aspect&) = default;
  };
  std::vector<Aspect> aspects;
  // Of an aggregate: its calls, each of which has state of its own.
  std::vector<std::string> calls;

  friend bool operator==(const StateMeaning&, const StateMeaning&) = default;
};

// Its aspect of rows that may be taken back: a call that has not seen them come cannot be added.
inline constexpr const char* kChangingRows = "changes";
// When an operator's results come, where its input decides that.
inline constexpr std::string_view kResultsAtEnd = "at the end";
inline constexpr std::string_view kResultsAtEveryChange = "at every change";

// Of the steps that have ids.
std::unordered_map<const Node*, StateMeaning> state_meanings(const Plan& plan);

// Of the last rows of each key of a table, of which these columns are kept.
StateMeaning meaning_of_rows_by_key(const Table& table, const std::vector<std::uint32_t>& columns);

// As lines, for a later run to compare with. Reading takes any text.
std::string to_text(const StateMeaning& meaning);
StateMeaning read_meaning(const std::string& text);

}  // namespace thalweg::plan
