#include "operators/match_output.h"

#include <algorithm>
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

Column MatchOutput::value_column(std::size_t number, const Source& source,
                                 std::vector<RowIndex>& overflow) {
  const MatchValue& value = spec_.values[number];
  const FoundMatches& found = source.found;
  const Told& told = source.told;
  switch (value.kind) {
    case MatchValue::Kind::kPick:
    case MatchValue::Kind::kClassifier:
      return picked(value, source);
    case MatchValue::Kind::kAggregate:
      return aggregated(value, *accumulators_[number], source, overflow);
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

// All matches at once where each is seen whole; else row by row of each, all matches side by side.
Column MatchOutput::aggregated(const MatchValue& value, Accumulator& accumulator,
                               const Source& source, std::vector<RowIndex>& overflow) const {
  const FoundMatches& found = source.found;
  const Told& told = source.told;
  const bool whole = value.final || spec_.rows == RowsPerMatch::kOne;
  Batch rows;
  rows.length = static_cast<std::uint32_t>(found.rows.size());
  set_event_time(rows,
                 fixed_column<std::int64_t>(type_of(TypeKind::kTimestamp), rows.length,
                                            [&](std::size_t i) { return found.rows[i].time; }));
  rows.partition = fixed_column<std::int32_t>(type_of(TypeKind::kInt), rows.length,
                                              [](std::size_t) { return std::int32_t{0}; });
  rows.position =
      bigint_column_of(rows.length, [](std::size_t i) { return static_cast<std::int64_t>(i); });
  std::vector<Column> args;
  if (value.column) {
    std::vector<RowRef> refs;
    for (const FoundMatches::Row& row : found.rows) {
      refs.push_back(row.ref);
    }
    args.push_back(source.column(refs, *value.column));
  }
  accumulator.clear();
  accumulator.grow_to(static_cast<std::uint32_t>(found.matches.size()));
  std::vector<GroupId> ids;
  std::vector<RowIndex> chosen;
  const auto choose = [&](std::size_t match, std::size_t row) {
    if (is_of(found.rows[row], value.variables)) {
      ids.push_back(static_cast<GroupId>(match));
      chosen.push_back(static_cast<RowIndex>(row));
    }
  };
  const auto update = [&] {
    accumulator.update({.ids = ids, .rows = {.rows = chosen}}, args, rows);
    ids.clear();
    chosen.clear();
  };
  std::vector<RowIndex> places(told.size());  // Of each result that comes out, among `results`.
  std::vector<Column> results;
  std::uint32_t count = 0;
  const auto take_results = [&](const std::vector<std::size_t>& tells) {
    std::vector<GroupId> of;
    for (const std::size_t i : tells) {
      of.push_back(static_cast<GroupId>(told.match[i]));
      places[i] = count++;
    }
    std::vector<RowIndex> failed;
    results.push_back(accumulator.results(of, failed));
    for (const RowIndex place : failed) {
      overflow.push_back(static_cast<RowIndex>(tells[place]));
    }
  };
  std::vector<std::size_t> tells;
  if (whole) {
    for (std::size_t match = 0; match < found.matches.size(); ++match) {
      for (std::size_t row = found.matches[match].begin; row < found.end(match); ++row) {
        choose(match, row);
      }
    }
    update();
    for (std::size_t i = 0; i < told.size(); ++i) {
      tells.push_back(i);
    }
    take_results(tells);
    return std::move(results[0]);
  }
  std::vector<std::size_t> next(found.matches.size() + 1);  // Of each match's told rows.
  for (const std::size_t match : told.match) {
    ++next[match + 1];
  }
  for (std::size_t match = 1; match < next.size(); ++match) {
    next[match] += next[match - 1];
  }
  const std::vector<std::size_t> ends(next.begin() + 1, next.end());
  bool more = true;
  for (std::size_t at = 0; more; ++at) {
    more = false;
    tells.clear();
    for (std::size_t match = 0; match < found.matches.size(); ++match) {
      const std::size_t row = found.matches[match].begin + at;
      if (row >= found.end(match)) {
        continue;
      }
      more = true;
      choose(match, row);
      if (next[match] < ends[match] && told.row[next[match]] == row) {
        tells.push_back(next[match]++);
      }
    }
    if (!ids.empty()) {
      update();
    }
    if (!tells.empty()) {
      take_results(tells);
    }
  }
  if (results.empty()) {
    return null_column(value.type, 0);
  }
  return gather(concat_columns(results), places);
}

}  // namespace thalweg
