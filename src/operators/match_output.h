#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "columnar/match_function.h"
#include "expr/row_pattern.h"
#include "operators/accumulator.h"
#include "state/row_store.h"
#include "stream/operator.h"

namespace thalweg {

struct MatchOutputSpec {
  std::vector<Type> types;             // Of the input's columns.
  std::vector<std::uint32_t> keys;     // Columns of the input.
  std::vector<std::string> variables;  // Names.
  std::vector<MatchValue> values;
  RowsPerMatch rows = RowsPerMatch::kOne;
  MakeMatchFunction function = nullptr;  // As the operator has it.
  std::vector<std::uint32_t> function_columns = {};
};

// Matches to put out.
struct FoundMatches {
  static constexpr std::uint32_t kNoVariable = PatternProgram::kNoVariable;
  struct Row {
    RowRef ref;
    std::int64_t time = 0;
    std::uint32_t variable = kNoVariable;  // None: a gap's, or a match of no rows stands here.
    bool excluded = false;
  };
  struct Match {
    std::size_t begin = 0;  // Of its rows.
    std::int64_t number = 0;
  };
  std::vector<Row> rows;
  std::vector<Match> matches;

  std::size_t end(std::size_t match) const {
    return match + 1 < matches.size() ? matches[match + 1].begin : rows.size();
  }
  void clear() {
    rows.clear();
    matches.clear();
  }
};

// Makes the rows that tell of matches: one for each, with the keys, or the rows of each, with all
// columns of the input; then the values. Or what a function of the program makes of each match. A
// row with a value that does not fit its type is rejected
// (RowError::kOverflow).
class MatchOutput {
 public:
  explicit MatchOutput(MatchOutputSpec spec);

  // `batch`: the columns of what rows are not kept.
  void emit(const FoundMatches& found, const RowStore& store, std::span<const Column> batch,
            Emitter& out);

 private:
  struct Told;
  struct Source;
  class Fold;

  Told rows_to_tell(const FoundMatches& found) const;
  void call_function(const FoundMatches& found, const RowStore& store,
                     std::span<const Column> batch, Emitter& out);
  Column value_column(std::size_t value, const Source& source, std::vector<RowIndex>& overflow);
  static std::vector<std::size_t> picks(const MatchValue& value, const Source& source);
  Column picked(const MatchValue& value, const Source& source) const;

  const MatchOutputSpec spec_;
  std::vector<std::unique_ptr<Accumulator>> accumulators_;  // By value; null for others.
  std::unique_ptr<MatchFunction> function_;                 // May be null.
};

}  // namespace thalweg
