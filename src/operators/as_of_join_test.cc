#include "operators/as_of_join.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <random>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "base/random_cases.h"
#include "operators/lives_fixture.h"
#include "operators/operator_fixture.h"
#include "operators/random_rows.h"

namespace thalweg {
namespace {

using namespace fixture;

using Random = std::mt19937_64;

// What tells right rows of one time apart.
enum class Ties { kColumns, kOrigin, kArrival };

struct Question {
  JoinKind kind = JoinKind::kInner;
  AsOf as_of = AsOf::kLast;
  std::int64_t distance = 0;
  Ties ties = Ties::kColumns;
};

struct AsOfRow {
  KeyedRow row;
  std::int64_t position = 0;
};

AsOfJoinSpec spec_of(const Question& question) {
  const AsOfJoinSpec::Side side{
      .types = {bigint_type(), bigint_type(), type_of(TypeKind::kTimestamp)},
      .keys = {bigint_column(0)}};
  AsOfJoinSpec spec{.kind = question.kind,
                    .as_of = question.as_of,
                    .distance_micros = question.distance,
                    .sides = {side, side}};
  spec.sides[1].has_origin = question.ties == Ties::kOrigin;
  spec.sides[1].has_changes = question.ties == Ties::kArrival;
  return spec;
}

Batch batch_of(const std::vector<AsOfRow>& rows, bool with_changes) {
  std::vector<KeyedRow> keyed;
  ColumnBuilder partitions(type_of(TypeKind::kInt));
  ColumnBuilder positions(bigint_type());
  for (const AsOfRow& row : rows) {
    keyed.push_back(row.row);
    partitions.append(static_cast<std::int32_t>(row.position % 2));
    positions.append(row.position);
  }
  Batch batch = keyed_batch(keyed, with_changes);
  batch.partition = partitions.finish();
  batch.position = positions.finish();
  return batch;
}

std::string text_of(std::optional<std::int64_t> value) {
  return value ? std::to_string(*value) : "NULL";
}
std::string time_text(std::int64_t micros) {
  return to_string(Value{type_of(TypeKind::kTimestamp), micros});
}
TextRow side_text(const KeyedRow& row) {
  return {text_of(row.key), text_of(row.value), time_text(row.time)};
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

// Whether the second of two right rows that a left row may have is the better one. NULLs are the
// greatest.
bool is_better(const Question& question, const AsOfRow& a, const AsOfRow& b) {
  if (a.row.time != b.row.time) {
    return (a.row.time < b.row.time) == (question.as_of == AsOf::kLast);
  }
  const auto order = [&](const AsOfRow& row) {
    return question.ties == Ties::kOrigin
               ? std::tuple(row.position % 2, row.position)
               : std::tuple(std::int64_t{row.row.value ? 0 : 1}, row.row.value.value_or(0));
  };
  return question.ties == Ties::kArrival || order(a) <= order(b);
}

// The join by its definition: every row against every row. `right` in the order of arrival.
std::vector<TextRow> joined_one_by_one(const std::vector<AsOfRow>& left,
                                       const std::vector<AsOfRow>& right,
                                       const Question& question) {
  std::vector<TextRow> rows;
  for (const AsOfRow& a : left) {
    const AsOfRow* best = nullptr;
    for (const AsOfRow& b : right) {
      const std::int64_t distance = b.row.time - a.row.time;
      const bool fits = question.as_of == AsOf::kLast ? distance <= question.distance
                                                      : distance >= question.distance;
      if (a.row.key && a.row.key == b.row.key && fits &&
          (best == nullptr || is_better(question, *best, b))) {
        best = &b;
      }
    }
    const bool matched = best != nullptr && best->row.change > 0;
    if (matched || question.kind == JoinKind::kLeft) {
      TextRow row = side_text(a.row);
      const TextRow more = matched ? side_text(best->row) : TextRow(3, "NULL");
      row.insert(row.end(), more.begin(), more.end());
      row.push_back(time_text(a.row.time));
      rows.push_back(std::move(row));
    }
  }
  std::sort(rows.begin(), rows.end());
  return rows;
}

AsOfRow random_row(Random& random, std::int64_t time, std::uint64_t keys) {
  AsOfRow row{.row = {.key = static_cast<std::int64_t>(random() % keys),
                      .value = static_cast<std::int64_t>(random() % 4),
                      .time = time},
              .position = static_cast<std::int64_t>(random() % 1'000'000)};
  if (random() % 8 == 0) {
    row.row.key.reset();
  }
  if (random() % 8 == 0) {
    row.row.value.reset();
  }
  return row;
}

void feed_side(Operator& op, int input, const Batch& batch, CollectingEmitter& out) {
  Result<Progress> progress = op.process(input, batch, out);
  ASSERT_TRUE(progress.ok());
  ASSERT_EQ(progress.value(), Progress::kDone);
}

// Random rows of both sides, out of order, some older than the watermark; what comes out against
// the definition, and never before the watermark that has been passed on.
void expect_as_by_definition(std::uint64_t seed) {
  Random random(seed);
  Question question{.kind = random() % 2 == 0 ? JoinKind::kInner : JoinKind::kLeft,
                    .as_of = random() % 2 == 0 ? AsOf::kLast : AsOf::kNext,
                    .distance = random() % 2 == 0 ? static_cast<std::int64_t>(random() % 3) - 1
                                                  : static_cast<std::int64_t>(random() % 40) - 20,
                    .ties = static_cast<Ties>(random() % 3)};
  if (question.as_of == AsOf::kNext && question.ties == Ties::kArrival) {
    question.ties = Ties::kOrigin;
  }
  const bool has_changes = question.ties == Ties::kArrival;
  const std::uint64_t keys = 1 + random() % 5;
  SCOPED_TRACE("seed " + std::to_string(seed));
  const auto op = make_as_of_join(spec_of(question));
  CollectingEmitter out;
  std::vector<AsOfRow> taken[2];
  std::uint64_t late = 0;
  std::int64_t now = 100;
  EventTime watermark = kStartOfTime;
  EventTime passed_on = kStartOfTime;
  for (int step = 0; step < 30; ++step) {
    const std::size_t before = out.batches.size();
    if (random() % 3 == 0) {
      now += static_cast<std::int64_t>(random() % 15);
      watermark = std::max(watermark, EventTime{now - 12});
      advance(*op, watermark, out);
      for (std::size_t i = before; i < out.batches.size(); ++i) {
        ASSERT_GE(out.batches[i].time_min, passed_on);
      }
      const EventTime next = op->output_watermark(watermark);
      ASSERT_GE(next, passed_on);
      passed_on = next;
      continue;
    }
    const std::size_t side = random() % 2;
    std::vector<AsOfRow> rows;
    for (std::uint64_t count = 1 + random() % 6; count > 0; --count) {
      rows.push_back(random_row(random, now - static_cast<std::int64_t>(random() % 14), keys));
      rows.back().row.change = side == 1 && has_changes && random() % 4 == 0 ? -1 : 1;
      if (rows.back().row.time < watermark.micros) {
        ++late;
      } else {
        taken[side].push_back(rows.back());
      }
    }
    feed_side(*op, static_cast<int>(side), batch_of(rows, side == 1 && has_changes), out);
    ASSERT_EQ(out.batches.size(), before);
  }
  advance(*op, kEndOfTime, out);
  EXPECT_EQ(rows_with_time(out), joined_one_by_one(taken[0], taken[1], question));
  EXPECT_EQ(out.rejected.size(), late);
}

TEST(AsOfJoinTest, RandomRowsAreJoinedAsByDefinition) {
  for (std::uint64_t seed = 0; seed < random_cases(700); ++seed) {
    expect_as_by_definition(seed);
    if (HasFailure()) {
      return;
    }
  }
}

std::vector<AsOfRow> rows_at(const std::vector<std::pair<std::int64_t, std::int64_t>>& keys_times) {
  std::vector<AsOfRow> rows;
  for (const auto& [key, time] : keys_times) {
    rows.push_back({.row = {.key = key, .value = 0, .time = time}});
  }
  return rows;
}

// Rows of the time that the watermark stands at may still come.
TEST(AsOfJoinTest, ARowComesOutWhenNoBetterPartnerCanCome) {
  const auto op = make_as_of_join(spec_of({}));
  CollectingEmitter out;
  feed_side(*op, 0, batch_of(rows_at({{1, 10}}), false), out);
  feed_side(*op, 1, batch_of(rows_at({{1, 5}}), false), out);
  advance(*op, EventTime{10}, out);
  EXPECT_TRUE(out.batches.empty());
  EXPECT_EQ(op->output_watermark(EventTime{10}), EventTime{10});
  feed_side(*op, 1, batch_of(rows_at({{1, 10}}), false), out);
  advance(*op, EventTime{11}, out);
  EXPECT_EQ(
      rows_with_time(out),
      (std::vector<TextRow>{{"1", "0", time_text(10), "1", "0", time_text(10), time_text(10)}}));
}

TEST(AsOfJoinTest, OfEachKeyOneVersionIsKept) {
  const auto op = make_as_of_join(spec_of({}));
  CollectingEmitter out;
  std::size_t most = 0;
  for (std::int64_t time = 0; time < 2000; ++time) {
    feed_side(*op, 1, batch_of(rows_at({{time % 3, time}, {3, time}}), false), out);
    // Keys that have no version are forgotten.
    feed_side(
        *op, 0,
        batch_of(rows_at({{10 + 3 * time, time}, {11 + 3 * time, time}, {12 + 3 * time, time}}),
                 false),
        out);
    advance(*op, EventTime{time + 1}, out);
    EXPECT_EQ(op->kept().count, std::min<std::uint64_t>(4, 2 + static_cast<std::uint64_t>(time)));
    most = time < 1500 ? std::max(most, op->kept().bytes) : most;
  }
  EXPECT_TRUE(out.batches.empty());
  EXPECT_LE(op->kept().bytes, most);
}

TEST(AsOfJoinTest, AKeyThatNoRowTouchesIsLetGoOf) {
  AsOfJoinSpec spec = spec_of({.kind = JoinKind::kLeft});
  spec.ttl.micros = 80;
  const auto op = make_as_of_join(spec);
  CollectingEmitter out;
  feed_side(*op, 1, batch_of(rows_at({{1, 0}, {2, 0}}), false), out);
  advance(*op, EventTime{10}, out);
  EXPECT_EQ(op->kept().count, 2u);
  for (std::int64_t time = 60; time < 400; time += 60) {
    feed_side(*op, 0, batch_of(rows_at({{1, time}}), false), out);
    advance(*op, EventTime{time + 10}, out);
  }
  EXPECT_EQ(op->kept().count, 1u);
  EXPECT_EQ(out.expired, 1u);
  feed_side(*op, 0, batch_of(rows_at({{1, 400}, {2, 400}}), false), out);
  advance(*op, EventTime{401}, out);
  const std::vector<TextRow> rows = rows_with_time(out);
  EXPECT_EQ(rows.back()[3], "NULL");
  EXPECT_EQ(rows[rows.size() - 2][3], "1");
}

TEST(AsOfJoinTest, AKeyThatIsTakenAwayLeavesNothing) {
  const auto op = make_as_of_join(spec_of({.ties = Ties::kArrival}));
  CollectingEmitter out;
  std::vector<AsOfRow> rows = rows_at({{1, 5}, {1, 8}});
  rows[1].row.change = -1;
  feed_side(*op, 1, batch_of(rows, true), out);
  feed_side(*op, 0, batch_of(rows_at({{1, 7}, {1, 8}, {1, 9}}), false), out);
  advance(*op, EventTime{20}, out);
  EXPECT_EQ(rows_with_time(out),
            (std::vector<TextRow>{{"1", "0", time_text(7), "1", "0", time_text(5), time_text(7)}}));
  EXPECT_EQ(op->kept().count, 0u);
}

// The watermark of what is above waits for it.
TEST(AsOfJoinTest, ARowWaitsForTheNextOneForAsLongAsItTakes) {
  const auto op = make_as_of_join(spec_of({.as_of = AsOf::kNext}));
  CollectingEmitter out;
  feed_side(*op, 0, batch_of(rows_at({{1, 10}, {2, 12}}), false), out);
  feed_side(*op, 1, batch_of(rows_at({{1, 9}, {2, 13}}), false), out);
  advance(*op, EventTime{100}, out);
  EXPECT_EQ(rows_with_time(out).size(), 1u);
  EXPECT_EQ(op->output_watermark(EventTime{100}), EventTime{10});
  EXPECT_EQ(op->kept().count, 1u);
  feed_side(*op, 1, batch_of(rows_at({{1, 100}}), false), out);
  advance(*op, EventTime{101}, out);
  EXPECT_EQ(rows_with_time(out).size(), 2u);
  EXPECT_EQ(op->output_watermark(EventTime{101}), EventTime{101});
  EXPECT_EQ(op->kept().count, 0u);
}

// One row stays that waits, and keys come and go.
TEST(AsOfJoinTest, RowsThatFoundTheirPartnerLeaveNothingBehind) {
  const auto op = make_as_of_join(spec_of({.as_of = AsOf::kNext}));
  CollectingEmitter out;
  feed_side(*op, 0, batch_of(rows_at({{-1, 0}}), false), out);
  std::size_t most = 0;
  for (std::int64_t round = 0; round < 60; ++round) {
    std::vector<std::pair<std::int64_t, std::int64_t>> rows;
    for (std::int64_t i = 0; i < 1000; ++i) {
      rows.emplace_back(round * 1000 + i, round);
    }
    feed_side(*op, 0, batch_of(rows_at(rows), false), out);
    feed_side(*op, 1, batch_of(rows_at(rows), false), out);
    advance(*op, EventTime{round + 1}, out);
    EXPECT_EQ(op->kept().count, 1u);
    most = round < 30 ? std::max(most, op->kept().bytes) : most;
  }
  EXPECT_EQ(rows_with_time(out).size(), 60'000u);
  EXPECT_LE(op->kept().bytes, most);
}

TEST(AsOfJoinTest, ManyRowsComeOutInPieces) {
  for (const AsOf as_of : {AsOf::kLast, AsOf::kNext}) {
    const auto op = make_as_of_join(spec_of({.kind = JoinKind::kLeft, .as_of = as_of}));
    CollectingEmitter out;
    std::vector<std::pair<std::int64_t, std::int64_t>> rows;
    for (std::int64_t i = 0; i < 20'000; ++i) {
      rows.emplace_back(i % 3, i);
    }
    feed_side(*op, 0, batch_of(rows_at(rows), false), out);
    feed_side(*op, 1, batch_of(rows_at({{0, 9000}, {1, 10'000}}), false), out);
    out.room = 1;
    advance(*op, kEndOfTime, out);
    EXPECT_EQ(rows_with_time(out),
              joined_one_by_one(rows_at(rows), rows_at({{0, 9000}, {1, 10'000}}),
                                {.kind = JoinKind::kLeft, .as_of = as_of}));
  }
}

// Rows of every type, told apart by two keys, of which one is text.
AsOfJoinSpec spec_of_all_types(const Question& question) {
  AsOfJoinSpec::Side side;
  for (const RandomColumn& column : random_columns()) {
    side.types.push_back(column.type);
  }
  side.keys = {random_column(0), random_column(1)};
  AsOfJoinSpec spec{.kind = question.kind,
                    .as_of = question.as_of,
                    .distance_micros = question.distance,
                    .sides = {side, side}};
  spec.sides[1].has_origin = question.ties == Ties::kOrigin;
  spec.sides[1].has_changes = question.ties == Ties::kArrival;
  return spec;
}

TEST(AsOfJoinTest, ARestartChangesNothing) {
  std::uint64_t rows_said = 0;
  std::uint64_t keys_expired = 0;
  for (std::uint64_t seed = 0; seed < random_cases(50); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    const AsOf as_of = seed % 2 == 0 ? AsOf::kLast : AsOf::kNext;
    const Question question{
        .kind = seed % 4 < 2 ? JoinKind::kInner : JoinKind::kLeft,
        .as_of = as_of,
        .distance = static_cast<std::int64_t>(random() % 7) - 3,
        .ties = as_of == AsOf::kNext || seed % 8 < 4 ? Ties::kOrigin : Ties::kArrival};
    AsOfJoinSpec spec = spec_of_all_types(question);
    spec.ttl.micros = as_of == AsOf::kLast && seed % 3 == 0 ? 24 : 0;
    Lives lives([&] { return make_as_of_join(spec); }, {0, 1}, seed);
    std::int64_t now = 0;
    for (int step = 0; step < 40; ++step) {
      std::vector<std::int64_t> micros(1 + random() % 8);
      for (std::int64_t& time : micros) {
        time = now + static_cast<std::int64_t>(random() % 8);
      }
      Batch batch = random_batch(random, micros);
      const int input = static_cast<int>(random() % 2);
      if (input == 1 && question.ties == Ties::kArrival) {
        std::vector<int> changes;
        for (std::size_t i = 0; i < micros.size(); ++i) {
          changes.push_back(random() % 3 == 0 ? -1 : 1);
        }
        set_changes(batch, changes);
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
    keys_expired += lives.keys_expired();
  }
  EXPECT_GT(rows_said, 1500u);
  EXPECT_GT(keys_expired, 8u);
}

}  // namespace
}  // namespace thalweg
