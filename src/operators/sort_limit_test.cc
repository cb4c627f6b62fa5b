#include "operators/sort_limit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "operators/lives_fixture.h"

namespace thalweg {
namespace {

using namespace fixture;
using ::testing::IsEmpty;
using Rows = std::vector<std::pair<std::optional<std::int64_t>, std::int64_t>>;

// The second column numbers the rows in order of arrival.
Batch batch_of(const Rows& rows) {
  std::vector<std::optional<std::int64_t>> keys;
  std::vector<std::optional<std::int64_t>> numbers;
  for (const auto& [key, number] : rows) {
    keys.push_back(key);
    numbers.emplace_back(number);
  }
  return batch({bigints(keys), bigints(numbers)});
}

std::vector<TextRow> texts(const Rows& rows) {
  std::vector<TextRow> all;
  for (const auto& [key, number] : rows) {
    all.push_back({key ? std::to_string(*key) : "NULL", std::to_string(number)});
  }
  return all;
}

// Sorted by key with NULLs last, or first when descending; equal keys in order of arrival.
Rows sorted(Rows rows, bool descending) {
  std::stable_sort(rows.begin(), rows.end(), [descending](const auto& a, const auto& b) {
    if (a.first.has_value() != b.first.has_value()) {
      return a.first.has_value() != descending;
    }
    return descending ? a.first > b.first : a.first < b.first;
  });
  return rows;
}

TEST(SortLimitTest, AnyLimitAndOffsetAgreesWithAStableSort) {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    std::mt19937_64 dice(seed);
    const bool descending = dice() % 2 == 0;
    SortLimitSpec spec{.keys = {{.column = 0, .descending = descending, .nulls_first = descending}},
                       .limit = std::nullopt,
                       .offset = dice() % 3 == 0 ? dice() % 50 : 0};
    if (dice() % 2 == 0) {
      spec.limit = dice() % 40;
    }
    const auto op = make_sort_limit(spec);
    CollectingEmitter out;
    Rows all;
    for (std::uint64_t batches = dice() % 5; batches > 0; --batches) {
      Rows some;
      for (std::uint64_t rows = 1 + dice() % 60; rows > 0; --rows) {
        const bool null = dice() % 10 == 0;
        some.emplace_back(null ? std::nullopt : std::optional<std::int64_t>(dice() % 20),
                          all.size() + some.size());
      }
      feed(*op, batch_of(some), out);
      all.insert(all.end(), some.begin(), some.end());
    }
    EXPECT_THAT(out.batches, IsEmpty());
    advance(*op, kEndOfTime, out);
    Rows expected = sorted(all, descending);
    expected.erase(expected.begin(), expected.begin() + static_cast<std::ptrdiff_t>(std::min(
                                                            spec.offset, expected.size())));
    expected.resize(std::min<std::size_t>(expected.size(), spec.limit.value_or(expected.size())));
    ASSERT_EQ(text_rows(out), texts(expected)) << "seed " << seed;
  }
}

TEST(SortLimitTest, ALimitOverManyRowsKeepsTheFirstOfEqualOnes) {
  const auto op = make_sort_limit({.keys = {{.column = 0}}, .limit = 3, .offset = 1});
  CollectingEmitter out;
  Rows all;
  for (std::int64_t begin = 0; begin < 300'000; begin += 10'000) {
    Rows some;
    for (std::int64_t i = begin; i < begin + 10'000; ++i) {
      some.emplace_back((i * 7919) % 1000, i);
    }
    feed(*op, batch_of(some), out);
    all.insert(all.end(), some.begin(), some.end());
  }
  advance(*op, kEndOfTime, out);
  const Rows expected = sorted(all, false);
  EXPECT_EQ(text_rows(out), texts({expected[1], expected[2], expected[3]}));
}

TEST(SortLimitTest, WaitsForRoomAndGoesOnWhereItStopped) {
  const auto op = make_sort_limit({.keys = {{.column = 0}}, .limit = std::nullopt, .offset = 0});
  CollectingEmitter out;
  Rows rows;
  for (std::int64_t i = 0; i < 20'000; ++i) {
    rows.emplace_back(20'000 - i, i);
  }
  feed(*op, batch_of(rows), out);
  out.room = 0;
  ASSERT_EQ(op->on_time(Clock::kWatermark, kEndOfTime, out).value(), Progress::kMore);
  EXPECT_THAT(out.batches, IsEmpty());
  out.room = 1;
  ASSERT_EQ(op->resume(out).value(), Progress::kMore);
  EXPECT_EQ(out.batches.size(), 1u);
  out.room = 1000;
  ASSERT_EQ(op->resume(out).value(), Progress::kDone);
  EXPECT_EQ(text_rows(out), texts(sorted(rows, false)));
}

TEST(SortLimitTest, WithoutKeysTheFirstRowsGoOutAsTheyCome) {
  const auto op = make_sort_limit({.keys = {}, .limit = 4, .offset = 2});
  CollectingEmitter out;
  feed(*op, batch_of({{1, 0}}), out);
  EXPECT_THAT(out.batches, IsEmpty());
  feed(*op, batch_of({{2, 1}, {3, 2}, {4, 3}}).select({0, 2}), out);
  EXPECT_EQ(text_rows(out), texts({{4, 3}}));
  EXPECT_EQ(op->output_watermark(EventTime{7}), EventTime{7});
  feed(*op, batch_of({{5, 4}, {6, 5}, {7, 6}, {8, 7}}), out);
  EXPECT_EQ(op->output_watermark(EventTime{7}), kEndOfTime);
  feed(*op, batch_of({{9, 8}}), out);
  advance(*op, kEndOfTime, out);
  EXPECT_EQ(text_rows(out), texts({{4, 3}, {5, 4}, {6, 5}, {7, 6}}));
}

TEST(SortLimitTest, AnEmptyInputGivesNothing) {
  const auto op = make_sort_limit({.keys = {{.column = 0}}, .limit = 5, .offset = 0});
  CollectingEmitter out;
  advance(*op, kEndOfTime, out);
  EXPECT_THAT(out.batches, IsEmpty());
}

const RowLayout kLayout{.types = {bigint_type(), bigint_type()}, .keys = {}};

TEST(SortLimitTest, RowsUntilTheEndSurviveInTheirOrder) {
  for (std::uint64_t seed = 0; seed < 100 && !HasFailure(); ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 dice(seed);
    SortLimitSpec spec{.keys = {{.column = 0}}, .limit = {}, .offset = dice() % 4, .rows = kLayout};
    if (dice() % 2 == 0) {
      spec.limit = dice() % 40;
    }
    spec.rows.has_time = spec.rows.has_stamps = seed % 2 == 0;
    Lives lives([&] { return make_sort_limit(spec); }, {}, seed);
    std::int64_t number = 0;
    for (int step = 0; step < 10 && !HasFailure(); ++step) {
      Rows rows;
      for (std::uint64_t count = 1 + dice() % 30; count > 0; --count) {
        rows.emplace_back(static_cast<std::int64_t>(dice() % 5), number++);
      }
      Batch batch = batch_of(rows);
      if (spec.rows.has_time) {
        set_event_time(batch, batch.columns[1].with_type(type_of(TypeKind::kTimestamp)));
        if (dice() % 2 == 0) {
          batch.stamps = batch.columns[0];
        }
      }
      lives.feed(batch);
      lives.meddle();
    }
    lives.restart(1);
    lives.advance(kEndOfTime);
    lives.restart(1);
    lives.advance(kEndOfTime);
    EXPECT_TRUE(lives.rows_said() > 0 || spec.limit);
  }
}

TEST(SortLimitTest, WhatALimitHasLetGoOfIsNotKept) {
  const auto make = [] {
    return make_sort_limit({.keys = {{.column = 0}}, .limit = 500, .offset = 0, .rows = kLayout});
  };
  Lives lives(make, {}, 1);
  std::int64_t number = 0;
  for (int step = 0; step < 6 && !HasFailure(); ++step) {
    Rows rows;
    for (int i = 0; i < 40'000; ++i, ++number) {
      rows.emplace_back(number * 7919 % 1000, number);
    }
    lives.feed(batch_of(rows));
    step % 2 == 0 ? lives.end_epoch() : lives.restart(1);
  }
  lives.advance(kEndOfTime);
  EXPECT_EQ(lives.rows_said(), 500U);
}

TEST(SortLimitTest, HowManyRowsHaveComeSurvives) {
  for (std::uint64_t seed = 0; seed < 100 && !HasFailure(); ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 dice(seed);
    SortLimitSpec spec{.keys = {}, .limit = {}, .offset = dice() % 40, .rows = kLayout};
    if (dice() % 3 != 0) {
      spec.limit = dice() % 40;
    }
    Lives lives([&] { return make_sort_limit(spec); }, {}, seed);
    for (std::int64_t step = 0; step < 20 && !HasFailure(); ++step) {
      lives.feed(batch_of(Rows(1 + dice() % 8, {step, step})));
      lives.meddle();
    }
  }
}

}  // namespace
}  // namespace thalweg
