#include "sql/lexer.h"

#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "sql/escapes.h"
#include "sql/keywords.h"

namespace thalweg {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_hex_digit(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

bool is_ascii_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

bool is_wide(char c) { return static_cast<unsigned char>(c) >= 0x80; }

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
}

// The longest come first, so that the first that fits is the one.
constexpr std::string_view kSymbols[] = {
    "->>", "#>>", "!~*", "->", "#>", "@>", "<@", "?|", "?&", "||", "::", ":=",
    "=>",  "==",  "<=",  ">=", "<>", "!=", "<<", ">>", "!~", "~*", "(",  ")",
    "[",   "]",   "{",   "}",  ",",  ".",  ";",  ":",  "+",  "-",  "*",  "/",
    "%",   "^",   "=",   "<",  ">",  "|",  "&",  "#",  "~",  "?",
};

class Lexer {
 public:
  Lexer(std::string_view text, Span range) : text_(text.substr(0, range.end)), at_(range.begin) {}

  Lexed run() && {
    while (skip_space()) {
      next_token();
    }
    const auto end = static_cast<std::uint32_t>(text_.size());
    lexed_.tokens.push_back({TokenKind::kEnd, {end, end}});
    return std::move(lexed_);
  }

 private:
  char at(std::size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }
  bool ended() const { return at_ >= text_.size(); }
  bool follows(std::string_view part) const { return text_.substr(at_).starts_with(part); }

  Span span_from(std::size_t begin) const {
    return {static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(at_)};
  }

  void push(TokenKind kind, std::size_t begin) {
    lexed_.tokens.push_back({kind, span_from(begin)});
  }

  // The token takes in all up to the present place; the mark stands where it is told to.
  void push_error(std::size_t begin, Diagnostic diagnostic) {
    push(TokenKind::kError, begin);
    lexed_.errors.push_back(std::move(diagnostic));
  }

  // Passes over spaces and comments. False at the end of the text.
  bool skip_space() {
    while (!ended()) {
      if (is_space(at())) {
        ++at_;
      } else if (follows("--")) {
        at_ = std::min(text_.find('\n', at_), text_.size());
      } else if (follows("/*")) {
        skip_comment();
      } else if (follows("\xEF\xBB\xBF") && at_ == 0) {
        at_ += 3;  // The byte order mark some editors write first.
      } else {
        return true;
      }
    }
    return false;
  }

  void skip_comment() {
    const std::size_t begin = at_;
    const bool hint = follows("/*+");
    int open = 0;
    do {
      if (follows("/*")) {
        ++open;
        at_ += 2;
      } else if (follows("*/")) {
        --open;
        at_ += 2;
      } else {
        ++at_;
      }
    } while (open > 0 && !ended());
    if (open > 0) {
      const auto from = static_cast<std::uint32_t>(begin);
      push_error(begin, {.code = "S0006",
                         .message = "comment never closed",
                         .span = {from, from + 2},
                         .label = "opened here; close it with */",
                         .notes = {}});
    } else if (hint) {
      lexed_.hints.push_back(
          {lexed_.tokens.size(),
           {static_cast<std::uint32_t>(begin + 3), static_cast<std::uint32_t>(at_ - 2)}});
    }
  }

  void next_token() {
    const char c = at();
    if (c == '\'') {
      ++at_;
      return text(at_ - 1, TextQuote::kPlain);
    }
    if ((c == 'e' || c == 'E') && at(1) == '\'') {
      at_ += 2;
      return text(at_ - 2, TextQuote::kEscaped);
    }
    if (c == '"' || c == '`') {
      return quoted_name(c);
    }
    if (c == '$') {
      return dollar_text();
    }
    if (is_digit(c) || (c == '.' && is_digit(at(1)))) {
      return number();
    }
    if (is_ascii_letter(c) || (is_wide(c) && wide_letter_bytes() > 0)) {
      return word();
    }
    symbol();
  }

  enum class TextQuote : std::uint8_t { kPlain, kEscaped };

  // After the opening quote.
  void text(std::size_t begin, TextQuote quote) {
    while (!ended()) {
      if (quote == TextQuote::kEscaped && at() == '\\') {
        at_ += 2;
      } else if (follows("''")) {
        at_ += 2;
      } else if (at() == '\'') {
        ++at_;
        return end_text(begin, quote);
      } else {
        ++at_;
      }
    }
    at_ = text_.size();
    unclosed_text(begin, "a quote inside the text is written twice: 'it''s'");
  }

  void end_text(std::size_t begin, TextQuote quote) {
    if (quote == TextQuote::kEscaped) {
      const Span body{static_cast<std::uint32_t>(begin + 2), static_cast<std::uint32_t>(at_ - 1)};
      const std::string_view inner = text_.substr(body.begin, body.end - body.begin);
      if (const auto bad = find_bad_escape(inner)) {
        const auto from = static_cast<std::uint32_t>(body.begin + bad->offset);
        return push_error(begin, {.code = "S0008",
                                  .message = "malformed escape in text",
                                  .span = {from, from + static_cast<std::uint32_t>(bad->size)},
                                  .label = "no character is written so",
                                  .notes = {"write '...' without the E to have backslashes as "
                                            "they are"}});
      }
    }
    push(TokenKind::kText, begin);
  }

  void unclosed_text(std::size_t begin, std::string note) {
    const auto from = static_cast<std::uint32_t>(begin);
    push_error(begin, {.code = "S0004",
                       .message = "text never closed",
                       .span = {from, from + 1},
                       .label = "opened here",
                       .notes = {std::move(note)}});
  }

  // $$text$$ and $tag$text$tag$.
  void dollar_text() {
    const std::size_t begin = at_;
    std::size_t end = at_ + 1;
    while (end < text_.size() && (is_ascii_letter(text_[end]) || is_wide(text_[end]) ||
                                  (is_digit(text_[end]) && end > begin + 1))) {
      ++end;
    }
    if (end >= text_.size() || text_[end] != '$') {
      ++at_;
      return unexpected_character(begin, "");
    }
    const std::string_view tag = text_.substr(begin, end + 1 - begin);
    const std::size_t close = text_.find(tag, end + 1);
    if (close == std::string_view::npos) {
      at_ = text_.size();
      return unclosed_text(begin, "it ends with " + std::string(tag));
    }
    at_ = close + tag.size();
    push(TokenKind::kText, begin);
  }

  void quoted_name(char quote) {
    const std::size_t begin = at_++;
    const auto from = static_cast<std::uint32_t>(begin);
    while (!ended()) {
      if (at() == quote && at(1) == quote) {
        at_ += 2;
      } else if (at() == quote) {
        ++at_;
        if (at_ - begin == 2) {
          return push_error(begin, {.code = "S0005",
                                    .message = "a quoted name cannot be empty",
                                    .span = {from, from + 2},
                                    .label = "no name",
                                    .notes = {"text is written in single quotes: ''"}});
        }
        return push(quote == '"' ? TokenKind::kQuotedName : TokenKind::kBacktickName, begin);
      } else {
        ++at_;
      }
    }
    push_error(begin, {.code = "S0005",
                       .message = "quoted name never closed",
                       .span = {from, from + 1},
                       .label = "opened here",
                       .notes = {"double quotes and backticks hold names; text is written in "
                                 "single quotes"}});
  }

  // Passes over digits with single underscores between them. False when misplaced.
  template <typename IsDigit>
  bool digits(IsDigit is_one) {
    bool well_formed = is_one(at());
    while (is_one(at()) || at() == '_') {
      if (at() == '_' && !is_one(at(1))) {
        well_formed = false;
      }
      ++at_;
    }
    return well_formed;
  }

  void number() {
    const std::size_t begin = at_;
    TokenKind kind = TokenKind::kInteger;
    bool good = true;
    if (at() == '0' && (at(1) == 'x' || at(1) == 'X')) {
      at_ += 2;
      good = digits(is_hex_digit) && number_fits(begin);
    } else {
      good = at() == '.' || digits(is_digit);
      if (at() == '.' && at(1) != '.') {
        kind = TokenKind::kDecimal;
        ++at_;
        good = (!is_digit(at()) || digits(is_digit)) && good;
      }
      if (at() == 'e' || at() == 'E') {
        kind = TokenKind::kDecimal;
        at_ += at(1) == '+' || at(1) == '-' ? 2 : 1;
        good = digits(is_digit) && good;
      }
    }
    const std::size_t end = at_;
    while (is_ascii_letter(at()) || is_digit(at()) || (is_wide(at()) && wide_letter_bytes() > 0)) {
      at_ += is_wide(at()) ? wide_letter_bytes() : 1;
    }
    if (good && at_ == end) {
      return push(kind, begin);
    }
    push_error(begin, {.code = "S0007",
                       .message = "malformed number \"" +
                                  std::string(text_.substr(begin, at_ - begin)) + "\"",
                       .span = span_from(begin),
                       .label = good ? "a number ends before letters" : "not a number",
                       .notes = {"a name that begins with a digit is written in double quotes"}});
  }

  bool number_fits(std::size_t begin) const {
    std::size_t significant = 0;
    for (const char c : text_.substr(begin + 2, at_ - begin - 2)) {
      significant += is_hex_digit(c) && (c != '0' || significant > 0) ? 1 : 0;
    }
    return significant <= 16;
  }

  void word() {
    const std::size_t begin = at_;
    while (!ended()) {
      if (is_ascii_letter(at()) || is_digit(at()) || at() == '$') {
        ++at_;
      } else if (is_wide(at()) && wide_letter_bytes() > 0) {
        at_ += wide_letter_bytes();
      } else {
        break;
      }
    }
    push(TokenKind::kWord, begin);
  }

  struct WideCharacter {
    std::size_t bytes = 1;
    std::int32_t code_point = 0;
  };

  // Requires: a character past ASCII at the present place.
  WideCharacter wide_character() const {
    WideCharacter result;
    const auto* bytes = reinterpret_cast<const utf8proc_uint8_t*>(text_.data() + at_);
    const utf8proc_ssize_t length = utf8proc_iterate(
        bytes, static_cast<utf8proc_ssize_t>(text_.size() - at_), &result.code_point);
    result.bytes = length > 0 ? static_cast<std::size_t>(length) : 1;
    return result;
  }

  // Its bytes where the wide character may stand in a name, else 0: spaces, punctuation and
  // the like come from copied text and would make names that nobody sees.
  std::size_t wide_letter_bytes() const {
    const WideCharacter wide = wide_character();
    switch (utf8proc_category(wide.code_point)) {
      case UTF8PROC_CATEGORY_LU:
      case UTF8PROC_CATEGORY_LL:
      case UTF8PROC_CATEGORY_LT:
      case UTF8PROC_CATEGORY_LM:
      case UTF8PROC_CATEGORY_LO:
      case UTF8PROC_CATEGORY_MN:
      case UTF8PROC_CATEGORY_MC:
      case UTF8PROC_CATEGORY_ND:
      case UTF8PROC_CATEGORY_NL:
      case UTF8PROC_CATEGORY_NO:
      case UTF8PROC_CATEGORY_SO:
        return wide.bytes;
      default:
        return 0;
    }
  }

  void symbol() {
    const std::size_t begin = at_;
    for (const std::string_view symbol : kSymbols) {
      if (follows(symbol)) {
        at_ += symbol.size();
        return push(TokenKind::kSymbol, begin);
      }
    }
    if (!is_wide(at())) {
      ++at_;
      return unexpected_character(begin, "");
    }
    const WideCharacter wide = wide_character();
    at_ += wide.bytes;
    constexpr std::array<std::int32_t, 4> kCurlyQuotes = {0x2018, 0x2019, 0x201C, 0x201D};
    for (const std::int32_t quote : kCurlyQuotes) {
      if (wide.code_point == quote) {
        return unexpected_character(begin, "a curly quotation mark: write ' around text");
      }
    }
    const utf8proc_category_t category = utf8proc_category(wide.code_point);
    const bool blank = category == UTF8PROC_CATEGORY_ZS || category == UTF8PROC_CATEGORY_CF;
    unexpected_character(begin, blank ? "looks like a space and is none: write a plain one" : "");
  }

  void unexpected_character(std::size_t begin, std::string label) {
    push_error(begin, {.code = "S0003",
                       .message = "unexpected character \"" +
                                  std::string(text_.substr(begin, at_ - begin)) + "\"",
                       .span = span_from(begin),
                       .label = std::move(label),
                       .notes = {}});
  }

  const std::string_view text_;
  std::size_t at_;
  Lexed lexed_;
};

std::string undouble(std::string_view inner, char quote) {
  std::string value;
  value.reserve(inner.size());
  for (std::size_t i = 0; i < inner.size(); ++i) {
    value += inner[i];
    if (inner[i] == quote && i + 1 < inner.size() && inner[i + 1] == quote) {
      ++i;
    }
  }
  return value;
}

}  // namespace

Lexed lex(std::string_view text, Span range) { return Lexer(text, range).run(); }

std::string text_value(std::string_view source) {
  if (source.starts_with('$')) {
    const std::size_t tag = source.find('$', 1) + 1;
    return std::string(source.substr(tag, source.size() - 2 * tag));
  }
  if (source.starts_with('\'')) {
    return undouble(source.substr(1, source.size() - 2), '\'');
  }
  return unescape(source.substr(2, source.size() - 3));
}

std::string name_value(std::string_view source) {
  const char quote = source.front();
  if (quote != '"' && quote != '`') {
    return std::string(source);
  }
  return undouble(source.substr(1, source.size() - 2), quote);
}

std::string number_value(std::string_view source) {
  std::string digits;
  for (const char c : source) {
    if (c != '_') {
      digits += c;
    }
  }
  if (digits.size() < 2 || (digits[1] != 'x' && digits[1] != 'X')) {
    return digits;
  }
  return std::to_string(std::stoull(digits.substr(2), nullptr, 16));
}

}  // namespace thalweg
