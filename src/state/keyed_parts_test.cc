#include "state/keyed_parts.h"

#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <random>
#include <string>
#include <tuple>

#include "columnar/builder.h"
#include "state/keyed_records.h"

namespace thalweg {
namespace {

constexpr std::uint64_t kSeed = 47;

Column bigint(std::int64_t value) {
  ColumnBuilder builder(type_of(TypeKind::kBigint));
  builder.append(value);
  return builder.finish();
}

GroupId id_of(KeyedRecords& records, std::int64_t key) {
  const Column keys[] = {bigint(key)};
  GroupId id = 0;
  records.find_or_insert(keys, {.rows = {}, .all = true}, {&id, 1});
  return id;
}

// The same by hand: key, field, name; bytes, and behind which time they are gone.
using Model = std::map<std::tuple<std::int64_t, std::uint32_t, std::string>,
                       std::pair<std::string, std::int64_t>>;

Model all_of(KeyedRecords& records, std::int64_t keys, std::int64_t now) {
  Model all;
  for (std::int64_t key = 0; key < keys; ++key) {
    for (std::uint32_t field = 0; field < 3; ++field) {
      const GroupId id = id_of(records, key);
      std::string last;
      records.parts().visit(id, field, {now}, [&](std::string_view name, std::string_view bytes) {
        EXPECT_LT(last, name);
        last = name;
        all[{key, field, last}].first = bytes;
        EXPECT_EQ(records.parts().find(id, field, name, {now}), bytes);
      });
    }
  }
  return all;
}

Model there_at(const Model& model, std::int64_t now) {
  Model there;
  for (const auto& [name, part] : model) {
    if (part.second >= now) {
      there[name].first = part.first;
    }
  }
  return there;
}

TEST(KeyedPartsTest, AgreesWithAMapWhilePartsComeAndGo) {
  constexpr std::int64_t kKeys = 40;
  std::mt19937_64 dice(kSeed);
  KeyedRecords records({type_of(TypeKind::kBigint)});
  records.parts_state().note_changes();
  KeyedRecords copy({type_of(TypeKind::kBigint)});  // What the changes of all epochs leave.
  Model model;
  for (std::int64_t step = 0; step < 20'000; ++step) {
    const std::int64_t key = static_cast<std::int64_t>(dice() % kKeys);
    const auto field = static_cast<std::uint32_t>(dice() % 3);
    const std::string name = std::to_string(dice() % 20);
    if (dice() % 3 == 0) {
      records.erase_part(id_of(records, key), field, name);
      model.erase({key, field, name});
    } else {
      const std::int64_t expires =
          dice() % 2 == 0 ? INT64_MAX : step + static_cast<std::int64_t>(dice() % 500);
      const std::string bytes(dice() % 40, static_cast<char>('a' + step % 26));
      records.put_part(id_of(records, key), field, name, bytes, {expires});
      model[{key, field, name}] = {bytes, expires};
    }
    if (step % 500 != 0) {
      continue;
    }
    ASSERT_EQ(all_of(records, kKeys, step), there_at(model, step)) << "seed " << kSeed;
    while (records.expire_part({step})) {
    }
    std::erase_if(model, [&](const auto& each) { return each.second.second < step; });
    ASSERT_GE(records.first_expiry().micros, step);
    if (dice() % 2 == 0) {
      for (std::int64_t gone = kKeys; gone < kKeys + 10; ++gone) {
        id_of(records, gone);  // Numbers that nobody needs.
      }
      records.compact();
    }
    StateChanges changes;
    while (records.parts_state().next_changes(100, changes)) {
      ASSERT_LE(changes.put_rows() + changes.erased_rows(), 100U);
      ASSERT_TRUE(copy.parts_state().apply(changes).ok());
    }
    ASSERT_EQ(all_of(copy, kKeys, INT64_MIN), there_at(model, INT64_MIN)) << "seed " << kSeed;
    ASSERT_EQ(copy.first_expiry(), records.first_expiry());
    std::map<std::int64_t, int> keys;
    for (const auto& [each, part] : model) {
      ++keys[std::get<0>(each)];
    }
    ASSERT_EQ(records.live(), keys.size());
    ASSERT_EQ(copy.live(), keys.size());
  }
}

TEST(KeyedPartsTest, WhatIsPutAgainHasNotChanged) {
  KeyedRecords records({type_of(TypeKind::kBigint)});
  const GroupId id = id_of(records, 1);
  records.put_part(id, 0, "a", "1", kEndOfTime);
  records.parts_state().note_changes();
  records.put_part(id, 0, "a", "1", kEndOfTime);
  records.erase_part(id, 0, "b");
  StateChanges changes;
  EXPECT_FALSE(records.parts_state().next_changes(100, changes));
  records.put_part(id, 0, "a", "1", {7});
  EXPECT_TRUE(records.parts_state().next_changes(100, changes));
  EXPECT_EQ(changes.put_rows(), 1U);
}

TEST(KeyedPartsTest, TheLastNameIsThatOfItsField) {
  KeyedRecords records({type_of(TypeKind::kBigint)});
  const GroupId first = id_of(records, 1);
  const GroupId second = id_of(records, 2);
  records.put_part(first, 0, "a", "1", kEndOfTime);
  records.put_part(first, 0, "b", "1", {3});
  records.put_part(first, 2, "c", "1", kEndOfTime);
  EXPECT_EQ(records.parts().last_name(first, 0), "b");
  EXPECT_EQ(records.parts().last_name(first, 1), "");
  EXPECT_EQ(records.parts().last_name(first, 2), "c");
  EXPECT_EQ(records.parts().last_name(second, 0), "");
}

TEST(KeyedPartsTest, RowsThatAreNoPartsAreRefused) {
  KeyedRecords records({type_of(TypeKind::kBigint)});
  const GroupId id = id_of(records, 1);
  records.parts_state().note_changes();
  records.put_part(id, 0, "a", "1", kEndOfTime);
  StateChanges changes;
  ASSERT_TRUE(records.parts_state().next_changes(100, changes));
  for (std::size_t column = 1; column + 1 < changes.puts.size(); ++column) {
    StateChanges wrong = changes;
    ColumnBuilder null(wrong.puts[column].type());
    null.append_null();
    wrong.puts[column] = null.finish();
    KeyedRecords other({type_of(TypeKind::kBigint)});
    EXPECT_EQ(other.parts_state().apply(wrong).code(), Code::kCorrupt) << column;
  }
}

}  // namespace
}  // namespace thalweg
