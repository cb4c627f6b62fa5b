#include "connectors/block_cutter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "env/fake_env.h"

namespace thalweg {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::Le;
using ::testing::SizeIs;

class LineFramer final : public Framer {
 public:
  std::size_t whole_rows(std::string_view bytes) override { return bytes.rfind('\n') + 1; }
};

std::string_view text_of(const Block& block) {
  return {reinterpret_cast<const char*>(block.bytes->data()), block.size};
}

class BlockCutterTest : public ::testing::Test {
 protected:
  BlockCutter cutter(CutterLimits limits) { return {std::make_unique<LineFramer>(), limits}; }

  std::unique_ptr<InputFile> file(const std::string& text) {
    env_.put("f", text);
    return std::move(env_.open_input("f")).take();
  }

  // All blocks up to the end.
  std::vector<Block> cut_all(BlockCutter& cutter) {
    std::vector<Block> blocks;
    Block block;
    while (cutter.next(false, block).value() == Claim::kBlock) {
      blocks.push_back(block);
    }
    return blocks;
  }

  FakeEnv env_;
};

std::vector<std::string> texts(const std::vector<Block>& blocks) {
  std::vector<std::string> all;
  for (const Block& block : blocks) {
    all.emplace_back(text_of(block));
  }
  return all;
}

TEST_F(BlockCutterTest, BlocksAreWholeRowsWithTheirPlaces) {
  BlockCutter cut = cutter({.block_bytes = 8, .row_bytes = 100});
  cut.start(file("ab\ncd\nefghij\nk\n"));

  const std::vector<Block> blocks = cut_all(cut);

  EXPECT_THAT(texts(blocks), ElementsAre("ab\ncd\n", "efghij\n", "k\n"));
  EXPECT_EQ(blocks[0].position, 0);
  EXPECT_EQ(blocks[1].position, 6);
  EXPECT_EQ(blocks[2].position, 13);
  EXPECT_EQ(blocks[2].number, 2u);
  EXPECT_TRUE(blocks[0].first);
  EXPECT_FALSE(blocks[1].first);
}

TEST_F(BlockCutterTest, EveryByteComesOnceWhateverTheBlockSize) {
  std::string input;
  for (int row = 0; row < 500; ++row) {
    input += std::string(static_cast<std::size_t>(row % 37), 'x') + "\n";
  }
  for (const std::size_t size : {37u, 40u, 64u, 1000u, 1u << 20}) {
    BlockCutter cut = cutter({.block_bytes = size, .row_bytes = 1 << 20});
    cut.start(file(input));

    const std::vector<std::string> pieces = texts(cut_all(cut));

    std::string joined;
    for (const std::string& piece : pieces) {
      joined += piece;
    }
    EXPECT_EQ(joined, input) << size;
    EXPECT_THAT(pieces, Each(SizeIs(Le(size)))) << size;
  }
}

TEST_F(BlockCutterTest, TheLastRowNeedsNoEnd) {
  BlockCutter cut = cutter({});
  cut.start(file("ab\ncd"));

  EXPECT_THAT(texts(cut_all(cut)), ElementsAre("ab\ncd"));
}

TEST_F(BlockCutterTest, AnEmptyInputHasNoBlocks) {
  BlockCutter cut = cutter({});
  cut.start(file(""));

  EXPECT_THAT(cut_all(cut), SizeIs(0));
}

TEST_F(BlockCutterTest, AFollowedFileGoesOnAndAnUnfinishedRowWaits) {
  BlockCutter cut = cutter({});
  cut.start(file("ab\nc"));
  Block block;

  EXPECT_EQ(cut.next(true, block).value(), Claim::kBlock);
  EXPECT_EQ(text_of(block), "ab\n");
  EXPECT_EQ(cut.next(true, block).value(), Claim::kNothingYet);
  env_.append("f", "d\n");

  EXPECT_EQ(cut.next(true, block).value(), Claim::kBlock);
  EXPECT_EQ(text_of(block), "cd\n");
  EXPECT_EQ(block.position, 3);
}

TEST_F(BlockCutterTest, AFollowedFileThatIsReplacedEndsWithWhatWasReadOfIt) {
  for (const std::string_view anew : {"", "x\n", "xx\ncd\nef\n"}) {
    BlockCutter cut = cutter({});
    cut.start(file("ab\nc"));
    Block block;
    EXPECT_EQ(cut.next(true, block).value(), Claim::kBlock);
    EXPECT_EQ(cut.next(true, block).value(), Claim::kNothingYet);
    EXPECT_FALSE(cut.replaced());
    env_.put("f", std::string(anew));

    EXPECT_EQ(cut.next(true, block).value(), Claim::kBlock);
    EXPECT_EQ(text_of(block), "c");
    EXPECT_EQ(cut.next(true, block).value(), Claim::kEnd);
    EXPECT_TRUE(cut.replaced());
  }
}

TEST_F(BlockCutterTest, ALongRowOfAFileThatIsReplacedIsGone) {
  BlockCutter cut = cutter({.block_bytes = 4, .row_bytes = 8});
  cut.start(file(std::string(100, 'x')));
  Block block;
  EXPECT_EQ(cut.next(true, block).value(), Claim::kBlock);
  EXPECT_TRUE(block.too_long);
  EXPECT_EQ(cut.next(true, block).value(), Claim::kNothingYet);
  env_.put("f", "a\n");
  EXPECT_EQ(cut.next(true, block).value(), Claim::kEnd);
  EXPECT_TRUE(cut.replaced());

  cut.start(env_.open_input("f").take());

  EXPECT_EQ(cut.next(true, block).value(), Claim::kBlock);
  EXPECT_EQ(text_of(block), "a\n");
  EXPECT_TRUE(block.first);
}

TEST_F(BlockCutterTest, ARowLongerThanABlockMakesTheBlockLarger) {
  BlockCutter cut = cutter({.block_bytes = 4, .row_bytes = 100});
  cut.start(file("a\nlonger row\nb\n"));

  EXPECT_THAT(texts(cut_all(cut)), ElementsAre("a\n", "longer row\nb\n"));
}

TEST_F(BlockCutterTest, ARowOverTheLimitIsHandedOverAsSuchAndTheOthersComeOut) {
  for (const std::string_view end : {"\nb\nc\n", "\n", ""}) {
    BlockCutter cut = cutter({.block_bytes = 4, .row_bytes = 8});
    cut.start(file("a\n" + std::string(1000, 'x') + std::string(end)));

    const std::vector<Block> blocks = cut_all(cut);

    ASSERT_GE(blocks.size(), 2u);
    EXPECT_EQ(text_of(blocks[0]), "a\n");
    EXPECT_TRUE(blocks[1].too_long);
    EXPECT_EQ(blocks[1].position, 2);
    EXPECT_EQ(text_of(blocks[1]), "xxxxxxxx");
    std::string rest;
    for (std::size_t i = 2; i < blocks.size(); ++i) {
      EXPECT_FALSE(blocks[i].too_long);
      rest += text_of(blocks[i]);
    }
    EXPECT_EQ(rest, end.substr(std::min<std::size_t>(1, end.size())));
  }
}

TEST_F(BlockCutterTest, APipeHandsOnWhatIsThere) {
  env_.say("a\nb\nc");
  env_.say("d\n");
  env_.keep_input_open(true);
  BlockCutter cut = cutter({});
  cut.start(env_.standard_input());
  Block block;

  EXPECT_EQ(cut.next(false, block).value(), Claim::kBlock);
  EXPECT_EQ(text_of(block), "a\nb\n");
  EXPECT_EQ(cut.next(false, block).value(), Claim::kBlock);
  EXPECT_EQ(text_of(block), "cd\n");
  EXPECT_EQ(cut.next(false, block).value(), Claim::kNothingYet);
  env_.keep_input_open(false);

  EXPECT_EQ(cut.next(false, block).value(), Claim::kEnd);
}

TEST_F(BlockCutterTest, AnotherInputGoesOnWithThePositions) {
  BlockCutter cut = cutter({});
  cut.start(file("a\nb"));
  EXPECT_THAT(texts(cut_all(cut)), ElementsAre("a\nb"));
  cut.start(file("c\n"));

  const std::vector<Block> blocks = cut_all(cut);

  EXPECT_THAT(texts(blocks), ElementsAre("c\n"));
  EXPECT_EQ(blocks[0].position, 3);
  EXPECT_EQ(blocks[0].number, 1u);
  EXPECT_TRUE(blocks[0].first);
}

}  // namespace
}  // namespace thalweg
