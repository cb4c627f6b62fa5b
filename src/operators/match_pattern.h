#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "columnar/match_function.h"
#include "expr/row_pattern.h"
#include "operators/key_order.h"
#include "stream/operator.h"

namespace thalweg {

struct MatchPatternSpec {
  KeyOrderSpec rows;  // The order begins with event time, or what stands at a fixed distance from
                      // it, ascending. Rows equal in it are told apart as KeyOrder does.
  RowPattern pattern;
  std::vector<std::string> variables;                    // Names.
  std::vector<std::optional<std::uint32_t>> conditions;  // By variable, BOOLEAN columns of the
                                                         // input; absent: any row can be it.
  MatchConditions moving;  // What must be true beside, of the match's rows up to it; not where the
                           // pattern has gaps.
  std::vector<MatchValue> values;
  RowsPerMatch rows_per_match = RowsPerMatch::kOne;
  // Makes what comes out, in place of keys and values, of these columns of each match's rows; may
  // be absent.
  MakeMatchFunction function = nullptr;
  std::vector<std::uint32_t> function_columns = {};
  AfterMatch after_match = AfterMatch::kPastLastRow;
  VariableSet skip_to = 0;         // kToFirst, kToLast.
  std::int64_t within_micros = 0;  // So much after its first row a match is over; 0: never.
  // Beyond so many rows of a key that wait, or ways in which they may go on, what begins with the
  // first of them is given up, and that is rejected (RowError::kMatchTooLarge). With `moving`, each
  // way of reading them of which conditions see something else counts.
  std::uint32_t rows_max = 100'000;
  std::uint32_t ways_max = 10'000;
};

// Finds runs of rows of each key that match a pattern, and tells of each as soon as it is certain:
// when no row to come, before the watermark of its end, can make another match of it. Matches are
// those of SQL's MATCH_RECOGNIZE. A row that the watermark has passed and no match can need goes. A
// row older than the operator's own watermark is rejected (RowError::kLateAfterIdle); a match that
// goes on at a row that it has not, or begins with, comes out, and its first row is rejected
// (RowError::kSkipToNothing). The last row of a match that the function refuses is rejected. A
// condition of `moving` that fails is not true; its row is rejected too, and stays where it is
// among the others. Requires: compile_pattern(pattern) gives a program.
std::unique_ptr<Operator> make_match_pattern(MatchPatternSpec spec);

}  // namespace thalweg
