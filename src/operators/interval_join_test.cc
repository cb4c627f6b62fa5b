#include "operators/interval_join.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "base/random_cases.h"
#include "operators/lives_fixture.h"
#include "operators/operator_fixture.h"
#include "operators/random_rows.h"

namespace thalweg {
namespace {

using namespace fixture;

using Random = std::mt19937_64;

constexpr JoinKind kKinds[] = {JoinKind::kInner, JoinKind::kLeft, JoinKind::kRight,
                               JoinKind::kFull,  JoinKind::kSemi, JoinKind::kAnti};

std::string name_of(JoinKind kind) {
  constexpr const char* kNames[] = {"inner", "left", "right", "full", "semi", "anti"};
  return kNames[static_cast<int>(kind)];
}

struct Bounds {
  std::optional<std::int64_t> lower;
  std::optional<std::int64_t> upper;
};

// Of keyed_batch() on both sides: equal keys; with a condition, a smaller value on the left.
IntervalJoinSpec spec_of(JoinKind kind, Bounds bounds, bool has_condition = false) {
  const IntervalJoinSpec::Side side{
      .types = {bigint_type(), bigint_type(), type_of(TypeKind::kTimestamp)},
      .keys = {bigint_column(0)}};
  IntervalJoinSpec spec{.kind = kind, .sides = {side, side}};
  spec.lower_micros = bounds.lower;
  spec.upper_micros = bounds.upper;
  if (has_condition) {
    spec.condition = call("<", {bigint_column(1), bigint_column(4)});
  }
  return spec;
}

// What may be asked of a pair beside its key and time.
enum class Beside { kNothing, kSmallerValue, kLastMatch };

// kLastMatch: values are times, which the right row's is not behind where they are the left one's.
Batch batch_of(const std::vector<KeyedRow>& rows, Beside beside) {
  Batch made = keyed_batch(rows);
  if (beside == Beside::kLastMatch) {
    made.columns[1] = made.columns[1].with_type(type_of(TypeKind::kTimestamp));
  }
  return made;
}

IntervalJoinSpec spec_of(JoinKind kind, Bounds bounds, Beside beside) {
  IntervalJoinSpec spec = spec_of(kind, bounds, beside == Beside::kSmallerValue);
  if (beside == Beside::kLastMatch) {
    const Type timestamp = type_of(TypeKind::kTimestamp);
    spec.sides[0].types[1] = spec.sides[1].types[1] = timestamp;
    spec.sides[0].last_match = column_expr(1, timestamp, "last");
    spec.condition =
        call("<=", {column_expr(5, timestamp, "time"), column_expr(1, timestamp, "last")});
  }
  return spec;
}

void feed_side(Operator& op, int input, const std::vector<KeyedRow>& rows, CollectingEmitter& out,
               Beside beside = Beside::kNothing) {
  Result<Progress> progress = op.process(input, batch_of(rows, beside), out);
  ASSERT_TRUE(progress.ok());
  while (progress.value() == Progress::kMore) {
    out.room = 1;
    progress = op.resume(out);
    ASSERT_TRUE(progress.ok());
  }
}

std::string text_of(std::optional<std::int64_t> value) {
  return value ? std::to_string(*value) : "NULL";
}
std::string time_text(std::int64_t micros) {
  return to_string(Value{type_of(TypeKind::kTimestamp), micros});
}

TextRow side_text(const KeyedRow& row, Beside beside) {
  const bool is_time = beside == Beside::kLastMatch && row.value;
  return {text_of(row.key), is_time ? time_text(*row.value) : text_of(row.value),
          time_text(row.time)};
}

// What has come out, with the event time of each row behind its columns, in any order.
std::vector<TextRow> rows_with_time(const CollectingEmitter& out) {
  std::vector<TextRow> rows;
  for (const Batch& batch : out.batches) {
    for (std::uint32_t i = 0; i < batch.num_rows(); ++i) {
      rows.push_back(text_row(CollectingEmitter::row_values(batch, batch.row(i))));
      rows.back().push_back(time_text(batch.event_time->values<std::int64_t>()[batch.row(i)]));
    }
  }
  std::sort(rows.begin(), rows.end());
  return rows;
}

// The join by its definition: every row against every row.
std::vector<TextRow> joined_one_by_one(const std::vector<KeyedRow>& left,
                                       const std::vector<KeyedRow>& right, JoinKind kind,
                                       Bounds bounds, Beside beside) {
  std::vector<TextRow> rows;
  std::vector<char> right_matched(right.size(), 0);
  const TextRow nulls(3, "NULL");
  const auto add = [&rows](TextRow row, const TextRow& more, std::int64_t time) {
    row.insert(row.end(), more.begin(), more.end());
    row.push_back(time_text(time));
    rows.push_back(std::move(row));
  };
  for (const KeyedRow& a : left) {
    bool matched = false;
    for (std::size_t i = 0; i < right.size(); ++i) {
      const KeyedRow& b = right[i];
      const bool near = (!bounds.lower || b.time - a.time >= *bounds.lower) &&
                        (!bounds.upper || b.time - a.time <= *bounds.upper);
      const bool equal = a.key && b.key && *a.key == *b.key;
      const bool passes = beside == Beside::kSmallerValue
                              ? a.value && b.value && *a.value < *b.value
                              : beside == Beside::kNothing || (a.value && b.time <= *a.value);
      if (near && equal && passes) {
        matched = true;
        right_matched[i] = 1;
        if (kind != JoinKind::kSemi && kind != JoinKind::kAnti) {
          add(side_text(a, beside), side_text(b, beside), std::max(a.time, b.time));
        }
      }
    }
    if (kind == JoinKind::kSemi ? matched : kind == JoinKind::kAnti && !matched) {
      add(side_text(a, beside), {}, a.time);
    } else if (!matched && (kind == JoinKind::kLeft || kind == JoinKind::kFull)) {
      add(side_text(a, beside), nulls, a.time);
    }
  }
  for (std::size_t i = 0; i < right.size(); ++i) {
    if (right_matched[i] == 0 && (kind == JoinKind::kRight || kind == JoinKind::kFull)) {
      add(nulls, side_text(right[i], beside), right[i].time);
    }
  }
  std::sort(rows.begin(), rows.end());
  return rows;
}

Bounds random_bounds(Random& random) {
  Bounds bounds;
  if (random() % 5 != 0) {
    bounds.lower = static_cast<std::int64_t>(random() % 40) - 25;
  }
  if (random() % 5 != 0) {
    bounds.upper = bounds.lower.value_or(0) + static_cast<std::int64_t>(random() % 25) - 2;
  }
  return bounds;
}

KeyedRow random_row(Random& random, std::int64_t time, std::uint64_t keys) {
  KeyedRow row{.key = static_cast<std::int64_t>(random() % keys),
               .value = static_cast<std::int64_t>(random() % 4),
               .time = time};
  if (random() % 8 == 0) {
    row.key.reset();
  }
  if (random() % 8 == 0) {
    row.value.reset();
  }
  return row;
}

// Random rows of both sides, out of order, some older than the watermark; what comes out against
// the definition, and never before the watermark that has been passed on.
void expect_as_by_definition(JoinKind kind, std::uint64_t seed) {
  Random random(seed);
  const Bounds bounds = random_bounds(random);
  const Beside beside = static_cast<Beside>(random() % 3);
  const std::uint64_t keys = 1 + random() % 5;
  SCOPED_TRACE(name_of(kind) + ", seed " + std::to_string(seed) + ", bounds " +
               text_of(bounds.lower) + " to " + text_of(bounds.upper));
  const auto op = make_interval_join(spec_of(kind, bounds, beside));
  CollectingEmitter out;
  std::array<std::vector<KeyedRow>, 2> taken;
  std::uint64_t late = 0;
  std::int64_t now = 100;
  EventTime watermark = kStartOfTime;
  EventTime passed_on = kStartOfTime;
  const auto check_times = [&](std::size_t from) {
    for (std::size_t i = from; i < out.batches.size(); ++i) {
      for (std::uint32_t row = 0; row < out.batches[i].num_rows(); ++row) {
        const std::int64_t time =
            out.batches[i].event_time->values<std::int64_t>()[out.batches[i].row(row)];
        ASSERT_GE(time, passed_on.micros);
      }
    }
  };
  for (int step = 0; step < 30; ++step) {
    const std::size_t before = out.batches.size();
    if (random() % 3 == 0) {
      now += static_cast<std::int64_t>(random() % 15);
      watermark = std::max(watermark, EventTime{now - 12});
      advance(*op, watermark, out);
      check_times(before);
      passed_on = std::max(passed_on, op->output_watermark(watermark));
      continue;
    }
    const int side = static_cast<int>(random() % 2);
    std::vector<KeyedRow> rows;
    for (std::uint64_t count = 1 + random() % 6; count > 0; --count) {
      rows.push_back(random_row(random, now - static_cast<std::int64_t>(random() % 14), keys));
      if (beside == Beside::kLastMatch && rows.back().value) {
        *rows.back().value = rows.back().time + static_cast<std::int64_t>(random() % 40) - 10;
      }
      if (rows.back().time < watermark.micros) {
        ++late;
      } else {
        taken[static_cast<std::size_t>(side)].push_back(rows.back());
      }
    }
    feed_side(*op, side, rows, out, beside);
    check_times(before);
  }
  advance(*op, kEndOfTime, out);
  EXPECT_EQ(rows_with_time(out), joined_one_by_one(taken[0], taken[1], kind, bounds, beside));
  EXPECT_EQ(out.rejected.size(), late);
  EXPECT_EQ(op->kept().count, 0u);
}

TEST(IntervalJoinTest, RandomRowsAreJoinedAsByDefinition) {
  for (const JoinKind kind : kKinds) {
    for (std::uint64_t seed = 0; seed < random_cases(200); ++seed) {
      expect_as_by_definition(kind, seed);
      if (HasFailure()) {
        return;
      }
    }
  }
}

TEST(IntervalJoinTest, BoundsAreIncluded) {
  const auto op = make_interval_join(spec_of(JoinKind::kInner, {.lower = -2, .upper = 5}));
  CollectingEmitter out;
  feed_side(*op, 0, {{.key = 1, .value = 0, .time = 10}}, out);
  feed_side(*op, 1,
            {{.key = 1, .value = 7, .time = 7},
             {.key = 1, .value = 8, .time = 8},
             {.key = 1, .value = 15, .time = 15},
             {.key = 1, .value = 16, .time = 16}},
            out);
  std::vector<std::string> matched;
  for (const TextRow& row : text_rows(out)) {
    matched.push_back(row[4]);
  }
  EXPECT_EQ(matched, (std::vector<std::string>{"8", "15"}));
}

// The watermark may stand at the last time that matches, and a row of it may still come.
TEST(IntervalJoinTest, ARowStaysUntilTheWatermarkIsBeyondTheLastTimeThatMatches) {
  const auto op = make_interval_join(spec_of(JoinKind::kLeft, {.lower = 0, .upper = 5}));
  CollectingEmitter out;
  feed_side(*op, 0, {{.key = 1, .value = 0, .time = 10}, {.key = 2, .value = 0, .time = 10}}, out);
  advance(*op, EventTime{15}, out);
  EXPECT_TRUE(out.batches.empty());
  EXPECT_EQ(op->output_watermark(EventTime{15}), EventTime{10});
  feed_side(*op, 1, {{.key = 1, .value = 1, .time = 15}}, out);
  ASSERT_EQ(out.batches.size(), 1u);
  advance(*op, EventTime{16}, out);
  EXPECT_EQ(
      rows_with_time(out),
      (std::vector<TextRow>{{"1", "0", time_text(10), "1", "1", time_text(15), time_text(15)},
                            {"2", "0", time_text(10), "NULL", "NULL", "NULL", time_text(10)}}));
  EXPECT_EQ(op->kept().count, 0u);
}

TEST(IntervalJoinTest, ARowWhoseKeyIsNullComesOutAtOnceWhereItNeedsNoPartner) {
  for (const JoinKind kind : {JoinKind::kLeft, JoinKind::kFull, JoinKind::kAnti}) {
    const auto op = make_interval_join(spec_of(kind, {.lower = 0, .upper = 5}));
    CollectingEmitter out;
    feed_side(*op, 0, {{.key = std::nullopt, .value = 3, .time = 10}}, out);
    EXPECT_EQ(text_rows(out).size(), 1u) << name_of(kind);
    EXPECT_EQ(op->kept().count, 0u);
  }
  const auto op = make_interval_join(spec_of(JoinKind::kInner, {.lower = 0, .upper = 5}));
  CollectingEmitter out;
  feed_side(*op, 0, {{.key = std::nullopt, .value = 3, .time = 10}}, out);
  feed_side(*op, 1, {{.key = std::nullopt, .value = 3, .time = 10}}, out);
  EXPECT_TRUE(out.batches.empty());
  EXPECT_EQ(op->kept().count, 0u);
}

// More pairs than come out at once, of rows that arrive together.
TEST(IntervalJoinTest, EachPairOfAHotKeyComesOnce) {
  constexpr std::int64_t kRows = 90;
  for (const bool has_condition : {false, true}) {
    for (const JoinKind kind : kKinds) {
      std::array<std::vector<KeyedRow>, 2> rows;
      for (std::int64_t i = 0; i < kRows; ++i) {
        rows[0].push_back({.key = 1, .value = i % 7, .time = 1000 + i * 37 % 100});
        rows[1].push_back({.key = 1, .value = i % 5, .time = 1000 + i * 53 % 100});
      }
      const Bounds bounds{.lower = -60, .upper = 90};
      const auto op = make_interval_join(spec_of(kind, bounds, has_condition));
      CollectingEmitter out;
      feed_side(*op, 0, rows[0], out);
      out.room = 1;
      feed_side(*op, 1, rows[1], out);
      feed_side(*op, 0, rows[0], out);
      advance(*op, kEndOfTime, out);
      rows[0].insert(rows[0].end(), rows[0].begin(), rows[0].begin() + kRows);
      EXPECT_EQ(rows_with_time(out),
                joined_one_by_one(rows[0], rows[1], kind, bounds,
                                  has_condition ? Beside::kSmallerValue : Beside::kNothing))
          << name_of(kind);
    }
  }
}

// Rows that get a partner go from among those that the same row has still to look at.
TEST(IntervalJoinTest, ARowMatchesMoreRowsThanAreJudgedTogether) {
  for (const JoinKind kind : {JoinKind::kSemi, JoinKind::kAnti}) {
    const auto op = make_interval_join(spec_of(kind, {.lower = -100, .upper = 100}, true));
    std::vector<KeyedRow> left;
    for (std::int64_t i = 0; i < 20000; ++i) {
      left.push_back({.key = 1, .value = i % 2 * 3, .time = 1000 + i % 10});
    }
    CollectingEmitter out;
    feed_side(*op, 0, left, out);
    feed_side(*op, 1, {{.key = 1, .value = 1, .time = 1000}}, out);
    EXPECT_EQ(text_rows(out).size(), kind == JoinKind::kSemi ? 10000u : 0u);
    EXPECT_EQ(op->kept().count, 10001u);
    advance(*op, kEndOfTime, out);
    EXPECT_EQ(text_rows(out).size(), 10000u);
  }
}

TEST(IntervalJoinTest, KeysWithoutRowsAreForgotten) {
  const auto op = make_interval_join(spec_of(JoinKind::kFull, {.lower = -3, .upper = 3}));
  std::array<std::vector<KeyedRow>, 2> taken;
  CollectingEmitter out;
  std::size_t most = 0;
  for (std::int64_t round = 0; round < 30; ++round) {
    for (const int side : {0, 1}) {
      std::vector<KeyedRow> rows;
      for (std::int64_t i = 0; i < 400; ++i) {
        rows.push_back({.key = round * 300 + i, .value = side, .time = round * 2 + i % 2});
      }
      auto& all = taken[static_cast<std::size_t>(side)];
      all.insert(all.end(), rows.begin(), rows.end());
      feed_side(*op, side, rows, out);
    }
    advance(*op, EventTime{round * 2}, out);
    if (round < 15) {
      most = std::max(most, op->kept().bytes);
    }
  }
  EXPECT_LE(op->kept().bytes, most * 2);
  advance(*op, kEndOfTime, out);
  EXPECT_EQ(rows_with_time(out).size(),
            joined_one_by_one(taken[0], taken[1], JoinKind::kFull, {.lower = -3, .upper = 3},
                              Beside::kNothing)
                .size());
}

TEST(IntervalJoinTest, APairOnWhichTheConditionFailsIsRejected) {
  IntervalJoinSpec spec = spec_of(JoinKind::kLeft, {.lower = 0, .upper = 5});
  spec.condition = call("<", {call("/", {bigint(1), bigint_column(1)}), bigint_column(4)});
  const auto op = make_interval_join(spec);
  CollectingEmitter out;
  feed_side(*op, 0, {{.key = 1, .value = 0, .time = 1}}, out);
  feed_side(*op, 1, {{.key = 1, .value = 9, .time = 2}}, out);
  EXPECT_EQ(rejected_rows(out, RowError::kDivisionByZero).size(), 1u);
  advance(*op, kEndOfTime, out);
  EXPECT_EQ(text_rows(out).size(), 1u);  // It has no partner.
}

// They go in another order than they came in, and leave nothing behind.
TEST(IntervalJoinTest, ARowGoesWhenTheLastRowThatItMatchesCannotComeAnyMore) {
  const auto op =
      make_interval_join(spec_of(JoinKind::kLeft, {.lower = 0, .upper = {}}, Beside::kLastMatch));
  CollectingEmitter out;
  feed_side(*op, 0,
            {{.key = 1, .value = 50, .time = 10},
             {.key = 1, .value = 15, .time = 11},
             {.key = 1, .value = std::nullopt, .time = 12},
             {.key = 1, .value = 20, .time = 13}},
            out, Beside::kLastMatch);
  EXPECT_EQ(op->output_watermark(EventTime{10}), EventTime{10});
  advance(*op, EventTime{15}, out);
  EXPECT_EQ(op->kept().count, 3u);  // One matches nothing.
  EXPECT_EQ(op->output_watermark(EventTime{15}), EventTime{10});
  feed_side(*op, 1, {{.key = 1, .value = 0, .time = 20}}, out, Beside::kLastMatch);
  advance(*op, EventTime{21}, out);
  EXPECT_EQ(op->kept().count, 1u);
  std::vector<std::string> times;
  for (const TextRow& row : rows_with_time(out)) {
    times.push_back(row[2] + ' ' + row[5]);
  }
  EXPECT_EQ(times, (std::vector<std::string>{
                       time_text(11) + " NULL", time_text(13) + ' ' + time_text(20),
                       time_text(10) + ' ' + time_text(20), time_text(12) + " NULL"}));
  advance(*op, EventTime{51}, out);
  EXPECT_EQ(op->kept().count, 0u);
  EXPECT_EQ(op->output_watermark(EventTime{51}), EventTime{51});
}

// Their last match is far off, and one row stays that waits for it.
TEST(IntervalJoinTest, RowsThatFoundTheirPartnerLeaveNothingBehind) {
  constexpr std::int64_t kFarOff = 1'000'000'000'000'000;
  const auto op =
      make_interval_join(spec_of(JoinKind::kSemi, {.lower = 0, .upper = {}}, Beside::kLastMatch));
  CollectingEmitter out;
  feed_side(*op, 0, {{.key = -1, .value = kFarOff, .time = 0}}, out, Beside::kLastMatch);
  std::size_t most = 0;
  for (std::int64_t round = 0; round < 100; ++round) {
    std::vector<KeyedRow> rows;
    for (std::int64_t i = 0; i < 1000; ++i) {
      rows.push_back({.key = i, .value = kFarOff, .time = round});
    }
    feed_side(*op, 0, rows, out, Beside::kLastMatch);
    feed_side(*op, 1, rows, out, Beside::kLastMatch);
    advance(*op, EventTime{round + 1}, out);
    EXPECT_EQ(op->kept().count, 1u);
    most = round == 10 ? op->kept().bytes : most;
  }
  EXPECT_EQ(rows_with_time(out).size(), 100'000u);
  EXPECT_LE(op->kept().bytes, most * 2);
}

// Rows of every type, told apart by two keys, of which one is text.
IntervalJoinSpec spec_of_all_types(JoinKind kind, bool has_last) {
  IntervalJoinSpec::Side side;
  for (const RandomColumn& column : random_columns()) {
    side.types.push_back(column.type);
  }
  side.keys = {random_column(0), random_column(1)};
  IntervalJoinSpec spec{.kind = kind, .sides = {side, side}};
  spec.lower_micros = -6;
  if (has_last) {
    // One column more: on the left the last match, on the right event time.
    const Type timestamp = type_of(TypeKind::kTimestamp);
    const auto last = static_cast<std::uint32_t>(side.types.size());
    spec.sides[0].types.push_back(timestamp);
    spec.sides[1].types.push_back(timestamp);
    spec.sides[0].last_match = column_expr(last, timestamp, "last");
    spec.condition = call(
        "<=", {column_expr(2 * last + 1, timestamp, "time"), column_expr(last, timestamp, "last")});
  } else {
    spec.upper_micros = 9;
  }
  return spec;
}

TEST(IntervalJoinTest, ARestartChangesNothing) {
  for (const JoinKind kind : kKinds) {
    std::uint64_t rows_said = 0;
    for (std::uint64_t seed = 0; seed < 30; ++seed) {
      SCOPED_TRACE(name_of(kind) + ", seed " + std::to_string(seed));
      Random random(seed);
      const bool has_last = seed % 2 == 0;
      Lives lives([&] { return make_interval_join(spec_of_all_types(kind, has_last)); }, {0, 1},
                  seed);
      std::int64_t now = 0;
      for (int step = 0; step < 40; ++step) {
        std::vector<std::int64_t> micros(1 + random() % 8);
        for (std::int64_t& time : micros) {
          time = now + static_cast<std::int64_t>(random() % 8);
        }
        Batch batch = random_batch(random, micros);
        const int input = static_cast<int>(random() % 2);
        if (has_last) {
          for (std::int64_t& time : micros) {
            time += input == 0 ? static_cast<std::int64_t>(random() % 20) - 4 : 0;
          }
          batch.columns.push_back(times(micros));
        }
        lives.feed(batch, input);
        if (random() % 2 == 0) {
          now += static_cast<std::int64_t>(random() % 6);
          lives.advance(EventTime{now});
        }
        lives.meddle();
        if (HasFatalFailure()) {
          return;
        }
      }
      lives.advance(kEndOfTime);
      rows_said += lives.rows_said();
    }
    EXPECT_GT(rows_said, 500u);
  }
}

}  // namespace
}  // namespace thalweg
