#include <gtest/gtest.h>

#include <random>
#include <set>

#include "operators/group_aggregate.h"
#include "operators/operator_fixture.h"

namespace thalweg {
namespace {

using namespace fixture;
using Dice = std::mt19937_64;
using Number = std::optional<std::int64_t>;

struct Row {
  std::int64_t key;
  Number value;
  Number rank;  // What the filters look at.
};

// More than one set of values has room for.
constexpr std::int64_t kRanks = 11;

// count(DISTINCT v), sum(DISTINCT v + 0) and, for each rank, count(DISTINCT v) FILTER (r > rank).
AggregationSpec spec_of(bool grouped, bool updating) {
  const auto distinct = [](AggregateKind kind) {
    AggregateCall made = aggregate(kind, 1);
    made.distinct = true;
    return made;
  };
  AggregationSpec spec;
  if (grouped) {
    spec.keys = {bigint_column(0)};
  }
  spec.aggregates = {distinct(AggregateKind::kCount), distinct(AggregateKind::kSum)};
  spec.aggregates[1].args = {call("+", {bigint_column(1), bigint(0)})};
  for (std::int64_t rank = 0; rank < kRanks; ++rank) {
    AggregateCall made = distinct(AggregateKind::kCount);
    made.filter = call(">", {bigint_column(2), bigint(rank)});
    spec.aggregates.push_back(std::move(made));
  }
  spec.updating_input = updating;
  return spec;
}

std::map<TextRow, int> expected_rows(const std::vector<Row>& live, bool grouped) {
  std::map<std::int64_t, std::vector<Row>> groups;
  for (const Row& row : live) {
    groups[grouped ? row.key : 0].push_back(row);
  }
  if (!grouped) {
    groups[0];
  }
  std::map<TextRow, int> expected;
  for (const auto& [key, rows] : groups) {
    std::set<std::int64_t> all;
    std::array<std::set<std::int64_t>, kRanks> by_rank;
    for (const Row& row : rows) {
      if (!row.value) {
        continue;
      }
      all.insert(*row.value);
      for (std::int64_t rank = 0; rank < kRanks && row.rank && *row.rank > rank; ++rank) {
        by_rank[static_cast<std::size_t>(rank)].insert(*row.value);
      }
    }
    std::int64_t sum = 0;
    for (const std::int64_t value : all) {
      sum += value;
    }
    TextRow text;
    if (grouped) {
      text.push_back(std::to_string(key));
    }
    text.push_back(std::to_string(all.size()));
    text.push_back(all.empty() ? "NULL" : std::to_string(sum));
    for (const std::set<std::int64_t>& values : by_rank) {
      text.push_back(std::to_string(values.size()));
    }
    expected[text] = 1;
  }
  return expected;
}

// Inserts and, where `updating`, deletes of rows that are there; `live` follows.
Batch draw_batch(Dice& dice, bool updating, std::vector<Row>& live) {
  std::vector<Number> keys;
  std::vector<Number> values;
  std::vector<Number> ranks;
  std::vector<int> changes;
  for (std::uint64_t count = 1 + dice() % 40; count > 0; --count) {
    Row row{.key = static_cast<std::int64_t>(dice() % 3),
            .value = dice() % 8 == 0 ? Number() : Number(dice() % 12),
            .rank = dice() % 8 == 0 ? Number() : Number(dice() % (kRanks + 1))};
    const bool takes_back = updating && !live.empty() && dice() % 2 == 0;
    if (takes_back) {
      const auto gone = live.begin() + static_cast<std::ptrdiff_t>(dice() % live.size());
      row = *gone;
      live.erase(gone);
    } else {
      live.push_back(row);
    }
    keys.emplace_back(row.key);
    values.push_back(row.value);
    ranks.push_back(row.rank);
    changes.push_back(takes_back ? -1 : 1);
  }
  Batch made = batch({bigints(keys), bigints(values), bigints(ranks)});
  if (updating) {
    set_changes(made, changes);
  }
  return made;
}

// Every second row of a batch that has each twice.
Batch among_others(Batch batch) {
  std::vector<RowIndex> twice;
  std::vector<RowIndex> chosen;
  for (RowIndex row = 0; row < batch.length; ++row) {
    twice.insert(twice.end(), {row, row});
    chosen.push_back(2 * row + row % 2);
  }
  for (Column& column : batch.columns) {
    column = gather(column, twice);
  }
  if (batch.changes) {
    batch.changes = gather(*batch.changes, twice);
  }
  batch.length *= 2;
  return std::move(batch).select(chosen);
}

void expect_agreement(bool grouped, bool updating, std::uint64_t seed) {
  Dice dice(seed);
  const auto op = make_group_aggregate(
      {.aggregation = spec_of(grouped, updating), .emit = GroupEmit::kChanges});
  CollectingEmitter out;
  std::vector<Row> live;
  for (int step = 0; step < 12; ++step) {
    Batch rows = draw_batch(dice, updating, live);
    feed(*op, dice() % 2 == 0 ? among_others(std::move(rows)) : std::move(rows), out);
    ASSERT_EQ(folded(out), expected_rows(live, grouped)) << "seed " << seed << ", step " << step;
  }
}

TEST(DistinctValuesTest, EachFilterSeesItsOwnDistinctValues) {
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    expect_agreement(/*grouped=*/true, /*updating=*/false, seed);
    expect_agreement(/*grouped=*/false, /*updating=*/false, seed);
  }
}

TEST(DistinctValuesTest, AValueCountsUntilTheLastOfItsRowsIsTakenBack) {
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    expect_agreement(/*grouped=*/true, /*updating=*/true, seed);
    expect_agreement(/*grouped=*/false, /*updating=*/true, seed);
  }
}

}  // namespace
}  // namespace thalweg
