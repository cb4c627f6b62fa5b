#include <fmt/format.h>

#include <array>
#include <span>
#include <utility>

#include "sql/syntax_parser.h"
#include "sql/window_functions.h"

namespace thalweg {

using ast::ExprPtr;
using ast::TableRefPtr;

namespace {

using Part = ExprPtr ast::WindowTable::*;

// The arguments of one kind of window.
struct WindowForm {
  std::string_view needs;        // For people.
  std::array<Part, 4> by_place;  // After the relation; null where there are fewer.
  std::size_t required = 0;      // So many of `by_place`.
};

const WindowForm& form_of(ast::WindowKind kind) {
  using Window = ast::WindowTable;
  static constexpr std::array<WindowForm, 6> kForms = {{
      {"a table, its time column and a size",
       {&Window::time, &Window::size, &Window::offset, nullptr},
       2},
      {"a table, its time column, a slide and a size",
       {&Window::time, &Window::step, &Window::size, &Window::offset},
       3},
      {"a table, its time column, a step and a size",
       {&Window::time, &Window::step, &Window::size, &Window::offset},
       3},
      {"a table, its time column and a gap", {&Window::time, &Window::gap, nullptr, nullptr}, 2},
      {"a table, its time column and a number of rows",
       {&Window::time, &Window::size, nullptr, nullptr},
       2},
      {"a table, its time column, a slide and a size, both in rows",
       {&Window::time, &Window::step, &Window::size, nullptr},
       3},
  }};
  return kForms[static_cast<std::size_t>(kind)];
}

// The part that `name => value` gives; null when there is none.
Part part_named(std::string_view name) {
  static constexpr std::array<std::pair<std::string_view, Part>, 7> kNames = {{
      {"timecol", &ast::WindowTable::time},
      {"time", &ast::WindowTable::time},
      {"size", &ast::WindowTable::size},
      {"slide", &ast::WindowTable::step},
      {"step", &ast::WindowTable::step},
      {"gap", &ast::WindowTable::gap},
      {"offset", &ast::WindowTable::offset},
  }};
  for (const auto& [known, part] : kNames) {
    if (known == name) {
      return part;
    }
  }
  return nullptr;
}

bool is_complete(const WindowForm& form, const ast::WindowTable& window) {
  for (std::size_t i = 0; i < form.required; ++i) {
    if (window.*form.by_place[i] == nullptr) {
      return false;
    }
  }
  return window.input != nullptr;
}

}  // namespace

ExprPtr SyntaxParser::parse_descriptor() {
  if (cursor_.at_word("descriptor") && cursor_.at_symbol("(", 1)) {
    cursor_.next();
    cursor_.next();
    ExprPtr column = parse_expression();
    cursor_.expect_symbol(")");
    return column;
  }
  return parse_expression();
}

void SyntaxParser::parse_window_relation(ast::WindowTable& window) {
  if (cursor_.at_word("table") && !cursor_.at_symbol("(", 1)) {
    cursor_.next();
  }
  window.input = parse_table_primary();
  if (!cursor_.take_words({"partition", "by"})) {
    return;
  }
  const bool parenthesised = cursor_.take_symbol("(");
  do {
    window.partition_by.push_back(parse_expression(tighter(Precedence::kComparison)));
  } while (parenthesised && !cursor_.failed() && cursor_.take_symbol(","));
  if (parenthesised) {
    cursor_.expect_symbol(")");
  }
}

TableRefPtr SyntaxParser::parse_window_table(ast::WindowKind kind, std::uint32_t begin) {
  const WindowForm& form = form_of(kind);
  const WindowFunction& function = window_functions()[static_cast<std::size_t>(kind)];
  ast::WindowTable window;
  window.kind = kind;
  const auto fail = [&](std::string message, Span span) {
    cursor_.fail({.code = "S0108",
                  .message = std::move(message),
                  .span = span,
                  .label = {},
                  .notes = {std::string(function.signature)}});
  };
  std::size_t place = 0;
  cursor_.expect_symbol("(");
  do {
    std::string name;
    const Span span = cursor_.peek().span;
    const TokenKind first = cursor_.peek().kind;
    if (cursor_.at_symbol("=>", 1) && first == TokenKind::kWord) {
      name = fold_name(cursor_.source(cursor_.next()));
      cursor_.next();
    } else if (cursor_.at_symbol("=>", 1) && first == TokenKind::kQuotedName) {
      name = fold_name(cursor_.take_name("an argument's name")->text);
      cursor_.next();
    }
    if (name == "data" || (name.empty() && window.input == nullptr)) {
      parse_window_relation(window);
      continue;
    }
    const bool has_place = place < form.by_place.size() && form.by_place[place] != nullptr;
    if (name.empty() && !has_place) {
      fail(fmt::format("{} has too many arguments", function.name), span);
      continue;
    }
    const Part part = name.empty() ? form.by_place[place++] : part_named(name);
    if (part == nullptr) {
      fail(fmt::format("{} has no argument \"{}\"", function.name, name), span);
      continue;
    }
    window.*part = parse_descriptor();
  } while (!cursor_.failed() && cursor_.take_symbol(","));
  cursor_.expect_symbol(")");
  if (!is_complete(form, window)) {
    fail(fmt::format("{} needs {}", function.name, form.needs), cursor_.since(begin));
    return nullptr;
  }
  auto table = std::make_unique<ast::TableRef>();
  table->span = cursor_.since(begin);
  table->node = std::move(window);
  return table;
}

}  // namespace thalweg
