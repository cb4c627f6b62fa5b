#include "sql/lexer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace thalweg {
namespace {

using ::testing::ElementsAre;

Lexed lex_all(std::string_view text) {
  return lex(text, {0, static_cast<std::uint32_t>(text.size())});
}

std::string_view source(std::string_view text, Span span) {
  return text.substr(span.begin, span.end - span.begin);
}

std::vector<std::string> parts(std::string_view text) {
  std::vector<std::string> result;
  for (const Token& token : lex_all(text).tokens) {
    if (token.kind != TokenKind::kEnd) {
      result.emplace_back(source(text, token.span));
    }
  }
  return result;
}

// The code and the marked text of the only error.
std::string error(std::string_view text) {
  const Lexed lexed = lex_all(text);
  if (lexed.errors.size() != 1) {
    return std::to_string(lexed.errors.size()) + " errors";
  }
  return lexed.errors[0].code + " " + std::string(source(text, lexed.errors[0].span));
}

TEST(LexerTest, WordsNumbersTextAndSymbolsAreCutApart) {
  EXPECT_THAT(parts("SELECT a1, 'x' FROM t;"),
              ElementsAre("SELECT", "a1", ",", "'x'", "FROM", "t", ";"));
  EXPECT_THAT(parts("größe$1 地震"), ElementsAre("größe$1", "地震"));
}

TEST(LexerTest, TheLongestOperatorWins) {
  EXPECT_THAT(
      parts("a->>b->c #>> d::e=>f <> !~* ||"),
      ElementsAre("a", "->>", "b", "->", "c", "#>>", "d", "::", "e", "=>", "f", "<>", "!~*", "||"));
  EXPECT_THAT(parts("x<-1"), ElementsAre("x", "<", "-", "1"));
}

TEST(LexerTest, NumbersHaveUnderscoresExponentsAndHexadecimals) {
  EXPECT_THAT(parts("1 1_000 1.5 .5 1. 1e10 2.5E-3 0xFF"),
              ElementsAre("1", "1_000", "1.5", ".5", "1.", "1e10", "2.5E-3", "0xFF"));
  EXPECT_EQ(number_value("1_000_000"), "1000000");
  EXPECT_EQ(number_value("0xFF"), "255");
  EXPECT_EQ(number_value("1_0.5e3"), "10.5e3");
  EXPECT_EQ(lex_all("1_000").tokens[0].kind, TokenKind::kInteger);
  EXPECT_EQ(lex_all("1e3").tokens[0].kind, TokenKind::kDecimal);
}

TEST(LexerTest, MalformedNumbersAreMarkedWhole) {
  EXPECT_EQ(error("123abc"), "S0007 123abc");
  EXPECT_EQ(error("1__0"), "S0007 1__0");
  EXPECT_EQ(error("1_"), "S0007 1_");
  EXPECT_EQ(error("1e"), "S0007 1e");
  EXPECT_EQ(error("0x"), "S0007 0x");
  EXPECT_EQ(error("0x11111111111111111"), "S0007 0x11111111111111111");
}

TEST(LexerTest, TextHasDoubledQuotes) {
  EXPECT_THAT(parts("'it''s' ''"), ElementsAre("'it''s'", "''"));
  EXPECT_EQ(text_value("'it''s'"), "it's");
  EXPECT_EQ(text_value("'a\\n'"), "a\\n");
}

TEST(LexerTest, EscapesStandOnlyInEscapedText) {
  EXPECT_EQ(text_value(R"(E'a\n\t\\\'\x41\101\u00e9''')"), "a\n\t\\'AA\xC3\xA9'");
  EXPECT_EQ(error(R"(E'\u12')"), R"(S0008 \u)");
  EXPECT_EQ(error(R"(E'\x00')"), R"(S0008 \x)");
  EXPECT_EQ(error(R"(E'\xff')"), R"(S0008 \xff)");
  EXPECT_EQ(error(R"(E'\)"), "S0004 E");
}

TEST(LexerTest, DollarTextKeepsAllAsItIs) {
  EXPECT_EQ(text_value("$$it's$$"), "it's");
  EXPECT_EQ(text_value("$a$x$$y$a$"), "x$$y");
  EXPECT_EQ(error("$a$x"), "S0004 $");
  EXPECT_EQ(error("$1"), "S0003 $");
}

TEST(LexerTest, QuotedNamesKeepTheirCaseAndQuotes) {
  EXPECT_EQ(name_value("\"a\"\"B\""), "a\"B");
  EXPECT_EQ(name_value("`order`"), "order");
  EXPECT_EQ(error("\"abc"), "S0005 \"");
  EXPECT_EQ(error("\"\""), "S0005 \"\"");
}

TEST(LexerTest, CommentsStandInEachOther) {
  EXPECT_THAT(parts("a -- b\nc /* d /* e */ f */ g"), ElementsAre("a", "c", "g"));
  EXPECT_THAT(parts("a --"), ElementsAre("a"));
  EXPECT_EQ(error("a /* b /* c */"), "S0006 /*");
}

TEST(LexerTest, HintsAreKeptWithTheTokenTheyStandBefore) {
  const std::string_view text = "SELECT /*+ id('x') */ a";
  const Lexed lexed = lex_all(text);
  ASSERT_EQ(lexed.hints.size(), 1u);
  EXPECT_EQ(lexed.hints[0].token, 1u);
  EXPECT_EQ(source(text, lexed.hints[0].span), " id('x') ");
}

TEST(LexerTest, UnclosedTextIsMarkedWhereItBegins) { EXPECT_EQ(error("SELECT 'abc"), "S0004 '"); }

TEST(LexerTest, CharactersOfCopiedTextAreToldApart) {
  EXPECT_EQ(error("a\xC2\xA0 b"), "S0003 \xC2\xA0");
  EXPECT_EQ(error("\xE2\x80\x9C"), "S0003 \xE2\x80\x9C");
  EXPECT_EQ(error(std::string_view("a \0", 3)), std::string("S0003 ") + '\0');
  EXPECT_THAT(parts("\xEF\xBB\xBFSELECT"), ElementsAre("SELECT"));
}

TEST(LexerTest, ARangeKeepsItsOffsets) {
  const std::string_view text = "xx ab yy";
  const Lexed lexed = lex(text, {3, 5});
  ASSERT_EQ(lexed.tokens.size(), 2u);
  EXPECT_EQ(source(text, lexed.tokens[0].span), "ab");
}

}  // namespace
}  // namespace thalweg
