#include "operators/key_join.h"

#include <gtest/gtest.h>

#include <map>
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

struct Case {
  JoinKind kind = JoinKind::kInner;
  bool left_changes = false;
  bool right_changes = false;
  bool has_condition = false;
  KeyJoinEmit emit = KeyJoinEmit::kChanges;

  bool changes(int side) const { return side == 0 ? left_changes : right_changes; }
  std::string text() const {
    constexpr const char* kNames[] = {"inner", "left", "right", "full", "semi", "anti"};
    return std::string(kNames[static_cast<int>(kind)]) + (left_changes ? ", left changes" : "") +
           (right_changes ? ", right changes" : "") + (has_condition ? ", with condition" : "") +
           (emit == KeyJoinEmit::kAtEnd ? ", at the end" : "");
  }
};

// Of keyed_batch() on both sides: equal keys; with a condition, a smaller value on the left.
KeyJoinSpec spec_of(const Case& one) {
  const KeyJoinSpec::Side side{
      .types = {bigint_type(), bigint_type(), type_of(TypeKind::kTimestamp)},
      .keys = {bigint_column(0)}};
  KeyJoinSpec spec{.kind = one.kind, .sides = {side, side}};
  spec.sides[0].updating = one.left_changes;
  spec.sides[1].updating = one.right_changes;
  spec.emit = one.emit;
  if (one.has_condition) {
    spec.condition = call("<", {bigint_column(1), bigint_column(4)});
  }
  return spec;
}

void feed_side(Operator& op, int input, const std::vector<KeyedRow>& rows, bool changes,
               CollectingEmitter& out) {
  Result<Progress> progress = op.process(input, keyed_batch(rows, changes), out);
  ASSERT_TRUE(progress.ok());
  while (progress.value() == Progress::kMore) {
    out.room = 1;
    progress = op.resume(out);
    ASSERT_TRUE(progress.ok());
  }
}

TextRow side_text(const KeyedRow& row) {
  const auto text = [](std::optional<std::int64_t> value) {
    return value ? std::to_string(*value) : "NULL";
  };
  return {text(row.key), text(row.value),
          to_string(Value{type_of(TypeKind::kTimestamp), row.time})};
}

// The join by its definition: every row against every row.
std::map<TextRow, int> joined_one_by_one(const std::vector<KeyedRow>& left,
                                         const std::vector<KeyedRow>& right, const Case& one) {
  std::map<TextRow, int> rows;
  std::vector<char> right_matched(right.size(), 0);
  const TextRow nulls(3, "NULL");
  const auto add = [&rows](TextRow row, const TextRow& more) {
    row.insert(row.end(), more.begin(), more.end());
    ++rows[row];
  };
  for (const KeyedRow& a : left) {
    bool matched = false;
    for (std::size_t i = 0; i < right.size(); ++i) {
      const KeyedRow& b = right[i];
      if (a.key && b.key && *a.key == *b.key &&
          (!one.has_condition || (a.value && b.value && *a.value < *b.value))) {
        matched = true;
        right_matched[i] = 1;
        if (yields_pairs(one.kind)) {
          add(side_text(a), side_text(b));
        }
      }
    }
    if (one.kind == JoinKind::kSemi ? matched : one.kind == JoinKind::kAnti && !matched) {
      add(side_text(a), {});
    } else if (!matched && (one.kind == JoinKind::kLeft || one.kind == JoinKind::kFull)) {
      add(side_text(a), nulls);
    }
  }
  for (std::size_t i = 0; i < right.size(); ++i) {
    if (right_matched[i] == 0 && keeps_right(one.kind)) {
      add(nulls, side_text(right[i]));
    }
  }
  return rows;
}

// Takes what has come out into `standing`. Nothing is taken back that does not stand.
void fold(const CollectingEmitter& out, std::map<TextRow, int>& standing) {
  for (const Batch& batch : out.batches) {
    for (std::uint32_t i = 0; i < batch.num_rows(); ++i) {
      const RowIndex row = batch.row(i);
      const TextRow text = text_row(CollectingEmitter::row_values(batch, row));
      const int now = standing[text] +=
          batch.changes ? batch.changes->values<std::int16_t>()[row] : 1;
      ASSERT_GE(now, 0);
      if (now == 0) {
        standing.erase(text);
      }
    }
  }
}

KeyedRow random_row(Random& random, std::uint64_t keys) {
  KeyedRow row{.key = static_cast<std::int64_t>(random() % keys),
               .value = static_cast<std::int64_t>(random() % 4),
               .time = static_cast<std::int64_t>(random() % 2)};
  if (random() % 8 == 0) {
    row.key.reset();
  }
  if (random() % 8 == 0) {
    row.value.reset();
  }
  return row;
}

// Random rows of both sides, of which some are taken back, also in the same batch. What stands
// after each batch is what the definition says.
void expect_as_by_definition(const Case& one, std::uint64_t seed) {
  SCOPED_TRACE(one.text() + ", seed " + std::to_string(seed));
  Random random(seed);
  const std::uint64_t keys = 1 + random() % 5;
  const auto op = make_key_join(spec_of(one));
  std::array<std::vector<KeyedRow>, 2> there;
  std::map<TextRow, int> standing;
  for (int step = 0; step < 30; ++step) {
    const int side = static_cast<int>(random() % 2);
    auto& own = there[static_cast<std::size_t>(side)];
    std::vector<KeyedRow> rows;
    for (std::uint64_t count = 1 + random() % 8; count > 0; --count) {
      if (one.changes(side) && !own.empty() && random() % 2 == 0) {
        const auto gone = own.begin() + static_cast<std::ptrdiff_t>(random() % own.size());
        rows.push_back(*gone);
        rows.back().change = -1;
        own.erase(gone);
      } else {
        rows.push_back(random_row(random, keys));
        own.push_back(rows.back());
      }
    }
    CollectingEmitter out;
    feed_side(*op, side, rows, one.changes(side), out);
    EXPECT_TRUE(out.rejected.empty());
    fold(out, standing);
    if (one.emit == KeyJoinEmit::kAtEnd) {
      ASSERT_TRUE(standing.empty());
    } else if (step % 4 == 0) {
      ASSERT_EQ(standing, joined_one_by_one(there[0], there[1], one));
    }
  }
  CollectingEmitter out;
  advance(*op, kEndOfTime, out);
  for (const Batch& batch : out.batches) {
    EXPECT_FALSE(batch.changes.has_value());
  }
  fold(out, standing);
  EXPECT_EQ(standing, joined_one_by_one(there[0], there[1], one));
}

TEST(KeyJoinTest, RandomRowsAreJoinedAsByDefinition) {
  for (const JoinKind kind : kKinds) {
    for (std::uint64_t seed = 0; seed < random_cases(60); ++seed) {
      Case one{.kind = kind,
               .left_changes = (seed & 1) != 0,
               .right_changes = (seed & 2) != 0,
               .has_condition = (seed & 4) != 0};
      one.emit = seed % 5 == 0 ? KeyJoinEmit::kAtEnd : KeyJoinEmit::kChanges;
      expect_as_by_definition(one, seed);
      if (HasFailure()) {
        return;
      }
    }
  }
}

// Nothing is ever taken back where no input changes and no row waits for a partner.
TEST(KeyJoinTest, AnInnerJoinOfRowsThatAreOnlyAddedOnlyAdds) {
  for (const JoinKind kind : {JoinKind::kInner, JoinKind::kSemi}) {
    const auto op = make_key_join(spec_of({.kind = kind}));
    CollectingEmitter out;
    feed_side(*op, 0, {{.key = 1, .value = 1, .time = 1}}, false, out);
    feed_side(*op, 1, {{.key = 1, .value = 2, .time = 1}, {.key = 1, .value = 3, .time = 1}}, false,
              out);
    EXPECT_EQ(text_rows(out).size(), kind == JoinKind::kInner ? 2u : 1u);
    for (const Batch& batch : out.batches) {
      EXPECT_FALSE(batch.changes.has_value());
    }
  }
}

TEST(KeyJoinTest, ARowThatIsNotThereCannotBeTakenBack) {
  const auto op = make_key_join(spec_of({.kind = JoinKind::kLeft, .left_changes = true}));
  CollectingEmitter out;
  feed_side(*op, 0, {{.key = 1, .value = 1, .time = 1, .change = -1}}, true, out);
  feed_side(*op, 0, {{.key = 1, .value = 1, .time = 1}}, true, out);
  feed_side(*op, 0, {{.key = 1, .value = 2, .time = 1, .change = -1}}, true, out);
  EXPECT_EQ(rejected_rows(out, RowError::kNotThere).size(), 2u);
  EXPECT_EQ(folded(out).size(), 1u);
  EXPECT_EQ(op->kept().count, 1u);
}

// More pairs than come out at once, and rows that have more partners than that.
TEST(KeyJoinTest, EachPairOfAHotKeyComesOnce) {
  constexpr std::int64_t kRows = 80;
  for (const bool has_condition : {false, true}) {
    for (const JoinKind kind : kKinds) {
      const Case one{.kind = kind, .right_changes = true, .has_condition = has_condition};
      SCOPED_TRACE(one.text());
      std::array<std::vector<KeyedRow>, 2> rows;
      for (std::int64_t i = 0; i < kRows; ++i) {
        rows[0].push_back({.key = 1, .value = i % 7, .time = i});
        rows[1].push_back({.key = 1, .value = i % 5, .time = i});
      }
      const auto op = make_key_join(spec_of(one));
      std::map<TextRow, int> standing;
      CollectingEmitter out;
      feed_side(*op, 0, rows[0], false, out);
      out.room = 1;
      feed_side(*op, 1, rows[1], true, out);
      fold(out, standing);
      EXPECT_EQ(standing, joined_one_by_one(rows[0], rows[1], one));
      for (KeyedRow& row : rows[1]) {
        row.change = -1;
      }
      CollectingEmitter back;
      back.room = 1;
      feed_side(*op, 1, rows[1], true, back);
      fold(back, standing);
      EXPECT_EQ(standing, joined_one_by_one(rows[0], {}, one));
      EXPECT_EQ(op->kept().count, static_cast<std::uint64_t>(kRows));
    }
  }
}

TEST(KeyJoinTest, KeysAndValuesWithoutRowsAreForgotten) {
  const auto op = make_key_join(
      spec_of({.kind = JoinKind::kFull, .left_changes = true, .right_changes = true}));
  std::size_t most = 0;
  std::map<TextRow, int> standing;
  for (std::int64_t round = 0; round < 20; ++round) {
    CollectingEmitter out;
    for (const int change : {1, -1}) {
      for (const int side : {0, 1}) {
        std::vector<KeyedRow> rows;
        for (std::int64_t i = 0; i < 1000; ++i) {
          rows.push_back({.key = round * 1000 + i, .value = side, .time = 1, .change = change});
        }
        feed_side(*op, side, rows, true, out);
      }
    }
    fold(out, standing);
    EXPECT_EQ(op->kept().count, 0u);
    most = round == 8 ? op->kept().bytes : most;
  }
  EXPECT_TRUE(standing.empty());
  EXPECT_LE(op->kept().bytes, most * 2);
}

TEST(KeyJoinTest, APairOnWhichTheConditionFailsIsRejected) {
  KeyJoinSpec spec = spec_of({.kind = JoinKind::kLeft});
  spec.condition = call("<", {call("/", {bigint(1), bigint_column(1)}), bigint_column(4)});
  const auto op = make_key_join(spec);
  CollectingEmitter out;
  feed_side(*op, 0, {{.key = 1, .value = 0, .time = 1}}, false, out);
  feed_side(*op, 1, {{.key = 1, .value = 9, .time = 2}}, false, out);
  EXPECT_EQ(rejected_rows(out, RowError::kDivisionByZero).size(), 1u);
  EXPECT_EQ(folded(out).size(), 1u);  // It has no partner.
}

// A key goes with the rows of both sides; what comes later begins anew.
TEST(KeyJoinTest, IdleKeysGo) {
  KeyJoinSpec spec = spec_of({.kind = JoinKind::kLeft, .right_changes = true});
  spec.ttl = {.micros = 100, .clock = Clock::kWatermark};
  const auto op = make_key_join(spec);
  CollectingEmitter out;
  feed_side(*op, 0, {{.key = 1, .value = 1, .time = 10}, {.key = 2, .value = 1, .time = 10}}, false,
            out);
  feed_side(*op, 1, {{.key = 1, .value = 5, .time = 120}}, true, out);
  advance(*op, EventTime{130}, out);
  EXPECT_EQ(op->kept().count, 2u);
  EXPECT_EQ(out.expired, 1u);
  feed_side(*op, 1, {{.key = 2, .value = 5, .time = 130}, {.key = 1, .value = 5, .time = 130}},
            true, out);
  EXPECT_EQ(folded(out).size(), 3u);  // Both pairs of key 1; key 2 as it was told.
  advance(*op, EventTime{500}, out);
  EXPECT_EQ(op->kept().count, 0u);
  EXPECT_EQ(out.expired, 3u);
}

// Rows of every type, told apart by two keys, of which one is text.
KeyJoinSpec spec_of_all_types(const Case& one) {
  KeyJoinSpec::Side side;
  for (const RandomColumn& column : random_columns()) {
    side.types.push_back(column.type);
  }
  side.keys = {random_column(0), random_column(1)};
  KeyJoinSpec spec{.kind = one.kind, .sides = {side, side}};
  spec.sides[0].updating = one.left_changes;
  spec.sides[1].updating = one.right_changes;
  spec.emit = one.emit;
  if (one.has_condition) {
    const auto width = static_cast<std::uint32_t>(side.types.size());
    const Type smallint = type_of(TypeKind::kSmallint);
    spec.condition =
        call("<", {column_expr(2, smallint, "left"), column_expr(width + 2, smallint, "right")});
  }
  return spec;
}

TEST(KeyJoinTest, ARestartChangesNothing) {
  for (const JoinKind kind : kKinds) {
    std::uint64_t rows_said = 0;
    for (std::uint64_t seed = 0; seed < 16; ++seed) {
      Case one{.kind = kind,
               .left_changes = (seed & 1) != 0,
               .right_changes = (seed & 2) != 0,
               .has_condition = (seed & 4) != 0};
      one.emit = seed % 5 == 0 ? KeyJoinEmit::kAtEnd : KeyJoinEmit::kChanges;
      SCOPED_TRACE(one.text() + ", seed " + std::to_string(seed));
      Random random(seed);
      KeyJoinSpec spec = spec_of_all_types(one);
      if (one.emit == KeyJoinEmit::kChanges && seed % 3 == 0) {
        spec.ttl = {.micros = 20, .clock = Clock::kWatermark};
      }
      Lives lives([&] { return make_key_join(spec); }, {0, 1}, seed);
      std::array<std::vector<Batch>, 2> there;
      std::int64_t now = 0;
      for (int step = 0; step < 25; ++step) {
        const std::vector<std::int64_t> micros(1 + random() % 8, now);
        const int input = static_cast<int>(random() % 2);
        auto& own = there[static_cast<std::size_t>(input)];
        lives.feed(
            one.changes(input) ? random_changes(random, micros, own) : random_batch(random, micros),
            input);
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
    EXPECT_GT(rows_said, 200u);
  }
}

}  // namespace
}  // namespace thalweg
