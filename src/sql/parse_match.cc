#include <utility>

#include "sql/parse_pattern.h"
#include "sql/syntax_parser.h"

// MATCH_RECOGNIZE (...).
namespace thalweg {

using ast::TableRefPtr;

TableRefPtr SyntaxParser::parse_match(TableRefPtr input, std::uint32_t begin) {
  ast::MatchTable match;
  match.input = std::move(input);
  match.keyword_span = cursor_.peek().span;
  cursor_.next();
  cursor_.expect_symbol("(");
  const bool outer = std::exchange(in_match_, true);
  if (cursor_.take_words({"partition", "by"})) {
    match.partition_by = parse_expressions();
  }
  if (!cursor_.failed() && cursor_.take_words({"order", "by"})) {
    match.order_by = parse_order_items();
  }
  if (!cursor_.failed() && cursor_.take_word("measures")) {
    do {
      ast::MatchMeasure& measure = match.measures.emplace_back();
      measure.value = parse_expression();
      if (!cursor_.failed() && cursor_.expect_word("as")) {
        if (auto name = cursor_.take_name("a name for the measure", /*after_as=*/true)) {
          measure.name = std::move(*name);
        }
      }
    } while (!cursor_.failed() && cursor_.take_symbol(","));
  }
  parse_match_rows(match);
  parse_after_match(match);
  if (!cursor_.failed() && cursor_.expect_word("pattern")) {
    match.pattern = parse_pattern(cursor_);
  }
  if (!cursor_.failed() && cursor_.take_word("within")) {
    match.within = parse_expression();
  }
  parse_match_definitions(match);
  in_match_ = outer;
  if (!cursor_.failed()) {
    cursor_.expect_symbol(")");
  }
  auto table = std::make_unique<ast::TableRef>();
  table->span = cursor_.since(begin);
  table->node = std::move(match);
  return table;
}

// ONE ROW PER MATCH, ALL ROWS PER MATCH ...
void SyntaxParser::parse_match_rows(ast::MatchTable& match) {
  const std::uint32_t begin = cursor_.begin();
  if (cursor_.failed()) {
    return;
  }
  if (cursor_.take_words({"all", "rows", "per", "match"})) {
    match.rows = ast::RowsPerMatch::kAll;
    if (cursor_.take_words({"omit", "empty", "matches"})) {
      match.rows = ast::RowsPerMatch::kAllWithoutEmpty;
    } else if (cursor_.take_words({"with", "unmatched", "rows"})) {
      match.rows = ast::RowsPerMatch::kAllWithUnmatched;
    } else {
      cursor_.take_words({"show", "empty", "matches"});
    }
  } else {
    cursor_.take_words({"one", "row", "per", "match"});
  }
  match.rows_span = cursor_.since(begin);
}

// AFTER MATCH SKIP ...
void SyntaxParser::parse_after_match(ast::MatchTable& match) {
  if (cursor_.failed() || !cursor_.take_words({"after", "match", "skip"})) {
    return;
  }
  if (cursor_.take_words({"past", "last", "row"})) {
    return;
  }
  if (cursor_.take_words({"to", "next", "row"})) {
    match.after = ast::AfterMatch::kToNextRow;
    return;
  }
  if (!cursor_.at_word("to")) {
    cursor_.fail_expected_one({"PAST LAST ROW", "TO NEXT ROW", "TO FIRST", "TO LAST"});
    return;
  }
  cursor_.next();
  const bool has_word = cursor_.peek(1).kind == TokenKind::kWord && !cursor_.at_word("pattern", 1);
  match.after = ast::AfterMatch::kToLast;
  if (has_word && cursor_.take_word("first")) {
    match.after = ast::AfterMatch::kToFirst;
  } else if (has_word) {
    cursor_.take_word("last");
  }
  match.skip_to = cursor_.take_name("a variable of the pattern");
}

// SUBSET u = (a, b), ... DEFINE a AS condition, ...
void SyntaxParser::parse_match_definitions(ast::MatchTable& match) {
  if (!cursor_.failed() && cursor_.take_word("subset")) {
    do {
      ast::MatchSubset& subset = match.subsets.emplace_back();
      if (auto name = cursor_.take_name("a name for the variables")) {
        subset.name = std::move(*name);
      }
      if (!cursor_.failed() && cursor_.expect_symbol("=")) {
        subset.members = parse_names("a variable of the pattern");
      }
    } while (!cursor_.failed() && cursor_.take_symbol(","));
  }
  if (cursor_.failed() || !cursor_.take_word("define")) {
    return;
  }
  do {
    ast::MatchDefinition& definition = match.definitions.emplace_back();
    if (auto name = cursor_.take_name("a variable of the pattern")) {
      definition.variable = std::move(*name);
    }
    if (!cursor_.failed() && cursor_.expect_word("as")) {
      definition.condition = parse_expression();
    }
  } while (!cursor_.failed() && cursor_.take_symbol(","));
}

}  // namespace thalweg
