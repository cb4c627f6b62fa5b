#include "operators/match_pattern.h"

#include <algorithm>
#include <map>

#include "base/random_cases.h"
#include "operators/lives_fixture.h"
#include "operators/pattern_fixture.h"

namespace thalweg {
namespace {

using namespace fixture;
using Dice = std::mt19937_64;
using Kind = RowPattern::Kind;

// Columns: key, whether the row can be A, and B; number, value, time. C can be any.
constexpr std::uint32_t kNumber = 3;
constexpr std::uint32_t kValue = 4;
constexpr std::uint32_t kTime = 5;
constexpr std::uint32_t kColumns = 6;

struct Row {
  std::int64_t key = 0;
  VariableSet can_be = 0;
  std::int64_t number = 0;
  std::int64_t time = 0;
  std::optional<std::int64_t> value = std::nullopt;
};

Batch batch_of(const std::vector<Row>& rows) {
  std::vector<std::optional<std::int64_t>> keys;
  std::vector<std::optional<std::int64_t>> numbers;
  std::vector<std::int64_t> micros;
  std::vector<std::optional<std::int64_t>> values;
  ColumnBuilder is_a(type_of(TypeKind::kBoolean));
  ColumnBuilder is_b(type_of(TypeKind::kBoolean));
  for (const Row& row : rows) {
    keys.emplace_back(row.key);
    numbers.emplace_back(row.number);
    micros.push_back(row.time);
    values.push_back(row.value);
    is_a.append_bool((row.can_be & 1) != 0);
    if ((row.can_be & 2) != 0) {
      is_b.append_bool(true);
    } else {
      is_b.append_null();
    }
  }
  return timed({bigints(keys), is_a.finish(), is_b.finish(), bigints(numbers), bigints(values),
                times(micros)});
}

MatchValue value_of(MatchValue::Kind kind, TypeKind type) {
  MatchValue value;
  value.kind = kind;
  value.type = type_of(type);
  value.name = "v";
  return value;
}

MatchPatternSpec spec_of(RowPattern pattern) {
  const Type boolean = type_of(TypeKind::kBoolean);
  MatchPatternSpec spec;
  spec.rows = {.types = {bigint_type(), boolean, boolean, bigint_type(), bigint_type(),
                         type_of(TypeKind::kTimestamp)},
               .keys = {0},
               .order = {{.column = kTime}},
               .has_origin = false};
  spec.pattern = std::move(pattern);
  spec.variables = {"A", "B", "C"};
  spec.conditions = {1, 2, std::nullopt};
  return spec;
}

// The rows in which A, the lot of B, then C follow each other.
RowPattern abc() {
  return parts_of(Kind::kSequence, {variable_of(0), repeat_of(variable_of(1), 1, std::nullopt),
                                    repeat_of(variable_of(0), 1, 1)});
}

MatchPatternSpec counting(RowPattern pattern) {
  MatchPatternSpec spec = spec_of(std::move(pattern));
  spec.values = {value_of(MatchValue::Kind::kAggregate, TypeKind::kBigint)};
  return spec;
}

// "number:classifier" of the rows of each match, by key.
using Told = std::map<std::int64_t, std::vector<std::string>>;

// One comparison of a condition on other rows of the match.
struct Comparison {
  MatchValue term;
  std::string op;
  std::optional<std::int64_t> with;  // Nothing: the row's own value.
};
// By variable: one of which must be true.
using Comparisons = std::map<std::uint32_t, std::vector<Comparison>>;

// The term's value over a match's rows so far, by the letter.
std::optional<double> value_of(const MatchValue& term, const std::vector<Row>& rows,
                               const MatchedRows& matched) {
  std::vector<std::optional<std::int64_t>> seen;
  for (std::size_t i = 0; i < matched.size(); ++i) {
    if ((term.variables >> matched[i] & 1) != 0) {
      seen.push_back(term.kind == MatchValue::Kind::kClassifier ? matched[i] : rows[i].value);
    }
  }
  if (!term.is_aggregate()) {
    if (term.offset >= seen.size()) {
      return std::nullopt;
    }
    return term.from_first ? seen[term.offset] : seen[seen.size() - 1 - term.offset];
  }
  if (term.aggregate == AggregateKind::kCountStar) {
    return static_cast<double>(seen.size());
  }
  std::erase(seen, std::nullopt);
  if (term.aggregate == AggregateKind::kCount) {
    return static_cast<double>(seen.size());
  }
  if (seen.empty()) {
    return std::nullopt;
  }
  double sum = 0;
  for (const auto& value : seen) {
    sum += static_cast<double>(*value);
  }
  return term.aggregate == AggregateKind::kSum   ? sum
         : term.aggregate == AggregateKind::kAvg ? sum / static_cast<double>(seen.size())
         : term.aggregate == AggregateKind::kMin
             ? static_cast<double>(**std::min_element(seen.begin(), seen.end()))
             : static_cast<double>(**std::max_element(seen.begin(), seen.end()));
}

bool is_true(const Comparison& comparison, const std::vector<Row>& rows,
             const MatchedRows& matched) {
  const std::optional<double> left = value_of(comparison.term, rows, matched);
  const std::optional<std::int64_t> right =
      comparison.with ? comparison.with : rows[matched.size() - 1].value;
  if (!left || !right) {
    return false;
  }
  const auto number = static_cast<double>(*right);
  return comparison.op == "<"    ? *left < number
         : comparison.op == ">=" ? *left >= number
                                 : *left != number;
}

Comparison random_comparison(Dice& dice) {
  Comparison comparison;
  MatchValue& term = comparison.term;
  term.variables = 1 + dice() % 7;
  term.type = bigint_type();
  term.column = kValue;
  comparison.op = dice() % 3 == 0 ? "<" : dice() % 2 == 0 ? ">=" : "<>";
  if (dice() % 3 == 0) {
    comparison.with = static_cast<std::int64_t>(dice() % 4);
  }
  if (dice() % 3 == 0) {
    static constexpr AggregateKind kKinds[] = {AggregateKind::kCountStar, AggregateKind::kCount,
                                               AggregateKind::kSum,       AggregateKind::kAvg,
                                               AggregateKind::kMin,       AggregateKind::kMax};
    term.kind = MatchValue::Kind::kAggregate;
    term.aggregate = kKinds[dice() % std::size(kKinds)];
    if (term.aggregate == AggregateKind::kCountStar) {
      term.column.reset();
      term.type = *aggregate_type(term.aggregate, {});
    } else {
      term.type = *aggregate_type(term.aggregate, std::vector<Type>{bigint_type()});
    }
    return comparison;
  }
  term.from_first = dice() % 2 == 0;
  term.offset = dice() % 3;
  if (dice() % 4 == 0) {
    term.kind = MatchValue::Kind::kClassifier;
    term.type = type_of(TypeKind::kText);
    term.column.reset();
    comparison.with = static_cast<std::int64_t>(dice() % 3);
    comparison.op = "<>";
  }
  return comparison;
}

// Puts conditions on other rows of the match in; those that are made up.
Comparisons put_comparisons(Dice& dice, MatchPatternSpec& spec) {
  Comparisons all;
  spec.moving.by_variable.resize(3);
  for (std::uint32_t variable = 0; variable < 3; ++variable) {
    for (std::uint64_t i = dice() % 3; i > 0; --i) {
      const Comparison comparison = random_comparison(dice);
      const bool names = comparison.term.kind == MatchValue::Kind::kClassifier;
      const auto column = kColumns + static_cast<std::uint32_t>(spec.moving.terms.size());
      const ExprPtr term = column_expr(column, comparison.term.type, "term");
      const ExprPtr right = names ? text(spec.variables[static_cast<std::size_t>(*comparison.with)])
                            : comparison.with ? bigint(*comparison.with)
                                              : column_expr(kValue, bigint_type(), "value");
      const ExprPtr condition = call(comparison.op, {term, right});
      ExprPtr& whole = spec.moving.by_variable[variable];
      whole = whole == nullptr ? condition : boolean_of(ExprKind::kOr, {whole, condition});
      spec.moving.terms.push_back(comparison.term);
      all[variable].push_back(comparison);
    }
  }
  return all;
}

Told expected_of(const MatchPatternSpec& spec, std::vector<Row> rows,
                 const Comparisons& comparisons = {}) {
  std::stable_sort(rows.begin(), rows.end(),
                   [](const Row& a, const Row& b) { return a.time < b.time; });
  std::map<std::int64_t, std::vector<Row>> by_key;
  for (const Row& row : rows) {
    by_key[row.key].push_back(row);
  }
  Told told;
  for (const auto& [key, own] : by_key) {
    std::vector<PatternRow> seen;
    for (const Row& row : own) {
      seen.push_back({.can_be = row.can_be | 4, .time = row.time});
    }
    const auto holds = [&](std::size_t first, const MatchedRows& matched) {
      const auto found = comparisons.find(matched.back());
      const std::vector<Row> match(own.begin() + static_cast<std::ptrdiff_t>(first), own.end());
      return found == comparisons.end() ||
             std::ranges::any_of(found->second, [&](const Comparison& comparison) {
               return is_true(comparison, match, matched);
             });
    };
    ReferenceMatcher reference(spec.pattern, seen, spec.within_micros, holds);
    for (std::size_t first = 0; first < own.size();) {
      const auto match = reference.match_at(first);
      std::size_t next = first + 1;
      if (match) {
        std::string text;
        for (std::size_t i = 0; i < match->size(); ++i) {
          text += std::to_string(own[first + i].number) + spec.variables[(*match)[i]] + ' ';
        }
        told[key].push_back(match->empty() ? std::to_string(own[first].number) + "NULL " : text);
        if (spec.after_match == AfterMatch::kPastLastRow) {
          next = std::max(next, first + match->size());
        } else if (spec.after_match != AfterMatch::kToNextRow) {
          std::vector<std::size_t> targets;
          for (std::size_t i = 0; i < match->size(); ++i) {
            if ((spec.skip_to >> (*match)[i] & 1) != 0) {
              targets.push_back(first + i);
            }
          }
          if (!targets.empty()) {
            next = std::max(
                next, spec.after_match == AfterMatch::kToFirst ? targets.front() : targets.back());
          }
        }
      }
      first = next;
    }
  }
  return told;
}

// Of rows with the columns of the input, the match's number and the classifier.
Told told_of(const CollectingEmitter& out) {
  Told told;
  std::map<std::int64_t, std::string> last;
  for (const TextRow& row : text_rows(out)) {
    const std::int64_t key = std::stoll(row[0]);
    std::vector<std::string>& matches = told[key];
    if (last[key] != row[kColumns]) {
      matches.emplace_back();
      last[key] = row[kColumns];
    }
    matches.back() += row[kNumber] + row[kColumns + 1] + ' ';
  }
  return told;
}

MatchPatternSpec random_spec(Dice& dice) {
  MatchPatternSpec spec = spec_of(random_pattern(dice, 1 + static_cast<int>(dice() % 5), 3));
  spec.rows_per_match = RowsPerMatch::kAll;
  spec.after_match = static_cast<AfterMatch>(dice() % 4);
  spec.skip_to = 1 + dice() % 7;
  spec.within_micros = dice() % 2 == 0 ? 0 : 5 + static_cast<std::int64_t>(dice() % 20);
  spec.values = {value_of(MatchValue::Kind::kNumber, TypeKind::kBigint),
                 value_of(MatchValue::Kind::kClassifier, TypeKind::kText)};
  return spec;
}

std::vector<Row> random_rows(Dice& dice, std::size_t count) {
  std::vector<Row> rows;
  std::int64_t time = 0;
  for (std::size_t i = 0; i < count; ++i) {
    time += 1 + static_cast<std::int64_t>(dice() % 4);
    rows.push_back(
        {.key = static_cast<std::int64_t>(dice() % 3),
         .can_be = dice() % 4,
         .number = static_cast<std::int64_t>(i),
         .time = time,
         .value = dice() % 8 == 0 ? std::nullopt : std::optional<std::int64_t>(dice() % 4)});
  }
  return rows;
}

// How many matches there were.
std::uint64_t compare_with_reference(std::uint64_t cases, bool moving) {
  std::uint64_t matches = 0;
  for (std::uint64_t seed = 0; seed < cases && !testing::Test::HasFailure(); ++seed) {
    Dice dice(seed);
    MatchPatternSpec spec = random_spec(dice);
    const Comparisons comparisons = moving ? put_comparisons(dice, spec) : Comparisons();
    std::vector<Row> rows = random_rows(dice, 1 + dice() % 40);
    SCOPED_TRACE("seed " + std::to_string(seed) + ": " + to_string(spec.pattern, spec.variables));
    const Told expected = expected_of(spec, rows, comparisons);
    const std::unique_ptr<Operator> op = make_match_pattern(spec);
    CollectingEmitter out;
    for (std::size_t at = 0; at < rows.size();) {
      const std::size_t count = std::min(rows.size() - at, 1 + dice() % 10);
      std::vector<Row> some(rows.begin() + static_cast<std::ptrdiff_t>(at),
                            rows.begin() + static_cast<std::ptrdiff_t>(at + count));
      std::shuffle(some.begin(), some.end(), dice);
      feed(*op, batch_of(some), out);
      at += count;
      if (dice() % 2 == 0) {
        const std::int64_t next = at < rows.size() ? rows[at].time : rows.back().time + 3;
        advance(*op, EventTime{next - static_cast<std::int64_t>(dice() % 2)}, out);
      }
    }
    advance(*op, kEndOfTime, out);
    EXPECT_EQ(op->kept().count, 0U);
    const Told told = told_of(out);
    EXPECT_EQ(told, expected);
    for (const auto& [key, each] : expected) {
      matches += each.size();
    }
  }
  return matches;
}

TEST(MatchPatternTest, MatchesAreThoseOfTheReferenceWhateverTheBatches) {
  EXPECT_GT(compare_with_reference(random_cases(500), /*moving=*/false), 1'000U);
}

TEST(MatchPatternTest, ConditionsOnOtherRowsOfTheMatchAreThoseOfTheReference) {
  EXPECT_GT(compare_with_reference(random_cases(2000), /*moving=*/true), 1'000U);
}

TEST(MatchPatternTest, WhatMayMatchAndNumbersOfMatchesSurviveRestarts) {
  std::uint64_t said = 0;
  for (std::uint64_t seed = 0; seed < random_cases(100) && !HasFailure(); ++seed) {
    SCOPED_TRACE(seed);
    Dice dice(seed);
    MatchPatternSpec spec = random_spec(dice);
    spec.ways_max = 3 + static_cast<std::uint32_t>(dice() % 10);
    spec.rows_max = 5 + static_cast<std::uint32_t>(dice() % 20);
    if (dice() % 2 == 0) {
      put_comparisons(dice, spec);
    }
    if (dice() % 2 == 0) {
      spec.values.erase(spec.values.begin());  // Keys are not kept then.
    }
    if (dice() % 2 == 0) {
      spec.rows_per_match = RowsPerMatch::kOne;
      spec.values.push_back(value_of(MatchValue::Kind::kAggregate, TypeKind::kBigint));
    }
    SCOPED_TRACE(to_string(spec.pattern, spec.variables));
    Lives lives([&] { return make_match_pattern(spec); }, spec.rows.keys, seed);
    const std::vector<Row> rows = random_rows(dice, 60);
    for (std::size_t at = 0; at < rows.size() && !HasFailure(); at += 6) {
      lives.feed(batch_of({rows.begin() + static_cast<std::ptrdiff_t>(at),
                           rows.begin() + static_cast<std::ptrdiff_t>(at + 6)}));
      lives.meddle();
      if (dice() % 2 == 0) {
        lives.advance(EventTime{rows[at].time + static_cast<std::int64_t>(dice() % 3)});
        lives.meddle();
      }
    }
    lives.advance(kEndOfTime);
    lives.restart(2);
    lives.advance(kEndOfTime);
    said += lives.rows_said();
  }
  EXPECT_GT(said, 500U);
}

TEST(MatchPatternTest, AMatchComesOutWhenItIsCertain) {
  const std::unique_ptr<Operator> op = make_match_pattern(counting(abc()));
  CollectingEmitter out;
  feed(*op, batch_of({{1, 1, 0, 10}, {1, 2, 1, 11}, {1, 2, 2, 12}}), out);
  advance(*op, EventTime{20}, out);
  EXPECT_EQ(text_rows(out), std::vector<TextRow>());
  EXPECT_EQ(op->output_watermark(EventTime{20}), EventTime{10});
  feed(*op, batch_of({{1, 1, 3, 20}}), out);
  advance(*op, EventTime{20}, out);
  EXPECT_EQ(text_rows(out), std::vector<TextRow>());
  advance(*op, EventTime{21}, out);
  EXPECT_EQ(text_rows(out), (std::vector<TextRow>{{"1", "4"}}));
}

TEST(MatchPatternTest, WithinEndsAMatchByTheWatermarkWithoutAnotherRow) {
  // A+ may go on as long as it likes.
  MatchPatternSpec spec = counting(repeat_of(variable_of(0), 1, std::nullopt));
  spec.within_micros = 10;
  const std::unique_ptr<Operator> op = make_match_pattern(spec);
  CollectingEmitter out;
  feed(*op, batch_of({{1, 1, 0, 100}, {1, 1, 1, 109}, {2, 1, 2, 103}, {1, 1, 3, 110}}), out);
  advance(*op, EventTime{111}, out);
  EXPECT_EQ(text_rows(out), (std::vector<TextRow>{{"1", "2"}}));
  EXPECT_EQ(op->output_watermark(EventTime{111}), EventTime{103});
  advance(*op, EventTime{113}, out);
  EXPECT_EQ(text_rows(out), (std::vector<TextRow>{{"1", "2"}, {"2", "1"}}));
  EXPECT_EQ(op->kept().count, 1U);
  advance(*op, EventTime{120}, out);
  EXPECT_EQ(text_rows(out), (std::vector<TextRow>{{"1", "2"}, {"2", "1"}, {"1", "1"}}));
  EXPECT_EQ(op->kept().count, 0U);
}

TEST(MatchPatternTest, ARowThatCannotBegetAMatchIsLetGo) {
  const std::unique_ptr<Operator> op = make_match_pattern(counting(abc()));
  CollectingEmitter out;
  for (int i = 0; i < 200; ++i) {
    feed(*op, batch_of({{i, 2, i, 100 + i}}), out);
  }
  advance(*op, EventTime{5000}, out);
  EXPECT_EQ(op->kept().count, 0U);
  EXPECT_EQ(op->output_watermark(EventTime{5000}), EventTime{5000});
}

TEST(MatchPatternTest, LateRowsAfterIdleAreRejected) {
  const std::unique_ptr<Operator> op = make_match_pattern(counting(abc()));
  CollectingEmitter out;
  advance(*op, EventTime{50}, out);
  feed(*op, batch_of({{1, 1, 7, 49}}), out);
  EXPECT_EQ(rejected_rows(out, RowError::kLateAfterIdle).size(), 1U);
}

TEST(MatchPatternTest, WhatHasTooManyRowsIsGivenUpWithItsFirstRow) {
  MatchPatternSpec spec = counting(
      parts_of(Kind::kSequence, {repeat_of(variable_of(0), 1, std::nullopt), variable_of(1)}));
  spec.rows_max = 3;
  const std::unique_ptr<Operator> op = make_match_pattern(spec);
  CollectingEmitter out;
  std::vector<Row> rows;
  for (int i = 0; i < 5; ++i) {
    rows.push_back({1, 1, i, 10 + i});
  }
  feed(*op, batch_of(rows), out);
  advance(*op, EventTime{100}, out);
  ASSERT_EQ(out.rejected.size(), 2U);
  EXPECT_EQ(rejected_rows(out, RowError::kMatchTooLarge)[1][kNumber], "1");
  feed(*op, batch_of({{1, 2, 5, 100}}), out);
  advance(*op, kEndOfTime, out);
  // The rows 2, 3, 4 and 5 are four: it is given up before the last is looked at.
  EXPECT_EQ(text_rows(out), (std::vector<TextRow>{{"1", "3"}}));
}

TEST(MatchPatternTest, EndlessRowsThatMayAllBeginAMatchCostTheSameEach) {
  MatchPatternSpec spec = counting(
      parts_of(Kind::kSequence, {repeat_of(variable_of(0), 1, std::nullopt), variable_of(1)}));
  spec.rows_max = 1000;
  const std::unique_ptr<Operator> op = make_match_pattern(spec);
  std::size_t bytes_early = 0;
  for (int step = 0; step < 20; ++step) {
    CollectingEmitter out;
    std::vector<Row> rows;
    for (int i = 0; i < 1000; ++i) {
      rows.push_back({1, 1, i, step * 1000 + i});
    }
    feed(*op, batch_of(rows), out);
    advance(*op, EventTime{(step + 1) * 1000}, out);
    EXPECT_LE(op->kept().count, 1000U);
    bytes_early = step == 5 ? op->kept().bytes : bytes_early;
  }
  EXPECT_LE(op->kept().bytes, 2 * bytes_early);
}

// DEFINE B AS B.value > <term>(A.value), of A+ B.
MatchPatternSpec rising(MatchValue term) {
  MatchPatternSpec spec = counting(
      parts_of(Kind::kSequence, {repeat_of(variable_of(0), 1, std::nullopt), variable_of(1)}));
  term.variables = 1;
  term.column = kValue;
  spec.moving.terms = {term};
  spec.moving.by_variable = {nullptr, call(">", {column_expr(kValue, bigint_type(), "value"),
                                                 column_expr(kColumns, term.type, "term")})};
  return spec;
}

TEST(MatchPatternTest, WaysAreOneWhereConditionsSeeTheSame) {
  MatchPatternSpec spec = rising(value_of(MatchValue::Kind::kPick, TypeKind::kBigint));
  spec.ways_max = 3;  // A and B behind the last A.
  const std::unique_ptr<Operator> op = make_match_pattern(spec);
  CollectingEmitter out;
  std::vector<Row> rows;
  for (int i = 0; i < 1000; ++i) {
    rows.push_back({1, 1, i, 10 + i, 5});
  }
  rows.push_back({1, 2, 1000, 1010, 6});
  feed(*op, batch_of(rows), out);
  advance(*op, kEndOfTime, out);
  EXPECT_EQ(text_rows(out), (std::vector<TextRow>{{"1", "1001"}}));
  EXPECT_TRUE(out.rejected.empty());
}

TEST(MatchPatternTest, MoreWaysThanThereMayBeAreGivenUpFromTheFirstRowOn) {
  MatchValue first = value_of(MatchValue::Kind::kPick, TypeKind::kBigint);
  first.from_first = true;
  MatchPatternSpec spec = rising(first);
  spec.ways_max = 20;
  const std::unique_ptr<Operator> op = make_match_pattern(spec);
  std::size_t bytes_early = 0;
  for (int step = 0; step < 20; ++step) {
    CollectingEmitter out;
    std::vector<Row> rows;
    for (int i = 0; i < 1000; ++i) {
      rows.push_back({1, 1, i, step * 1000 + i, 5});
    }
    feed(*op, batch_of(rows), out);
    advance(*op, EventTime{(step + 1) * 1000}, out);
    EXPECT_LE(op->kept().count, 20U);
    EXPECT_EQ(rejected_rows(out, RowError::kMatchTooLarge).size(), step == 0 ? 990U : 1000U);
    bytes_early = step == 5 ? op->kept().bytes : bytes_early;
  }
  EXPECT_LE(op->kept().bytes, 2 * bytes_early);
  CollectingEmitter out;
  feed(*op, batch_of({{1, 2, 7, 20'000, 6}}), out);
  advance(*op, kEndOfTime, out);
  EXPECT_EQ(text_rows(out), (std::vector<TextRow>{{"1", "11"}}));
}

TEST(MatchPatternTest, ReadingRowsInEveryWayStaysWithinTheLimit) {
  // Sums of A over all ways of reading 2^n values as A or B are all different.
  MatchValue sum = value_of(MatchValue::Kind::kAggregate, TypeKind::kBigint);
  sum.aggregate = AggregateKind::kSum;
  sum.type = *aggregate_type(AggregateKind::kSum, std::vector<Type>{bigint_type()});
  MatchPatternSpec spec = rising(sum);
  spec.pattern = parts_of(
      Kind::kSequence,
      {repeat_of(parts_of(Kind::kChoice, {variable_of(0), variable_of(2)}), 1, std::nullopt),
       variable_of(1)});
  spec.ways_max = 1000;
  const std::unique_ptr<Operator> op = make_match_pattern(spec);
  CollectingEmitter out;
  for (int i = 0; i < 60; ++i) {
    feed(*op, batch_of({{1, 1, i, 10 + i, std::int64_t{1} << i}}), out);
    advance(*op, EventTime{11 + i}, out);
    EXPECT_LE(op->kept().count, 9U);
    EXPECT_LT(op->kept().bytes, 4'000'000U);
  }
  EXPECT_GT(rejected_rows(out, RowError::kMatchTooLarge).size(), 50U);
}

TEST(MatchPatternTest, ARowOfWhichAConditionFailsIsRejectedOnce) {
  MatchPatternSpec spec = rising(value_of(MatchValue::Kind::kPick, TypeKind::kBigint));
  spec.moving.by_variable[1] =
      call(">", {call("/", {bigint(8), column_expr(kColumns, bigint_type(), "term")}), bigint(1)});
  const std::unique_ptr<Operator> op = make_match_pattern(spec);
  CollectingEmitter out;
  feed(*op, batch_of({{1, 1, 0, 10, 0}, {1, 1, 1, 11, 0}, {1, 3, 2, 12, 4}, {1, 2, 3, 13, 1}}),
       out);
  advance(*op, kEndOfTime, out);
  EXPECT_EQ(text_rows(out), (std::vector<TextRow>{{"1", "4"}}));
  ASSERT_EQ(rejected_rows(out, RowError::kDivisionByZero).size(), 1U);
  EXPECT_EQ(rejected_rows(out, RowError::kDivisionByZero)[0][kNumber], "2");
}

TEST(MatchPatternTest, SkippingToARowThatIsNotThereRejectsTheFirstRow) {
  MatchPatternSpec spec = counting(
      parts_of(Kind::kSequence, {variable_of(0), repeat_of(variable_of(1), 0, 1), variable_of(2)}));
  spec.after_match = AfterMatch::kToLast;
  spec.skip_to = 2;  // B
  const std::unique_ptr<Operator> op = make_match_pattern(spec);
  CollectingEmitter out;
  feed(*op, batch_of({{1, 1, 0, 10}, {1, 0, 1, 11}, {1, 1, 2, 12}, {1, 2, 3, 13}, {1, 0, 4, 14}}),
       out);
  advance(*op, kEndOfTime, out);
  EXPECT_EQ(text_rows(out), (std::vector<TextRow>{{"1", "2"}, {"1", "3"}}));
  ASSERT_EQ(rejected_rows(out, RowError::kSkipToNothing).size(), 1U);
  EXPECT_EQ(rejected_rows(out, RowError::kSkipToNothing)[0][kNumber], "0");
}

TEST(MatchPatternTest, PicksAndAggregatesSeeTheMatchUpToTheRowOrAllOfIt) {
  MatchPatternSpec spec = spec_of(abc());
  spec.rows_per_match = RowsPerMatch::kAll;
  spec.pattern.parts[1].excluded = true;
  for (const bool final : {false, true}) {
    MatchValue last = value_of(MatchValue::Kind::kPick, TypeKind::kBigint);
    last.column = kNumber;
    last.final = final;
    spec.values.push_back(last);
    last.variables = 2;
    last.offset = 1;
    spec.values.push_back(last);
    last.offset = 0;
    last.from_first = true;
    spec.values.push_back(last);
    MatchValue sum = value_of(MatchValue::Kind::kAggregate, TypeKind::kBigint);
    sum.aggregate = AggregateKind::kSum;
    sum.type = *aggregate_type(AggregateKind::kSum, std::vector<Type>{bigint_type()});
    sum.column = kNumber;
    sum.final = final;
    spec.values.push_back(sum);
  }
  const std::unique_ptr<Operator> op = make_match_pattern(spec);
  CollectingEmitter out;
  feed(*op, batch_of({{1, 1, 5, 10}, {1, 2, 6, 11}, {1, 2, 7, 12}, {1, 1, 8, 13}}), out);
  advance(*op, kEndOfTime, out);
  std::vector<TextRow> values;
  for (const TextRow& row : text_rows(out)) {
    values.emplace_back(row.begin() + kColumns, row.end());
  }
  EXPECT_EQ(values, (std::vector<TextRow>{{"5", "NULL", "NULL", "5", "8", "6", "6", "26"},
                                          {"8", "6", "6", "26", "8", "6", "6", "26"}}));
}

}  // namespace
}  // namespace thalweg
