#include "runtime/partition_board.h"

#include <gtest/gtest.h>

namespace thalweg {
namespace {

// Hands out `count` blocks, then ends.
class CountedPartition final : public Partition {
 public:
  explicit CountedPartition(std::uint64_t count) : count_(count) {}
  std::string_view name() const override { return "counted"; }
  Result<Claim> claim(Block& block) override {
    if (next_ == count_) {
      return Claim::kEnd;
    }
    block.number = next_++;
    return Claim::kBlock;
  }

 private:
  const std::uint64_t count_;
  std::uint64_t next_ = 0;
};

using Answer = PartitionBoard::Answer;

Answer claim(PartitionBoard& board, Block& block, std::uint64_t requested = 0,
             std::uint64_t announced = 0) {
  const std::atomic<std::uint64_t> epoch{requested};
  return board.claim(epoch, announced, /*now_nanos=*/0, block).value();
}

TEST(PartitionBoardTest, TheWatermarkBeforeABlockWaitsForAllEarlierBlocks) {
  CountedPartition partition(3);
  PartitionBoard board(partition);
  Block blocks[3];
  for (Block& block : blocks) {
    ASSERT_EQ(claim(board, block), Answer::kBlock);
  }
  EXPECT_EQ(board.before(0), kStartOfTime);

  board.publish(2, EventTime{30});
  board.publish(1, EventTime{50});
  EXPECT_EQ(board.before(1), std::nullopt);
  EXPECT_EQ(board.before(2), std::nullopt);
  EXPECT_EQ(board.frontier(), kStartOfTime);

  board.publish(0, EventTime{10});
  EXPECT_EQ(board.before(1), EventTime{10});
  EXPECT_EQ(board.before(2), EventTime{50});
  EXPECT_EQ(board.frontier(), EventTime{50});
}

TEST(PartitionBoardTest, ABlockClaimedLaterStandsOnAllBeforeIt) {
  CountedPartition partition(3);
  PartitionBoard board(partition);
  Block block;
  ASSERT_EQ(claim(board, block), Answer::kBlock);
  board.publish(0, EventTime{10});
  board.release(0);
  ASSERT_EQ(claim(board, block), Answer::kBlock);
  EXPECT_EQ(board.before(1), EventTime{10});
  board.publish(1, EventTime{5});
  EXPECT_EQ(board.frontier(), EventTime{10});
  ASSERT_EQ(claim(board, block), Answer::kBlock);
  EXPECT_EQ(board.before(2), EventTime{10});
}

TEST(PartitionBoardTest, ReleasesInAnyOrder) {
  CountedPartition partition(3);
  PartitionBoard board(partition);
  Block block;
  for (int i = 0; i < 3; ++i) {
    ASSERT_EQ(claim(board, block), Answer::kBlock);
  }
  for (const std::uint64_t number : {0, 1, 2}) {
    board.publish(number, EventTime{static_cast<std::int64_t>(number)});
  }
  board.release(2);
  board.release(0);
  EXPECT_EQ(board.before(1), EventTime{0});
  board.release(1);
  EXPECT_EQ(claim(board, block), Answer::kEnd);
  EXPECT_TRUE(board.ended());
}

TEST(PartitionBoardTest, NoBlockIsClaimedBeforeTheBarrierIsAnnounced) {
  CountedPartition partition(2);
  PartitionBoard board(partition);
  Block block;
  EXPECT_EQ(claim(board, block, /*requested=*/1, /*announced=*/0), Answer::kBarrier);
  EXPECT_EQ(claim(board, block, /*requested=*/1, /*announced=*/1), Answer::kBlock);
  EXPECT_EQ(block.number, 0u);
}

// Has nothing to say but what it is given.
class LivePartition final : public Partition {
 public:
  std::string_view name() const override { return "live"; }
  Result<Claim> claim(Block& block) override {
    if (blocks == 0) {
      return Claim::kNothingYet;
    }
    --blocks;
    block.number = next_++;
    return Claim::kBlock;
  }

  std::uint64_t blocks = 0;

 private:
  std::uint64_t next_ = 0;
};

TEST(PartitionBoardTest, SilenceGoesOnAfterARestartUnlessThereIsSomething) {
  const std::atomic<std::uint64_t> epoch{0};
  Block block;
  LivePartition silent;
  PartitionBoard first(silent);
  ASSERT_EQ(first.claim(epoch, 0, /*now_nanos=*/100, block).value(), Answer::kNothingYet);
  const PartitionBoard::Cut cut = first.cut(1, /*now_nanos=*/150);
  EXPECT_EQ(cut.silent_nanos, 50);

  // Nobody has asked yet whether there is something: it is not silent, and an epoch knows as much
  // as the one before. The clock may have begun anew.
  PartitionBoard second(silent);
  ASSERT_TRUE(second.resume(cut).ok());
  EXPECT_EQ(second.silent_since_nanos(), std::nullopt);
  EXPECT_EQ(second.cut(2, /*now_nanos=*/10).silent_nanos, 50);
  ASSERT_EQ(second.claim(epoch, 0, /*now_nanos=*/20, block).value(), Answer::kNothingYet);
  EXPECT_EQ(second.silent_since_nanos(), -30);
  EXPECT_EQ(second.cut(3, /*now_nanos=*/25).silent_nanos, 55);

  PartitionBoard third(silent);
  ASSERT_TRUE(third.resume(cut).ok());
  silent.blocks = 1;
  ASSERT_EQ(third.claim(epoch, 0, /*now_nanos=*/20, block).value(), Answer::kBlock);
  third.publish(block.number, kStartOfTime);
  third.release(block.number);
  EXPECT_EQ(third.cut(2, /*now_nanos=*/30).silent_nanos, 0);
  ASSERT_EQ(third.claim(epoch, 0, /*now_nanos=*/40, block).value(), Answer::kNothingYet);
  EXPECT_EQ(third.silent_since_nanos(), 40);
}

}  // namespace
}  // namespace thalweg
