#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <tuple>

#include "base/random_cases.h"
#include "operators/operator_fixture.h"
#include "operators/window_aggregate.h"

namespace thalweg {
namespace {

using namespace fixture;
using Dice = std::mt19937_64;
using Key = std::optional<std::int64_t>;

constexpr std::int64_t kEvery = 1000;

using Row = KeyedRow;

AggregationSpec spec_of(bool updating_input) {
  AggregateCall distinct = aggregate(AggregateKind::kCount, 1);
  distinct.distinct = true;
  return {.keys = {bigint_column(0)},
          .aggregates = {aggregate(AggregateKind::kCountStar), aggregate(AggregateKind::kSum, 1),
                         aggregate(AggregateKind::kMax, 1), distinct},
          .updating_input = updating_input};
}

std::string timestamp_text(std::int64_t micros) {
  return to_string(Value{type_of(TypeKind::kTimestamp), micros});
}

std::string text_of(const std::optional<std::int64_t>& value) {
  return value ? std::to_string(*value) : "NULL";
}

// Which windows hold a time: found by looking at all of them.
struct Windows {
  enum Kind { kTumble, kHop, kCumulate } kind = kTumble;
  std::int64_t size = 100;
  std::int64_t step = 100;

  std::vector<std::pair<std::int64_t, std::int64_t>> around(std::int64_t time) const {
    std::vector<std::pair<std::int64_t, std::int64_t>> found;
    for (std::int64_t start = time - size - step; start <= time; ++start) {
      const std::int64_t unit = kind == kHop ? step : size;
      if ((start % unit + unit) % unit != 0) {
        continue;
      }
      for (std::int64_t end = start + (kind == kCumulate ? step : size); end <= start + size;
           end += step) {
        if (time < end) {
          found.emplace_back(start, end);
        }
      }
      if (kind == kCumulate && size % step != 0 && time < start + size) {
        found.emplace_back(start, start + size);
      }
    }
    return found;
  }

  WindowGrid grid() const {
    return kind == kTumble ? WindowGrid(size, 0)
           : kind == kHop  ? WindowGrid::hop(step, size, 0)
                           : WindowGrid::cumulate(step, size, 0);
  }
};

using Group = std::tuple<std::int64_t, std::int64_t, Key>;  // Start, end, key.

// All rows of all windows, and what should have been told of them.
class Model {
 public:
  Model(Windows windows, WindowEmit emit, std::int64_t lateness)
      : windows_(windows), emit_(emit), lateness_(lateness) {}

  void add(const std::vector<Row>& rows) {
    for (const Row& row : rows) {
      bool taken = false;
      const auto around = windows_.around(row.time);
      for (const auto& [start, end] : around) {
        if (end + lateness_ > watermark_) {
          taken = true;
          auto& members = rows_[{start, end, row.key}];
          if (row.change > 0) {
            members.insert(row.value);
          } else {
            members.erase(members.find(row.value));
          }
        }
      }
      too_late_ += taken || around.empty() ? 0 : 1;
    }
    tell([&](std::int64_t end) { return emit_ == WindowEmit::kChanges || end <= watermark_; });
  }

  void advance(std::int64_t watermark) {
    watermark_ = watermark;
    tell([&](std::int64_t end) { return end <= watermark_; });
  }

  void tick() {
    tell([](std::int64_t) { return true; });
  }

  const std::map<TextRow, int>& told() {
    folded_.clear();
    for (const auto& [group, row] : told_) {
      folded_[row] += 1;
    }
    return folded_;
  }
  std::size_t too_late() const { return too_late_; }

 private:
  template <typename Chosen>
  void tell(Chosen chosen) {
    for (const auto& [group, members] : rows_) {
      if (!chosen(std::get<1>(group))) {
        continue;
      }
      told_.erase(group);
      if (!members.empty()) {
        told_[group] = result(group, members);
      }
    }
  }

  static TextRow result(const Group& group,
                        const std::multiset<std::optional<std::int64_t>>& members) {
    std::optional<std::int64_t> sum;
    std::optional<std::int64_t> most;
    std::set<std::int64_t> kinds;
    for (const auto& value : members) {
      if (value) {
        sum = sum.value_or(0) + *value;
        most = std::max(most.value_or(*value), *value);
        kinds.insert(*value);
      }
    }
    const auto& [start, end, key] = group;
    return {timestamp_text(start),
            timestamp_text(end),
            timestamp_text(end - 1),
            text_of(key),
            std::to_string(members.size()),
            text_of(sum),
            text_of(most),
            std::to_string(kinds.size())};
  }

  const Windows windows_;
  const WindowEmit emit_;
  const std::int64_t lateness_;
  std::int64_t watermark_ = kStartOfTime.micros;
  std::map<Group, std::multiset<std::optional<std::int64_t>>> rows_;
  std::map<Group, TextRow> told_;
  std::map<TextRow, int> folded_;
  std::size_t too_late_ = 0;
};

// The rows that stand after all changes put out so far.
class Standing {
 public:
  explicit Standing(const CollectingEmitter& out) : out_(out) {}

  const std::map<TextRow, int>& rows() {
    for (; folded_ < out_.batches.size(); ++folded_) {
      const Batch& batch = out_.batches[folded_];
      for (std::uint32_t i = 0; i < batch.num_rows(); ++i) {
        const TextRow text = text_row(CollectingEmitter::row_values(batch, batch.row(i)));
        if ((rows_[text] += batch.changes->values<std::int16_t>()[batch.row(i)]) == 0) {
          rows_.erase(text);
        }
      }
    }
    return rows_;
  }

 private:
  const CollectingEmitter& out_;
  std::size_t folded_ = 0;
  std::map<TextRow, int> rows_;
};

// A row is only taken back while it stands, and never told again while it does.
void expect_changes_are_sound(const CollectingEmitter& out, EventTime promised) {
  std::map<TextRow, TextRow> standing;  // By window and key.
  for (const Batch& batch : out.batches) {
    ASSERT_TRUE(batch.changes.has_value());
    for (std::uint32_t i = 0; i < batch.num_rows(); ++i) {
      const RowIndex row = batch.row(i);
      const TextRow text = text_row(CollectingEmitter::row_values(batch, row));
      const TextRow group(text.begin(), text.begin() + 4);
      const auto found = standing.find(group);
      if (batch.changes->values<std::int16_t>()[row] < 0) {
        ASSERT_TRUE(found != standing.end() && found->second == text);
        standing.erase(found);
        const bool replaced = i + 1 < batch.num_rows();
        if (replaced) {
          const TextRow next = text_row(CollectingEmitter::row_values(batch, batch.row(i + 1)));
          ASSERT_NE(next, text) << "told again";
        }
      } else {
        ASSERT_TRUE(found == standing.end());
        standing[group] = text;
      }
    }
  }
  for (const Batch& batch : out.batches) {
    ASSERT_GE(batch.time_min, promised);
  }
}

Windows draw_windows(Dice& dice) {
  switch (dice() % 3) {
    case 0:
      return {Windows::kTumble, 100, 100};
    case 1:
      return {Windows::kHop, 100, static_cast<std::int64_t>(20 + dice() % 130)};
    default:
      return {Windows::kCumulate, 100, static_cast<std::int64_t>(20 + dice() % 80)};
  }
}

// Some new rows and, where rows may be taken back, some of those that went in before.
std::vector<Row> draw_rows(Dice& dice, std::int64_t around, bool updating, std::vector<Row>& fed,
                           std::int64_t alive_from) {
  std::vector<Row> rows(1 + dice() % 20);
  for (Row& row : rows) {
    row.key = dice() % 8 == 0 ? std::nullopt : Key(static_cast<std::int64_t>(dice() % 3));
    row.value =
        dice() % 6 == 0 ? std::nullopt : std::optional(static_cast<std::int64_t>(dice() % 20) - 10);
    row.time = around + static_cast<std::int64_t>(dice() % 400) - 250;
  }
  if (!updating) {
    return rows;
  }
  for (int i = 0; i < 6 && !fed.empty(); ++i) {
    const std::size_t at = dice() % fed.size();
    // As changelogs do, none is taken back whose window may be gone already.
    if (fed[at].time >= alive_from) {
      rows.push_back(fed[at]);
      rows.back().change = -1;
      fed.erase(fed.begin() + static_cast<std::ptrdiff_t>(at));
    }
  }
  return rows;
}

void run_case(std::uint64_t seed) {
  Dice dice(seed);
  const Windows windows = draw_windows(dice);
  const auto emit = static_cast<WindowEmit>(dice() % 3);
  const std::int64_t lateness =
      emit == WindowEmit::kOnClose ? static_cast<std::int64_t>(1 + dice() % 200) : 0;
  const bool updating = dice() % 3 == 0;
  const auto op =
      make_window_aggregate({.aggregation = spec_of(updating),
                             .windows = {.grid = windows.grid(), .lateness_micros = lateness},
                             .emit = emit,
                             .every_micros = kEvery});
  Model expected(windows, emit, lateness);
  CollectingEmitter out;
  Standing standing(out);
  std::vector<Row> fed;
  std::int64_t watermark = kStartOfTime.micros;
  std::int64_t around = 0;
  std::int64_t wall = 1'000'000;
  for (int step = 0; step < 20; ++step) {
    ASSERT_TRUE(op->on_time(Clock::kWall, EventTime{wall}, out).ok());
    const std::vector<Row> rows = draw_rows(dice, around, updating, fed,
                                            watermark == kStartOfTime.micros ? -1000 : watermark);
    for (const Row& row : rows) {
      if (row.change > 0 && (watermark == kStartOfTime.micros || row.time >= watermark)) {
        fed.push_back(row);
      }
    }
    feed(*op, keyed_batch(rows, updating), out);
    expected.add(rows);
    ASSERT_EQ(standing.rows(), expected.told()) << "seed " << seed << ", step " << step;
    if (dice() % 2 == 0) {
      around += static_cast<std::int64_t>(dice() % 120);
      watermark = around - 100;
      out.room = static_cast<std::uint32_t>(dice() % 3);
      advance(*op, EventTime{watermark}, out);
      expected.advance(watermark);
      ASSERT_EQ(standing.rows(), expected.told()) << "seed " << seed << ", step " << step;
    }
    if (dice() % 3 == 0) {
      wall += kEvery;
      out.room = 1'000'000;
      ASSERT_TRUE(op->on_time(Clock::kWall, EventTime{wall}, out).ok());
      if (emit == WindowEmit::kEvery) {
        expected.tick();
      }
      ASSERT_EQ(standing.rows(), expected.told()) << "seed " << seed << ", step " << step;
    }
  }
  advance(*op, kEndOfTime, out);
  expected.advance(kEndOfTime.micros);
  ASSERT_EQ(standing.rows(), expected.told()) << "seed " << seed;
  ASSERT_EQ(rejected_rows(out, RowError::kLateAfterIdle).size(), expected.too_late());
  expect_changes_are_sound(out, kStartOfTime);
}

TEST(ChangingWindowTest, WhatIsToldAgreesWithBruteForceAfterEachStep) {
  for (std::uint64_t seed = 0; seed < random_cases(500) && !HasFatalFailure(); ++seed) {
    run_case(seed);
  }
}

std::unique_ptr<Operator> make_tumbling(WindowEmit emit, std::int64_t lateness = 0) {
  return make_window_aggregate(
      {.aggregation = {.keys = {bigint_column(0)},
                       .aggregates = {aggregate(AggregateKind::kMax, 1)}},
       .windows = {.grid = WindowGrid(100, 0), .lateness_micros = lateness},
       .emit = emit,
       .every_micros = kEvery});
}

// The change, the key and the greatest value of each row put out.
std::vector<TextRow> take_changes(CollectingEmitter& out) {
  std::vector<TextRow> rows;
  for (const Batch& batch : out.batches) {
    for (std::uint32_t i = 0; i < batch.num_rows(); ++i) {
      const TextRow text = text_row(CollectingEmitter::row_values(batch, batch.row(i)));
      const int change = batch.changes->values<std::int16_t>()[batch.row(i)];
      rows.push_back({change > 0 ? "+" : "-", text[3], text[4]});
    }
  }
  out.batches.clear();
  return rows;
}

TEST(ChangingWindowTest, ALateRowCorrectsTheResultUntilTheEndPlusTheLateness) {
  const auto op = make_tumbling(WindowEmit::kOnClose, 50);
  CollectingEmitter out;
  feed(*op, keyed_batch({{1, 5, 10}}, false), out);
  EXPECT_TRUE(take_changes(out).empty());
  advance(*op, EventTime{100}, out);
  EXPECT_EQ(take_changes(out), (std::vector<TextRow>{{"+", "1", "5"}}));
  feed(*op, keyed_batch({{1, 7, 20}, {2, 1, 30}}, false), out);
  EXPECT_EQ(take_changes(out),
            (std::vector<TextRow>{{"-", "1", "5"}, {"+", "1", "7"}, {"+", "2", "1"}}));
  advance(*op, EventTime{149}, out);
  feed(*op, keyed_batch({{1, 6, 40}}, false), out);
  EXPECT_TRUE(take_changes(out).empty()) << "7 is still the greatest";
  advance(*op, EventTime{150}, out);
  feed(*op, keyed_batch({{1, 9, 50}}, false), out);
  EXPECT_TRUE(take_changes(out).empty());
  EXPECT_EQ(rejected_rows(out, RowError::kLateAfterIdle).size(), 1U);
}

TEST(ChangingWindowTest, TheWatermarkIsHeldBackByTheLateness) {
  const auto op = make_tumbling(WindowEmit::kOnClose, 50);
  EXPECT_EQ(op->output_watermark(EventTime{100}), EventTime{50});
  EXPECT_EQ(op->output_watermark(kStartOfTime), kStartOfTime);
  EXPECT_EQ(op->output_watermark(kEndOfTime), kEndOfTime);
  EXPECT_EQ(make_tumbling(WindowEmit::kChanges)->output_watermark(EventTime{100}), EventTime{100});
}

TEST(ChangingWindowTest, ByTheClockOnlyWhatHasChangedIsTold) {
  const auto op = make_tumbling(WindowEmit::kEvery);
  CollectingEmitter out;
  const auto clock = [&](std::int64_t wall) {
    ASSERT_TRUE(op->on_time(Clock::kWall, EventTime{wall}, out).ok());
  };
  clock(0);
  feed(*op, keyed_batch({{1, 5, 10}, {2, 5, 10}}, false), out);
  clock(kEvery - 1);
  EXPECT_TRUE(take_changes(out).empty());
  clock(kEvery);
  EXPECT_EQ(take_changes(out), (std::vector<TextRow>{{"+", "1", "5"}, {"+", "2", "5"}}));
  clock(3 * kEvery);
  EXPECT_TRUE(take_changes(out).empty());
  feed(*op, keyed_batch({{1, 8, 20}}, false), out);
  clock(4 * kEvery - 1);
  EXPECT_TRUE(take_changes(out).empty()) << "a period begins with the first change";
  clock(4 * kEvery);
  EXPECT_EQ(take_changes(out), (std::vector<TextRow>{{"-", "1", "5"}, {"+", "1", "8"}}));
  feed(*op, keyed_batch({{2, 6, 20}}, false), out);
  advance(*op, EventTime{100}, out);
  EXPECT_EQ(take_changes(out), (std::vector<TextRow>{{"-", "2", "5"}, {"+", "2", "6"}}))
      << "what is final is told at the close";
}

}  // namespace
}  // namespace thalweg
