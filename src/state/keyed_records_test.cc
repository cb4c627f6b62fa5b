#include "state/keyed_records.h"

#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>

#include "columnar/builder.h"

namespace thalweg {
namespace {

using TimerKind = KeyedRecords::TimerKind;

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

std::int64_t key_of(const KeyedRecords& records, GroupId id) {
  return records.key(id)[0].values<std::int64_t>()[0];
}

TEST(KeyedRecordsTest, ATimerThatIsSetTwiceIsOne) {
  KeyedRecords records({type_of(TypeKind::kBigint)});
  const GroupId id = id_of(records, 7);
  records.set_timer(TimerKind::kEventTime, id, {5});
  records.set_timer(TimerKind::kEventTime, id, {5});
  records.set_timer(TimerKind::kWallClock, id, {3});
  EXPECT_EQ(records.first_timer(TimerKind::kEventTime)->time.micros, 5);
  EXPECT_EQ(records.first_timer(TimerKind::kWallClock)->time.micros, 3);
  records.remove_timer(TimerKind::kEventTime, id, {5});
  records.remove_timer(TimerKind::kEventTime, id, {5});
  EXPECT_FALSE(records.first_timer(TimerKind::kEventTime));
  EXPECT_EQ(records.live(), 1U);
  records.drop_timers(TimerKind::kWallClock);
  EXPECT_EQ(records.live(), 0U);
}

TEST(KeyedRecordsTest, AgreesWithMapsWhileKeysComeAndGo) {
  constexpr std::uint64_t kSeed = 31;
  std::mt19937_64 dice(kSeed);
  KeyedRecords records({type_of(TypeKind::kBigint)});
  std::map<std::int64_t, std::string> texts;
  std::set<std::pair<std::int64_t, std::int64_t>> timers;  // Time, key.
  std::uint32_t compactions = 0;
  for (std::int64_t step = 0; step < 60'000; ++step) {
    const std::int64_t key = step / 4 + static_cast<std::int64_t>(dice() % 100);
    const GroupId id = id_of(records, key);
    ASSERT_EQ(records.get(id), texts.contains(key) ? texts[key] : "");
    if (dice() % 3 == 0) {
      records.put(id, {});
      texts.erase(key);
    } else {
      texts[key] = std::string(1 + dice() % 60, static_cast<char>('a' + step % 26));
      records.put(id, texts[key]);
    }
    const auto time = static_cast<std::int64_t>(dice() % 50) + step;
    records.set_timer(TimerKind::kEventTime, id, {time});
    timers.insert({time, key});
    while (timers.begin()->first < step) {
      const auto timer = records.first_timer(TimerKind::kEventTime);
      ASSERT_EQ(timer->time.micros, timers.begin()->first);
      const std::int64_t due = key_of(records, timer->id);
      ASSERT_EQ(timers.erase({timer->time.micros, due}), 1U);
      records.remove_timer(TimerKind::kEventTime, timer->id, timer->time);
      records.put(timer->id, {});
      texts.erase(due);
    }
    if (records.is_sparse()) {
      records.compact();
      ++compactions;
    }
    std::set<std::int64_t> live;
    if (step % 1000 == 0) {
      for (const auto& [at, each] : timers) {
        live.insert(each);
      }
      for (const auto& [each, text] : texts) {
        live.insert(each);
      }
      ASSERT_EQ(records.live(), live.size());
    }
  }
  EXPECT_GT(compactions, 2U);
}

}  // namespace
}  // namespace thalweg
