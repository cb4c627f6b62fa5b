#include "state/key_index.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <map>
#include <numeric>
#include <optional>
#include <random>
#include <string>

#include "columnar/builder.h"
#include "columnar/value.h"

namespace thalweg {
namespace {

using ::testing::ElementsAre;
using RowCounts = KeyIndex::RowCounts;
using Dice = std::mt19937_64;

// Draws a key column's values as text; nothing is NULL. Equal texts are equal keys.
struct KeyColumn {
  Type type;
  std::function<std::string(Dice&)> draw;
};

std::function<std::string(Dice&)> integers(std::int64_t min, std::int64_t max) {
  return [min, max](Dice& dice) {
    return std::to_string(std::uniform_int_distribution<std::int64_t>(min, max)(dice));
  };
}

std::string word(Dice& dice) {
  // Short and long, some with a common beginning.
  return std::string(dice() % 3 * 20, 'p') + std::to_string(dice() % 2000);
}

std::string date(Dice& dice) {
  return to_string(Value{type_of(TypeKind::kDate),
                         std::int64_t{static_cast<std::int64_t>(dice() % 5000) - 2500}});
}

std::string timestamp(Dice& dice) {
  return to_string(Value{type_of(TypeKind::kTimestamp),
                         static_cast<std::int64_t>(dice() % 5000) * 3'600'000'000});
}

struct KeyCase {
  std::string name;
  std::vector<KeyColumn> columns;
};

std::vector<KeyCase> key_cases() {
  const Type bigint = type_of(TypeKind::kBigint);
  const Type text = type_of(TypeKind::kText);
  const KeyColumn few{bigint, integers(-3, 3)};
  const KeyColumn words{text, word};
  const auto flags = [](Dice& dice) { return std::string(dice() % 2 == 0 ? "t" : "f"); };
  const auto doubles = [](Dice& dice) { return std::to_string(dice() % 3000) + ".5"; };
  const auto money = [](Dice& dice) {
    return std::to_string(dice() % 900 + 100) + "." + std::to_string(dice() % 90 + 10);
  };
  return {
      {"Smallint", {{type_of(TypeKind::kSmallint), integers(-32768, 32767)}}},
      {"Int", {{type_of(TypeKind::kInt), integers(-4000, 4000)}}},
      {"FewBigints", {few}},
      {"AnyBigint",
       {{bigint, integers(std::numeric_limits<std::int64_t>::min(),
                          std::numeric_limits<std::int64_t>::max())}}},
      {"Date", {{type_of(TypeKind::kDate), date}}},
      {"Timestamp", {{type_of(TypeKind::kTimestamp), timestamp}}},
      {"Boolean", {{type_of(TypeKind::kBoolean), flags}}},
      {"Double", {{type_of(TypeKind::kDouble), doubles}}},
      {"Numeric", {{numeric_type(10, 2), money}}},
      {"Text", {words}},
      {"TwoBigints", {few, {bigint, integers(0, 1000)}}},
      {"DateBooleanAndDouble",
       {{type_of(TypeKind::kDate), date},
        {type_of(TypeKind::kBoolean), flags},
        {type_of(TypeKind::kDouble), doubles}}},
      {"FourKinds",
       {few,
        {type_of(TypeKind::kSmallint), integers(-20, 20)},
        {type_of(TypeKind::kTimestamp), timestamp},
        {type_of(TypeKind::kReal), doubles}}},
      {"FiveBooleans",
       {{type_of(TypeKind::kBoolean), flags},
        {type_of(TypeKind::kBoolean), flags},
        {type_of(TypeKind::kBoolean), flags},
        {type_of(TypeKind::kBoolean), flags},
        {type_of(TypeKind::kBoolean), flags}}},
      {"TextAndText", {words, words}},
      {"Mixed", {words, {type_of(TypeKind::kInt), integers(0, 9)}, {numeric_type(10, 2), money}}},
  };
}

using Key = std::vector<std::optional<std::string>>;

class KeyIndexTest : public ::testing::TestWithParam<KeyCase> {
 protected:
  Key draw_key() {
    Key key;
    for (const KeyColumn& column : GetParam().columns) {
      key.push_back(dice_() % 20 == 0 ? std::nullopt : std::optional(column.draw(dice_)));
    }
    return key;
  }

  std::vector<Column> columns_of(const std::vector<Key>& keys) const {
    std::vector<Column> columns;
    for (std::size_t i = 0; i < GetParam().columns.size(); ++i) {
      ColumnBuilder builder(GetParam().columns[i].type);
      for (const Key& key : keys) {
        if (key[i]) {
          builder.append_value(parse_value(*key[i], builder.type()).value());
        } else {
          builder.append_null();
        }
      }
      columns.push_back(builder.finish());
    }
    return columns;
  }

  std::unique_ptr<KeyIndex> make(RowCounts row_counts = RowCounts::kNone) const {
    std::vector<Type> types;
    for (const KeyColumn& column : GetParam().columns) {
      types.push_back(column.type);
    }
    return KeyIndex::make(types, row_counts);
  }

  // Puts a batch of random keys in, every row or a choice of rows, and compares the numbers.
  void insert_batch(KeyIndex& index, std::size_t rows) {
    std::vector<Key> keys;
    for (std::size_t i = 0; i < rows; ++i) {
      keys.push_back(draw_key());
    }
    std::vector<RowIndex> chosen(rows);
    std::iota(chosen.begin(), chosen.end(), 0);
    const bool all = dice_() % 2 == 0;
    if (!all) {
      std::erase_if(chosen, [this](RowIndex) { return dice_() % 3 == 0; });
    }
    std::vector<GroupId> ids(chosen.size());
    index.find_or_insert(columns_of(keys), {.rows = chosen, .all = all}, ids);
    for (std::size_t i = 0; i < chosen.size(); ++i) {
      const Key& key = keys[chosen[i]];
      const auto [known, is_new] =
          expected_.try_emplace(key, static_cast<GroupId>(expected_.size()));
      ASSERT_EQ(ids[i], known->second) << "seed " << kSeed;
      ++counts_[known->second];
    }
    ASSERT_EQ(index.size(), expected_.size());
  }

  void expect_keys_back(const KeyIndex& index) const {
    std::vector<GroupId> ids(index.size());
    std::iota(ids.rbegin(), ids.rend(), 0);
    const std::vector<Column> columns = index.keys(ids);
    ASSERT_EQ(columns.size(), GetParam().columns.size());
    for (const auto& [key, id] : expected_) {
      const auto row = static_cast<RowIndex>(index.size() - 1 - id);
      for (std::size_t i = 0; i < columns.size(); ++i) {
        ASSERT_EQ(columns[i].type(), GetParam().columns[i].type);
        ASSERT_EQ(columns[i].is_valid(row), key[i].has_value());
        if (key[i]) {
          const Value value = parse_value(*key[i], columns[i].type()).value();
          ASSERT_EQ(to_string(value_at(columns[i], row)), to_string(value));
        }
      }
    }
  }

  static constexpr std::uint64_t kSeed = 4711;
  Dice dice_{kSeed};
  std::map<Key, GroupId> expected_;
  std::map<GroupId, std::int64_t> counts_;
};

TEST_P(KeyIndexTest, NumbersKeysInOrderOfAppearanceAndGivesThemBack) {
  const auto index = make();
  for (const std::size_t rows : {1, 0, 7, 100, 4096, 4096, 3}) {
    insert_batch(*index, rows);
  }
  expect_keys_back(*index);
}

TEST_P(KeyIndexTest, StartsAnewAfterClearHoweverOften) {
  const auto index = make();
  for (const std::size_t rows : {3000, 1, 1, 500, 4000}) {
    expected_.clear();
    insert_batch(*index, rows);
    expect_keys_back(*index);
    index->clear();
    ASSERT_EQ(index->size(), 0u);
  }
}

TEST_P(KeyIndexTest, CountsTheRowsOfEachKeyWhetherNumbersAreAskedForOrNot) {
  const auto index = make(RowCounts::kKept);
  for (int round = 0; round < 2; ++round) {
    expected_.clear();
    counts_.clear();
    for (const std::size_t rows : {50, 2000, 700}) {
      insert_batch(*index, rows);
    }
    // Once more each, without asking for numbers: every key, the new ones too.
    std::vector<Key> keys;
    for (const auto& [key, id] : expected_) {
      keys.push_back(key);
      ++counts_[id];
    }
    index->count_rows(columns_of(keys), {.rows = {}, .all = true},
                      static_cast<std::uint32_t>(keys.size()), {});
    ASSERT_EQ(index->size(), expected_.size());
    for (const auto& [id, count] : counts_) {  // One at a time, before all together.
      std::int64_t found = 0;
      index->row_counts(std::vector<GroupId>{id}, {&found, 1});
      ASSERT_EQ(found, count) << "seed " << kSeed << ", group " << id;
    }
    std::vector<GroupId> ids(index->size());
    std::iota(ids.begin(), ids.end(), 0);
    std::vector<std::int64_t> counts(ids.size());
    index->row_counts(ids, counts);
    for (const GroupId id : ids) {
      ASSERT_EQ(counts[id], counts_[id]) << "seed " << kSeed << ", group " << id;
    }
    index->clear();
  }
}

TEST_P(KeyIndexTest, MarksTheGroupsOfTheRowsThatItCounts) {
  const auto index = make(RowCounts::kKept);
  insert_batch(*index, 300);
  std::vector<Key> keys;
  std::vector<std::uint8_t> expected(index->size() + 300, 0);
  for (const auto& [key, id] : expected_) {
    if (id % 3 == 0) {
      keys.push_back(key);
      expected[id] = 2;
    }
  }
  std::vector<std::uint8_t> marks(expected.size(), 0);
  index->count_rows(columns_of(keys), {.rows = {}, .all = true},
                    static_cast<std::uint32_t>(keys.size()),
                    {.of_groups = marks.data(), .mark = 2});
  EXPECT_EQ(marks, expected);
}

INSTANTIATE_TEST_SUITE_P(EveryKind, KeyIndexTest, ::testing::ValuesIn(key_cases()),
                         [](const auto& param) { return param.param.name; });

Column doubles(const std::vector<double>& values) {
  ColumnBuilder builder(type_of(TypeKind::kDouble));
  for (const double value : values) {
    builder.append(value);
  }
  return builder.finish();
}

TEST_P(KeyIndexTest, KeysCanBePlacedAndTheirRowsSet) {
  const auto index = make(RowCounts::kKept);
  std::vector<Key> keys;
  for (int i = 0; i < 50; ++i) {
    keys.push_back(draw_key());
  }
  const std::vector<Column> columns = columns_of(keys);
  std::vector<GroupId> ids(keys.size());
  index->place(columns, {.rows = {}, .all = true}, ids);
  std::vector<std::int64_t> counts;
  std::vector<GroupId> all;
  for (GroupId id = 0; id < index->size(); ++id) {
    all.push_back(id);
    counts.push_back(std::int64_t{id} * 3'000'000'000);
  }
  index->set_row_counts(all, counts);
  index->set_row_counts(all, counts);  // In the place of the others.
  std::vector<GroupId> again(keys.size());
  index->find_or_insert(columns, {.rows = {}, .all = true}, again);
  index->count_rows(columns, {.rows = {}, .all = true}, 50, {});
  EXPECT_EQ(again, ids);
  for (const GroupId id : ids) {
    counts[id] += 2;
  }
  std::vector<std::int64_t> found(all.size());
  index->row_counts(all, found);
  EXPECT_EQ(found, counts);
}

TEST(KeyIndexKindsTest, NewKeysAreAddedOnceEach) {
  const auto index = KeyIndex::make({type_of(TypeKind::kBigint)});
  const auto add = [&](const std::vector<std::optional<std::int64_t>>& values) {
    ColumnBuilder builder(type_of(TypeKind::kBigint));
    for (const auto& value : values) {
      value ? builder.append(*value) : builder.append_null();
    }
    const Column column = builder.finish();
    std::vector<RowIndex> rows;
    add_new_keys({&column, 1}, column.length(), *index, rows);
    return rows;
  };
  EXPECT_THAT(add({5, std::nullopt, 5, 7}), ElementsAre(0, 1, 3));
  EXPECT_THAT(add({7, 8, std::nullopt, 8, 9}), ElementsAre(1, 4));
  EXPECT_THAT(add({}), ElementsAre());
}

TEST(KeyIndexKindsTest, ZeroHasNoSignAndNanIsOneKey) {
  const auto index = KeyIndex::make({type_of(TypeKind::kDouble)});
  const std::vector<Column> keys{doubles({0.0, std::numeric_limits<double>::quiet_NaN(), -0.0,
                                          -std::numeric_limits<double>::quiet_NaN(), 1.0})};
  std::vector<GroupId> ids(5);
  index->find_or_insert(keys, {.rows = {}, .all = true}, ids);
  EXPECT_THAT(ids, ElementsAre(0, 1, 0, 1, 2));
}

TEST(KeyIndexKindsTest, AmongSeveralKeysNullIsNotZero) {
  const auto index =
      KeyIndex::make({type_of(TypeKind::kBigint), type_of(TypeKind::kBigint)}, RowCounts::kNone);
  const auto add = [&](std::optional<std::int64_t> first, std::optional<std::int64_t> second) {
    std::vector<Column> keys;
    for (const auto& value : {first, second}) {
      ColumnBuilder builder(type_of(TypeKind::kBigint));
      value ? builder.append(*value) : builder.append_null();
      keys.push_back(builder.finish());
    }
    GroupId id = 9;
    index->find_or_insert(keys, {.rows = {}, .all = true}, {&id, 1});
    return id;
  };
  EXPECT_EQ(add(0, 0), 0u);
  EXPECT_EQ(add(std::nullopt, 0), 1u);
  EXPECT_EQ(add(0, std::nullopt), 2u);
  EXPECT_EQ(add(std::nullopt, std::nullopt), 3u);
  EXPECT_EQ(add(0, 0), 0u);
  EXPECT_EQ(add(std::nullopt, 0), 1u);
  EXPECT_EQ(add(0, std::nullopt), 2u);
  const std::vector<GroupId> ids{0, 1, 2};
  const std::vector<Column> keys = index->keys(ids);
  EXPECT_TRUE(keys[0].is_valid(0) && !keys[0].is_valid(1) && keys[0].is_valid(2));
  EXPECT_TRUE(keys[1].is_valid(0) && keys[1].is_valid(1) && !keys[1].is_valid(2));
}

TEST(KeyIndexKindsTest, PairsBeyondACachesSizeStayDistinct) {
  const auto index = KeyIndex::make({type_of(TypeKind::kBigint), type_of(TypeKind::kInt)});
  constexpr std::uint32_t kBatch = 10'000;
  for (int round = 0; round < 2; ++round) {
    for (std::int64_t begin = 0; begin < 1'000'000; begin += kBatch) {
      ColumnBuilder firsts(type_of(TypeKind::kBigint), kBatch);
      ColumnBuilder seconds(type_of(TypeKind::kInt), kBatch);
      for (std::int64_t i = begin; i < begin + kBatch; ++i) {
        firsts.append(i / 1000);
        seconds.append(static_cast<std::int32_t>(i % 1000));
      }
      std::vector<GroupId> ids(kBatch);
      const std::vector<Column> keys{firsts.finish(), seconds.finish()};
      index->find_or_insert(keys, {.rows = {}, .all = true}, ids);
      for (std::uint32_t i = 0; i < kBatch; ++i) {
        ASSERT_EQ(ids[i], begin + i);
      }
    }
  }
  EXPECT_EQ(index->size(), 1'000'000u);
}

TEST(KeyIndexKindsTest, WithoutKeysEverythingIsOneGroup) {
  const auto index = KeyIndex::make({}, RowCounts::kKept);
  EXPECT_EQ(index->size(), 0u);
  std::vector<GroupId> ids(3, 9);
  index->find_or_insert({}, {.rows = {}, .all = true}, ids);
  EXPECT_THAT(ids, ElementsAre(0, 0, 0));
  index->count_rows({}, {.rows = {}, .all = true}, 4, {});
  std::int64_t count = 0;
  index->row_counts(std::vector<GroupId>{0}, {&count, 1});
  EXPECT_EQ(count, 7);
  EXPECT_EQ(index->size(), 1u);
  index->clear();
  EXPECT_EQ(index->size(), 0u);
}

TEST(KeyIndexKindsTest, AMillionKeysInSequenceStayDistinct) {
  const auto index = KeyIndex::make({type_of(TypeKind::kBigint)});
  constexpr std::uint32_t kBatch = 10'000;
  for (std::int64_t begin = 0; begin < 1'000'000; begin += kBatch) {
    ColumnBuilder builder(type_of(TypeKind::kBigint), kBatch);
    for (std::int64_t i = begin; i < begin + kBatch; ++i) {
      builder.append(i * 1000);
    }
    std::vector<GroupId> ids(kBatch);
    const std::vector<Column> keys{builder.finish()};
    index->find_or_insert(keys, {.rows = {}, .all = true}, ids);
    ASSERT_EQ(ids.front(), begin);
    ASSERT_EQ(ids.back(), begin + kBatch - 1);
  }
  EXPECT_EQ(index->size(), 1'000'000u);
}

TEST(KeyIndexKindsTest, ALargeTableGivesItsMemoryBackWhenWindowsTurnSmall) {
  const auto index = KeyIndex::make({type_of(TypeKind::kBigint)});
  const auto fill = [&](std::int64_t count) {
    ColumnBuilder builder(type_of(TypeKind::kBigint));
    for (std::int64_t i = 0; i < count; ++i) {
      builder.append(i);
    }
    std::vector<GroupId> ids(static_cast<std::size_t>(count));
    const std::vector<Column> keys{builder.finish()};
    index->find_or_insert(keys, {.rows = {}, .all = true}, ids);
  };
  fill(200'000);
  const std::size_t large = index->memory_bytes();
  index->clear();
  fill(10);
  index->clear();
  EXPECT_LT(index->memory_bytes(), large / 2);
}

}  // namespace
}  // namespace thalweg
