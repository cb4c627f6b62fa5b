#include "base/diagnostic.h"

#include <gtest/gtest.h>

namespace thalweg {
namespace {

// The span of the first `part` in `text`.
Span span_of(std::string_view text, std::string_view part) {
  const auto begin = static_cast<std::uint32_t>(text.find(part));
  return {begin, begin + static_cast<std::uint32_t>(part.size())};
}

Diagnostic error_at(Span span, std::string label = "") {
  return {
      .code = "S0101", .message = "wrong", .span = span, .label = std::move(label), .notes = {}};
}

// The source line and the mark under it.
std::string shown(const std::string& text, std::string_view part) {
  const std::string all = render_text({"f", text}, error_at(span_of(text, part)), false);
  const std::size_t begin = all.find('\n', all.find('\n') + 1) + 1;
  return all.substr(begin, all.find("  = ") - begin);
}

TEST(DiagnosticTest, TheFormIsTheDocumentedOne) {
  const std::string sql =
      "CREATE TABLE orders (\n  id BIGINT,\n  user TEXT,\n  amount NUMERIC(10,2),\n"
      "  ts TIMESTAMPTZ\n);\nSELECT   usr, count(*) AS n\nFROM orders;";
  const Diagnostic diagnostic{.code = "S0203",
                              .message = "column \"usr\" does not exist in \"orders\"",
                              .span = span_of(sql, "usr"),
                              .label = "did you mean \"user\"?",
                              .notes = {"columns: id BIGINT, user TEXT"}};
  EXPECT_EQ(render_text({"top_users.sql", sql}, diagnostic, false),
            "error: column \"usr\" does not exist in \"orders\"\n"
            "  ┌─ top_users.sql:7:10\n"
            "7 │ SELECT   usr, count(*) AS n\n"
            "  │          ^^^ did you mean \"user\"?\n"
            "  = columns: id BIGINT, user TEXT\n"
            "  = help: thalweg help S0203\n");
}

TEST(DiagnosticTest, TheMarginFollowsTheLineNumber) {
  const std::string sql = std::string(11, '\n') + "SELECT x";
  EXPECT_EQ(render_text({"f", sql}, error_at(span_of(sql, "x"), "here"), false),
            "error: wrong\n"
            "   ┌─ f:12:8\n"
            "12 │ SELECT x\n"
            "   │        ^ here\n"
            "   = help: thalweg help S0101\n");
}

TEST(DiagnosticTest, SecretsOfALineAreNotShown) {
  EXPECT_EQ(shown("WITH ('properties.sasl.password'='hunter2', bounde=true)", "bounde"),
            "1 │ WITH ('properties.sasl.password'='*******', bounde=true)\n"
            "  │                                             ^^^^^^\n");
  EXPECT_EQ(shown("'properties.sasl.pasword' = 'hunter2')", "'properties.sasl.pasword'"),
            "1 │ 'properties.sasl.pasword' = '*******')\n"
            "  │ ^^^^^^^^^^^^^^^^^^^^^^^^^\n");
  EXPECT_EQ(shown("'sasl.jaas.config'='a b=\"c\";', x='y'", "x"),
            "1 │ 'sasl.jaas.config'='********', x='y'\n"
            "  │                                ^\n");
  EXPECT_EQ(shown("ssl_key_password = '${env:KEY}', topic='t", "topic"),
            "1 │ ssl_key_password = '${env:KEY}', topic='t\n"
            "  │                                  ^^^^^\n");
}

TEST(DiagnosticTest, TabsAreWidenedAlikeInLineAndMark) {
  EXPECT_EQ(shown("\tSELECT\tx", "x"),
            "1 │     SELECT  x\n"
            "  │             ^\n");
}

TEST(DiagnosticTest, WideAndCombiningCharactersKeepTheMarkUnderItsWord) {
  EXPECT_EQ(shown("SELECT '地震', x", "x"),
            "1 │ SELECT '地震', x\n"
            "  │                ^\n");
  EXPECT_EQ(shown("SELECT 'e\xCC\x81', x", "x"),
            "1 │ SELECT 'e\xCC\x81', x\n"
            "  │             ^\n");
  EXPECT_EQ(shown("SELECT 地震 FROM t", "地震"),
            "1 │ SELECT 地震 FROM t\n"
            "  │        ^^^^\n");
}

TEST(DiagnosticTest, ColumnsCountCharacters) {
  const std::string sql = "SELECT '地震',\tx";
  EXPECT_EQ(locate(sql, span_of(sql, "x").begin).column, 14u);
  EXPECT_EQ(locate("a\nbc", 3).line, 2u);
  EXPECT_EQ(locate("a\nbc", 3).column, 2u);
  EXPECT_EQ(locate("a\n", 2).line, 2u);
  EXPECT_EQ(locate("a", 99).column, 2u);
}

TEST(DiagnosticTest, AnEmptySpanMarksOneCell) {
  EXPECT_EQ(render_text({"f", "SELECT"}, error_at({6, 6}), false),
            "error: wrong\n"
            "  ┌─ f:1:7\n"
            "1 │ SELECT\n"
            "  │       ^\n"
            "  = help: thalweg help S0101\n");
}

TEST(DiagnosticTest, ASpanOfSeveralLinesMarksTheFirst) {
  EXPECT_EQ(shown("SELECT 'a\nb' FROM t", "'a\nb'"),
            "1 │ SELECT 'a\n"
            "  │        ^^\n");
}

TEST(DiagnosticTest, WindowsLineEndsAreNotShown) {
  EXPECT_EQ(shown("SELECT x\r\nFROM t", "x"),
            "1 │ SELECT x\n"
            "  │        ^\n");
}

TEST(DiagnosticTest, ALongLineIsCutAroundTheMark) {
  const std::string sql = std::string(5000, 'a') + " x " + std::string(5000, 'b');
  const std::string text = shown(sql, "x");
  EXPECT_LT(text.size(), 500u);
  const std::size_t mark = text.find('^');
  const std::size_t word = text.find('x');
  ASSERT_NE(mark, std::string::npos);
  ASSERT_NE(word, std::string::npos);
  const std::size_t mark_column = mark - text.rfind("│ ", mark);
  const std::size_t word_column = word - text.find("│ ");
  EXPECT_EQ(mark_column + std::string_view("…").size() - 1, word_column);
}

TEST(DiagnosticTest, ControlCharactersNeverReachTheTerminal) {
  const std::string sql = "SELECT \x1b[31m x \xff";
  const std::string text = render_text(
      {"f\x1b", sql},
      {.code = "S0101", .message = "bad \x1b", .span = {0, 6}, .label = "", .notes = {}}, false);
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  EXPECT_EQ(text.find('\xff'), std::string::npos);
}

TEST(DiagnosticTest, WithoutAPlaceOnlyMessageAndNotesAreShown) {
  const Diagnostic diagnostic{
      .code = "C0001", .message = "no such file", .span = {}, .label = "", .notes = {"look again"}};
  EXPECT_EQ(render_text({"f", "x"}, diagnostic, false),
            "error: no such file\n  = look again\n  = help: thalweg help C0001\n");
}

TEST(DiagnosticTest, ColourIsOnlyThereWhenAskedFor) {
  const std::string text = render_text({"f", "SELECT"}, error_at({0, 6}), true);
  EXPECT_TRUE(text.starts_with("\x1b[1;31merror:"));
  Diagnostic warning = error_at({0, 6});
  warning.severity = Severity::kWarning;
  EXPECT_TRUE(render_text({"f", "SELECT"}, warning, true).starts_with("\x1b[1;33mwarning:"));
}

TEST(DiagnosticTest, JsonHasEveryFieldAndIsEscaped) {
  const Diagnostic diagnostic{.code = "S0101",
                              .message = "a \"b\"\n\xff",
                              .span = {7, 8},
                              .label = "label",
                              .notes = {"note"}};
  EXPECT_EQ(render_json({"f.sql", "SELECT x"}, diagnostic),
            R"({"code":"S0101","severity":"error","message":"a \"b\"\u000a)"
            "\xEF\xBF\xBD"
            R"(","file":"f.sql","line":1,"column":8,"end_line":1,"end_column":9,)"
            R"("hints":["label","note"]})");
}

TEST(DiagnosticTest, TenErrorsAreKeptAndEveryWarning) {
  Diagnostics diagnostics;
  EXPECT_FALSE(diagnostics.has_errors());
  Diagnostic warning = error_at({0, 1});
  warning.severity = Severity::kWarning;
  diagnostics.add(warning);
  EXPECT_FALSE(diagnostics.has_errors());
  for (std::uint32_t i = 0; i < 20; ++i) {
    diagnostics.add(error_at({i, i + 1}));
  }
  warning.span = {1, 2};
  diagnostics.add(warning);
  EXPECT_TRUE(diagnostics.has_errors());
  EXPECT_EQ(diagnostics.all().size(), 12u);
}

TEST(DiagnosticTest, WhatIsToldTwiceIsKeptOnce) {
  Diagnostics diagnostics;
  Diagnostic warning = error_at({3, 4});
  warning.severity = Severity::kWarning;
  diagnostics.add(warning);
  diagnostics.add(warning);
  EXPECT_EQ(diagnostics.all().size(), 1u);
  diagnostics.add(error_at({3, 4}));
  diagnostics.add(error_at({3, 4}));
  EXPECT_EQ(diagnostics.all().size(), 2u);
  diagnostics.add(error_at({5, 6}));
  EXPECT_EQ(diagnostics.all().size(), 3u);
}

}  // namespace
}  // namespace thalweg
