#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "sql/keywords.h"
#include "sql/lexer.h"
#include "sql/parser.h"

namespace thalweg {

// Walks the tokens of one script for the parser, and reports what does not fit. The first error of
// a statement counts; failed() is true from then on until the statement is passed over.
class Cursor {
 public:
  Cursor(std::string_view text, Lexed lexed, Diagnostics& diagnostics)
      : text_(text), lexed_(std::move(lexed)), diagnostics_(diagnostics) {}

  const Token& peek(std::size_t ahead = 0) const {
    const std::size_t at = at_ + ahead;
    return lexed_.tokens[at < lexed_.tokens.size() ? at : lexed_.tokens.size() - 1];
  }
  std::string_view source(const Token& token) const {
    return text_.substr(token.span.begin, token.span.end - token.span.begin);
  }
  bool at_end() const { return peek().kind == TokenKind::kEnd; }
  std::uint32_t begin() const { return peek().span.begin; }
  Span since(std::uint32_t begin) const { return {begin, last_end_}; }

  Token next();

  // `word` in lower case.
  bool at_word(std::string_view word, std::size_t ahead = 0) const;
  bool at_words(std::initializer_list<std::string_view> words) const;
  bool take_word(std::string_view word);
  bool take_words(std::initializer_list<std::string_view> words);
  bool at_symbol(std::string_view symbol, std::size_t ahead = 0) const;
  bool take_symbol(std::string_view symbol);

  // One `>` of a token that may hold several, as in ARRAY<ARRAY<INT>>.
  bool take_close_angle();

  // Reports what was expected instead when it is not there.
  bool expect_word(std::string_view word);
  bool expect_symbol(std::string_view symbol);

  // A name in any spelling. `after_as`: reserved words are names too.
  bool at_name(bool after_as = false) const;
  std::optional<ast::Name> take_name(std::string_view what, bool after_as = false);
  ast::Name make_name(const Token& token) const;

  bool failed() const { return failed_; }
  void fail(Diagnostic diagnostic);
  // "unexpected X; expected Y", with the keyword that was probably meant.
  void fail_expected(std::string_view expected);
  // The same where one of a few phrases in upper case was; only these may have been meant.
  void fail_expected_one(std::initializer_list<std::string> phrases);

  // Goes behind the next `;`, or to the end.
  void skip_statement();

  std::vector<ast::Hint> take_hints();

 private:
  std::string describe(const Token& token) const;

  // Say more exactly what is wrong at the present token; false: it is not that.
  bool name_misspelt_keyword(Diagnostic& diagnostic) const;
  bool name_open_bracket(Diagnostic& diagnostic) const;
  void name_misplaced_clause(Diagnostic& diagnostic) const;

  std::string_view text_;
  Lexed lexed_;
  Diagnostics& diagnostics_;
  std::size_t at_ = 0;
  std::uint32_t last_end_ = 0;
  bool failed_ = false;
};

}  // namespace thalweg
