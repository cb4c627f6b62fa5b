#include "operators/match_output.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "columnar/builder.h"
#include "columnar/kernels.h"
#include "operators/aggregation.h"
#include "operators/fixed_column.h"

namespace thalweg {
namespace {

constexpr std::size_t kNoRow = SIZE_MAX;

std::unique_ptr<Accumulator> accumulator_of(const MatchValue& value,
                                            const std::vector<Type>& types) {
  AggregateCall call;
  call.kind = value.aggregate;
  call.type = value.type;
  call.name = value.name;
  if (value.column) {
    call.args = {column_expr(*value.column, types[*value.column], value.name)};
  }
  return make_accumulator(call, /*updating=*/false);
}

bool is_of(const FoundMatches::Row& row, VariableSet variables) {
  return row.variable != FoundMatches::kNoVariable && (variables >> row.variable & 1) != 0;
}

}  // namespace

// The rows that come out: which match each tells of, and what stands for it, which sees the match
// up to itself.
struct MatchOutput::Told {
  std::vector<std::size_t> match;
  std::vector<std::size_t> row;
  std::size_t size() const { return match.size(); }
};

struct MatchOutput::Source {
  const FoundMatches& found;
  const Told& told;
  const RowStore& store;
  std::span<const Column> batch;

  Column column(const std::vector<RowRef>& refs, std::uint32_t number) const {
    return store.column(refs, batch[number], number);
  }
};

MatchOutput::MatchOutput(MatchOutputSpec spec) : spec_(std::move(spec)) {
  for (const MatchValue& value : spec_.values) {
    accumulators_.push_back(value.is_aggregate() ? accumulator_of(value, spec_.types) : nullptr);
  }
  if (spec_.function != nullptr) {
    function_ = spec_.function();
  }
}

MatchOutput::Told MatchOutput::rows_to_tell(const FoundMatches& found) const {
  Told told;
  for (std::size_t match = 0; match < found.matches.size(); ++match) {
    const std::size_t begin = found.matches[match].begin;
    const std::size_t end = found.end(match);
    if (spec_.rows == RowsPerMatch::kOne) {
      told.match.push_back(match);
      told.row.push_back(end - 1);
      continue;
    }
    for (std::size_t row = begin; row < end; ++row) {
      const bool is_empty = found.rows[row].variable == FoundMatches::kNoVariable;
      if (!found.rows[row].excluded && !(is_empty && spec_.rows != RowsPerMatch::kAll)) {
        told.match.push_back(match);
        told.row.push_back(row);
      }
    }
  }
  return told;
}

void MatchOutput::emit(const FoundMatches& found, const RowStore& store,
                       std::span<const Column> batch, Emitter& out) {
  if (function_ != nullptr) {
    call_function(found, store, batch, out);
    return;
  }
  const Told told = rows_to_tell(found);
  const Source source{.found = found, .told = told, .store = store, .batch = batch};
  std::vector<RowRef> refs;
  for (std::size_t i = 0; i < told.size(); ++i) {
    refs.push_back(found.rows[told.row[i]].ref);
  }
  Batch made;
  made.length = static_cast<std::uint32_t>(told.size());
  if (spec_.rows == RowsPerMatch::kOne) {
    for (const std::uint32_t key : spec_.keys) {
      made.columns.push_back(source.column(refs, key));
    }
  } else {
    for (std::uint32_t column = 0; column < spec_.types.size(); ++column) {
      made.columns.push_back(source.column(refs, column));
    }
  }
  std::vector<RowIndex> overflow;
  for (std::size_t value = 0; value < spec_.values.size(); ++value) {
    made.columns.push_back(value_column(value, source, overflow));
  }
  set_event_time(made, fixed_column<std::int64_t>(
                           type_of(TypeKind::kTimestamp), told.size(),
                           [&](std::size_t i) { return found.rows[told.row[i]].time; }));
  std::sort(overflow.begin(), overflow.end());
  overflow.erase(std::unique(overflow.begin(), overflow.end()), overflow.end());
  emit_results(std::move(made), overflow, out);
}

void MatchOutput::call_function(const FoundMatches& found, const RowStore& store,
                                std::span<const Column> batch, Emitter& out) {
  MatchRows matches;
  std::vector<RowRef> refs;
  std::vector<RowRef> last;  // Of each match.
  for (std::size_t match = 0; match < found.matches.size(); ++match) {
    matches.begins.push_back(static_cast<std::uint32_t>(refs.size()));
    for (std::size_t row = found.matches[match].begin; row < found.end(match); ++row) {
      if (!found.rows[row].excluded) {
        refs.push_back(found.rows[row].ref);
        matches.variables.push_back(found.rows[row].variable);
      }
    }
    last.push_back(found.rows[found.end(match) - 1].ref);
  }
  const auto times_of = [&](const std::vector<RowIndex>& of) {
    return fixed_column<std::int64_t>(type_of(TypeKind::kTimestamp), of.size(), [&](std::size_t i) {
      return found.rows[found.end(of[i]) - 1].time;
    });
  };
  matches.rows.length = static_cast<std::uint32_t>(refs.size());
  for (const std::uint32_t column : spec_.function_columns) {
    matches.rows.columns.push_back(store.column(refs, batch[column], column));
  }
  RowsMade made = function_->apply(matches);
  if (!made.refused.empty()) {
    std::vector<RowRef> refused;
    for (const RowIndex match : made.refused) {
      refused.push_back(last[match]);
    }
    Batch rejected;
    rejected.length = static_cast<std::uint32_t>(refused.size());
    for (std::uint32_t column = 0; column < spec_.types.size(); ++column) {
      rejected.columns.push_back(store.column(refused, batch[column], column));
    }
    set_event_time(rejected, times_of(made.refused));
    std::vector<RowIndex> all(refused.size());
    std::iota(all.begin(), all.end(), RowIndex{0});
    out.reject(rejected, all, made.refused_as);
  }
  if (!made.origins.empty()) {
    Batch rows;
    rows.length = static_cast<std::uint32_t>(made.origins.size());
    rows.columns = std::move(made.columns);
    set_event_time(rows, times_of(made.origins));
    out.emit(Port::kMain, std::move(rows));
  }
}

// An aggregate over the rows of matches, each of which is a group of the accumulator.
class MatchOutput::Fold {
 public:
  Fold(const MatchValue& value, Accumulator& accumulator, const Source& source,
       std::vector<RowIndex>& overflow)
      : value_(value),
        accumulator_(accumulator),
        source_(source),
        overflow_(overflow),
        rows_(rows_of(source.found)) {
    if (value.column) {
      std::vector<RowRef> refs;
      for (const FoundMatches::Row& row : source.found.rows) {
        refs.push_back(row.ref);
      }
      args_.push_back(source.column(refs, *value.column));
    }
    accumulator_.clear();
    accumulator_.grow_to(static_cast<std::uint32_t>(source.found.matches.size()));
  }

  // Each match is seen whole.
  Column whole() {
    const FoundMatches& found = source_.found;
    for (std::size_t match = 0; match < found.matches.size(); ++match) {
      for (std::size_t row = found.matches[match].begin; row < found.end(match); ++row) {
        choose(match, row);
      }
    }
    update();
    std::vector<std::size_t> all(source_.told.size());
    std::iota(all.begin(), all.end(), std::size_t{0});
    return results_of(all);
  }

  // Each row sees its match up to itself: row by row of each, all matches side by side.
  Column running() {
    const FoundMatches& found = source_.found;
    const Told& told = source_.told;
    std::vector<std::size_t> next(found.matches.size());  // Of the told rows of each match.
    for (std::size_t match = 0; match < next.size(); ++match) {
      next[match] = static_cast<std::size_t>(
          std::lower_bound(told.match.begin(), told.match.end(), match) - told.match.begin());
    }
    std::vector<RowIndex> places(told.size());  // Of each told row, among the results.
    std::vector<Column> results;
    RowIndex count = 0;
    std::vector<std::size_t> open(found.matches.size());  // Matches with rows left.
    std::iota(open.begin(), open.end(), std::size_t{0});
    for (std::size_t at = 0; count < told.size(); ++at) {
      std::vector<std::size_t> tells;
      std::erase_if(open, [&](std::size_t match) {
        return found.matches[match].begin + at >= found.end(match);
      });
      for (const std::size_t match : open) {
        const std::size_t row = found.matches[match].begin + at;
        choose(match, row);
        if (next[match] < told.size() && told.row[next[match]] == row) {
          places[next[match]] = count++;
          tells.push_back(next[match]++);
        }
      }
      update();
      if (!tells.empty()) {
        results.push_back(results_of(tells));
      }
    }
    return results.empty() ? null_column(value_.type, 0) : gather(concat_columns(results), places);
  }

 private:
  // What orders the rows of a match is their place in it.
  static Batch rows_of(const FoundMatches& found) {
    Batch rows;
    rows.length = static_cast<std::uint32_t>(found.rows.size());
    set_event_time(rows,
                   fixed_column<std::int64_t>(type_of(TypeKind::kTimestamp), rows.length,
                                              [&](std::size_t i) { return found.rows[i].time; }));
    rows.partition = fixed_column<std::int32_t>(type_of(TypeKind::kInt), rows.length,
                                                [](std::size_t) { return std::int32_t{0}; });
    rows.position =
        bigint_column_of(rows.length, [](std::size_t i) { return static_cast<std::int64_t>(i); });
    return rows;
  }

  void choose(std::size_t match, std::size_t row) {
    if (is_of(source_.found.rows[row], value_.variables)) {
      ids_.push_back(static_cast<GroupId>(match));
      chosen_.push_back(static_cast<RowIndex>(row));
    }
  }

  void update() {
    if (!ids_.empty()) {
      accumulator_.update({.ids = ids_, .rows = {.rows = chosen_}}, args_, rows_);
    }
    ids_.clear();
    chosen_.clear();
  }

  // Of these told rows.
  Column results_of(const std::vector<std::size_t>& tells) {
    std::vector<GroupId> matches;
    for (const std::size_t i : tells) {
      matches.push_back(static_cast<GroupId>(source_.told.match[i]));
    }
    std::vector<RowIndex> failed;
    Column results = accumulator_.results(matches, failed);
    for (const RowIndex place : failed) {
      overflow_.push_back(static_cast<RowIndex>(tells[place]));
    }
    return results;
  }

  const MatchValue& value_;
  Accumulator& accumulator_;
  const Source& source_;
  std::vector<RowIndex>& overflow_;
  const Batch rows_;
  std::vector<Column> args_;
  std::vector<GroupId> ids_;
  std::vector<RowIndex> chosen_;
};

Column MatchOutput::value_column(std::size_t number, const Source& source,
                                 std::vector<RowIndex>& overflow) {
  const MatchValue& value = spec_.values[number];
  const FoundMatches& found = source.found;
  const Told& told = source.told;
  switch (value.kind) {
    case MatchValue::Kind::kPick:
    case MatchValue::Kind::kClassifier:
      return picked(value, source);
    case MatchValue::Kind::kAggregate: {
      Fold fold(value, *accumulators_[number], source, overflow);
      return value.final || spec_.rows == RowsPerMatch::kOne ? fold.whole() : fold.running();
    }
    case MatchValue::Kind::kNumber:
      return bigint_column_of(told.size(),
                              [&](std::size_t i) { return found.matches[told.match[i]].number; });
    case MatchValue::Kind::kTime:
      break;
  }
  return fixed_column<std::int64_t>(value.type, told.size(), [&](std::size_t i) {
    return found.rows[found.end(told.match[i]) - 1].time;
  });
}

// Which row the value is of for each row that comes out; kNoRow: none.
std::vector<std::size_t> MatchOutput::picks(const MatchValue& value, const Source& source) {
  const FoundMatches& found = source.found;
  const Told& told = source.told;
  std::vector<std::size_t> picks;
  std::vector<std::size_t> rows;  // Of the match at hand and the variables.
  for (std::size_t i = 0; i < told.size(); ++i) {
    const std::size_t begin = found.matches[told.match[i]].begin;
    const bool is_next = i == 0 || told.match[i] != told.match[i - 1];
    if (is_next) {
      rows.clear();
    }
    const std::size_t seen = is_next       ? begin
                             : value.final ? found.end(told.match[i])
                                           : told.row[i - 1] + 1;
    const std::size_t end = value.final ? found.end(told.match[i]) : told.row[i] + 1;
    for (std::size_t row = seen; row < end; ++row) {
      if (is_of(found.rows[row], value.variables)) {
        rows.push_back(row);
      }
    }
    if (value.offset >= rows.size()) {
      picks.push_back(kNoRow);
    } else {
      picks.push_back(value.from_first ? rows[value.offset] : rows[rows.size() - 1 - value.offset]);
    }
  }
  return picks;
}

Column MatchOutput::picked(const MatchValue& value, const Source& source) const {
  const std::vector<std::size_t> rows = picks(value, source);
  if (value.kind == MatchValue::Kind::kClassifier) {
    ColumnBuilder names(value.type);
    for (const std::size_t row : rows) {
      if (row == kNoRow) {
        names.append_null();
      } else {
        names.append_text(spec_.variables[source.found.rows[row].variable]);
      }
    }
    return names.finish();
  }
  std::vector<RowRef> refs;
  bool all_there = true;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    all_there = all_there && rows[i] != kNoRow;
    // Any row where there is none.
    refs.push_back(source.found.rows[rows[i] == kNoRow ? source.told.row[i] : rows[i]].ref);
  }
  Column column = source.column(refs, *value.column);
  if (!all_there) {
    column.set_validity(pack_bits(static_cast<std::uint32_t>(rows.size()), [&](std::size_t i) {
      return rows[i] != kNoRow && column.is_valid(static_cast<RowIndex>(i));
    }));
  }
  return column;
}

}  // namespace thalweg
