#include "operators/count_windows.h"

#include "base/random_cases.h"
#include "operators/lives_fixture.h"

// What comes out of them is checked in tests/sql/count_windows.cases.
namespace thalweg {
namespace {

using namespace fixture;

TEST(CountWindowsTest, RowsAndNumbersOfWindowsSurvive) {
  std::uint64_t expired = 0;
  for (std::uint64_t seed = 0; seed < random_cases(300) && !HasFailure(); ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 dice(seed);
    CountWindowsSpec spec{.types = {bigint_type(), bigint_type(), type_of(TypeKind::kTimestamp)},
                          .keys = {0},
                          .has_origin = dice() % 2 == 0,
                          .rows = 1 + dice() % 5,
                          .step = 1 + dice() % 5};
    if (dice() % 4 == 0) {
      spec.keys.clear();
    } else if (seed % 3 == 0) {
      spec.ttl_micros = 1 + static_cast<std::int64_t>(seed % 20);
    }
    Lives lives([&] { return make_count_windows(spec); }, spec.keys, seed);
    lives.ignore_positions();
    std::int64_t watermark = 0;
    std::int64_t number = 0;
    for (int step = 0; step < 25 && !HasFailure(); ++step) {
      std::vector<KeyedRow> rows;
      std::vector<std::optional<std::int64_t>> positions;
      ColumnBuilder partitions(type_of(TypeKind::kInt));
      for (std::uint64_t count = 1 + dice() % 10; count > 0; --count) {
        const auto key = static_cast<std::int64_t>(dice() % 4);
        rows.push_back({.key = key == 3 ? std::nullopt : std::optional(key),
                        .value = static_cast<std::int64_t>(dice() % 3),
                        .time = watermark + static_cast<std::int64_t>(dice() % 15) - 1,
                        .change = 1});
        positions.emplace_back(number++);
        partitions.append(std::int32_t{0});
      }
      Batch batch = keyed_batch(rows);
      if (spec.has_origin) {
        batch.partition = partitions.finish();
        batch.position = bigints(positions);
      }
      lives.feed(batch);
      lives.meddle();
      if (dice() % 2 == 0) {
        watermark += static_cast<std::int64_t>(dice() % 20);
        lives.advance(EventTime{watermark});
        lives.meddle();
      }
    }
    lives.advance(kEndOfTime);
    lives.restart(2);
    lives.advance(kEndOfTime);
    EXPECT_GT(lives.rows_said(), 0U);
    expired += lives.keys_expired();
  }
  EXPECT_GT(expired, 100U);
}

// What groups them further down closes by the watermark that lets them out, not by the next one.
TEST(CountWindowsTest, AFullWindowIsAsOldAsItsLastRow) {
  const auto windows = make_count_windows(
      {.types = {bigint_type(), type_of(TypeKind::kTimestamp)}, .keys = {0}, .rows = 2, .step = 2});
  ASSERT_TRUE(windows->open().ok());
  CollectingEmitter out;
  ASSERT_TRUE(windows->process(0, timed({bigints({1, 1, 1}), times({10, 20, 30})}), out).ok());
  ASSERT_TRUE(windows->on_time(Clock::kWatermark, EventTime{1000}, out).ok());
  ASSERT_EQ(out.batches.size(), 1U);
  const Batch& full = out.batches[0];
  ASSERT_EQ(full.length, 2U);
  EXPECT_EQ(full.event_time->values<std::int64_t>()[0], 20);
  EXPECT_EQ(full.event_time->values<std::int64_t>()[1], 20);
  // One that is not full comes when the time has left that it is of.
  ASSERT_TRUE(windows->on_time(Clock::kWatermark, kEndOfTime, out).ok());
  ASSERT_EQ(out.batches.size(), 2U);
  EXPECT_EQ(out.batches[1].event_time->values<std::int64_t>()[0], 1000);
}

}  // namespace
}  // namespace thalweg
