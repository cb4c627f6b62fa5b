#include "operators/session_aggregate.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <map>
#include <random>
#include <set>

#include "base/random_cases.h"
#include "operators/operator_fixture.h"
#include "operators/session_rows.h"

namespace thalweg {
namespace {

using namespace fixture;
using Dice = std::mt19937_64;
using Key = std::optional<std::int64_t>;

constexpr std::int64_t kGap = 10;

using Row = KeyedRow;

std::unique_ptr<Operator> make_aggregate() {
  AggregateCall distinct = aggregate(AggregateKind::kCount, 1);
  distinct.distinct = true;
  return make_session_aggregate(
      {.aggregation = {.keys = {bigint_column(0)},
                       .aggregates = {aggregate(AggregateKind::kCountStar),
                                      aggregate(AggregateKind::kSum, 1), distinct,
                                      aggregate(AggregateKind::kMax, 1)}},
       .gap_micros = kGap});
}

std::string timestamp_text(std::int64_t micros) {
  return to_string(Value{type_of(TypeKind::kTimestamp), micros});
}

std::string text_of(const std::optional<std::int64_t>& value) {
  return value ? std::to_string(*value) : "NULL";
}

TextRow expected_row(const std::vector<Row>& rows) {
  std::optional<std::int64_t> sum;
  std::optional<std::int64_t> most;
  std::set<std::int64_t> kinds;
  for (const Row& row : rows) {
    if (row.value) {
      sum = sum.value_or(0) + *row.value;
      most = std::max(most.value_or(*row.value), *row.value);
      kinds.insert(*row.value);
    }
  }
  const std::int64_t end = rows.back().time + kGap;
  return {timestamp_text(rows.front().time), timestamp_text(end),
          timestamp_text(end - 1),           text_of(rows[0].key),
          std::to_string(rows.size()),       text_of(sum),
          std::to_string(kinds.size()),      text_of(most)};
}

// Keeps all rows and finds the sessions from them anew each time.
class BruteForce {
 public:
  void add(const std::vector<Row>& rows) {
    for (const Row& row : rows) {
      if (row.time < watermark_) {
        ++late_;
      } else {
        rows_[row.key].push_back(row);
      }
    }
  }

  std::vector<std::vector<Row>> end_before(std::int64_t watermark) {
    watermark_ = watermark;
    std::vector<std::vector<Row>> ended;
    for (auto& [key, rows] : rows_) {
      std::stable_sort(rows.begin(), rows.end(),
                       [](const Row& a, const Row& b) { return a.time < b.time; });
      while (!rows.empty()) {
        std::size_t count = 1;
        while (count < rows.size() && rows[count].time - rows[count - 1].time <= kGap) {
          ++count;
        }
        if (rows[count - 1].time + kGap >= watermark) {
          break;  // Those after it end later still.
        }
        ended.emplace_back(rows.begin(), rows.begin() + static_cast<std::ptrdiff_t>(count));
        rows.erase(rows.begin(), rows.begin() + static_cast<std::ptrdiff_t>(count));
      }
    }
    return ended;
  }

  std::size_t late() const { return late_; }

 private:
  std::map<Key, std::vector<Row>> rows_;
  std::int64_t watermark_ = kStartOfTime.micros;
  std::size_t late_ = 0;
};

std::vector<Row> draw_rows(Dice& dice, std::int64_t around, std::uint64_t keys) {
  std::vector<Row> rows(1 + dice() % 30);
  for (Row& row : rows) {
    row.key = dice() % 8 == 0 ? std::nullopt : Key(static_cast<std::int64_t>(dice() % keys));
    row.value =
        dice() % 6 == 0 ? std::nullopt : std::optional(static_cast<std::int64_t>(dice() % 20) - 10);
    row.time = around + static_cast<std::int64_t>(dice() % 150) - 20;
  }
  return rows;
}

std::vector<TextRow> sorted(std::vector<TextRow> rows) {
  std::sort(rows.begin(), rows.end());
  return rows;
}

// Runs an operator beside the brute force; `expect` makes the rows that an ended session gives.
template <typename Expect>
void run_case(Operator& op, std::uint64_t seed, std::uint64_t keys, int steps, Expect expect) {
  Dice dice(seed);
  BruteForce expected;
  CollectingEmitter out;
  std::int64_t watermark = 0;
  for (int step = 0; step <= steps; ++step) {
    const std::vector<Row> rows = draw_rows(dice, watermark, keys);
    feed(op, keyed_batch(rows), out);
    expected.add(rows);
    const EventTime before = step == 0 ? kStartOfTime : EventTime{watermark};
    watermark += static_cast<std::int64_t>(dice() % 60);
    const EventTime now = step == steps ? kEndOfTime : EventTime{watermark};
    out.room = static_cast<std::uint32_t>(dice() % 3);
    advance(op, now, out);
    std::vector<TextRow> wanted;
    for (const std::vector<Row>& session : expected.end_before(now.micros)) {
      expect(session, wanted);
    }
    ASSERT_EQ(sorted(text_rows(out)), sorted(wanted)) << "seed " << seed << ", step " << step;
    for (const Batch& batch : out.batches) {
      ASSERT_GE(batch.time_min, op.output_watermark(before));
    }
    out.batches.clear();
  }
  ASSERT_EQ(rejected_rows(out, RowError::kLateAfterIdle).size(), expected.late());
}

TEST(SessionAggregateTest, AnyOrderOfRowsAndWatermarksAgreesWithBruteForce) {
  for (std::uint64_t seed = 0; seed < random_cases(500) && !HasFatalFailure(); ++seed) {
    run_case(*make_aggregate(), seed, 1 + seed % 9, 12,
             [](const std::vector<Row>& session, std::vector<TextRow>& rows) {
               rows.push_back(expected_row(session));
             });
  }
}

// Enough sessions that ended ones are cleared away several times.
TEST(SessionAggregateTest, MemoryOfEndedSessionsIsUsedAgain) {
  run_case(*make_aggregate(), 1, 1'000'000, 2'000,
           [](const std::vector<Row>& session, std::vector<TextRow>& rows) {
             rows.push_back(expected_row(session));
           });
}

TEST(SessionAggregateTest, RowsOfSessionsAgreeWithBruteForce) {
  for (std::uint64_t seed = 0; seed < random_cases(200) && !HasFatalFailure(); ++seed) {
    const auto op = make_session_rows(
        {.keys = {bigint_column(0)},
         .gap_micros = kGap,
         .input_types = {bigint_type(), bigint_type(), type_of(TypeKind::kTimestamp)}});
    run_case(*op, seed, 1 + seed % 9, 12,
             [](const std::vector<Row>& session, std::vector<TextRow>& rows) {
               const std::int64_t end = session.back().time + kGap;
               for (const Row& row : session) {
                 rows.push_back({text_of(row.key), text_of(row.value), timestamp_text(row.time),
                                 timestamp_text(session.front().time), timestamp_text(end),
                                 timestamp_text(end - 1)});
               }
             });
  }
}

TEST(SessionAggregateTest, ASessionWaitsUntilTheWatermarkIsBeyondItsEnd) {
  const auto op = make_aggregate();
  CollectingEmitter out;
  feed(*op, keyed_batch({{1, 5, 100}}), out);
  advance(*op, EventTime{110}, out);
  EXPECT_TRUE(out.batches.empty());
  feed(*op, keyed_batch({{1, 6, 110}}), out);
  advance(*op, EventTime{121}, out);
  EXPECT_EQ(text_rows(out), std::vector<TextRow>{expected_row({{1, 5, 100}, {1, 6, 110}})});
}

TEST(SessionAggregateTest, TimesAtTheLimitsDoNotOverflow) {
  const auto op = make_aggregate();
  CollectingEmitter out;
  feed(*op, keyed_batch({{1, 5, std::numeric_limits<std::int64_t>::min() + 1}}), out);
  feed(*op, keyed_batch({{1, 5, std::numeric_limits<std::int64_t>::max() - 1}}), out);
  advance(*op, kEndOfTime, out);
  EXPECT_EQ(text_rows(out).size(), 2U);
}

}  // namespace
}  // namespace thalweg
