#include "operators/match_memory.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

#include "base/check.h"
#include "columnar/builder.h"
#include "columnar/kernels.h"
#include "operators/exact_sum.h"
#include "operators/fixed_column.h"
#include "operators/sum_state.h"

namespace thalweg {
namespace {

// A row as a memory has it, 0 being none.
constexpr std::uint64_t kRowStep = kPatternVariablesMax;

std::uint64_t word_of(std::int64_t row, std::uint32_t variable) {
  return static_cast<std::uint64_t>(row + 1) * kRowStep + variable;
}
std::int64_t row_of(std::uint64_t word) { return static_cast<std::int64_t>(word / kRowStep) - 1; }
std::uint32_t variable_of(std::uint64_t word) {
  return static_cast<std::uint32_t>(word % kRowStep);
}

// As the aggregate has it, for rows that are never taken back.
struct FloatingSum {
  double value;
  double lost;     // What rounding has taken from `value` so far.
  double special;  // The sum of what is not finite.
  std::int64_t count;

  void add(double number) {
    ++count;
    if (!std::isfinite(number)) {
      special += number;
      return;
    }
    const double total = value + number;
    lost +=
        std::abs(value) >= std::abs(number) ? (value - total) + number : (number - total) + value;
    value = total;
  }
};

template <typename T>
constexpr std::uint32_t kWordsOf = sizeof(T) / sizeof(std::uint64_t);

template <typename T>
T read(const std::uint64_t* words) {
  T value;
  std::memcpy(&value, words, sizeof(T));
  return value;
}

template <typename T>
void write(const T& value, std::uint64_t* words) {
  static_assert(sizeof(T) % sizeof(std::uint64_t) == 0);
  std::memcpy(words, &value, sizeof(T));
}

double floating_value(const Type& type, std::uint32_t column, RowRef ref, const RowSource& source) {
  return type.kind == TypeKind::kReal ? double{source.value<float>(column, ref)}
                                      : source.value<double>(column, ref);
}

Int128 exact_value(const Type& type, std::uint32_t column, RowRef ref, const RowSource& source) {
  switch (type.kind) {
    case TypeKind::kSmallint:
      return source.value<std::int16_t>(column, ref);
    case TypeKind::kInt:
      return source.value<std::int32_t>(column, ref);
    case TypeKind::kNumeric:
      return source.value<Int128>(column, ref);
    default:
      return source.value<std::int64_t>(column, ref);
  }
}

bool is_floating(const Type& type) {
  return type.kind == TypeKind::kReal || type.kind == TypeKind::kDouble;
}

}  // namespace

MatchMemory::MatchMemory(std::vector<MatchValue> terms, std::vector<std::string> variables,
                         std::vector<Type> types)
    : terms_(std::move(terms)), variables_(std::move(variables)), types_(std::move(types)) {
  for (const MatchValue& term : terms_) {
    add(term);
  }
  for (Track& track : tracks_) {
    track.begin = static_cast<std::uint32_t>(words_);
    words_ += track.size;
  }
}

MatchMemory::Track MatchMemory::track_of(const MatchValue& term) const {
  if (!term.is_aggregate()) {
    return {.kind = term.from_first ? Kind::kFirst : Kind::kLast,
            .variables = term.variables,
            .column = kNoColumn,
            .tells_variable = term.kind == MatchValue::Kind::kClassifier,
            .size = static_cast<std::uint32_t>(term.offset) + 1};
  }
  Track track{.kind = Kind::kCount,
              .variables = term.variables,
              .column = term.column.value_or(kNoColumn),
              .tells_variable = false,
              .size = 1};
  switch (term.aggregate) {
    case AggregateKind::kCountStar:
    case AggregateKind::kCount:
      break;
    case AggregateKind::kSum:
    case AggregateKind::kAvg: {
      const bool floating = is_floating(types_[*term.column]);
      track.kind = floating ? Kind::kFloating : Kind::kExact;
      track.size = floating ? kWordsOf<FloatingSum> : kWordsOf<ExactSum>;
      break;
    }
    case AggregateKind::kMin:
      track.kind = Kind::kLeast;
      break;
    case AggregateKind::kMax:
      track.kind = Kind::kGreatest;
      break;
    default:
      TW_CHECK(false);
  }
  return track;
}

void MatchMemory::add(const MatchValue& term) {
  const Track track = track_of(term);
  const auto same = std::find_if(tracks_.begin(), tracks_.end(), [&](const Track& other) {
    return other.kind == track.kind && other.variables == track.variables &&
           other.column == track.column;
  });
  term_tracks_.push_back(static_cast<std::size_t>(same - tracks_.begin()));
  if (same == tracks_.end()) {
    tracks_.push_back(track);
    return;
  }
  same->size = std::max(same->size, track.size);
  same->tells_variable = same->tells_variable || track.tells_variable;
}

void MatchMemory::take(std::uint32_t variable, const RowsSoFar& rows, const RowSource& source,
                       std::span<std::uint64_t> memory) const {
  for (const Track& track : tracks_) {
    if ((track.variables >> variable & 1) != 0) {
      take(track, variable, rows, source, memory.data() + track.begin);
    }
  }
}

void MatchMemory::take(const Track& track, std::uint32_t variable, const RowsSoFar& rows,
                       const RowSource& source, std::uint64_t* words) const {
  const std::uint64_t row = word_of(rows.last(), track.tells_variable ? variable : 0);
  if (track.kind == Kind::kLast) {
    std::memmove(words + 1, words, (track.size - 1) * sizeof(std::uint64_t));
    words[0] = row;
  } else if (track.kind == Kind::kFirst) {
    std::uint64_t* const free = std::find(words, words + track.size, 0);
    if (free != words + track.size) {
      *free = row;
    }
  } else if (track.column == kNoColumn || !source.is_null(track.column, rows.rows.back().ref)) {
    take_value(track, rows, source, words);
  }
}

void MatchMemory::take_value(const Track& track, const RowsSoFar& rows, const RowSource& source,
                             std::uint64_t* words) const {
  const RowRef ref = rows.rows.back().ref;
  switch (track.kind) {
    case Kind::kCount:
      ++words[0];
      return;
    case Kind::kExact: {
      auto sum = read<ExactSum>(words);
      sum.add_wide(exact_value(types_[track.column], track.column, ref, source));
      ++sum.count;
      write(sum, words);
      return;
    }
    case Kind::kFloating: {
      auto sum = read<FloatingSum>(words);
      sum.add(floating_value(types_[track.column], track.column, ref, source));
      write(sum, words);
      return;
    }
    default:
      break;
  }
  const std::int64_t best = row_of(words[0]);
  const int order =
      words[0] == 0 ? 0 : source.store.compare(track.column, ref, rows.ref(best), source.batch);
  if (words[0] == 0 || (track.kind == Kind::kLeast ? order < 0 : order > 0)) {
    words[0] = word_of(rows.last(), 0);
  }
}

void MatchMemory::keep(Parts parts, std::span<std::uint64_t> memory) const {
  if (parts == kAllParts) {
    return;
  }
  for (std::size_t i = 0; i < tracks_.size(); ++i) {
    if ((parts & bit_of(i)) == 0) {
      std::fill_n(memory.data() + tracks_[i].begin, tracks_[i].size, 0);
    }
  }
}

Column MatchMemory::term(std::size_t number, std::span<const Seen> seen, const RowSource& source,
                         std::vector<RowIndex>& failed) const {
  const MatchValue& term = terms_[number];
  const Track& track = tracks_[term_tracks_[number]];
  switch (track.kind) {
    case Kind::kCount:
      return bigint_column_of(seen.size(), [&](std::size_t i) {
        return static_cast<std::int64_t>(seen[i].memory[track.begin]);
      });
    case Kind::kExact:
    case Kind::kFloating:
      return sums(term, track, seen, failed);
    default:
      return picked(term, track, seen, source);
  }
}

Column MatchMemory::picked(const MatchValue& term, const Track& track, std::span<const Seen> seen,
                           const RowSource& source) const {
  const auto word_at = [&](std::size_t i) { return seen[i].memory[track.begin + term.offset]; };
  if (term.kind == MatchValue::Kind::kClassifier) {
    ColumnBuilder names(term.type);
    for (std::size_t i = 0; i < seen.size(); ++i) {
      if (word_at(i) == 0) {
        names.append_null();
      } else {
        names.append_text(variables_[variable_of(word_at(i))]);
      }
    }
    return names.finish();
  }
  std::vector<RowRef> refs;
  refs.reserve(seen.size());
  bool all_there = true;
  for (std::size_t i = 0; i < seen.size(); ++i) {
    const std::uint64_t word = word_at(i);
    all_there = all_there && word != 0;
    // Any row where there is none.
    refs.push_back(word == 0 ? seen[i].rows->rows.back().ref : seen[i].rows->ref(row_of(word)));
  }
  Column column = source.column(refs, *term.column);
  if (!all_there) {
    column.set_validity(pack_bits(static_cast<std::uint32_t>(seen.size()), [&](std::size_t i) {
      return word_at(i) != 0 && column.is_valid(static_cast<RowIndex>(i));
    }));
  }
  return column;
}

Column MatchMemory::sums(const MatchValue& term, const Track& track, std::span<const Seen> seen,
                         std::vector<RowIndex>& failed) const {
  const bool average = term.aggregate == AggregateKind::kAvg;
  const auto fail = [&](std::size_t i) { failed.push_back(static_cast<RowIndex>(i)); };
  if (track.kind == Kind::kFloating) {
    const auto sum_at = [&](std::size_t i) {
      return read<FloatingSum>(seen[i].memory + track.begin);
    };
    const auto value_at = [&](std::size_t i) {
      const FloatingSum sum = sum_at(i);
      if (sum.special != 0 || sum.count == 0) {  // NaN is not 0 either.
        return sum.special;
      }
      const double whole = sum.value + sum.lost;
      const double value = average ? whole / static_cast<double>(sum.count) : whole;
      const bool is_real = term.type.kind == TypeKind::kReal;
      if (!std::isfinite(is_real ? static_cast<float>(value) : value)) {
        fail(i);
      }
      return value;
    };
    const auto valid_at = [&](std::size_t i) { return sum_at(i).count != 0; };
    return term.type.kind == TypeKind::kReal
               ? fixed_column<float>(
                     term.type, seen.size(),
                     [&](std::size_t i) { return static_cast<float>(value_at(i)); }, valid_at)
               : fixed_column<double>(term.type, seen.size(), value_at, valid_at);
  }
  const ExactSumResult result{.state_scale = exact_sum_type(types_[track.column]).scale,
                              .type = term.type,
                              .average = average};
  const auto sum_at = [&](std::size_t i) { return read<ExactSum>(seen[i].memory + track.begin); };
  const auto value_at = [&](std::size_t i) {
    Int128 value;
    if (!result.of(sum_at(i), value)) {
      fail(i);
      value = 0;
    }
    return value;
  };
  const auto valid_at = [&](std::size_t i) { return sum_at(i).count != 0; };
  return term.type.kind == TypeKind::kBigint
             ? fixed_column<std::int64_t>(
                   term.type, seen.size(),
                   [&](std::size_t i) { return static_cast<std::int64_t>(value_at(i)); }, valid_at)
             : fixed_column<Int128>(term.type, seen.size(), value_at, valid_at);
}

}  // namespace thalweg
