#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/diagnostic.h"

namespace thalweg {

enum class TokenKind : std::uint8_t {
  kWord,          // A name or keyword without quotes.
  kQuotedName,    // "name"
  kBacktickName,  // `name`
  kInteger,
  kDecimal,
  kText,  // 'text', E'text', $$text$$
  kSymbol,
  kError,  // Wrong; what is wrong stands in Lexed::errors.
  kEnd,    // After the last token of the text, once.
};

struct Token {
  TokenKind kind = TokenKind::kEnd;
  Span span;
};

// A hint comment and the token that it stands before.
struct HintComment {
  std::size_t token = 0;
  Span span;  // Of what stands between /*+ and */.
};

struct Lexed {
  std::vector<Token> tokens;       // Ends with one kEnd, whose span is empty.
  std::vector<Diagnostic> errors;  // One for each kError token, in order.
  std::vector<HintComment> hints;
};

// Cuts [range.begin, range.end) of the text into tokens, by PostgreSQL's rules, with backticks
// around names and underscores in numbers besides. Spans count from the beginning of `text`.
// Requires: `text` is valid UTF-8 of less than 4 GiB.
Lexed lex(std::string_view text, Span range);

// What the token's text stands for. `source`: the text of the token's span.
std::string text_value(std::string_view source);  // Of kText, unescaped.
std::string name_value(std::string_view source);  // Of the names, without quotes.

// Of kInteger and kDecimal: decimal digits without underscores.
std::string number_value(std::string_view source);

}  // namespace thalweg
