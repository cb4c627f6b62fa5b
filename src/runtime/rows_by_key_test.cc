#include "runtime/rows_by_key.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "columnar/builder.h"

namespace thalweg {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// What an event says: the key, the rest of the row, and 1 or -1.
struct Event {
  std::int64_t key = 0;
  std::optional<std::string> rest;
  int change = 1;

  friend bool operator==(const Event&, const Event&) = default;
};

void PrintTo(const Event& event, std::ostream* out) {
  *out << (event.change > 0 ? "+" : "-") << event.key << " " << event.rest.value_or("NULL");
}

// The key is the second column.
DecodedRows rows_of(const std::vector<Event>& events, std::uint64_t first_offset = 0) {
  ColumnBuilder rests(type_of(TypeKind::kText));
  ColumnBuilder keys(type_of(TypeKind::kBigint));
  ColumnBuilder changes(type_of(TypeKind::kSmallint));
  for (const Event& event : events) {
    keys.append(event.key);
    changes.append(static_cast<std::int16_t>(event.change));
    if (event.rest) {
      rests.append_text(*event.rest);
    } else {
      rests.append_null();
    }
  }
  DecodedRows rows;
  rows.rows = static_cast<std::uint32_t>(events.size());
  rows.columns = {rests.finish(), keys.finish()};
  rows.changes = changes.finish();
  rows.first_offset = first_offset;
  return rows;
}

std::vector<Event> events_of(const DecodedRows& rows) {
  std::vector<Event> events;
  for (RowIndex row = 0; row < rows.rows; ++row) {
    const Column& rest = rows.columns[0];
    events.push_back(
        {.key = rows.columns[1].values<std::int64_t>()[row],
         .rest = rest.is_valid(row) ? std::optional(std::string(rest.text(row))) : std::nullopt,
         .change = rows.changes->values<std::int16_t>()[row]});
  }
  return events;
}

Schema columns() {
  return {{.name = "rest", .type = type_of(TypeKind::kText)},
          {.name = "key", .type = type_of(TypeKind::kBigint)}};
}

RowsByKey rows_by_key() { return {columns(), {1}}; }

TEST(RowsByKeyTest, TheRowThatCameGoesWhateverElseIsSaid) {
  RowsByKey rows = rows_by_key();
  DecodedRows batch = rows_of({{1, "a", 1}, {2, std::nullopt, 1}, {1, std::nullopt, -1}});
  rows.complete(batch);
  EXPECT_THAT(events_of(batch),
              ElementsAre(Event{1, "a", 1}, Event{2, std::nullopt, 1}, Event{1, "a", -1}));
  batch = rows_of({{2, "", -1}});
  rows.complete(batch);
  EXPECT_THAT(events_of(batch), ElementsAre(Event{2, std::nullopt, -1}));
}

TEST(RowsByKeyTest, AKeyThatComesAgainReplacesItsRow) {
  RowsByKey rows = rows_by_key();
  DecodedRows batch = rows_of({{1, "a", 1}, {1, "b", 1}});
  rows.complete(batch);
  EXPECT_THAT(events_of(batch), ElementsAre(Event{1, "a", 1}, Event{1, "a", -1}, Event{1, "b", 1}));
  EXPECT_THAT(batch.rejected, IsEmpty());
}

TEST(RowsByKeyTest, ARowThatGoesAndIsNotThereIsRejectedAtItsPlace) {
  RowsByKey rows = rows_by_key();
  DecodedRows batch = rows_of({{1, "a", 1}, {2, "b", -1}, {1, "a", -1}, {1, "a", -1}}, 100);
  rows.complete(batch);
  EXPECT_THAT(events_of(batch), ElementsAre(Event{1, "a", 1}, Event{1, "a", -1}));
  EXPECT_THAT(batch.offsets, ElementsAre(100, 102));
  ASSERT_EQ(batch.rejected.size(), 2u);
  EXPECT_EQ(batch.rejected[0].error, RowError::kNotThere);
  EXPECT_EQ(batch.rejected[0].offset, 101u);
  EXPECT_EQ(batch.rejected[1].offset, 103u);
}

// What each event does, one after the other.
class Model {
 public:
  void apply(const Event& event) {
    if (const auto found = rows_.find(event.key); found != rows_.end()) {
      said.push_back({event.key, found->second, -1});
      rows_.erase(found);
    } else {
      rejected += event.change < 0 ? 1 : 0;
    }
    if (event.change > 0) {
      said.push_back(event);
      rows_.emplace(event.key, event.rest);
    }
  }

  std::vector<Event> said;
  std::size_t rejected = 0;

 private:
  std::map<std::int64_t, std::optional<std::string>> rows_;
};

// Begins anew now and then, from what it has told of its changes.
class Lives {
 public:
  explicit Lives(std::mt19937& dice) : dice_(dice) { begin(); }

  RowsByKey& rows() { return *rows_; }

  void meddle() {
    if (dice_() % 3 != 0) {
      return;
    }
    StateChanges changes;
    while (rows_->state().next_changes(1 + dice_() % 4, changes)) {
      log_.push_back(changes);
    }
    if (dice_() % 2 == 0) {
      begin();
    }
  }

 private:
  void begin() {
    rows_ = std::make_unique<RowsByKey>(columns(), std::vector<std::uint32_t>{1});
    for (const StateChanges& changes : log_) {
      EXPECT_TRUE(rows_->state().apply(changes).ok());
    }
    rows_->state().note_changes();
    rows_->restored();
  }

  std::mt19937& dice_;
  std::unique_ptr<RowsByKey> rows_;
  std::vector<StateChanges> log_;
};

TEST(RowsByKeyTest, AnyEventsInAnyBatchesAndLivesGiveWhatTheyGiveOneByOne) {
  for (std::uint32_t seed = 1; seed <= 200; ++seed) {
    std::mt19937 dice(seed);
    Lives lives(dice);
    Model model;
    std::vector<Event> said;
    std::size_t rejected = 0;
    for (int batch = 0; batch < 20; ++batch) {
      std::vector<Event> events(dice() % 12);
      for (Event& event : events) {
        event = {.key = static_cast<std::int64_t>(dice() % 5),
                 .rest = std::string(dice() % 20, static_cast<char>('a' + dice() % 26)),
                 .change = dice() % 5 < 3 ? 1 : -1};
        event.rest = dice() % 6 == 0 ? std::nullopt : event.rest;
        model.apply(event);
      }
      DecodedRows decoded = rows_of(events);
      lives.rows().complete(decoded);
      lives.meddle();
      rejected += decoded.rejected.size();
      for (Event& event : events_of(decoded)) {
        said.push_back(std::move(event));
      }
    }
    EXPECT_EQ(said, model.said) << "seed " << seed;
    EXPECT_EQ(rejected, model.rejected) << "seed " << seed;
  }
}

}  // namespace
}  // namespace thalweg
