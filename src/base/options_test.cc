#include "base/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace thalweg {
namespace {

using ::testing::ElementsAre;

const std::vector<OptionSpec>& specs() {
  static const std::vector<OptionSpec> all{
      {.name = "topic",
       .type = OptionType::kText,
       .required = true,
       .default_value = {},
       .text = "What to read.",
       .choices = {},
       .aliases = {"kafka_topic"}},
      {.name = "follow",
       .type = OptionType::kBoolean,
       .required = false,
       .default_value = "false",
       .text = {},
       .choices = {},
       .aliases = {}},
      {.name = "linger",
       .type = OptionType::kDuration,
       .required = false,
       .default_value = "5s",
       .text = {},
       .choices = {},
       .aliases = {}},
      {.name = "mode",
       .type = OptionType::kChoice,
       .required = false,
       .default_value = {},
       .text = {},
       .choices = {"each", "one"},
       .aliases = {}},
      {.name = "rows",
       .type = OptionType::kInteger,
       .required = false,
       .default_value = {},
       .text = {},
       .choices = {},
       .aliases = {}},
  };
  return all;
}

OptionTexts written(std::vector<std::pair<std::string, std::string>> pairs) {
  OptionTexts texts;
  std::uint32_t place = 10;
  for (auto& [key, value] : pairs) {
    texts[key] = {.value = value,
                  .key_span = {.begin = place, .end = place + 1},
                  .value_span = {.begin = place + 2, .end = place + 3}};
    place += 10;
  }
  return texts;
}

struct Checked {
  Options options;
  Diagnostics diagnostics;
};

Checked check(std::vector<std::pair<std::string, std::string>> pairs) {
  Checked checked;
  checked.options = check_options(written(std::move(pairs)), specs(), "connector kafka",
                                  {.begin = 1, .end = 2}, checked.diagnostics);
  return checked;
}

TEST(OptionsTest, GoodOptionsAreThereWithDefaults) {
  const Checked checked =
      check({{"kafka_topic", "bids"}, {"follow", "ON"}, {"mode", "One"}, {"rows", "-12"}});

  EXPECT_FALSE(checked.diagnostics.has_errors());
  EXPECT_EQ(checked.options.text("topic"), "bids");
  EXPECT_TRUE(checked.options.boolean("follow"));
  EXPECT_EQ(checked.options.text("mode"), "one");
  EXPECT_EQ(checked.options.integer("rows"), -12);
  EXPECT_EQ(checked.options.duration_micros("linger"), 5'000'000);
}

TEST(OptionsTest, AnUnknownOptionIsAnsweredWithTheNearest) {
  const Checked checked = check({{"topics", "bids"}});

  ASSERT_EQ(checked.diagnostics.all().size(), 2u);
  const Diagnostic& unknown = checked.diagnostics.all()[0];
  EXPECT_EQ(unknown.code, "C0201");
  EXPECT_EQ(unknown.message, "unknown option \"topics\" for connector kafka");
  EXPECT_EQ(unknown.label, "did you mean \"topic\"?");
  EXPECT_THAT(unknown.notes, ElementsAre("options: topic, follow, linger, mode, rows"));
  EXPECT_EQ(unknown.span.begin, 10u);
  const Diagnostic& missing = checked.diagnostics.all()[1];
  EXPECT_EQ(missing.message, "connector kafka needs the option \"topic\"");
  EXPECT_EQ(missing.span.begin, 1u);
}

TEST(OptionsTest, AnotherEnginesSpellingGivenBesideOursIsTheSameOption) {
  const Checked checked = check({{"topic", "a"}, {"kafka_topic", "b"}});

  ASSERT_EQ(checked.diagnostics.all().size(), 1u);
  EXPECT_EQ(checked.diagnostics.all()[0].code, "C0204");
}

TEST(OptionsTest, TwoSpellingsMayGiveTheSameValue) {
  const Checked checked = check({{"topic", "a"}, {"kafka_topic", "a"}});

  EXPECT_TRUE(checked.diagnostics.all().empty());
  EXPECT_EQ(checked.options.text("topic"), "a");
}

TEST(OptionsTest, WrongValuesSayWhatIsWanted) {
  const Checked checked = check({{"topic", "x"},
                                 {"follow", "maybe"},
                                 {"linger", "5 parsecs"},
                                 {"mode", "two"},
                                 {"rows", "many"}});

  std::vector<std::string> messages;
  for (const Diagnostic& diagnostic : checked.diagnostics.all()) {
    EXPECT_EQ(diagnostic.code, "C0203");
    messages.push_back(diagnostic.message);
  }
  EXPECT_THAT(
      messages,
      ElementsAre(
          "option \"follow\" must be 'true' or 'false', not 'maybe'",
          "option \"linger\" must be a duration such as '5s', '100ms' or '1h30m', not '5 parsecs'",
          "option \"mode\" must be one of each, one, not 'two'",
          "option \"rows\" must be a whole number, not 'many'"));
}

std::int64_t micros(std::string_view text) {
  std::int64_t value = -1;
  return parse_duration_micros(text, value) ? value : -1;
}

TEST(OptionsTest, DurationsAreReadInTheirUsualSpellings) {
  EXPECT_EQ(micros("5s"), 5'000'000);
  EXPECT_EQ(micros("100ms"), 100'000);
  EXPECT_EQ(micros("1 hour"), 3'600'000'000);
  EXPECT_EQ(micros("2 Hours"), 7'200'000'000);
  EXPECT_EQ(micros("1h30m"), 5'400'000'000);
  EXPECT_EQ(micros("1.5 s"), 1'500'000);
  EXPECT_EQ(micros("250"), 250'000);
  EXPECT_EQ(micros("0s"), 0);
  EXPECT_EQ(micros("7us"), 7);
  for (const char* text : {"", "s", "5 x", "1h30", "-5s", "5s s", "999999999999 days", "1..2s"}) {
    EXPECT_EQ(micros(text), -1) << text;
  }
}

std::int64_t bytes(std::string_view text) {
  std::int64_t value = -1;
  return parse_bytes(text, value) ? value : -1;
}

TEST(OptionsTest, SizesAreReadInTheirUsualSpellings) {
  EXPECT_EQ(bytes("100"), 100);
  EXPECT_EQ(bytes("1 KiB"), 1024);
  EXPECT_EQ(bytes("64MB"), 64 << 20);
  EXPECT_EQ(bytes("0.5g"), 512 << 20);
  EXPECT_EQ(bytes("3 bytes"), 3);
  for (const char* text : {"", "MB", "1 MBB", "-1", "1 2"}) {
    EXPECT_EQ(bytes(text), -1) << text;
  }
}

}  // namespace
}  // namespace thalweg
