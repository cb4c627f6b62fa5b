#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <random>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "api/pipeline_fixture.h"
#include "base/random_cases.h"
#include "thalweg/thalweg.h"

// Patterns of rows in C++: by hand, and against every way of matching random words.
namespace thalweg {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using namespace std::chrono_literals;

// A letter of a word, a second behind the one before it.
struct Letter {
  std::string letter;
  std::int64_t number;
  Timestamp time;
};

struct Found {
  std::string rows;
};

auto is(char letter) {
  return [letter](const Letter& row) { return row.letter[0] == letter; };
}
auto is_any(std::string letters) {
  return [letters](const Letter& row) { return letters.find(row.letter[0]) != std::string::npos; };
}

std::vector<Letter> letters_of(const std::string& word) {
  std::vector<Letter> rows;
  for (std::size_t i = 0; i < word.size(); ++i) {
    rows.push_back({.letter = std::string(1, word[i]),
                    .number = static_cast<std::int64_t>(i),
                    .time = {static_cast<std::int64_t>(i) * kSecond}});
  }
  return rows;
}

// The numbers of a match's rows, by step: "a=0,2 b=3".
Found told(const Match<Letter>& match) {
  Found found;
  for (const char* const step : {"a", "b", "c", "d"}) {
    try {
      std::string numbers;
      for (const Letter& row : match.rows(step)) {
        numbers += (numbers.empty() ? "" : ",") + std::to_string(row.number);
      }
      found.rows += (found.rows.empty() ? "" : " ") + std::string(step) + "=" + numbers;
    } catch (const std::invalid_argument&) {
      break;  // The pattern has fewer steps.
    }
  }
  return found;
}

std::vector<std::string> matches_of(const Pattern<Letter>& pattern, const std::string& word) {
  std::vector<std::string> matches;
  Pipeline pipeline("word");
  pipeline.source(letters_of(word))
      .event_time<&Letter::time>(ascending())
      .match(pattern, told)
      .sink([&](const Found& found) { matches.push_back(found.rows); });
  const RunReport report = pipeline.run({.workers = 1});
  EXPECT_EQ(report.outcome, Outcome::kDone) << report.problems[0].text;
  return matches;
}

Pattern<Letter> a() { return pattern<Letter>().begin("a").where(is('a')); }

TEST(PipelineMatchTest, StepsThatFollowAtOnceOrLater) {
  const auto at_once = a().then("b").where(is('b'));
  EXPECT_THAT(matches_of(at_once, "abaxbab"), ElementsAre("a=0 b=1", "a=5 b=6"));
  const auto later = a().followed_by("b").where(is('b'));
  EXPECT_THAT(matches_of(later, "axxbaab"), ElementsAre("a=0 b=3", "a=4 b=6"));
  EXPECT_THAT(matches_of(later, "axx"), IsEmpty());
  EXPECT_THAT(matches_of(later, "bx"), IsEmpty());
  const auto three = a().followed_by("b").where(is('b')).then("c").where(is('c'));
  EXPECT_THAT(matches_of(three, "axbc"), ElementsAre("a=0 b=2 c=3"));
  // The first b is the one; what follows it is no c.
  EXPECT_THAT(matches_of(three, "axbxbc"), IsEmpty());
}

TEST(PipelineMatchTest, AStepWithoutConditionTakesAnyRow) {
  EXPECT_THAT(matches_of(a().followed_by("b"), "axb"), ElementsAre("a=0 b=1"));
  EXPECT_THAT(matches_of(pattern<Letter>().begin("a"), "xy"), ElementsAre("a=0", "a=1"));
}

TEST(PipelineMatchTest, OfSeveralConditionsAllAreTrue) {
  const auto pattern = a().where([](const Letter& row) { return row.number > 0; });
  EXPECT_THAT(matches_of(pattern, "aba"), ElementsAre("a=2"));
}

TEST(PipelineMatchTest, RepeatedStepsPassOverWhatTheyAreNot) {
  EXPECT_THAT(matches_of(a().times(2), "axaaxxa"), ElementsAre("a=0,2", "a=3,6"));
  EXPECT_THAT(matches_of(a().times(2).consecutive(), "axaaxxaa"), ElementsAre("a=2,3", "a=6,7"));
  const auto failed = a().times(3).followed_by("b").where(is('b'));
  EXPECT_THAT(matches_of(failed, "aaab"), ElementsAre("a=0,1,2 b=3"));
  EXPECT_THAT(matches_of(failed, "aabab"), ElementsAre("a=0,1,3 b=4"));
  // The fourth a is passed over, as is what is neither.
  EXPECT_THAT(matches_of(failed, "axaaab"), ElementsAre("a=0,2,3 b=5"));
  EXPECT_THAT(matches_of(failed, "aab"), IsEmpty());
}

TEST(PipelineMatchTest, MoreRowsArePreferredUnlessReluctant) {
  const auto more = a().one_or_more().followed_by("b").where(is('b'));
  EXPECT_THAT(matches_of(more, "aaxabab"), ElementsAre("a=0,1,3 b=4", "a=5 b=6"));
  // A row that can be both is an a where that leads to a match, and the b where it does not.
  const auto either = pattern<Letter>()
                          .begin("a")
                          .where(is_any("ae"))
                          .one_or_more()
                          .followed_by("b")
                          .where(is_any("be"));
  EXPECT_THAT(matches_of(either, "aeeb"), ElementsAre("a=0,1,2 b=3"));
  EXPECT_THAT(matches_of(either, "aee"), ElementsAre("a=0,1 b=2"));
  const auto fewer = pattern<Letter>()
                         .begin("a")
                         .where(is_any("ae"))
                         .one_or_more()
                         .reluctant()
                         .followed_by("b")
                         .where(is_any("be"));
  EXPECT_THAT(matches_of(fewer, "aeeb"), ElementsAre("a=0 b=1", "a=2 b=3"));
}

TEST(PipelineMatchTest, CountsHaveBounds) {
  const auto two_or_three = a().times(2, 3).followed_by("b").where(is('b'));
  EXPECT_THAT(matches_of(two_or_three, "ab"), IsEmpty());
  EXPECT_THAT(matches_of(two_or_three, "aab"), ElementsAre("a=0,1 b=2"));
  EXPECT_THAT(matches_of(two_or_three, "aaab"), ElementsAre("a=0,1,2 b=3"));
  // Three are taken, and the fourth is nothing that may come next.
  EXPECT_THAT(matches_of(two_or_three, "aaaab"), ElementsAre("a=0,1,2 b=4"));
  const auto two_or_more = a().times_or_more(2).consecutive().then("b").where(is('b'));
  EXPECT_THAT(matches_of(two_or_more, "abaaab"), ElementsAre("a=2,3,4 b=5"));
}

TEST(PipelineMatchTest, OptionalSteps) {
  const auto middle =
      a().followed_by("b").where(is('b')).optional().followed_by("c").where(is('c'));
  EXPECT_THAT(matches_of(middle, "axbxc"), ElementsAre("a=0 b=2 c=4"));
  // A c that comes first is not passed over for the sake of a b.
  EXPECT_THAT(matches_of(middle, "axcbc"), ElementsAre("a=0 b= c=2"));
  const auto strict = a().then("b").where(is('b')).optional().then("c").where(is('c'));
  EXPECT_THAT(matches_of(strict, "acabcaxc"), ElementsAre("a=0 b= c=1", "a=2 b=3 c=4"));
  const auto at_first =
      a().optional().followed_by("b").where(is('b')).followed_by("c").where(is('c'));
  // Nothing stands before the first row of a match.
  EXPECT_THAT(matches_of(at_first, "xbxc"), ElementsAre("a= b=1 c=3"));
  EXPECT_THAT(matches_of(at_first, "axbxc"), ElementsAre("a=0 b=2 c=4"));
  const auto at_last = a().then("b").where(is('b')).optional();
  EXPECT_THAT(matches_of(at_last, "abax"), ElementsAre("a=0 b=1", "a=2 b="));
  EXPECT_THAT(matches_of(at_last.reluctant(), "abax"), ElementsAre("a=0 b=", "a=2 b="));
  const auto many = a().then("b").where(is('b')).one_or_more().optional().then("c").where(is('c'));
  EXPECT_THAT(matches_of(many, "acabxbc"), ElementsAre("a=0 b= c=1", "a=2 b=3,5 c=6"));
  EXPECT_THAT(matches_of(many, "axbc"), IsEmpty());
}

TEST(PipelineMatchTest, AMatchEndsWithinItsTime) {
  const auto pattern = a().followed_by("b").where(is('b')).within(3s);
  EXPECT_THAT(matches_of(pattern, "axb"), ElementsAre("a=0 b=2"));
  EXPECT_THAT(matches_of(pattern, "axxb"), IsEmpty());  // Three seconds behind it.
  EXPECT_THAT(matches_of(pattern, "axaxb"), ElementsAre("a=2 b=4"));
  // What is optional is waited for until then.
  const auto open = a().followed_by("b").where(is('b')).optional().within(3s);
  EXPECT_THAT(matches_of(open, "axbaxxb"), ElementsAre("a=0 b=2", "a=3 b="));
}

TEST(PipelineMatchTest, MatchingGoesOnWhereItIsTold) {
  const auto pattern = a().one_or_more().followed_by("b").where(is('b'));
  EXPECT_THAT(matches_of(pattern, "aaxb"), ElementsAre("a=0,1 b=3"));
  EXPECT_THAT(matches_of(pattern.skip_to_next_row(), "aaxb"), ElementsAre("a=0,1 b=3", "a=1 b=3"));
  const auto three = a().then("b").where(is_any("ab")).times(2).then("c").where(is_any("ac"));
  EXPECT_THAT(matches_of(three, "aaaaaa"), ElementsAre("a=0 b=1,2 c=3"));
  EXPECT_THAT(matches_of(three.skip_to_first("b"), "aaaaaa"),
              ElementsAre("a=0 b=1,2 c=3", "a=1 b=2,3 c=4", "a=2 b=3,4 c=5"));
  EXPECT_THAT(matches_of(three.skip_to_last("b"), "aaaaaa"),
              ElementsAre("a=0 b=1,2 c=3", "a=2 b=3,4 c=5"));
  EXPECT_THAT(matches_of(three.skip_to_first("c"), "aaaaaaa"),
              ElementsAre("a=0 b=1,2 c=3", "a=3 b=4,5 c=6"));
}

TEST(PipelineMatchTest, AMatchShowsItsRows) {
  std::vector<std::string> texts;
  Pipeline pipeline("rows");
  pipeline.source(letters_of("axab"))
      .event_time<&Letter::time>(ascending())
      .match(
          a().times(2).followed_by("b").where(is('b')).followed_by("c").where(is('c')).optional(),
          [](const Match<Letter>& match) {
            EXPECT_TRUE(match.has("b"));
            EXPECT_FALSE(match.has("c"));
            return Found{std::to_string(match.rows().size()) + " " +
                         std::to_string(match.first("a").number) + " " +
                         std::to_string(match.last("a").number) + " " + match.rows()[2].letter};
          })
      .sink([&](const Found& found) { texts.push_back(found.rows); });
  ASSERT_EQ(pipeline.run({.workers = 1}).outcome, Outcome::kDone);
  EXPECT_THAT(texts, ElementsAre("3 0 2 b"));
}

// A function that fails rejects the match, a condition its row; the others go on.
TEST(PipelineMatchTest, WhatThrowsIsRejected) {
  std::vector<std::string> texts;
  const auto careful = [](const Letter& row) {
    if (row.letter == "!") {
      throw std::runtime_error("no letter");
    }
    return row.letter == "b";
  };
  Pipeline pipeline("failing");
  pipeline.source(letters_of("abxa!bacaab"))
      .event_time<&Letter::time>(ascending())
      .match(a().then("b").where(careful),
             [](const Match<Letter>& match) {
               if (match.first("a").number == 0) {
                 match.first("c");
               }
               return told(match);
             })
      .sink([&](const Found& found) { texts.push_back(found.rows); });
  const RunReport report = pipeline.run({.workers = 1});
  ASSERT_EQ(report.outcome, Outcome::kDone);
  EXPECT_THAT(texts, ElementsAre("a=3 b=5", "a=9 b=10"));
  std::string samples;
  for (const RunProgress::Sample& sample : report.summary.samples) {
    samples += sample.origin + ": " + sample.detail + "\n";
  }
  EXPECT_THAT(samples, HasSubstr("match to Found: the pattern has no step \"c\""));
  EXPECT_THAT(samples, HasSubstr("conditions of match to Found: no letter"));
  EXPECT_EQ(report.summary.rows_rejected(), 2U);
}

// Rows of a word: which steps each can be.
struct Sign {
  std::int64_t word;
  std::int64_t number;
  std::int64_t can_be;
  Timestamp time;
};

struct Text {
  std::int64_t word;
  std::string rows;
};
using Texts = std::map<std::int64_t, std::vector<std::string>>;  // By word.

enum class Skip : std::uint8_t { kPast, kNext, kFirst, kLast };

struct Step {
  bool later = false;
  std::uint64_t least = 1;
  std::optional<std::uint64_t> most = 1;
  bool optional = false;
  bool reluctant = false;
  bool consecutive = false;
};

struct Rule {
  std::vector<Step> steps;
  std::int64_t seconds = 0;  // Within which a match ends; 0: none.
  Skip skip = Skip::kPast;
  std::size_t skip_to = 0;
};

// Tries one way after another by the letter of what the headers say.
class BruteForce {
 public:
  BruteForce(const Rule& rule, const std::vector<Sign>& rows) : rule_(rule), rows_(rows) {}

  std::vector<std::string> matches() {
    std::vector<std::string> matches;
    for (std::size_t first = 0; first < rows_.size();) {
      if (!match_at(first)) {
        ++first;
        continue;
      }
      std::string text;
      for (const auto& [row, step] : taken_) {
        text += std::to_string(step) + ":" + std::to_string(rows_[row].number) + " ";
      }
      matches.push_back(text);
      first = next_first(first);
    }
    return matches;
  }

 private:
  static constexpr std::size_t kEnd = SIZE_MAX;
  // The step that took the last row, how many it has taken, and whether rows were passed over
  // since.
  struct State {
    std::size_t step;
    std::uint64_t count;
    bool passed_over;
  };

  bool match_at(std::size_t first) {
    taken_.clear();
    first_ = first;
    std::vector<std::size_t> begins;
    add_forward(0, false, true, begins);
    return std::any_of(begins.begin(), begins.end(), [&](std::size_t step) {
      return can_be(first, step) && take(first, {.step = step, .count = 1, .passed_over = false});
    });
  }

  std::size_t next_first(std::size_t first) const {
    std::size_t next = taken_.back().first + 1;
    if (rule_.skip == Skip::kNext) {
      return first + 1;
    }
    if (rule_.skip != Skip::kPast) {
      next = first + 1;  // Where there is none, or it would begin again with the same row.
      for (const auto& [row, step] : taken_) {
        if (step == rule_.skip_to) {
          next = std::max(row, first + 1);
          if (rule_.skip == Skip::kFirst) {
            break;
          }
        }
      }
    }
    return next;
  }

  bool there_is(std::size_t row) const {
    return row < rows_.size() &&
           (rule_.seconds == 0 ||
            rows_[row].time.micros < rows_[first_].time.micros + rule_.seconds * kSecond);
  }
  bool can_be(std::size_t row, std::size_t step) const {
    return (rows_[row].can_be >> step & 1) != 0;
  }

  // Steps that may take the next row when those before `step` are done, the preferred first.
  void add_forward(std::size_t step, bool passed_over, bool at_begin,
                   std::vector<std::size_t>& moves) const {
    if (step == rule_.steps.size()) {
      moves.push_back(kEnd);
      return;
    }
    const Step& own = rule_.steps[step];
    std::vector<std::size_t> without;
    if (own.optional) {
      add_forward(step + 1, passed_over, at_begin, without);
    }
    const bool may = at_begin || own.later || !passed_over;
    if (own.reluctant) {
      moves.insert(moves.end(), without.begin(), without.end());
    }
    if (may) {
      moves.push_back(step);
    }
    if (!own.reluctant) {
      moves.insert(moves.end(), without.begin(), without.end());
    }
  }

  std::vector<std::size_t> moves_of(const State& state) const {
    const Step& step = rule_.steps[state.step];
    std::vector<std::size_t> forward;
    if (state.count >= step.least) {
      add_forward(state.step + 1, state.passed_over, false, forward);
    }
    const bool more =
        (!step.most || state.count < *step.most) && (!step.consecutive || !state.passed_over);
    if (more) {
      forward.insert(step.reluctant ? forward.end() : forward.begin(), state.step);
    }
    const auto end = std::find(forward.begin(), forward.end(), kEnd);
    if (end != forward.end()) {
      forward.erase(end + 1, forward.end());
    }
    return forward;
  }

  bool take(std::size_t row, const State& state) {
    taken_.emplace_back(row, state.step);
    if (goes_on(row + 1, state)) {
      return true;
    }
    taken_.pop_back();
    return false;
  }

  bool goes_on(std::size_t row, const State& state) {
    const std::vector<std::size_t> moves = moves_of(state);
    const bool is_some =
        there_is(row) && std::any_of(moves.begin(), moves.end(), [&](std::size_t step) {
          return step != kEnd && can_be(row, step);
        });
    bool tried = false;
    for (const std::size_t step : moves) {
      if (step == kEnd) {
        return true;
      }
      if (!there_is(row)) {
        continue;
      }
      const bool is_more = step == state.step;
      if (can_be(row, step)) {
        if (take(row, {.step = step, .count = is_more ? state.count + 1 : 1})) {
          return true;
        }
        continue;
      }
      const bool may_pass = is_more ? !rule_.steps[step].consecutive : rule_.steps[step].later;
      if (!is_some && may_pass && !std::exchange(tried, true) &&
          goes_on(row + 1, {.step = state.step, .count = state.count, .passed_over = true})) {
        return true;
      }
    }
    return false;
  }

  const Rule& rule_;
  const std::vector<Sign>& rows_;
  std::size_t first_ = 0;
  std::vector<std::pair<std::size_t, std::size_t>> taken_;  // Rows and their steps.
};

Rule random_rule(std::mt19937& dice) {
  Rule rule;
  rule.steps.resize(1 + dice() % 4);
  for (Step& step : rule.steps) {
    step.later = dice() % 3 != 0;
    step.optional = dice() % 4 == 0;
    const std::pair<std::uint64_t, std::optional<std::uint64_t>> counts[] = {
        {1, 1}, {1, 1}, {2, 2}, {1, 2}, {2, 3}, {1, std::nullopt}, {2, std::nullopt}, {3, 3}};
    std::tie(step.least, step.most) = counts[dice() % std::size(counts)];
    step.consecutive = step.most != 1U && dice() % 3 == 0;
    step.reluctant = (step.optional || step.most != step.least) && dice() % 3 == 0;
  }
  rule.steps[dice() % rule.steps.size()].optional = false;
  for (Step& step : rule.steps) {
    step.reluctant = step.reluctant && (step.optional || step.most != step.least);
  }
  rule.seconds = dice() % 2 == 0 ? 0 : 2 + static_cast<std::int64_t>(dice() % 7);
  rule.skip = static_cast<Skip>(dice() % 4);
  rule.skip_to = dice() % rule.steps.size();
  const bool to_begin = rule.skip_to == 0 && !rule.steps[0].optional &&
                        (rule.skip == Skip::kFirst || rule.steps[0].most == 1U);
  if (rule.skip >= Skip::kFirst && to_begin) {
    rule.skip = Skip::kNext;
  }
  return rule;
}

std::string name_of(std::size_t step) { return "step " + std::to_string(step); }

Pattern<Sign> pattern_of(const Rule& rule) {
  Pattern<Sign> made = pattern<Sign>().begin(name_of(0));
  for (std::size_t i = 0; i < rule.steps.size(); ++i) {
    const Step& step = rule.steps[i];
    if (i > 0) {
      made = step.later ? made.followed_by(name_of(i)) : made.then(name_of(i));
    }
    made = made.where([i](const Sign& row) { return (row.can_be >> i & 1) != 0; });
    if (!step.most) {
      made = step.least == 1 ? made.one_or_more() : made.times_or_more(step.least);
    } else if (step.most != 1U) {
      made = step.most == step.least ? made.times(step.least) : made.times(step.least, *step.most);
    }
    made = step.optional ? made.optional() : made;
    made = step.reluctant ? made.reluctant() : made;
    made = step.consecutive ? made.consecutive() : made;
  }
  made = rule.seconds > 0 ? made.within(std::chrono::seconds(rule.seconds)) : made;
  switch (rule.skip) {
    case Skip::kPast:
      return made;
    case Skip::kNext:
      return made.skip_to_next_row();
    case Skip::kFirst:
      return made.skip_to_first(name_of(rule.skip_to));
    case Skip::kLast:
      return made.skip_to_last(name_of(rule.skip_to));
  }
  return made;
}

// Words of up to `length` rows, all of them in order of time; some rows of a word have one time.
std::vector<Sign> random_words(std::mt19937& dice, std::int64_t words, std::size_t length,
                               std::size_t steps) {
  std::vector<Sign> rows;
  for (std::int64_t word = 0; word < words; ++word) {
    std::int64_t time = 0;
    const std::size_t size = dice() % (length + 1);
    for (std::size_t i = 0; i < size; ++i) {
      time += static_cast<std::int64_t>(dice() % 3) * kSecond;
      std::int64_t can_be = std::int64_t{1} << dice() % steps;
      can_be |= dice() % 4 == 0 ? std::int64_t{1} << dice() % steps : 0;
      rows.push_back({.word = word,
                      .number = static_cast<std::int64_t>(i),
                      .can_be = dice() % 4 == 0 ? 0 : can_be,
                      .time = {time}});
    }
  }
  std::stable_sort(rows.begin(), rows.end(),
                   [](const Sign& x, const Sign& y) { return x.time.micros < y.time.micros; });
  return rows;
}

Texts expected_of(const Rule& rule, const std::vector<Sign>& rows) {
  std::map<std::int64_t, std::vector<Sign>> words;
  for (const Sign& row : rows) {
    words[row.word].push_back(row);
  }
  Texts expected;
  for (const auto& [word, own] : words) {
    std::vector<std::string> matches = BruteForce(rule, own).matches();
    if (!matches.empty()) {
      expected[word] = std::move(matches);
    }
  }
  return expected;
}

auto text_maker(std::size_t steps) {
  return [steps](const Match<Sign>& match) {
    std::string text;
    for (std::size_t step = 0; step < steps; ++step) {
      for (const Sign& row : match.rows(name_of(step))) {
        text += std::to_string(step) + ":" + std::to_string(row.number) + " ";
      }
    }
    return Text{match.rows()[0].word, text};
  };
}

TEST(PipelineMatchTest, RandomPatternsMatchRandomWordsInThePreferredWay) {
  const Setting settings[] = {{1, 4096, {}}, {4, 7, {}}, {2, 1, 3}, {3, 50, 17}};
  std::size_t matches = 0;
  for (std::uint64_t seed = 0; seed < random_cases(200) && !HasFailure(); ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 dice(static_cast<std::uint32_t>(seed));
    const Rule rule = random_rule(dice);
    const std::vector<Sign> rows = random_words(dice, 40, 12, rule.steps.size());
    const Setting& setting = settings[seed % std::size(settings)];
    Texts texts;
    Pipeline pipeline("random");
    pipeline.source(rows)
        .event_time<&Sign::time>(ascending())
        .key_by<&Sign::word>()
        .match(pattern_of(rule), text_maker(rule.steps.size()))
        .sink([&](const Text& text) { texts[text.word].push_back(text.rows); });
    const RunReport report = pipeline.run({.workers = setting.workers,
                                           .batch_rows = setting.batch_rows,
                                           .interleaving_seed = setting.seed});
    ASSERT_EQ(report.outcome, Outcome::kDone) << report.problems[0].text;
    const Texts expected = expected_of(rule, rows);
    EXPECT_EQ(texts, expected);
    for (const auto& [word, of_word] : expected) {
      matches += of_word.size();
    }
  }
  EXPECT_GT(matches, random_cases(200) * 10);
}

TEST(PipelineMatchTest, PartialMatchesOutliveTheRun) {
  const std::string directory = (std::filesystem::temp_directory_path() /
                                 ("thalweg-pipeline-match-" + std::to_string(::getpid())))
                                    .string();
  std::filesystem::remove_all(directory);
  std::mt19937 dice(5);
  const Rule rule{.steps = {{.later = false, .least = 3, .most = 3}, {.later = true}},
                  .seconds = 200};
  std::vector<Sign> rows;
  for (std::int64_t i = 0; i < 30'000; ++i) {
    rows.push_back({.word = static_cast<std::int64_t>(dice() % 500),
                    .number = i,
                    .can_be = static_cast<std::int64_t>(dice() % 4),
                    .time = {i * kSecond / 100}});
  }
  std::multiset<std::string> seen;
  const auto run = [&](std::uint32_t workers, std::size_t stop_after) {
    Pipeline pipeline("stopping");
    pipeline.source(rows)
        .event_time<&Sign::time>(ascending())
        .key_by<&Sign::word>()
        .match(pattern_of(rule), text_maker(2))
        .sink([&](const Text& text) {
          seen.insert(std::to_string(text.word) + " " + text.rows);
          if (seen.size() == stop_after) {
            pipeline.request_stop();
          }
        });
    return pipeline.run({.workers = workers,
                         .batch_rows = 64,
                         .state = {.directory = directory},
                         .checkpoint_interval_micros = 3'600'000'000});
  };
  const RunReport first = run(2, 100);
  ASSERT_EQ(first.outcome, Outcome::kStopped) << first.problems[0].text;
  EXPECT_LT(first.summary.rows_in, rows.size());
  const RunReport second = run(3, 0);
  ASSERT_EQ(second.outcome, Outcome::kDone) << second.problems[0].text;
  ASSERT_TRUE(second.summary.resumed);
  EXPECT_GT(second.summary.resumed->rows, 100U);
  std::multiset<std::string> expected;
  for (const auto& [word, texts] : expected_of(rule, rows)) {
    for (const std::string& text : texts) {
      expected.insert(std::to_string(word) + " " + text);
    }
  }
  EXPECT_GT(expected.size(), 1000U);
  EXPECT_EQ(seen, expected);
  std::filesystem::remove_all(directory);
}

TEST(PipelineMatchTest, SeveralRulesOnOneStreamAndLateRows) {
  const std::vector<Letter> rows = letters_of("abab");
  std::vector<Letter> late = rows;
  late.push_back({.letter = "b", .number = 9, .time = {0}});
  std::vector<std::string> pairs;
  std::vector<std::string> repeated;
  std::vector<std::string> too_late;
  Pipeline pipeline("rules");
  const auto keyed = pipeline.source(late).event_time<&Letter::time>(ascending()).key_by({});
  keyed.match(a().then("b").where(is('b')), told).sink([&](const Found& found) {
    pairs.push_back(found.rows);
  });
  keyed.match(a().times(2), told).sink([&](const Found& found) { repeated.push_back(found.rows); });
  keyed.late_rows().sink([&](const Record& row) { too_late.push_back(row.text("number")); });
  ASSERT_EQ(pipeline.run({.workers = 1}).outcome, Outcome::kDone);
  EXPECT_THAT(pairs, ElementsAre("a=0 b=1", "a=2 b=3"));
  EXPECT_THAT(repeated, ElementsAre("a=0,2"));
  EXPECT_THAT(too_late, ElementsAre("9"));
}

// A match has the time of its last row.
TEST(PipelineMatchTest, MatchesGoIntoWindows) {
  std::vector<std::string> counts;
  Pipeline pipeline("windows");
  pipeline.source(letters_of("axabaxxxabxb"))
      .event_time<&Letter::time>(ascending())
      .match(a().followed_by("b").where(is('b')), told)
      .window(tumbling(10s))
      .aggregate(count().as("n"))
      .sink([&](const Record& row) {
        counts.push_back(row.text("window_start") + " " + row.text("n"));
      });
  ASSERT_EQ(pipeline.run({.workers = 1}).outcome, Outcome::kDone);
  EXPECT_THAT(counts, ElementsAre("1970-01-01 00:00:00 2"));
}

TEST(PipelineMatchTest, ThePlanShowsThePattern) {
  Pipeline pipeline("shown");
  pipeline.source(letters_of("ab"), "letters")
      .event_time<&Letter::time>(ascending())
      .key_by<&Letter::letter>()
      .match(a().times(3).followed_by("b").where(is('b')).within(5min), told)
      .sink([](const Found&) {});
  EXPECT_THAT(pipeline.explain().text,
              HasSubstr("MATCH a (... a){2} ... b within 5 minutes -> Found in order of time of "
                        "each letter"));
}

// The problems of a pipeline with this pattern.
std::string problems_with(const Pattern<Letter>& pattern) {
  Pipeline pipeline("wrong");
  pipeline.source(letters_of("a"))
      .event_time<&Letter::time>(ascending())
      .match(pattern, told)
      .sink([](const Found&) {});
  return problems_of(pipeline);
}

TEST(PipelineMatchTest, MistakesAreTold) {
  EXPECT_THAT(problems_with(a().then("a")), HasSubstr("match: two steps are called \"a\""));
  EXPECT_THAT(problems_with(a().times(2).one_or_more()),
              HasSubstr("match: step \"a\" is counted twice"));
  EXPECT_THAT(problems_with(a().times(0)),
              HasSubstr("step \"a\" takes at least one row: optional() lets"));
  EXPECT_THAT(problems_with(a().times(3, 2)),
              HasSubstr("step \"a\" takes 3 rows at least and 2 at most"));
  EXPECT_THAT(problems_with(a().consecutive()),
              HasSubstr("step \"a\" is consecutive() and takes one row"));
  EXPECT_THAT(problems_with(a().times(2).reluctant()),
              HasSubstr("step \"a\" is reluctant() and always takes the same number of rows"));
  EXPECT_THAT(problems_with(a().optional()), HasSubstr("all its steps are optional"));
  EXPECT_THAT(problems_with(a().within(0s)), HasSubstr("must be more than nothing"));
  EXPECT_THAT(problems_with(a().skip_to_first("b")),
              HasSubstr("it skips to a step \"b\", which it has not"));
  EXPECT_THAT(problems_with(a().then("b").skip_to_first("a")),
              HasSubstr("behind a match it would skip to \"a\", with which the match begins"));
  EXPECT_THAT(problems_with(a().times(1'000'000)), HasSubstr("the pattern is too large"));
  Pattern<Letter> long_one = a();
  for (int i = 0; i < 64; ++i) {
    long_one = long_one.then("step " + std::to_string(i));
  }
  EXPECT_THAT(problems_with(long_one), HasSubstr("a pattern has 64 steps at most"));

  Pipeline untimed("untimed");
  untimed.source(letters_of("a")).match(a(), told).sink([](const Found&) {});
  EXPECT_THAT(problems_of(untimed), HasSubstr("match: the stream has no event time"));

  Pipeline misspelt("misspelt");
  misspelt.source(letters_of("a"))
      .event_time<&Letter::time>(ascending())
      .key_by({"leter"})
      .match(a(), told)
      .sink([](const Found&) {});
  EXPECT_THAT(problems_of(misspelt), HasSubstr("match: the stream has no column \"leter\""));
}

TEST(PipelineMatchTest, StateWithoutBoundIsWarnedOf) {
  const auto warnings = [](const Pattern<Letter>& pattern) {
    const Input<Letter> input;
    input.close();
    Pipeline pipeline("endless");
    pipeline.source(input)
        .event_time<&Letter::time>(ascending())
        .match(pattern, told)
        .sink([](const Found&) {});
    const RunReport report = pipeline.run({.workers = 1});
    EXPECT_EQ(report.outcome, Outcome::kDone);
    std::string text;
    for (const Problem& problem : report.problems) {
      text += problem.text;
    }
    return text;
  };
  EXPECT_THAT(warnings(a().then("b")), HasSubstr("a match that is not complete is kept for ever"));
  EXPECT_EQ(warnings(a().then("b").within(1h)), "");
  EXPECT_EQ(warnings(a()), "");
}

}  // namespace
}  // namespace thalweg
