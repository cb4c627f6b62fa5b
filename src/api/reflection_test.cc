#include <gtest/gtest.h>

#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "thalweg/thalweg.h"

namespace thalweg {

namespace outer {
struct Named {
  int first_field;
  std::string second2;
  Timestamp _third;
};
}  // namespace outer

namespace {

struct One {
  std::int64_t only;
};

struct Everything {
  bool flag = false;
  std::int16_t small = 0;
  std::int32_t medium = 0;
  long large = 0;
  long long larger = 0;
  float single = 0;
  double twofold = 1.5;  // Defaults change nothing.
  std::string text = "unset";
  Timestamp time;
  std::optional<bool> maybe_flag;
  std::optional<std::int16_t> maybe_small;
  std::optional<std::int32_t> maybe_medium;
  std::optional<std::int64_t> maybe_large;
  std::optional<float> maybe_single;
  std::optional<double> maybe_twofold;
  std::optional<std::string> maybe_text;
  std::optional<Timestamp> maybe_time;
  friend bool operator==(const Everything&, const Everything&) = default;
};

struct Widest {
  int f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12;
  std::string f13, f14, f15, f16, f17, f18;
  std::optional<double> f19, f20, f21, f22, f23, f24;
};

template <typename T>
std::vector<std::string> names() {
  return {detail::field_names<T>.begin(), detail::field_names<T>.end()};
}

TEST(ReflectionTest, NamesAndNumberOfFields) {
  EXPECT_EQ(names<One>(), std::vector<std::string>{"only"});
  EXPECT_EQ(names<outer::Named>(), (std::vector<std::string>{"first_field", "second2", "_third"}));
  EXPECT_EQ(detail::field_count<Everything>, 17U);
  EXPECT_EQ(names<Everything>()[6], "twofold");
  EXPECT_EQ(detail::field_count<Widest>, 24U);
  EXPECT_EQ(names<Widest>().back(), "f24");
  EXPECT_EQ(names<Event>(), (std::vector<std::string>{"id", "time", "key", "data", "metadata"}));
}

TEST(ReflectionTest, NamesOfMembersAndTypes) {
  EXPECT_EQ(detail::name_of_value<&outer::Named::second2>(), "second2");
  EXPECT_EQ(detail::name_of_value<&Everything::maybe_large>(), "maybe_large");
  EXPECT_EQ(detail::name_of_type<outer::Named>(), "Named");
  EXPECT_EQ(detail::name_of_type<Everything>(), "Everything");
}

TEST(ReflectionTest, AStructOfAFunctionIsARowToo) {
  struct Local {
    std::string name;
    std::optional<Timestamp> seen;
  };
  EXPECT_EQ(names<Local>(), (std::vector<std::string>{"name", "seen"}));
  EXPECT_EQ(detail::name_of_type<Local>(), "Local");
  EXPECT_EQ(detail::name_of_value<&Local::seen>(), "seen");
}

TEST(ReflectionTest, KindsOfFields) {
  const std::vector<detail::FieldInfo> fields = detail::fields_of<Everything>();
  EXPECT_EQ(fields[0].kind, detail::FieldKind::kBoolean);
  EXPECT_EQ(fields[3].kind, detail::FieldKind::kBigint);
  EXPECT_EQ(fields[4].kind, detail::FieldKind::kBigint);
  EXPECT_EQ(fields[8].kind, detail::FieldKind::kTimestamp);
  EXPECT_FALSE(fields[7].nullable);
  EXPECT_TRUE(fields[15].nullable);
  EXPECT_EQ(fields[15].kind, detail::FieldKind::kText);
}

std::vector<Everything> rows_of_all_shapes() {
  constexpr std::int64_t kMin = std::numeric_limits<std::int64_t>::min();
  Everything extreme{.flag = true,
                     .small = -32768,
                     .medium = 2147483647,
                     .large = kMin,
                     .larger = std::numeric_limits<long long>::max(),
                     .single = -0.5F,
                     .twofold = 1e300,
                     .text = std::string("a\0b \xc3\xa9", 6),
                     .time = {-1},
                     .maybe_flag = false,
                     .maybe_small = 7,
                     .maybe_medium = -7,
                     .maybe_large = kMin,
                     .maybe_single = 0.25F,
                     .maybe_twofold = -1e-300,
                     .maybe_text = "",
                     .maybe_time = Timestamp{1}};
  std::vector<Everything> rows;
  for (int i = 0; i < 300; ++i) {
    rows.push_back(i % 3 == 0 ? Everything{} : extreme);
    rows.back().medium = i;
    if (i % 5 == 0) {
      rows.back().maybe_text = std::string(static_cast<std::size_t>(i), 'x');
    }
  }
  return rows;
}

// Through the columns and back: as they are, through a copy of each row, and chosen from.
TEST(ReflectionTest, RowsComeOutOfColumnsAsTheyWentIn) {
  const std::vector<Everything> rows = rows_of_all_shapes();
  std::vector<Everything> direct;
  std::vector<Everything> copied;
  std::vector<Everything> chosen;
  Pipeline pipeline("all-shapes");
  const auto source = pipeline.source(rows);
  source.sink([&](const Everything& row) { direct.push_back(row); });
  source.map([](const Everything& row) { return row; }).sink([&](const Everything& row) {
    copied.push_back(row);
  });
  source.filter([](const Everything& row) { return row.medium % 7 == 3; })
      .map([](const Everything& row) { return row; })
      .sink([&](const Everything& row) { chosen.push_back(row); });
  ASSERT_EQ(pipeline.run({.workers = 1}).outcome, Outcome::kDone);
  EXPECT_EQ(direct, rows);
  EXPECT_EQ(copied, rows);
  std::vector<Everything> expected;
  for (const Everything& row : rows) {
    if (row.medium % 7 == 3) {
      expected.push_back(row);
    }
  }
  EXPECT_EQ(chosen, expected);
}

}  // namespace
}  // namespace thalweg
