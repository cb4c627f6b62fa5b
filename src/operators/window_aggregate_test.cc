#include "operators/window_aggregate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "operators/operator_fixture.h"
#include "operators/partial_aggregate.h"

namespace thalweg {
namespace {

using namespace fixture;
using ::testing::IsEmpty;
using Dice = std::mt19937_64;

constexpr std::int64_t kSize = 100;

std::string timestamp_text(std::int64_t micros) {
  return to_string(Value{type_of(TypeKind::kTimestamp), micros});
}

struct Row {
  std::optional<std::int64_t> key;
  std::optional<std::int64_t> value;
  std::int64_t time = 0;
};

// Columns key, value, time.
Batch batch_of(const std::vector<Row>& rows) {
  std::vector<std::optional<std::int64_t>> keys;
  std::vector<std::optional<std::int64_t>> values;
  std::vector<std::optional<std::int64_t>> row_times;
  for (const Row& row : rows) {
    keys.push_back(row.key);
    values.push_back(row.value);
    row_times.emplace_back(row.time);
  }
  return timed({bigints(keys), bigints(values), bigints(row_times)});
}

AggregationSpec spec_of(AggregateInput input = AggregateInput::kRows) {
  return {.keys = {bigint_column(0)},
          .aggregates = {aggregate(AggregateKind::kCountStar), aggregate(AggregateKind::kCount, 1),
                         aggregate(AggregateKind::kSum, 1), aggregate(AggregateKind::kMin, 1),
                         aggregate(AggregateKind::kMax, 1)},
          .input = input};
}

std::string text_of(const std::optional<std::int64_t>& value) {
  return value ? std::to_string(*value) : "NULL";
}

// What spec_of() yields for some rows of one window and key.
TextRow expected_row(std::int64_t start, const std::vector<Row>& rows) {
  std::optional<std::int64_t> sum;
  std::optional<std::int64_t> least;
  std::optional<std::int64_t> greatest;
  int valid = 0;
  for (const Row& row : rows) {
    if (row.value) {
      ++valid;
      sum = sum.value_or(0) + *row.value;
      least = std::min(least.value_or(*row.value), *row.value);
      greatest = std::max(greatest.value_or(*row.value), *row.value);
    }
  }
  return {timestamp_text(start),
          timestamp_text(start + kSize),
          timestamp_text(start + 99),
          text_of(rows[0].key),
          std::to_string(rows.size()),
          std::to_string(valid),
          text_of(sum),
          text_of(least),
          text_of(greatest)};
}

// Keeps all rows of all windows and answers from them.
class BruteForce {
 public:
  void add(const std::vector<Row>& rows) {
    for (const Row& row : rows) {
      const std::int64_t start = floor_to_window(row.time);
      if (start + kSize <= watermark_) {
        ++late_;
      } else {
        windows_[start][row.key].push_back(row);
      }
    }
  }

  // The rows of the windows that close, each window's sorted.
  std::vector<std::vector<TextRow>> advance(std::int64_t watermark) {
    watermark_ = watermark;
    std::vector<std::vector<TextRow>> closed;
    while (!windows_.empty() && windows_.begin()->first + kSize <= watermark) {
      std::vector<TextRow>& rows = closed.emplace_back();
      for (const auto& [key, members] : windows_.begin()->second) {
        rows.push_back(expected_row(windows_.begin()->first, members));
      }
      std::sort(rows.begin(), rows.end());
      windows_.erase(windows_.begin());
    }
    return closed;
  }

  std::size_t late() const { return late_; }

 private:
  static std::int64_t floor_to_window(std::int64_t time) {
    return (time >= 0 ? time / kSize : -((-time + kSize - 1) / kSize)) * kSize;
  }

  std::map<std::int64_t, std::map<std::optional<std::int64_t>, std::vector<Row>>> windows_;
  std::int64_t watermark_ = kStartOfTime.micros;
  std::size_t late_ = 0;
};

std::vector<Row> draw_rows(Dice& dice, std::int64_t around) {
  std::vector<Row> rows(1 + dice() % 50);
  for (Row& row : rows) {
    row.key = dice() % 8 == 0 ? std::nullopt : std::optional<std::int64_t>(dice() % 5);
    row.value = dice() % 6 == 0
                    ? std::nullopt
                    : std::optional<std::int64_t>(static_cast<std::int64_t>(dice() % 200) - 100);
    row.time = around + static_cast<std::int64_t>(dice() % 600) - 300;
  }
  return rows;
}

// Takes the rows put out so far, each window's sorted.
std::vector<std::vector<TextRow>> take_windows(CollectingEmitter& out) {
  const std::vector<TextRow> rows = text_rows(out);
  out.batches.clear();
  std::vector<std::vector<TextRow>> windows;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (i == 0 || rows[i][0] != rows[i - 1][0]) {
      windows.emplace_back();
    }
    windows.back().push_back(rows[i]);
  }
  for (std::vector<TextRow>& window : windows) {
    std::sort(window.begin(), window.end());
  }
  return windows;
}

TEST(WindowAggregateTest, AnyOrderOfRowsAndWatermarksAgreesWithBruteForce) {
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    Dice dice(seed);
    const auto op = make_window_aggregate(
        {.aggregation = spec_of(), .windows = WindowInput{WindowGrid(kSize, 0)}});
    BruteForce expected;
    CollectingEmitter out;
    std::int64_t watermark = -400;
    for (int step = 0; step < 30; ++step) {
      const std::vector<Row> rows = draw_rows(dice, watermark + 250);
      feed(*op, batch_of(rows), out);
      expected.add(rows);
      if (dice() % 2 == 0) {
        watermark += static_cast<std::int64_t>(dice() % 250);
        out.room = static_cast<std::uint32_t>(dice() % 3);
        advance(*op, EventTime{watermark}, out);
        ASSERT_EQ(take_windows(out), expected.advance(watermark))
            << "seed " << seed << ", step " << step;
      }
    }
    advance(*op, kEndOfTime, out);
    ASSERT_EQ(take_windows(out), expected.advance(kEndOfTime.micros));
    ASSERT_EQ(rejected_rows(out, RowError::kLateAfterIdle).size(), expected.late());
  }
}

TEST(WindowAggregateTest, InTwoStagesTheResultIsTheSame) {
  for (std::uint64_t seed = 100; seed < 130; ++seed) {
    Dice dice(seed);
    const std::uint32_t groups_max = static_cast<std::uint32_t>(1 + dice() % 40);
    const WindowGrid grid(kSize, 0);
    const auto partial = make_partial_aggregate(
        {.aggregation = spec_of(), .windows = WindowInput{grid}, .groups_max = groups_max});
    const auto final = make_window_aggregate(
        {.aggregation = spec_of(AggregateInput::kPartials), .windows = WindowInput{grid}});
    BruteForce expected;
    CollectingEmitter between;
    CollectingEmitter out;
    const auto pass_on = [&] {
      for (Batch& each : between.batches) {
        feed(*final, std::move(each), out);
      }
      between.batches.clear();
    };
    std::int64_t watermark = -400;
    std::vector<std::vector<TextRow>> closed;
    for (int step = 0; step < 20; ++step) {
      const std::vector<Row> rows = draw_rows(dice, watermark + 250);
      between.room = static_cast<std::uint32_t>(dice() % 3);
      feed(*partial, batch_of(rows), between);
      expected.add(rows);
      if (dice() % 2 == 0) {
        watermark += static_cast<std::int64_t>(dice() % 250);
        advance(*partial, EventTime{watermark}, between);
        pass_on();
        advance(*final, EventTime{watermark}, out);
        std::ranges::move(expected.advance(watermark), std::back_inserter(closed));
      }
    }
    advance(*partial, kEndOfTime, between);
    pass_on();
    advance(*final, kEndOfTime, out);
    std::ranges::move(expected.advance(kEndOfTime.micros), std::back_inserter(closed));
    ASSERT_EQ(take_windows(out), closed) << "seed " << seed;
    ASSERT_EQ(between.rejected.size(), expected.late());
    ASSERT_THAT(out.rejected, IsEmpty());
  }
}

TEST(WindowAggregateTest, ManyGroupsOfAWindowWaitForRoomAndComeOutOnce) {
  const auto op = make_window_aggregate(
      {.aggregation = spec_of(), .windows = WindowInput{WindowGrid(kSize, 0)}});
  CollectingEmitter out;
  std::vector<Row> rows;
  for (std::int64_t key = 0; key < 10'000; ++key) {
    rows.push_back({key, key, 5});
    rows.push_back({key, key, 105});
  }
  feed(*op, batch_of(rows), out);
  out.room = 0;
  ASSERT_EQ(op->on_time(Clock::kWatermark, EventTime{100}, out).value(), Progress::kMore);
  EXPECT_THAT(out.batches, IsEmpty());
  out.room = 1;
  ASSERT_EQ(op->resume(out).value(), Progress::kMore);
  EXPECT_EQ(out.batches.size(), 1u);
  out.room = 100;
  ASSERT_EQ(op->resume(out).value(), Progress::kDone);
  EXPECT_EQ(folded(out).size(), 10'000u);
  advance(*op, kEndOfTime, out);
  EXPECT_EQ(folded(out).size(), 20'000u);
}

TEST(WindowAggregateTest, WindowTimeIsTheEventTimeOfTheResult) {
  const auto op = make_window_aggregate(
      {.aggregation = spec_of(), .windows = WindowInput{WindowGrid(kSize, 0)}});
  CollectingEmitter out;
  feed(*op, batch_of({{1, 1, 50}, {2, 1, 60}, {1, 1, 150}}), out);
  advance(*op, EventTime{100}, out);
  ASSERT_EQ(out.batches.size(), 1u);
  EXPECT_EQ(out.batches[0].time_min, EventTime{99});
  EXPECT_EQ(out.batches[0].time_max, EventTime{99});
  EXPECT_EQ(out.batches[0].num_rows(), 2u);
}

TEST(WindowAggregateTest, AWindowStaysOpenUntilTheWatermarkReachesItsEnd) {
  const auto op = make_window_aggregate(
      {.aggregation = spec_of(), .windows = WindowInput{WindowGrid(kSize, 0)}});
  CollectingEmitter out;
  feed(*op, batch_of({{1, 1, 0}}), out);
  advance(*op, EventTime{99}, out);
  feed(*op, batch_of({{1, 2, 99}}), out);
  EXPECT_THAT(out.batches, IsEmpty());
  advance(*op, EventTime{100}, out);
  EXPECT_EQ(text_rows(out), std::vector<TextRow>{expected_row(0, {{1, 1, 0}, {1, 2, 99}})});
}

TEST(WindowAggregateTest, WithoutRowsThereIsNoWindow) {
  const auto op = make_window_aggregate(
      {.aggregation = {.keys = {}, .aggregates = {aggregate(AggregateKind::kCountStar)}},
       .windows = WindowInput{WindowGrid(kSize, 0)}});
  CollectingEmitter out;
  advance(*op, EventTime{1000}, out);
  advance(*op, kEndOfTime, out);
  EXPECT_THAT(out.batches, IsEmpty());
}

TEST(WindowAggregateTest, WithoutKeysEachWindowIsOneRow) {
  const auto op = make_window_aggregate(
      {.aggregation = {.keys = {}, .aggregates = {aggregate(AggregateKind::kCountStar)}},
       .windows = WindowInput{WindowGrid(kSize, 0)}});
  CollectingEmitter out;
  feed(*op, batch_of({{1, 1, 0}, {2, 1, 250}, {3, 1, 299}}), out);
  advance(*op, kEndOfTime, out);
  EXPECT_EQ(
      text_rows(out),
      (std::vector<TextRow>{{timestamp_text(0), timestamp_text(100), timestamp_text(99), "1"},
                            {timestamp_text(200), timestamp_text(300), timestamp_text(299), "2"}}));
}

TEST(WindowAggregateTest, ARowWhoseKeyFailsIsRejectedAndOpensNoWindow) {
  AggregationSpec spec = spec_of();
  spec.keys = {call("/", {bigint(1), bigint_column(0)})};
  const auto op =
      make_window_aggregate({.aggregation = spec, .windows = WindowInput{WindowGrid(kSize, 0)}});
  CollectingEmitter out;
  feed(*op, batch_of({{0, 1, 50}}), out);
  feed(*op, batch_of({{0, 1, 150}, {1, 5, 250}}), out);
  advance(*op, kEndOfTime, out);
  EXPECT_EQ(text_rows(out), std::vector<TextRow>{expected_row(200, {{1, 5, 250}})});
  EXPECT_EQ(rejected_rows(out, RowError::kDivisionByZero).size(), 2u);
}

TEST(WindowAggregateTest, AnArgumentMayFailWhereTheFilterKeepsTheRowAway) {
  AggregationSpec spec;
  spec.keys = {bigint_column(0)};
  AggregateCall sum = aggregate(AggregateKind::kMax, 1);
  sum.args = {call("/", {bigint(12), bigint_column(1)})};
  sum.filter = call("<>", {bigint_column(1), bigint(0)});
  spec.aggregates = {sum, aggregate(AggregateKind::kCountStar)};
  const auto op =
      make_window_aggregate({.aggregation = spec, .windows = WindowInput{WindowGrid(kSize, 0)}});
  CollectingEmitter out;
  feed(*op, batch_of({{1, 0, 10}, {1, 4, 20}, {2, 0, 30}}), out);
  advance(*op, kEndOfTime, out);
  EXPECT_THAT(out.rejected, IsEmpty());
  std::vector<TextRow> rows = text_rows(out);
  for (TextRow& row : rows) {
    row.erase(row.begin(), row.begin() + 3);
  }
  EXPECT_EQ(rows, (std::vector<TextRow>{{"1", "3", "2"}, {"2", "NULL", "1"}}));
}

}  // namespace
}  // namespace thalweg
