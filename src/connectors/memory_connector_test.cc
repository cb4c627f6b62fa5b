#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "columnar/builder.h"
#include "connectors/connector.h"
#include "env/fake_env.h"

namespace thalweg {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class MemoryConnectorTest : public ::testing::Test {
 protected:
  MemoryConnectorTest() {
    table_.name = "t";
    table_.connector = "memory";
    table_.memory = std::make_shared<MemoryRows>();
    for (const char* name : {"a", "b"}) {
      table_.columns.push_back({.field = {name, type_of(TypeKind::kBigint)},
                                .not_null = false,
                                .computed = nullptr,
                                .metadata = {}});
    }
  }

  // Rows (i, -i) for i in [begin, end).
  static Batch batch(std::int64_t begin, std::int64_t end) {
    ColumnBuilder a(type_of(TypeKind::kBigint));
    ColumnBuilder b(type_of(TypeKind::kBigint));
    for (std::int64_t i = begin; i < end; ++i) {
      a.append<std::int64_t>(i);
      b.append<std::int64_t>(-i);
    }
    Batch made;
    made.length = static_cast<std::uint32_t>(end - begin);
    made.columns = {a.finish(), b.finish()};
    return made;
  }

  void write(const std::vector<Batch>& batches, bool completed) {
    auto sink = std::move(connector_.make_sink(world_, {.table = table_, .key = {}})).take();
    ASSERT_TRUE(sink->open().ok());
    auto writer = sink->make_writer();
    for (const Batch& each : batches) {
      ASSERT_TRUE(writer->write(each).ok());
    }
    ASSERT_TRUE(writer->flush().ok());
    ASSERT_TRUE(sink->close(completed).ok());
  }

  std::unique_ptr<Source> open() {
    static const std::vector<std::uint32_t> columns{0};
    auto source =
        std::move(connector_.make_source(world_, {.table = table_, .columns = columns})).take();
    EXPECT_TRUE(source->open().ok());
    return source;
  }

  // The values of one column, in order.
  std::vector<std::int64_t> read(std::uint32_t column, std::uint32_t rows_max) {
    const std::vector<std::uint32_t> columns{column};
    auto source =
        std::move(connector_.make_source(world_, {.table = table_, .columns = columns})).take();
    EXPECT_TRUE(source->open().ok());
    Partition& partition = *source->partitions().at(0);
    auto reader = source->make_reader();
    std::vector<std::int64_t> values;
    Block block;
    while (partition.claim(block).value() == Claim::kBlock) {
      reader->begin(partition, block);
      DecodedRows rows;
      while (reader->next(rows_max, rows)) {
        EXPECT_LE(rows.rows, rows_max);
        EXPECT_EQ(static_cast<std::uint64_t>(block.position) + rows.first_offset, values.size());
        const auto piece = rows.columns.at(0).values<std::int64_t>();
        values.insert(values.end(), piece.begin(), piece.end());
      }
    }
    return values;
  }

  FakeEnv env_;
  StandardInput input_{env_};
  World world_{env_, input_};
  Connector connector_ = memory_connector();
  Table table_;
};

TEST_F(MemoryConnectorTest, RowsComeBackInOrderOfInsertion) {
  write({batch(0, 2), batch(2, 5)}, true);
  write({batch(5, 6)}, true);

  EXPECT_THAT(read(0, 4096), ElementsAre(0, 1, 2, 3, 4, 5));
  EXPECT_THAT(read(1, 2), ElementsAre(0, -1, -2, -3, -4, -5));
}

TEST_F(MemoryConnectorTest, OnlySelectedRowsAreStored) {
  write({batch(0, 5).select({1, 3})}, true);

  EXPECT_THAT(read(0, 4096), ElementsAre(1, 3));
}

TEST_F(MemoryConnectorTest, AFailedStatementLeavesTheTableAsItWas) {
  write({batch(0, 2)}, true);
  write({batch(2, 4)}, false);

  EXPECT_THAT(read(0, 4096), ElementsAre(0, 1));
}

TEST_F(MemoryConnectorTest, ManyRowsCrossBlocksAndBatches) {
  std::vector<Batch> batches;
  for (std::int64_t i = 0; i < 30; ++i) {
    batches.push_back(batch(i * 3001, (i + 1) * 3001));
  }
  write(batches, true);

  const std::vector<std::int64_t> values = read(0, 1000);

  ASSERT_EQ(values.size(), 90'030u);
  for (std::size_t i = 0; i < values.size(); ++i) {
    ASSERT_EQ(values[i], static_cast<std::int64_t>(i));
  }
}

TEST_F(MemoryConnectorTest, ReadingCopiesNoValues) {
  write({batch(0, 5000)}, true);
  const std::vector<std::uint32_t> columns{0};
  auto source =
      std::move(connector_.make_source(world_, {.table = table_, .columns = columns})).take();
  ASSERT_TRUE(source->open().ok());
  Block block;
  ASSERT_EQ(source->partitions()[0]->claim(block).value(), Claim::kBlock);
  auto reader = source->make_reader();
  reader->begin(*source->partitions()[0], block);
  DecodedRows rows;
  ASSERT_TRUE(reader->next(100, rows));
  ASSERT_TRUE(reader->next(100, rows));

  EXPECT_EQ(rows.columns[0].raw_values(),
            table_.memory->batches[0].columns[0].raw_values() + 100 * sizeof(std::int64_t));
}

TEST_F(MemoryConnectorTest, ReadingGoesOnWhereItStoodWhateverTheBatches) {
  write({batch(0, 10'000), batch(10'000, 50'000)}, true);
  auto first = open();
  EXPECT_TRUE(first->can_resume());
  Block block;
  ASSERT_EQ(first->partitions()[0]->claim(block).value(), Claim::kBlock);
  ASSERT_EQ(first->partitions()[0]->claim(block).value(), Claim::kBlock);
  const ReadPosition place = first->partitions()[0]->position();
  table_.memory = std::make_shared<MemoryRows>();
  write({batch(0, 45'000), batch(45'000, 50'000)}, true);

  auto second = open();
  const Status resumed = second->partitions()[0]->resume(place);
  ASSERT_TRUE(resumed.ok()) << resumed.message();
  EXPECT_EQ(second->partitions()[0]->position(), place);
  ASSERT_EQ(second->partitions()[0]->claim(block).value(), Claim::kBlock);
  EXPECT_EQ(block.position, 2 * 16 * 1024);
  EXPECT_EQ(block.number, 0u);
}

TEST_F(MemoryConnectorTest, ReadingDoesNotGoOnInOtherRows) {
  write({batch(0, 50'000)}, true);
  auto first = open();
  Block block;
  ASSERT_EQ(first->partitions()[0]->claim(block).value(), Claim::kBlock);
  const ReadPosition place = first->partitions()[0]->position();

  table_.memory = std::make_shared<MemoryRows>();
  write({batch(0, 100), batch(101, 100'000)}, true);
  EXPECT_FALSE(open()->partitions()[0]->resume(place).ok());
  table_.memory = std::make_shared<MemoryRows>();
  write({batch(0, 100)}, true);
  EXPECT_FALSE(open()->partitions()[0]->resume(place).ok());
}

TEST_F(MemoryConnectorTest, AnEmptyTableEndsAtOnce) { EXPECT_THAT(read(0, 10), IsEmpty()); }

}  // namespace
}  // namespace thalweg
