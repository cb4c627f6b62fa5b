#include "thalweg/live_table.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "api/standing_rows.h"
#include "columnar/builder.h"

namespace thalweg {
namespace {

// "a 3", and whether it comes or goes.
struct Change {
  int sign;
  std::string text;
  std::optional<std::int64_t> number;
};

Batch batch_of(const std::vector<Change>& changes) {
  ColumnBuilder texts(type_of(TypeKind::kText));
  ColumnBuilder numbers(type_of(TypeKind::kBigint));
  ColumnBuilder signs(type_of(TypeKind::kSmallint));
  for (const Change& change : changes) {
    texts.append_text(change.text);
    if (change.number) {
      numbers.append(*change.number);
    } else {
      numbers.append_null();
    }
    signs.append(static_cast<std::int16_t>(change.sign));
  }
  Batch batch;
  batch.length = static_cast<std::uint32_t>(changes.size());
  batch.columns = {texts.finish(), numbers.finish()};
  batch.changes = signs.finish();
  return batch;
}

using Key = std::optional<std::vector<std::uint32_t>>;

ResultHeader header_of(Key key, std::vector<ResultHeader::Order> order = {}) {
  ResultHeader header;
  header.columns = {{.name = "k", .type = "TEXT"}, {.name = "n", .type = "BIGINT"}};
  header.updating = true;
  header.key = std::move(key);
  header.order = std::move(order);
  return header;
}

void apply(LiveTable& table, const std::vector<Change>& changes) {
  const Batch batch = batch_of(changes);
  table.apply(Rows(batch));
}

using Lines = std::vector<std::string>;

Lines texts_of(const std::vector<LiveTable::Line>& lines) {
  Lines texts;
  for (const LiveTable::Line& line : lines) {
    texts.push_back(line.text);
  }
  return texts;
}

Lines picture(LiveTable& table, LiveTable::Window window = {}) {
  return texts_of(table.picture(window));
}

const Key kByText = std::vector<std::uint32_t>{0};

TEST(LiveTable, ARowOfAKeyTakesThePlaceOfTheOneBefore) {
  LiveTable table(header_of(kByText));
  apply(table, {{1, "b", 1}, {1, "a", 1}});
  apply(table, {{-1, "b", 1}, {1, "b", 2}});
  EXPECT_EQ(picture(table), (Lines{"k  n", "─  ─", "a  1", "b  2"}));
  EXPECT_EQ(table.rows(), 2U);
}

TEST(LiveTable, TheNewRowMayComeBeforeTheOldOneGoes) {
  LiveTable table(header_of(kByText));
  apply(table, {{1, "a", 1}});
  apply(table, {{1, "a", 2}, {-1, "a", 1}});
  EXPECT_EQ(picture(table), (Lines{"k  n", "─  ─", "a  2"}));
  apply(table, {{1, "a", 3}});
  apply(table, {{-1, "a", 2}});
  EXPECT_EQ(picture(table), (Lines{"k  n", "─  ─", "a  3"}));
  EXPECT_EQ(table.rows(), 1U);
}

TEST(LiveTable, RowsGo) {
  LiveTable table(header_of(kByText));
  apply(table, {{1, "a", 1}, {1, "b", 2}, {-1, "a", 1}});
  EXPECT_EQ(picture(table), (Lines{"k  n", "─  ─", "b  2"}));
  apply(table, {{-1, "b", 2}});
  EXPECT_EQ(picture(table), (Lines{"k  n", "─  ─"}));
  EXPECT_EQ(table.text(), "k  n\n─  ─\n(0 rows)\n");
}

TEST(LiveTable, WithoutAKeyRowsStandAsOftenAsTheyAreThere) {
  LiveTable table(header_of(std::nullopt));
  apply(table, {{1, "a", 1}, {1, "a", 1}, {1, "a", 2}, {1, "a", 1}});
  apply(table, {{-1, "a", 1}});
  EXPECT_EQ(table.text(), "k  n\n─  ─\na  1\na  1\na  2\n(3 rows)\n");
  EXPECT_EQ(picture(table, {.columns = 80, .lines = 4}),
            (Lines{"k  n", "─  ─", "a  1", "2 more rows"}));
}

TEST(LiveTable, AnAnswerOfOneRowHasAKeyWithoutColumns) {
  LiveTable table(header_of(std::vector<std::uint32_t>{}));
  apply(table, {{1, "a", 1}, {-1, "a", 1}, {1, "b", 2}});
  apply(table, {{-1, "b", 2}, {1, "c", 3}});
  EXPECT_EQ(picture(table), (Lines{"k  n", "─  ─", "c  3"}));
}

TEST(LiveTable, RowsAreInTheOrderOfTheQueryThenOfTheKey) {
  LiveTable table(header_of(kByText, {{.column = 1, .descending = true, .nulls_first = false}}));
  apply(table, {{1, "c", 1}, {1, "b", 1}, {1, "a", std::nullopt}, {1, "d", 5}});
  EXPECT_EQ(picture(table),
            (Lines{"k     n", "─  ────", "d     5", "b     1", "c     1", "a  NULL"}));
  apply(table, {{-1, "c", 1}, {1, "c", 9}});
  EXPECT_EQ(picture(table)[2], "c     9");
}

TEST(LiveTable, RowsInOrderOfTimeAreShownFromTheirEnd) {
  ResultHeader header = header_of(std::vector<std::uint32_t>{0, 1});
  header.columns[1].type = "TIMESTAMP";
  LiveTable table(header);
  apply(table, {{1, "a", 3}, {1, "b", 1}, {1, "c", 2}, {1, "b", 3}});
  EXPECT_EQ(picture(table, {.columns = 80, .lines = 5}),
            (Lines{"k  n", "─  ─", "2 more rows", "a  3", "b  3"}));
  EXPECT_EQ(table.text(), "k  n\n─  ─\nb  1\nc  2\na  3\nb  3\n(4 rows)\n");
}

TEST(LiveTable, ColumnsDoNotBecomeNarrower) {
  LiveTable table(header_of(kByText));
  apply(table, {{1, "a", 12345}});
  EXPECT_EQ(picture(table)[2], "a  12345");
  apply(table, {{-1, "a", 12345}, {1, "a", 1}});
  EXPECT_EQ(picture(table)[2], "a      1");
}

TEST(LiveTable, WhatDoesNotFitIsCutOrLeftOut) {
  LiveTable table(header_of(kByText));
  apply(table, {{1, "a rather long text", 123456}});
  EXPECT_EQ(picture(table, {.columns = 26})[2], "a rather long text  123456");
  EXPECT_EQ(picture(table, {.columns = 25})[2], "a rather long te…  123456");
  EXPECT_EQ(picture(table, {.columns = 16})[2], "a rathe…  123456");
  EXPECT_EQ(picture(table, {.columns = 15}),
            (Lines{"k             …", "────────────", "a rather lo…"}));
  EXPECT_EQ(picture(table, {.columns = 1}), (Lines{"k", "─", "…"}));
  EXPECT_EQ(picture(table, {.columns = 80, .lines = 1}).size(), 1U);
  EXPECT_TRUE(picture(table, {.columns = 80, .lines = 0}).empty());
}

TEST(LiveTable, WideCharactersAreCutBetweenThem) {
  LiveTable table(header_of(kByText));
  apply(table, {{1, "日本語日本語", 1}});
  EXPECT_EQ(picture(table, {.columns = 15})[2], "日本語日本語  1");
  EXPECT_EQ(picture(table, {.columns = 14})[2], "日本語日本…  1");
  EXPECT_EQ(picture(table, {.columns = 13})[2], "日本語日…   1");
  for (const LiveTable::Line& line : table.picture({.columns = 13})) {
    EXPECT_LE(line.width, 13U);
  }
}

TEST(LiveTable, ControlCharactersAreNotSent) {
  LiveTable table(header_of(kByText));
  apply(table, {{1,
                 "a\033[2J\n\xc2\x9b"
                 "5A\xe2\x80\xae\x7f",
                 1}});
  EXPECT_EQ(picture(table)[2], R"(a\x1b[2J\n\u009b5A\u202e\x7f  1)");
}

TEST(LiveTable, ChangedCellsAreMarkedOnce) {
  const LiveTable::Window window{.columns = 80, .lines = 24, .mark_changes = true};
  LiveTable table(header_of(kByText));
  apply(table, {{1, "a", 1}, {1, "b", 1}});
  EXPECT_EQ(picture(table, window)[2], "a  1");
  EXPECT_FALSE(table.has_changed());
  apply(table, {{-1, "a", 1}, {1, "a", 2}, {1, "c", 7}});
  EXPECT_TRUE(table.has_changed());
  const std::vector<LiveTable::Line> lines = table.picture(window);
  EXPECT_EQ(texts_of(lines), (Lines{"k  n", "─  ─", "a  \033[1m2\033[0m", "b  1", "c  7"}));
  EXPECT_EQ(lines[2].width, 4U);
  EXPECT_TRUE(table.has_changed());  // Of the mark.
  EXPECT_EQ(picture(table, window)[2], "a  2");
  EXPECT_FALSE(table.has_changed());
}

TEST(StandingRows, BeyondTheLimitRowsAreCounted) {
  StandingRows rows(header_of(kByText), 2);
  rows.apply(batch_of({{1, "a", 1}, {1, "b", 1}, {1, "c", 1}, {1, "d", 1}}));
  EXPECT_EQ(rows.total(), 4U);
  EXPECT_EQ(rows.kept(), 2U);
  rows.apply(batch_of({{-1, "c", 1}, {1, "c", 2}, {-1, "d", 1}}));
  EXPECT_EQ(rows.total(), 3U);
  EXPECT_EQ(rows.kept(), 2U);
  // There is room again for a key that changes.
  rows.apply(batch_of({{-1, "a", 1}}));
  rows.apply(batch_of({{-1, "c", 2}, {1, "c", 3}}));
  EXPECT_EQ(rows.total(), 2U);
  EXPECT_EQ(rows.kept(), 2U);
  const std::vector<Column> columns = rows.columns(rows.first(9));
  EXPECT_EQ(columns[0].text(0), "b");
  EXPECT_EQ(columns[0].text(1), "c");
  EXPECT_EQ(columns[1].values<std::int64_t>()[1], 3);
}

// Whatever comes, in batches of any size: the first rows are those that a map has.
TEST(StandingRows, AreThoseOfALoopOverTheChanges) {
  for (std::uint32_t seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    const bool keyed = seed % 2 == 0;
    StandingRows rows(header_of(keyed ? kByText : std::nullopt));
    std::multimap<std::string, std::int64_t> standing;
    for (int step = 0; step < 20; ++step) {
      std::vector<Change> changes;
      for (std::uint32_t i = random() % 20; i > 0; --i) {
        const std::string key(1, static_cast<char>('a' + random() % 8));
        const auto value = static_cast<std::int64_t>(random() % 5);
        const auto found = standing.find(key);
        if (found != standing.end() && (keyed || random() % 2 == 0)) {
          changes.push_back({-1, key, found->second});
          standing.erase(found);
        }
        if (random() % 4 != 0) {
          changes.push_back({1, key, value});
          standing.emplace(key, value);
        }
      }
      if (changes.empty()) {
        continue;
      }
      rows.apply(batch_of(changes));
      std::vector<std::pair<std::string, std::int64_t>> expected(standing.begin(), standing.end());
      std::sort(expected.begin(), expected.end());
      ASSERT_EQ(rows.total(), expected.size());
      expected.resize(std::min<std::size_t>(expected.size(), random() % 12));
      const std::vector<RowSlot> slots = rows.first(expected.size());
      ASSERT_EQ(slots.size(), expected.size());
      const std::vector<Column> columns = rows.columns(slots);
      for (std::uint32_t i = 0; i < expected.size(); ++i) {
        ASSERT_EQ(columns[0].text(i), expected[i].first);
        ASSERT_EQ(columns[1].values<std::int64_t>()[i], expected[i].second);
      }
    }
  }
}

}  // namespace
}  // namespace thalweg
