#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "columnar/value.h"
#include "connectors/connector.h"
#include "connectors/nexmark_generator.h"
#include "env/fake_env.h"

namespace thalweg {
namespace {

using nexmark::Entity;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class NexmarkTest : public ::testing::Test {
 protected:
  Table table(std::map<std::string, std::string> options) {
    Table made;
    made.name = "events";
    made.connector = "nexmark";
    for (const OptionSpec& spec : connector_.info.options) {
      if (!spec.default_value.empty()) {
        made.options.set(std::string(spec.name), std::string(spec.default_value));
      }
    }
    for (const auto& [name, value] : options) {
      made.options.set(name, value);
    }
    const std::optional<Schema> own = connector_.info.own_schema(made.options);
    for (const Field& field : *own) {
      made.columns.push_back(
          {.field = field, .not_null = false, .computed = nullptr, .metadata = {}});
    }
    return made;
  }

  static std::uint32_t column(const Table& table, std::string_view name) {
    for (std::uint32_t i = 0; i < table.columns.size(); ++i) {
      if (table.columns[i].field.name == name) {
        return i;
      }
    }
    ADD_FAILURE() << name;
    return 0;
  }

  // The rows of these columns as text, read by readers in turn.
  std::vector<std::string> read(const Table& table, const std::vector<std::string>& names,
                                std::uint32_t rows_max, std::size_t readers_count) {
    std::vector<std::uint32_t> columns;
    for (const std::string& name : names) {
      columns.push_back(column(table, name));
    }
    auto source =
        std::move(connector_.make_source(world_, {.table = table, .columns = columns})).take();
    EXPECT_TRUE(source->open().ok());
    Partition& partition = *source->partitions().at(0);
    std::vector<std::unique_ptr<BlockReader>> readers;
    for (std::size_t i = 0; i < readers_count; ++i) {
      readers.push_back(source->make_reader());
    }
    std::vector<std::string> lines;
    Block block;
    while (partition.claim(block).value() == Claim::kBlock) {
      BlockReader& reader = *readers[block.number % readers_count];
      reader.begin(partition, block);
      DecodedRows rows;
      while (reader.next(rows_max, rows)) {
        for (RowIndex row = 0; row < rows.rows; ++row) {
          std::string line;
          for (const Column& each : rows.columns) {
            line += (line.empty() ? "" : "|") + to_string(value_at(each, row));
          }
          lines.push_back(std::move(line));
        }
      }
    }
    return lines;
  }

  std::unique_ptr<Source> open(const Table& table) {
    static const std::vector<std::uint32_t> columns{0};
    auto source =
        std::move(connector_.make_source(world_, {.table = table, .columns = columns})).take();
    EXPECT_TRUE(source->open().ok());
    return source;
  }

  // The first column of all rows of up to so many blocks, as far as they are there now.
  static std::vector<std::int64_t> numbers(Source& source, std::size_t blocks_max = SIZE_MAX) {
    auto reader = source.make_reader();
    Partition& partition = *source.partitions().at(0);
    std::vector<std::int64_t> all;
    Block block;
    for (std::size_t i = 0; i < blocks_max && partition.claim(block).value() == Claim::kBlock;
         ++i) {
      reader->begin(partition, block);
      DecodedRows rows;
      while (reader->next(1000, rows)) {
        const auto piece = rows.columns.at(0).values<std::int64_t>();
        all.insert(all.end(), piece.begin(), piece.end());
      }
    }
    return all;
  }

  FakeEnv env_;
  StandardInput input_{env_};
  World world_{env_, input_};
  Connector connector_ = nexmark_connector();
};

TEST_F(NexmarkTest, TwoInHundredArePeopleSixAuctionsTheOthersBids) {
  const Table all = table({{"events", "5000"}});
  std::map<std::string, int> counts;
  for (const std::string& type : read(all, {"event_type"}, 4096, 1)) {
    ++counts[type];
  }
  EXPECT_EQ(counts["0"], 100);
  EXPECT_EQ(counts["1"], 300);
  EXPECT_EQ(counts["2"], 4600);
}

TEST_F(NexmarkTest, FlatTablesHoldTheEventsOfOneKind) {
  EXPECT_EQ(read(table({{"events", "5000"}, {"type", "person"}}), {"id"}, 7, 1).size(), 100u);
  EXPECT_EQ(read(table({{"events", "5000"}, {"type", "auction"}}), {"id"}, 7, 1).size(), 300u);
  EXPECT_EQ(read(table({{"events", "5000"}, {"type", "bid"}}), {"price"}, 7, 1).size(), 4600u);
}

TEST_F(NexmarkTest, AnEventIsTheSameWhoeverReadsItAndBesideWhatever) {
  const Table bids = table({{"events", "40000"}, {"type", "bid"}});

  const std::vector<std::string> alone = read(bids, {"auction"}, 4096, 1);
  const std::vector<std::string> wide = read(bids, {"auction", "bidder", "price", "extra"}, 7, 3);

  ASSERT_EQ(alone.size(), wide.size());
  for (std::size_t i = 0; i < alone.size(); ++i) {
    ASSERT_EQ(alone[i], wide[i].substr(0, wide[i].find('|')));
  }
  EXPECT_EQ(wide, read(bids, {"auction", "bidder", "price", "extra"}, 4096, 1));
}

TEST_F(NexmarkTest, AnotherSeedGivesOtherEvents) {
  EXPECT_NE(read(table({{"events", "100"}, {"type", "bid"}}), {"price"}, 64, 1),
            read(table({{"events", "100"}, {"type", "bid"}, {"seed", "2"}}), {"price"}, 64, 1));
}

TEST_F(NexmarkTest, EventTimeFollowsTheRate) {
  const Table events = table(
      {{"events", "5"}, {"rate", "1000"}, {"base_time", "2024-01-01 00:00:00"}, {"type", "all"}});

  EXPECT_THAT(
      read(events, {"dateTime"}, 64, 1),
      ElementsAre("2024-01-01 00:00:00.001", "2024-01-01 00:00:00.002", "2024-01-01 00:00:00.003",
                  "2024-01-01 00:00:00.004", "2024-01-01 00:00:00.005"));
}

TEST_F(NexmarkTest, DisorderMixesEventsWithinGroupsAndLosesNone) {
  nexmark::Generator ordered({.rate = 1000});
  nexmark::Generator mixed({.rate = 1000, .disorder = 100});
  std::set<std::uint64_t> ids;
  bool out_of_order = false;
  for (std::uint64_t i = 99; i < 1099; ++i) {
    const std::uint64_t id = mixed.event(i).id;
    ids.insert(id);
    out_of_order |= id != ordered.event(i).id;
    EXPECT_EQ((id - 1) / 100, (i + 1) / 100);
  }
  EXPECT_EQ(ids.size(), 1000u);
  EXPECT_TRUE(out_of_order);
}

TEST_F(NexmarkTest, HalfOfTheBidsGoToTheHotAuction) {
  int hot = 0;
  for (const std::string& auction :
       read(table({{"events", "50000"}, {"type", "bid"}}), {"auction"}, 4096, 1)) {
    hot += auction.ends_with("00") ? 1 : 0;
  }
  EXPECT_NEAR(hot / 46000.0, 0.505, 0.02);
}

TEST_F(NexmarkTest, PricesAreSpreadEvenlyOverTheirMagnitudes) {
  int cheap = 0;
  for (const std::string& price :
       read(table({{"events", "50000"}, {"type", "bid"}}), {"price"}, 4096, 1)) {
    const long value = std::stol(price);
    EXPECT_GE(value, 100);
    EXPECT_LE(value, 100'000'000);
    cheap += value < 10'000 ? 1 : 0;
  }
  EXPECT_NEAR(cheap / 46000.0, 1.0 / 3, 0.02);
}

TEST_F(NexmarkTest, OnlyTheRowOfTheEventsKindIsSet) {
  for (const std::string& line :
       read(table({{"events", "100"}}), {"event_type", "person", "auction", "bid"}, 16, 1)) {
    const int type = line[0] - '0';
    int set = 0;
    std::size_t place = 0;
    for (int entity = 0; entity < 3; ++entity) {
      const std::size_t begin = line.find('|', place) + 1;
      place = begin;
      const bool present = begin < line.size() && line[begin] == '(';
      EXPECT_EQ(present, entity == type) << line;
      set += present ? 1 : 0;
    }
    EXPECT_EQ(set, 1);
  }
}

TEST_F(NexmarkTest, ARowIsAboutAsLongAsTheBenchmarkSays) {
  std::size_t bytes = 0;
  const auto people =
      read(table({{"events", "50000"}, {"type", "person"}}),
           {"name", "emailAddress", "creditCard", "city", "state", "extra"}, 4096, 1);
  for (const std::string& person : people) {
    bytes += person.size() - 5 + 8;  // Without the separators, with the id.
  }
  EXPECT_NEAR(static_cast<double>(bytes) / static_cast<double>(people.size()), 200, 5);
}

TEST_F(NexmarkTest, LiveEventsComeByTheClock) {
  const Table live = table({{"rate", "1000"}, {"live", "true"}, {"type", "bid"}});
  const std::vector<std::uint32_t> columns{0};
  auto source =
      std::move(connector_.make_source(world_, {.table = live, .columns = columns})).take();
  ASSERT_TRUE(source->open().ok());
  EXPECT_FALSE(source->bounded());
  Partition& partition = *source->partitions()[0];
  Block block;

  EXPECT_EQ(partition.claim(block).value(), Claim::kNothingYet);
  env_.advance_micros(250'000);

  EXPECT_EQ(partition.claim(block).value(), Claim::kBlock);
  EXPECT_EQ(block.rows, 250u);
  EXPECT_EQ(partition.claim(block).value(), Claim::kNothingYet);
}

TEST_F(NexmarkTest, AColumnThatItDoesNotHaveIsRefusedByName) {
  Table bids = table({{"events", "10"}, {"type", "bid"}});
  bids.columns[0].field.name = "auctoin";
  const std::vector<std::uint32_t> columns{0};

  const auto refused = connector_.make_source(world_, {.table = bids, .columns = columns});

  EXPECT_THAT(refused.status().message(),
              HasSubstr("no column \"auctoin\"; it has auction, bidder"));
}

TEST_F(NexmarkTest, ReadingGoesOnWithTheNextEvent) {
  const Table people = table({{"events", "40000"}, {"type", "person"}});
  const std::vector<std::int64_t> whole = numbers(*open(people));
  auto first = open(people);
  EXPECT_TRUE(first->can_resume());
  std::vector<std::int64_t> pieces = numbers(*first, 2);
  const ReadPosition place = first->partitions()[0]->position();
  EXPECT_EQ(place.position, 2 * 8192);

  auto second = open(people);
  ASSERT_TRUE(second->partitions()[0]->resume(place).ok());
  EXPECT_EQ(second->partitions()[0]->position(), place);
  const std::vector<std::int64_t> rest = numbers(*second);
  pieces.insert(pieces.end(), rest.begin(), rest.end());
  EXPECT_EQ(pieces, whole);

  auto other = open(table({{"events", "40000"}, {"type", "person"}, {"seed", "2"}}));
  EXPECT_THAT(other->partitions()[0]->resume(place).message(), HasSubstr("seed"));
}

TEST_F(NexmarkTest, ALiveStreamKeepsItsBeginningAndItsPace) {
  const Table bids = table({{"live", "true"}, {"rate", "1000"}, {"type", "bid"}});
  const auto time_column = [](Table made, std::uint32_t column) {
    std::swap(made.columns[0], made.columns[column]);
    return made;
  };
  const Table by_time = time_column(bids, column(bids, "dateTime"));
  auto first = open(by_time);
  EXPECT_TRUE(numbers(*first).empty());
  env_.advance_micros(1'000'000);
  const std::vector<std::int64_t> before = numbers(*first);
  ASSERT_FALSE(before.empty());
  const ReadPosition place = first->partitions()[0]->position();
  EXPECT_EQ(place.position, 1000);
  env_.advance_micros(3'600'000'000);

  auto second = open(by_time);
  ASSERT_TRUE(second->partitions()[0]->resume(place).ok());
  EXPECT_TRUE(numbers(*second).empty());
  env_.advance_micros(1'000'000);
  const std::vector<std::int64_t> after = numbers(*second);
  EXPECT_EQ(second->partitions()[0]->position().position, 2000);
  ASSERT_FALSE(after.empty());
  EXPECT_GT(after.front(), before.back());
  EXPECT_LE(after.front(), before.back() + 10'000);
}

}  // namespace
}  // namespace thalweg
