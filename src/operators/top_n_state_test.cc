#include <cmath>
#include <limits>

#include "base/random_cases.h"
#include "operators/lives_fixture.h"
#include "operators/top_n.h"

namespace thalweg {
namespace {

using namespace fixture;
using Dice = std::mt19937_64;

struct Row {
  std::optional<std::int64_t> key;
  std::optional<double> value;
  std::string name;
  std::int64_t time = 0;
};

// Columns key, value, name, time.
class Input {
 public:
  explicit Input(std::uint64_t seed) : dice_(seed) {}

  static std::vector<Type> types() {
    return {bigint_type(), type_of(TypeKind::kDouble), type_of(TypeKind::kText),
            type_of(TypeKind::kTimestamp)};
  }

  Row draw(std::int64_t time) {
    constexpr double kValues[] = {0.0, -0.0, 1.5, -2, std::numeric_limits<double>::quiet_NaN()};
    Row row;
    if (dice_() % 8 != 0) {
      row.key = static_cast<std::int64_t>(dice_() % 5);
    }
    if (dice_() % 8 != 0) {
      row.value = kValues[dice_() % 5];
    }
    row.name = std::string(1 + dice_() % 2, static_cast<char>('a' + dice_() % 3));
    row.time = time;
    return row;
  }

  Batch batch(const std::vector<Row>& rows, bool has_origin) {
    ColumnBuilder keys(types()[0]);
    ColumnBuilder values(types()[1]);
    ColumnBuilder names(types()[2]);
    ColumnBuilder times(types()[3]);
    ColumnBuilder partitions(type_of(TypeKind::kInt));
    ColumnBuilder positions(bigint_type());
    for (const Row& row : rows) {
      row.key ? keys.append(*row.key) : keys.append_null();
      row.value ? values.append(*row.value) : values.append_null();
      names.append_text(row.name);
      times.append(row.time);
      partitions.append(static_cast<std::int32_t>(dice_() % 2));
      positions.append(position_++);
    }
    Batch made = timed({keys.finish(), values.finish(), names.finish(), times.finish()});
    if (has_origin) {
      made.partition = partitions.finish();
      made.position = positions.finish();
    }
    return made;
  }

  Dice& dice() { return dice_; }

 private:
  Dice dice_;
  std::int64_t position_ = 0;
};

TopNSpec draw_spec(Dice& dice, TopNEmit emit) {
  constexpr Ranking kRankings[] = {Ranking::kRowNumber, Ranking::kRank, Ranking::kDenseRank};
  TopNSpec spec;
  spec.types = Input::types();
  if (dice() % 4 != 0) {
    spec.keys = {0};
  }
  spec.order = {{.column = 1, .descending = dice() % 2 == 0, .nulls_first = dice() % 2 == 0}};
  if (dice() % 3 == 0) {
    spec.order.insert(spec.order.begin(), {.column = 2});
  }
  spec.ranking = kRankings[dice() % 3];
  spec.limit = 1 + dice() % 3;
  if (dice() % 3 == 0) {
    spec.ranking = Ranking::kRowNumber;
    spec.limit = 1;
  }
  spec.shows_rank = dice() % 2 == 0;
  spec.has_origin = dice() % 2 == 0;
  spec.latest_first = dice() % 2 == 0;
  spec.emit = emit;
  return spec;
}

void expect_all_survives(const TopNSpec& spec, Input& input, std::uint64_t seed,
                         std::int64_t window_micros) {
  Lives lives([spec] { return make_top_n(spec); }, spec.keys, seed);
  std::int64_t watermark = 0;
  std::vector<Row> there;
  for (int step = 0; step < 25 && !testing::Test::HasFatalFailure(); ++step) {
    std::vector<Row> rows;
    std::vector<int> changes;
    for (std::uint64_t count = input.dice()() % 12; count > 0; --count) {
      const std::int64_t ahead = static_cast<std::int64_t>(input.dice()() % 40) - 4;
      std::int64_t time = watermark + ahead;
      time = window_micros > 0 ? (time / window_micros + 1) * window_micros : time;
      const bool takes_back = spec.updating_input && !there.empty() && input.dice()() % 3 == 0;
      const std::size_t place = there.empty() ? 0 : input.dice()() % there.size();
      rows.push_back(takes_back ? there[place] : input.draw(time));
      changes.push_back(takes_back ? -1 : 1);
      if (!takes_back) {
        there.push_back(rows.back());
      } else if (input.dice()() % 10 != 0) {  // Else it is taken back once more.
        there.erase(there.begin() + static_cast<std::ptrdiff_t>(place));
      }
    }
    if (!rows.empty()) {
      Batch batch = input.batch(rows, spec.has_origin);
      if (spec.updating_input) {
        set_changes(batch, changes);
      }
      lives.feed(batch);
    }
    lives.meddle();
    if (input.dice()() % 2 == 0) {
      watermark += static_cast<std::int64_t>(input.dice()() % 20);
      lives.advance(EventTime{watermark});
      lives.meddle();
    }
  }
  lives.advance(kEndOfTime);
  lives.restart(2);
  lives.advance(kEndOfTime);
  EXPECT_GT(lives.rows_put(), 0U);
}

TEST(TopNStateTest, RowsUntilTheEndSurvive) {
  for (std::uint64_t seed = 0; seed < random_cases(150) && !HasFailure(); ++seed) {
    Input input(seed);
    const TopNSpec spec = draw_spec(input.dice(), TopNEmit::kAtEnd);
    SCOPED_TRACE(seed);
    expect_all_survives(spec, input, seed, 0);
  }
}

TEST(TopNStateTest, WhatHasBeenToldSurvives) {
  for (std::uint64_t seed = 0; seed < random_cases(150) && !HasFailure(); ++seed) {
    Input input(seed);
    TopNSpec spec = draw_spec(input.dice(), TopNEmit::kChanges);
    spec.updating_input = seed % 2 == 0;
    spec.has_origin = spec.has_origin && !spec.updating_input;
    SCOPED_TRACE(seed);
    expect_all_survives(spec, input, seed, 0);
  }
}

TEST(TopNStateTest, KeysThatGoAfterATtlSurviveUntilThen) {
  for (std::uint64_t seed = 0; seed < random_cases(150) && !HasFailure(); ++seed) {
    Input input(seed);
    TopNSpec spec = draw_spec(input.dice(), TopNEmit::kChanges);
    spec.updating_input = seed % 3 == 0;
    spec.has_origin = spec.has_origin && !spec.updating_input;
    spec.keys = {0};
    spec.ttl = {.micros = 20};
    SCOPED_TRACE(seed);
    expect_all_survives(spec, input, seed, 0);
  }
}

TEST(TopNStateTest, OpenWindowsSurvive) {
  for (std::uint64_t seed = 0; seed < random_cases(150) && !HasFailure(); ++seed) {
    Input input(seed);
    TopNSpec spec = draw_spec(input.dice(), TopNEmit::kOnWindowClose);
    spec.window_end = 3;
    spec.shift_micros = seed % 2 == 0 ? 0 : 1;
    if (seed % 3 == 0 && !spec.keys.empty()) {
      spec.keys.push_back(3);
    }
    SCOPED_TRACE(seed);
    expect_all_survives(spec, input, seed, 10);
  }
}

TEST(TopNStateTest, RowsThatWaitAndKeysThatAreCountedSurvive) {
  for (std::uint64_t seed = 0; seed < random_cases(150) && !HasFailure(); ++seed) {
    Input input(seed);
    TopNSpec spec = draw_spec(input.dice(), TopNEmit::kBehindWatermark);
    spec.order.insert(spec.order.begin(), {.column = 3});
    spec.ranking = Ranking::kRowNumber;
    spec.latest_first = false;
    spec.time = 3;
    spec.ttl = {.micros = seed % 2 == 0 ? 0 : 25};
    SCOPED_TRACE(seed);
    expect_all_survives(spec, input, seed, 0);
  }
}

}  // namespace
}  // namespace thalweg
