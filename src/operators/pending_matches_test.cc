#include "operators/pending_matches.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/random_cases.h"
#include "operators/pattern_fixture.h"

namespace thalweg {
namespace {

using namespace fixture;
using Kind = RowPattern::Kind;

const std::vector<std::string> kNames{"A", "B", "C"};

struct Match {
  std::size_t first = 0;
  MatchedRows rows;
  friend bool operator==(const Match&, const Match&) = default;
};

// What matches at each row, whatever else does.
std::vector<Match> expected_of(const RowPattern& pattern, const std::vector<PatternRow>& rows) {
  ReferenceMatcher reference(pattern, rows, 0);
  std::vector<Match> matches;
  for (std::size_t first = 0; first < rows.size(); ++first) {
    if (const auto match = reference.match_at(first)) {
      matches.push_back({first, *match});
    }
  }
  return matches;
}

const RowStore kNoRows({});
RowSource no_source() { return {.store = kNoRows, .batch = {}}; }

void add(PendingMatches& pending, RowIndex row, VariableSet can_be) {
  const PendingMatches::NewRow added{
      .id = 0, .ref = RowRef::in_batch(row), .can_be = can_be, .time = 0};
  pending.add({&added, 1}, no_source());
}

std::vector<Match> found_of(PendingMatches& pending, const std::vector<PatternRow>& rows) {
  std::vector<Match> matches;
  std::vector<std::uint32_t> places;
  const auto settle = [&](bool at_end) {
    while (pending.size(0) > 0) {
      const PendingMatches::Outcome outcome = pending.first_match(0);
      if (!outcome.certain && !at_end) {
        return;
      }
      if (outcome.matches) {
        Match& match = matches.emplace_back();
        match.first = pending.rows(0)[0].ref.number;
        if (outcome.rows > 0) {
          pending.trace(0, outcome.rows, no_source(), places);
          for (const std::uint32_t place : places) {
            match.rows.push_back(pending.place(place).variable);
          }
        }
      }
      pending.drop_first(0);
    }
  };
  for (std::size_t i = 0; i < rows.size(); ++i) {
    add(pending, static_cast<RowIndex>(i), rows[i].can_be);
    settle(false);
  }
  settle(true);
  return matches;
}

void expect_right(const RowPattern& pattern, PendingMatches& pending,
                  const std::vector<PatternRow>& rows) {
  const std::vector<Match> found = found_of(pending, rows);
  const std::vector<Match> expected = expected_of(pattern, rows);
  if (found == expected) {
    return;
  }
  std::string word;
  for (const PatternRow& row : rows) {
    word += ' ' + std::to_string(row.can_be);
  }
  std::string matches;
  for (const auto* each : {&found, &expected}) {
    matches += each == &found ? "found" : "\nexpected";
    for (const Match& match : *each) {
      matches += ' ' + std::to_string(match.first) + ':';
      for (const std::uint32_t variable : match.rows) {
        matches += kNames[variable];
      }
    }
  }
  ADD_FAILURE() << to_string(pattern, kNames) << " over" << word << '\n' << matches;
}

PendingMatches pending_of(const RowPattern& pattern) {
  PendingMatches pending(*compile_pattern(pattern));
  pending.grow_to(1);
  return pending;
}

// All patterns of so many parts over A and B.
std::vector<RowPattern> patterns_of(int size) {
  if (size == 1) {
    return {variable_of(0), variable_of(1), RowPattern()};
  }
  std::vector<RowPattern> patterns;
  for (const RowPattern& part : patterns_of(size - 1)) {
    for (const bool reluctant : {false, true}) {
      patterns.push_back(repeat_of(part, 0, std::nullopt, reluctant));
      patterns.push_back(repeat_of(part, 1, std::nullopt, reluctant));
      patterns.push_back(repeat_of(part, 0, 1, reluctant));
      patterns.push_back(repeat_of(part, 0, 2, reluctant));
      patterns.push_back(repeat_of(part, 1, 2, reluctant));
    }
  }
  for (int left = 1; left < size; ++left) {
    for (const RowPattern& a : patterns_of(left)) {
      for (const RowPattern& b : patterns_of(size - left)) {
        patterns.push_back(parts_of(Kind::kSequence, {a, b}));
        patterns.push_back(parts_of(Kind::kChoice, {a, b}));
      }
    }
  }
  return patterns;
}

TEST(PendingMatchesTest, EveryPatternOfThreePartsMatchesEveryShortWordAsTheStandardSays) {
  std::uint64_t cases = 0;
  for (int size = 1; size <= 3; ++size) {
    for (const RowPattern& pattern : patterns_of(size)) {
      PendingMatches pending = pending_of(pattern);
      for (std::uint64_t length = 0; length <= 3; ++length) {
        for (std::uint64_t word = 0; word < std::uint64_t{1} << 2 * length; ++word) {
          std::vector<PatternRow> rows;
          for (std::uint64_t i = 0; i < length; ++i) {
            rows.push_back({.can_be = word >> 2 * i & 3});
          }
          expect_right(pattern, pending, rows);
          ++cases;
          ASSERT_FALSE(HasFailure());
        }
      }
    }
  }
  EXPECT_GT(cases, 50'000U);
}

TEST(PendingMatchesTest, LargerPatternsMatchRandomWordsAsTheStandardSays) {
  std::uint64_t matches = 0;
  for (std::uint64_t seed = 0; seed < random_cases(500) && !HasFailure(); ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 dice(seed);
    const RowPattern pattern = random_pattern(dice, 2 + static_cast<int>(dice() % 7), 3);
    PendingMatches pending = pending_of(pattern);
    for (int word = 0; word < 3; ++word) {
      std::vector<PatternRow> rows(dice() % 13);
      for (PatternRow& row : rows) {
        row.can_be = dice() % 8;
      }
      expect_right(pattern, pending, rows);
      matches += expected_of(pattern, rows).size();
    }
  }
  EXPECT_GT(matches, 1'000U);
}

TEST(PendingMatchesTest, RowsWithoutEndThatMayAllBeginAMatchGoOneWay) {
  const RowPattern pattern =
      parts_of(Kind::kSequence, {repeat_of(variable_of(0), 1, std::nullopt), variable_of(1)});
  PendingMatches pending = pending_of(pattern);
  constexpr std::uint32_t kRows = 50'000;
  for (std::uint32_t i = 0; i < kRows; ++i) {
    add(pending, i, 1);
    ASSERT_EQ(pending.ways(0), 1U);
  }
  EXPECT_EQ(pending.size(0), kRows);
  add(pending, kRows, 2);
  const PendingMatches::Outcome outcome = pending.first_match(0);
  EXPECT_TRUE(outcome.certain && outcome.matches);
  EXPECT_EQ(outcome.rows, kRows + 1);
}

TEST(PendingMatchesTest, ARowThatBeginsNothingIsNotKept) {
  const RowPattern pattern = parts_of(Kind::kSequence, {variable_of(0), variable_of(1)});
  PendingMatches pending = pending_of(pattern);
  add(pending, 0, 2);
  EXPECT_EQ(pending.size(0), 0U);
  add(pending, 1, 1);
  EXPECT_EQ(pending.size(0), 1U);
  EXPECT_FALSE(pending.first_match(0).certain);
}

// A, and the next row but those between that is B.
RowPattern later_b() {
  RowPattern gap;
  gap.kind = Kind::kGap;
  return parts_of(Kind::kSequence, {variable_of(0), gap, variable_of(1)});
}

TEST(PendingMatchesTest, RowsThatAreNothingThatMayComeNextArePassedOver) {
  PendingMatches pending = pending_of(later_b());
  add(pending, 0, 1);
  for (std::uint32_t i = 1; i < 100; ++i) {
    add(pending, i, 4);
    ASSERT_EQ(pending.size(0), 1U);  // They make no difference, and are not kept.
    ASSERT_FALSE(pending.first_match(0).certain);
  }
  add(pending, 100, 2);
  const PendingMatches::Outcome outcome = pending.first_match(0);
  EXPECT_TRUE(outcome.certain && outcome.matches);
  EXPECT_EQ(outcome.rows, 2U);
}

TEST(PendingMatchesTest, ARowThatIsPassedOverAndBeginsAMatchIsKept) {
  PendingMatches pending = pending_of(later_b());
  for (std::uint32_t i = 0; i < 3; ++i) {
    add(pending, i, 1);
    ASSERT_EQ(pending.size(0), i + 1);
    ASSERT_EQ(pending.ways(0), 1U);
  }
  add(pending, 3, 2);
  EXPECT_EQ(pending.first_match(0).rows, 4U);
  pending.drop_first(0);
  EXPECT_EQ(pending.first_match(0).rows, 3U);
}

TEST(PendingMatchesTest, StatesThatNoKeyIsInAreForgotten) {
  // The last eighteen rows are told apart by each of their letters.
  const auto any = [] { return parts_of(Kind::kChoice, {variable_of(0), variable_of(1)}); };
  const RowPattern pattern =
      parts_of(Kind::kSequence, {repeat_of(any(), 0, std::nullopt, true), variable_of(0),
                                 repeat_of(any(), 18, 18), variable_of(2)});
  PendingMatches pending = pending_of(pattern);
  std::mt19937_64 dice(1);
  std::size_t bytes_early = 0;
  for (int i = 0; i < 30'000; ++i) {
    add(pending, 0, 1 + dice() % 2);
    while (pending.size(0) > 40) {
      pending.drop_first(0);
    }
    bytes_early = i == 10'000 ? pending.memory_bytes() : bytes_early;
  }
  EXPECT_LT(pending.memory_bytes(), 2 * bytes_early);
}

TEST(PatternProgramTest, PatternsThatAreTooLargeAreNotCompiled) {
  const auto compiles = [](const RowPattern& pattern) {
    return compile_pattern(pattern).has_value();
  };
  EXPECT_TRUE(compiles(repeat_of(variable_of(0), 10'000, 10'000)));
  EXPECT_FALSE(compiles(repeat_of(variable_of(0), 0, 1'000'000)));
  EXPECT_FALSE(compiles(repeat_of(variable_of(0), UINT64_MAX, std::nullopt)));
  EXPECT_FALSE(compiles(repeat_of(RowPattern(), 0, UINT64_MAX)));
  const RowPattern thousand = repeat_of(variable_of(0), 1000, 1000);
  EXPECT_FALSE(compiles(repeat_of(thousand, 1000, 1000)));
  // Each place of 5,000 could be followed by every later one.
  EXPECT_FALSE(compiles(repeat_of(repeat_of(variable_of(0), 0, 1), 5000, 5000)));
}

TEST(PatternProgramTest, PatternsAreShownAsSqlWritesThem) {
  const RowPattern pattern = parts_of(
      Kind::kSequence,
      {repeat_of(parts_of(Kind::kChoice, {variable_of(0), parts_of(Kind::kSequence, {})}), 0, 2),
       repeat_of(variable_of(1), 1, std::nullopt, true)});
  EXPECT_EQ(to_string(pattern, kNames), "(A | ()){0,2} B+?");
  EXPECT_EQ(to_string(later_b(), kNames), "A ... B");
}

}  // namespace
}  // namespace thalweg
