#include "sql/cursor.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/nearest.h"

namespace thalweg {
namespace {

// A shorter word is near to too many others.
constexpr std::size_t kMisspeltBytesMin = 3;

bool is_name_kind(TokenKind kind) {
  return kind == TokenKind::kQuotedName || kind == TokenKind::kBacktickName;
}

}  // namespace

Token Cursor::next() {
  const Token token = peek();
  last_end_ = token.span.end;
  if (at_ + 1 < lexed_.tokens.size()) {
    ++at_;
  }
  return token;
}

bool Cursor::at_word(std::string_view word, std::size_t ahead) const {
  const Token& token = peek(ahead);
  return token.kind == TokenKind::kWord && is_word(source(token), word);
}

bool Cursor::at_words(std::initializer_list<std::string_view> words) const {
  std::size_t ahead = 0;
  return std::all_of(words.begin(), words.end(),
                     [&](std::string_view word) { return at_word(word, ahead++); });
}

bool Cursor::take_word(std::string_view word) {
  if (!at_word(word)) {
    return false;
  }
  next();
  return true;
}

bool Cursor::take_words(std::initializer_list<std::string_view> words) {
  if (!at_words(words)) {
    return false;
  }
  for (std::size_t i = 0; i < words.size(); ++i) {
    next();
  }
  return true;
}

bool Cursor::at_symbol(std::string_view symbol, std::size_t ahead) const {
  const Token& token = peek(ahead);
  return token.kind == TokenKind::kSymbol && source(token) == symbol;
}

bool Cursor::take_symbol(std::string_view symbol) {
  if (!at_symbol(symbol)) {
    return false;
  }
  next();
  return true;
}

bool Cursor::take_close_angle() {
  Token& token = lexed_.tokens[at_];
  if (token.kind != TokenKind::kSymbol || !source(token).starts_with('>')) {
    return false;
  }
  if (token.span.end - token.span.begin == 1) {
    next();
  } else {
    last_end_ = ++token.span.begin;
  }
  return true;
}

bool Cursor::expect_word(std::string_view word) {
  if (failed_) {
    return false;
  }
  if (!take_word(word)) {
    fail_expected(upper(word));
    return false;
  }
  return true;
}

bool Cursor::expect_symbol(std::string_view symbol) {
  if (failed_) {
    return false;
  }
  if (!take_symbol(symbol)) {
    fail_expected(fmt::format("\"{}\"", symbol));
    return false;
  }
  return true;
}

bool Cursor::at_name(bool after_as) const {
  const Token& token = peek();
  if (is_name_kind(token.kind)) {
    return true;
  }
  if (token.kind != TokenKind::kWord) {
    return false;
  }
  return after_as || word_class(source(token)) != WordClass::kReserved;
}

ast::Name Cursor::make_name(const Token& token) const {
  ast::Name name;
  name.span = token.span;
  if (is_name_kind(token.kind)) {
    name.text = name_value(source(token));
    name.quoted = token.kind == TokenKind::kQuotedName;
    // Backticks are Flink's way to write a name that is a keyword; they fold like a bare name.
    name.key = name.quoted ? name.text : fold_name(name.text);
  } else {
    name.text = std::string(source(token));
    name.key = fold_name(name.text);
  }
  return name;
}

std::optional<ast::Name> Cursor::take_name(std::string_view what, bool after_as) {
  if (failed_) {
    return std::nullopt;
  }
  if (at_name(after_as)) {
    return make_name(next());
  }
  const Token& token = peek();
  if (token.kind == TokenKind::kWord) {
    const std::string_view word = source(token);
    Diagnostic diagnostic;
    diagnostic.code = "S0103";
    diagnostic.message = fmt::format("\"{}\" is a reserved word, not {}", word, what);
    diagnostic.span = token.span;
    diagnostic.label = fmt::format("write \"{}\" in double quotes to use it as a name", word);
    fail(std::move(diagnostic));
  } else {
    fail_expected(what);
  }
  return std::nullopt;
}

void Cursor::fail(Diagnostic diagnostic) {
  if (failed_) {
    return;
  }
  failed_ = true;
  diagnostics_.add(std::move(diagnostic));
}

std::string Cursor::describe(const Token& token) const {
  switch (token.kind) {
    case TokenKind::kEnd:
      return "the end of the text";
    case TokenKind::kText:
      return fmt::format("text {}", source(token));
    default:
      return fmt::format("\"{}\"", source(token));
  }
}

void Cursor::fail_expected(std::string_view expected) {
  if (failed_) {
    return;
  }
  const Token& token = peek();
  if (token.kind == TokenKind::kError) {
    std::size_t number = 0;
    for (std::size_t i = 0; i < at_; ++i) {
      number += lexed_.tokens[i].kind == TokenKind::kError ? 1 : 0;
    }
    fail(lexed_.errors[number]);
    return;
  }
  Diagnostic diagnostic;
  diagnostic.code = "S0101";
  diagnostic.message = token.kind == TokenKind::kEnd
                           ? fmt::format("the text ends here; expected {}", expected)
                           : fmt::format("unexpected {}; expected {}", describe(token), expected);
  diagnostic.span = token.span;
  if (!name_misspelt_keyword(diagnostic) && !name_open_bracket(diagnostic)) {
    name_misplaced_clause(diagnostic);
  }
  fail(std::move(diagnostic));
}

void Cursor::fail_expected_one(std::initializer_list<std::string> phrases) {
  if (failed_ || peek().kind == TokenKind::kError) {
    fail_expected("");  // What the lexer had to say.
    return;
  }
  std::string expected;
  for (auto phrase = phrases.begin(); phrase != phrases.end(); ++phrase) {
    const bool last = phrase + 1 == phrases.end();
    expected += phrase == phrases.begin() ? "" : last ? " or " : ", ";
    expected += *phrase;
  }
  Diagnostic diagnostic;
  diagnostic.code = "S0101";
  diagnostic.message = at_end()
                           ? fmt::format("the text ends here; expected {}", expected)
                           : fmt::format("unexpected {}; expected {}", describe(peek()), expected);
  diagnostic.span = peek().span;
  if (const auto near = nearest_name(upper(source(peek())), phrases)) {
    diagnostic.label = fmt::format("did you mean {}?", *near);
  }
  fail(std::move(diagnostic));
}

bool Cursor::name_misspelt_keyword(Diagnostic& diagnostic) const {
  // A misspelt keyword was often taken for an alias just before: look at both words.
  for (const std::size_t back : {std::size_t{0}, std::size_t{1}}) {
    const Token& word = lexed_.tokens[back > at_ ? at_ : at_ - back];
    if (word.kind != TokenKind::kWord || word_class(source(word)) != WordClass::kPlain ||
        source(word).size() < kMisspeltBytesMin) {
      continue;
    }
    if (const auto near = nearest_name(upper(source(word)), clause_words())) {
      diagnostic.code = "S0102";
      diagnostic.span = word.span;
      diagnostic.message = fmt::format("\"{}\" is not a keyword here", source(word));
      diagnostic.label = fmt::format("did you mean {}?", *near);
      return true;
    }
  }
  return false;
}

bool Cursor::name_open_bracket(Diagnostic& diagnostic) const {
  if (!at_end() && !at_symbol(";")) {
    return false;
  }
  int closed = 0;
  for (std::size_t i = at_; i-- > 0;) {
    const std::string_view symbol = source(lexed_.tokens[i]);
    if (lexed_.tokens[i].kind != TokenKind::kSymbol || symbol == ";") {
      if (symbol == ";") {
        return false;
      }
      continue;
    }
    if (symbol == ")" || symbol == "]") {
      ++closed;
    } else if ((symbol == "(" || symbol == "[") && closed-- == 0) {
      diagnostic.code = "S0105";
      diagnostic.span = lexed_.tokens[i].span;
      diagnostic.message =
          symbol == "(" ? "the parenthesis is never closed" : "the bracket is never closed";
      diagnostic.label = fmt::format("opened here; {} comes before its end", describe(peek()));
      return true;
    }
  }
  return false;
}

void Cursor::name_misplaced_clause(Diagnostic& diagnostic) const {
  static constexpr std::array<std::string_view, 10> kClauses = {
      "from", "where", "group", "having", "window", "qualify", "order", "limit", "offset", "emit"};
  if (std::any_of(kClauses.begin(), kClauses.end(),
                  [&](std::string_view clause) { return at_word(clause); })) {
    diagnostic.code = "S0109";
    diagnostic.message = fmt::format("{} cannot stand here", upper(source(peek())));
    diagnostic.notes = {
        "each clause stands once, in this order: SELECT, FROM, WHERE, GROUP BY, HAVING, WINDOW, "
        "QUALIFY, ORDER BY, LIMIT, OFFSET, EMIT"};
  }
}

void Cursor::skip_statement() {
  while (!at_end() && !at_symbol(";")) {
    next();
  }
  take_symbol(";");
  failed_ = false;
}

std::vector<ast::Hint> Cursor::take_hints() {
  std::vector<ast::Hint> hints;
  for (const HintComment& comment : lexed_.hints) {
    if (comment.token != at_) {
      continue;
    }
    // id('x'), options('k' = 'v'): read by a cursor of its own over the same text.
    Cursor inner(text_, lex(text_, comment.span), diagnostics_);
    while (!inner.at_end() && !inner.failed()) {
      ast::Hint hint;
      const std::optional<ast::Name> name = inner.take_name("a hint's name");
      if (!name || !inner.expect_symbol("(")) {
        break;
      }
      hint.name = *name;
      do {
        ast::Option option;
        if (inner.peek().kind != TokenKind::kText) {
          inner.fail_expected("a text in quotes");
          break;
        }
        Token token = inner.next();
        option.value = text_value(inner.source(token));
        option.value_span = token.span;
        if (inner.take_symbol("=")) {
          option.key = option.value;
          option.key_span = token.span;
          token = inner.next();
          option.value = text_value(inner.source(token));
          option.value_span = token.span;
        }
        hint.options.push_back(std::move(option));
      } while (inner.take_symbol(","));
      inner.expect_symbol(")");
      inner.take_symbol(",");
      hint.span = comment.span;
      hints.push_back(std::move(hint));
    }
    failed_ |= inner.failed();
  }
  return hints;
}

}  // namespace thalweg
