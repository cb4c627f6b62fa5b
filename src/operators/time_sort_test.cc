#include "operators/time_sort.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "base/random_cases.h"
#include "operators/lives_fixture.h"

namespace thalweg {
namespace {

using namespace fixture;
using Dice = std::mt19937_64;

const RowLayout kLayout{
    .types = {bigint_type(), type_of(TypeKind::kTimestamp)}, .keys = {}, .has_time = true};

struct Row {
  std::int64_t time = 0;
  std::int64_t value = 0;
};

Batch batch_of(const std::vector<Row>& rows) {
  std::vector<std::optional<std::int64_t>> values;
  std::vector<std::int64_t> row_times;
  for (const Row& row : rows) {
    values.emplace_back(row.value);
    row_times.push_back(row.time);
  }
  return timed({bigints(values), times(row_times)});
}

std::vector<TextRow> texts_of(const std::vector<Row>& rows) {
  CollectingEmitter out;
  if (!rows.empty()) {
    out.emit(Port::kMain, batch_of(rows));
  }
  return text_rows(out);
}

std::vector<Row> draw_rows(Dice& dice, std::int64_t around) {
  std::vector<Row> rows(1 + dice() % 20);
  for (Row& row : rows) {
    row.time = around + static_cast<std::int64_t>(dice() % 60) - 10;
    row.value = static_cast<std::int64_t>(dice() % 5);
  }
  return rows;
}

// One random run: rows in any order, a watermark now and then, room for few batches.
void run_case(std::uint64_t seed) {
  Dice dice(seed);
  const auto op =
      make_time_sort({.keys = {{.column = 1}, {.column = 0, .descending = true}}, .rows = kLayout});
  std::vector<Row> waiting;
  CollectingEmitter out;
  std::int64_t watermark = 0;
  std::size_t late = 0;
  for (int step = 0; step < 12; ++step) {
    const std::vector<Row> rows = draw_rows(dice, watermark);
    feed(*op, batch_of(rows), out);
    for (const Row& row : rows) {
      if (step > 0 && row.time < watermark) {
        ++late;
      } else {
        waiting.push_back(row);
      }
    }
    watermark += static_cast<std::int64_t>(dice() % 30);
    const bool last = step == 11;
    out.room = static_cast<std::uint32_t>(dice() % 2);
    advance(*op, last ? kEndOfTime : EventTime{watermark}, out);
    std::sort(waiting.begin(), waiting.end(), [](const Row& a, const Row& b) {
      return a.time != b.time ? a.time < b.time : a.value > b.value;
    });
    const auto passed = std::find_if(waiting.begin(), waiting.end(), [&](const Row& row) {
      return !last && row.time >= watermark;
    });
    ASSERT_EQ(text_rows(out), texts_of({waiting.begin(), passed})) << "seed " << seed;
    out.batches.clear();
    waiting.erase(waiting.begin(), passed);
  }
  ASSERT_EQ(rejected_rows(out, RowError::kLateAfterIdle).size(), late) << "seed " << seed;
}

TEST(TimeSortTest, AnyOrderOfRowsAndWatermarksAgreesWithBruteForce) {
  for (std::uint64_t seed = 0; seed < random_cases(500) && !HasFatalFailure(); ++seed) {
    run_case(seed);
  }
}

TEST(TimeSortTest, ARowAtTheWatermarkWaits) {
  const auto op = make_time_sort({.keys = {{.column = 1}, {.column = 0}}, .rows = kLayout});
  CollectingEmitter out;
  feed(*op, batch_of({{10, 1}, {9, 2}}), out);
  advance(*op, EventTime{10}, out);
  EXPECT_EQ(text_rows(out), texts_of({{9, 2}}));
  feed(*op, batch_of({{10, 0}}), out);
  advance(*op, EventTime{11}, out);
  EXPECT_EQ(text_rows(out), texts_of({{9, 2}, {10, 0}, {10, 1}}));
}

TEST(TimeSortTest, RowsThatWaitSurviveInTheirOrder) {
  for (std::uint64_t seed = 0; seed < 200 && !HasFailure(); ++seed) {
    SCOPED_TRACE(seed);
    Dice dice(seed);
    RowLayout layout = kLayout;
    layout.types.insert(layout.types.begin(), bigint_type());
    layout.has_origin = seed % 2 == 0;
    // Rows of one time stay as they came.
    Lives lives([&] { return make_time_sort({.keys = {{.column = 2}}, .rows = layout}); }, {},
                seed);
    std::int64_t watermark = 0;
    std::int64_t number = 0;
    for (int step = 0; step < 20 && !HasFailure(); ++step) {
      const std::vector<Row> rows = draw_rows(dice, watermark);
      Batch batch = batch_of(rows);
      std::vector<std::optional<std::int64_t>> numbers;
      ColumnBuilder partitions(type_of(TypeKind::kInt));
      for (std::size_t i = 0; i < rows.size(); ++i) {
        numbers.emplace_back(number++);
        partitions.append(static_cast<std::int32_t>(dice() % 3));
      }
      batch.columns.insert(batch.columns.begin(), bigints(numbers));
      batch.partition = partitions.finish();
      batch.position = bigints(numbers);
      lives.feed(batch);
      lives.meddle();
      watermark += static_cast<std::int64_t>(dice() % 30);
      lives.advance(EventTime{watermark});
      lives.meddle();
    }
    lives.advance(kEndOfTime);
    lives.restart(1);
    lives.advance(kEndOfTime);
    EXPECT_GT(lives.rows_put(), 0U);
    EXPECT_GT(lives.rows_said(), 0U);
  }
}

}  // namespace
}  // namespace thalweg
