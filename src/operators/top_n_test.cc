#include "operators/top_n.h"

#include <algorithm>
#include <random>

#include "base/random_cases.h"
#include "operators/operator_fixture.h"

namespace thalweg {
namespace {

using namespace fixture;

// Rows of (key, value): NULL values come last.
using Row = std::pair<std::int64_t, std::optional<std::int64_t>>;

TopNSpec spec_of(Ranking ranking, std::uint64_t limit, TopNEmit emit) {
  TopNSpec spec;
  spec.types = {bigint_type(), bigint_type()};
  spec.keys = {0};
  spec.order = {{.column = 1, .descending = true, .nulls_first = false}};
  spec.ranking = ranking;
  spec.limit = limit;
  spec.emit = emit;
  return spec;
}

bool comes_first(const Row& a, const Row& b) {
  return a.second && (!b.second || *a.second > *b.second);
}

// Each key's first rows with their ranks, by looking at every pair of rows.
std::map<TextRow, int> expected_rows(const std::vector<Row>& rows, const TopNSpec& spec) {
  std::map<TextRow, int> expected;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    std::int64_t before = 0;
    std::vector<std::optional<std::int64_t>> better;
    for (std::size_t j = 0; j < rows.size(); ++j) {
      if (rows[j].first != rows[i].first) {
        continue;
      }
      const bool first = comes_first(rows[j], rows[i]);
      const bool is_earlier_tie = rows[j].second == rows[i].second && j < i;
      before += first || (spec.ranking == Ranking::kRowNumber && is_earlier_tie) ? 1 : 0;
      if (first && std::find(better.begin(), better.end(), rows[j].second) == better.end()) {
        better.push_back(rows[j].second);
      }
    }
    const std::int64_t rank = spec.ranking == Ranking::kDenseRank
                                  ? static_cast<std::int64_t>(better.size()) + 1
                                  : before + 1;
    if (static_cast<std::uint64_t>(rank) <= spec.limit) {
      TextRow text{std::to_string(rows[i].first),
                   rows[i].second ? std::to_string(*rows[i].second) : "NULL"};
      if (spec.shows_rank) {
        text.push_back(std::to_string(rank));
      }
      ++expected[text];
    }
  }
  return expected;
}

// Feeds random batches, some with rows taken back, and compares what came out after each.
void run_case(std::uint64_t seed) {
  std::mt19937_64 random(seed);
  TopNSpec spec = spec_of(static_cast<Ranking>(random() % 3), 1 + random() % 4,
                          random() % 3 == 0 ? TopNEmit::kAtEnd : TopNEmit::kChanges);
  spec.shows_rank = random() % 2 == 0;
  spec.updating_input = random() % 2 == 0;
  const std::unique_ptr<Operator> op = make_top_n(spec);
  CollectingEmitter out;
  std::vector<Row> rows;
  for (int count = 0; count < 6; ++count) {
    std::vector<std::optional<std::int64_t>> keys;
    std::vector<std::optional<std::int64_t>> values;
    std::vector<int> changes;
    for (std::uint64_t left = 1 + random() % 12; left > 0; --left) {
      Row row{static_cast<std::int64_t>(random() % 3), std::nullopt};
      if (random() % 8 != 0) {
        row.second = static_cast<std::int64_t>(random() % 6);
      }
      const bool takes_back = spec.updating_input && !rows.empty() && random() % 3 == 0;
      if (takes_back) {
        const auto gone = rows.begin() + static_cast<std::ptrdiff_t>(random() % rows.size());
        row = *gone;
        rows.erase(gone);
      } else {
        rows.push_back(row);
      }
      keys.emplace_back(row.first);
      values.push_back(row.second);
      changes.push_back(takes_back ? -1 : 1);
    }
    Batch batch = fixture::batch({bigints(keys), bigints(values)});
    if (spec.updating_input) {
      set_changes(batch, changes);
    }
    feed(*op, std::move(batch), out);
    if (spec.emit == TopNEmit::kChanges) {
      ASSERT_EQ(folded(out), expected_rows(rows, spec)) << "seed " << seed;
    }
  }
  advance(*op, kEndOfTime, out);
  EXPECT_EQ(folded(out), expected_rows(rows, spec)) << "seed " << seed;
}

TEST(TopNTest, EqualsLookingAtEveryPairOfRows) {
  for (std::uint64_t seed = 1; seed <= random_cases(500); ++seed) {
    run_case(seed);
    if (::testing::Test::HasFailure()) {
      return;
    }
  }
}

TEST(TopNTest, ABatchPutsOutOnlyItsNetChange) {
  const std::unique_ptr<Operator> op =
      make_top_n(spec_of(Ranking::kRowNumber, 1, TopNEmit::kChanges));
  CollectingEmitter out;
  feed(*op, fixture::batch({bigints({1, 1, 1}), bigints({5, 7, 6})}), out);
  EXPECT_EQ(text_rows(out), (std::vector<TextRow>{{"1", "7"}}));
  feed(*op, fixture::batch({bigints({1}), bigints({6})}), out);
  EXPECT_EQ(out.batches.size(), 1U);
}

TEST(TopNTest, AnUpdateIsTheOldRowAndTheNewOneSideBySide) {
  const std::unique_ptr<Operator> op =
      make_top_n(spec_of(Ranking::kRowNumber, 1, TopNEmit::kChanges));
  CollectingEmitter out;
  feed(*op, fixture::batch({bigints({1, 2}), bigints({5, 5})}), out);
  feed(*op, fixture::batch({bigints({1, 2}), bigints({8, 9})}), out);
  EXPECT_EQ(text_rows(out),
            (std::vector<TextRow>{
                {"1", "5"}, {"2", "5"}, {"1", "5"}, {"1", "8"}, {"2", "5"}, {"2", "9"}}));
}

}  // namespace
}  // namespace thalweg
