#include "operators/process.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "columnar/builder.h"
#include "stream/collecting_emitter.h"

namespace thalweg {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

Column bigints(const std::vector<std::int64_t>& values) {
  ColumnBuilder builder(type_of(TypeKind::kBigint));
  for (const std::int64_t value : values) {
    builder.append<std::int64_t>(value);
  }
  return builder.finish();
}

// Rows with event time 10 times their value.
Batch batch(const std::vector<std::int64_t>& values) {
  Batch made;
  made.length = static_cast<std::uint32_t>(values.size());
  made.columns = {bigints(values)};
  std::vector<std::int64_t> times;
  for (const std::int64_t value : values) {
    times.push_back(value * 10);
  }
  set_event_time(made, bigints(times).with_type(type_of(TypeKind::kTimestamp)));
  return made;
}

// As many copies of each value as it says, numbered; refuses negative ones.
class Repeat final : public RowFunction {
 public:
  RowsMade apply(const Batch& input) override {
    RowsMade made;
    std::vector<std::int64_t> values;
    for (std::uint32_t i = 0; i < input.num_rows(); ++i) {
      const RowIndex row = input.row(i);
      const std::int64_t value = input.columns[0].values<std::int64_t>()[row];
      if (value < 0) {
        made.refused.push_back(row);
      }
      for (std::int64_t copy = 0; copy < value; ++copy) {
        values.push_back(value * 100 + copy);
        made.origins.push_back(row);
      }
    }
    made.columns = {bigints(values)};
    return made;
  }
};

class Odd final : public RowFunction {
 public:
  RowsMade apply(const Batch& input) override {
    RowsMade made;
    for (std::uint32_t i = 0; i < input.num_rows(); ++i) {
      if (input.columns[0].values<std::int64_t>()[input.row(i)] % 2 != 0) {
        made.origins.push_back(input.row(i));
      }
    }
    return made;
  }
};

std::vector<std::int64_t> values(const Batch& made) {
  const auto all = made.columns[0].values<std::int64_t>();
  std::vector<std::int64_t> existing;
  for (std::uint32_t i = 0; i < made.num_rows(); ++i) {
    existing.push_back(all[made.row(i)]);
  }
  return existing;
}

TEST(ProcessTest, ARowBecomesNoneOneOrManyWithItsEventTime) {
  CollectingEmitter out;
  const auto op = make_process({.function = std::make_unique<Repeat>()});

  ASSERT_TRUE(op->process(0, batch({1, 0, 2}), out).ok());

  ASSERT_EQ(out.batches.size(), 1u);
  EXPECT_THAT(values(out.batches[0]), ElementsAre(100, 200, 201));
  EXPECT_THAT(out.batches[0].event_time->values<std::int64_t>(), ElementsAre(10, 20, 20));
}

TEST(ProcessTest, OnlySelectedRowsAreSeen) {
  CollectingEmitter out;
  const auto op = make_process({.function = std::make_unique<Repeat>()});

  ASSERT_TRUE(op->process(0, batch({1, 2, 1}).select({0, 2}), out).ok());

  EXPECT_THAT(values(out.batches.at(0)), ElementsAre(100, 100));
}

TEST(ProcessTest, RefusedRowsAreRejectedAndTheOthersGoOn) {
  CollectingEmitter out;
  const auto op = make_process({.function = std::make_unique<Repeat>()});

  ASSERT_TRUE(op->process(0, batch({-1, 1}), out).ok());

  EXPECT_EQ(out.rejected.size(), 1u);
  EXPECT_THAT(values(out.batches.at(0)), ElementsAre(100));
}

TEST(ProcessTest, ChosenRowsPassAsTheyAre) {
  CollectingEmitter out;
  const auto op = make_process({.function = std::make_unique<Odd>(), .yields = Yields::kItsRows});

  ASSERT_TRUE(op->process(0, batch({1, 2, 3}), out).ok());
  ASSERT_TRUE(op->process(0, batch({2}), out).ok());

  ASSERT_EQ(out.batches.size(), 1u);
  EXPECT_THAT(values(out.batches[0]), ElementsAre(1, 3));
}

// Each row's column once more, but of negative ones.
class Twice final : public RowFunction {
 public:
  RowsMade apply(const Batch& input) override {
    RowsMade made;
    std::vector<std::int64_t> again;
    for (std::uint32_t i = 0; i < input.num_rows(); ++i) {
      const RowIndex row = input.row(i);
      const std::int64_t value = input.columns[0].values<std::int64_t>()[row];
      (value < 0 ? made.refused : made.origins).push_back(row);
      if (value >= 0) {
        again.push_back(2 * value);
      }
    }
    made.columns = {bigints(again)};
    return made;
  }
};

TEST(ProcessTest, ColumnsGoBehindThoseOfTheRow) {
  CollectingEmitter out;
  const auto op = make_process({.function = std::make_unique<Twice>(), .yields = Yields::kColumns});

  ASSERT_TRUE(op->process(0, batch({1, 2}), out).ok());
  ASSERT_TRUE(op->process(0, batch({1, -1, 3}), out).ok());
  ASSERT_TRUE(op->process(0, batch({1, 2, 3}).select({0, 2}), out).ok());

  ASSERT_EQ(out.batches.size(), 3u);
  const std::vector<std::int64_t> expected[] = {{1, 2}, {1, 3}, {1, 3}};
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(values(out.batches[i]), expected[i]);
    ASSERT_EQ(out.batches[i].columns.size(), 2u);
    EXPECT_THAT(out.batches[i].columns[1].values<std::int64_t>(),
                ElementsAre(2 * expected[i][0], 2 * expected[i][1]));
  }
  EXPECT_EQ(out.rejected.size(), 1u);
}

TEST(ProcessTest, NoRowsGiveNothing) {
  CollectingEmitter out;
  const auto op = make_process({.function = std::make_unique<Repeat>()});

  ASSERT_TRUE(op->process(0, batch({0}), out).ok());

  EXPECT_THAT(out.batches, IsEmpty());
}

}  // namespace
}  // namespace thalweg
