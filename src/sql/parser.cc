#include "sql/parser.h"

#include <simdjson.h>

#include <utility>

#include "sql/syntax_parser.h"

namespace thalweg {
namespace {

// Whether the text can be lexed at all.
bool check_text(std::string_view text, Diagnostics& diagnostics) {
  if (text.size() > kScriptBytesMax) {
    diagnostics.add({.code = "S0001",
                     .message = "the script is longer than 1 MiB",
                     .span = {},
                     .label = {},
                     .notes = {"split it into several scripts"}});
    return false;
  }
  if (!simdjson::validate_utf8(text.data(), text.size())) {
    diagnostics.add({.code = "S0003",
                     .message = "the script is not UTF-8",
                     .span = {},
                     .label = {},
                     .notes = {"save it as UTF-8"}});
    return false;
  }
  return true;
}

Cursor cursor_over(std::string_view text, Diagnostics& diagnostics) {
  return {text, lex(text, {0, static_cast<std::uint32_t>(text.size())}), diagnostics};
}

}  // namespace

std::vector<ast::Statement> parse_script(std::string_view text, Diagnostics& diagnostics) {
  std::vector<ast::Statement> statements;
  if (!check_text(text, diagnostics)) {
    return statements;
  }
  Cursor cursor = cursor_over(text, diagnostics);
  while (!cursor.at_end()) {
    if (cursor.take_symbol(";")) {
      continue;
    }
    if (std::optional<ast::Statement> statement = SyntaxParser(cursor).parse_statement()) {
      statement->text = text;
      statements.push_back(std::move(*statement));
    }
    cursor.skip_statement();
  }
  return statements;
}

ast::ExprPtr parse_expression(std::string_view text, Diagnostics& diagnostics) {
  if (!check_text(text, diagnostics)) {
    return nullptr;
  }
  Cursor cursor = cursor_over(text, diagnostics);
  ast::ExprPtr expr = SyntaxParser(cursor).parse_expression();
  if (!cursor.failed() && !cursor.at_end()) {
    cursor.fail_expected("the end of the expression");
  }
  return cursor.failed() ? nullptr : std::move(expr);
}

ast::QueryPtr parse_query(std::string_view text, Diagnostics& diagnostics) {
  if (!check_text(text, diagnostics)) {
    return nullptr;
  }
  Cursor cursor = cursor_over(text, diagnostics);
  ast::QueryPtr query = SyntaxParser(cursor).parse_query();
  cursor.take_symbol(";");
  if (!cursor.failed() && !cursor.at_end()) {
    cursor.fail_expected("the end of the query");
  }
  return cursor.failed() ? nullptr : std::move(query);
}

}  // namespace thalweg
