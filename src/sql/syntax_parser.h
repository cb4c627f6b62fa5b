#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "sql/cursor.h"
#include "sql/operator_spelling.h"

namespace thalweg {

// Recursive descent over a script's tokens. Its parts stand in parse_expression.cc, parse_query.cc
// and parse_statement.cc. Functions return null, or something unfinished, once the cursor has
// failed.
class SyntaxParser {
 public:
  explicit SyntaxParser(Cursor& cursor) : cursor_(cursor) {}

  std::optional<ast::Statement> parse_statement();
  ast::QueryPtr parse_query();
  ast::ExprPtr parse_expression(Precedence at_least = Precedence::kLowest);

 private:
  // Counts how deep the parser stands; too deep is an error.
  class Level {
   public:
    explicit Level(SyntaxParser& parser);
    ~Level() { --parser_.depth_; }
    Level(const Level&) = delete;
    Level& operator=(const Level&) = delete;

   private:
    SyntaxParser& parser_;
  };

  // Expressions.
  ast::ExprPtr parse_prefix();
  ast::ExprPtr parse_infix(ast::ExprPtr left, Precedence at_least, bool& more);
  ast::ExprPtr parse_is(ast::ExprPtr left);
  ast::ExprPtr parse_range(ast::ExprPtr left, bool& more);
  ast::ExprPtr parse_postfix(ast::ExprPtr operand);
  ast::ExprPtr parse_primary();
  ast::ExprPtr parse_word();
  ast::ExprPtr parse_parenthesised();
  ast::ExprPtr parse_case();
  ast::ExprPtr parse_cast(bool try_cast);
  ast::ExprPtr parse_interval();
  ast::ExprPtr parse_array();
  ast::ExprPtr parse_name_or_call();
  ast::ExprPtr parse_call(ast::QualifiedName name, std::uint32_t begin);
  bool parse_special_call(ast::Call& call);
  void parse_call_tail(ast::Call& call);
  ast::ExprPtr typed_literal();
  template <typename T>
  ast::ExprPtr make(std::uint32_t begin, T node, std::initializer_list<const ast::ExprPtr*> below);
  ast::ExprPtr too_deep(Span span);
  std::vector<ast::ExprPtr> parse_expressions();
  std::vector<ast::OrderItem> parse_order_items();
  ast::WindowSpec parse_window_spec();
  ast::FrameBound parse_frame_bound();
  ast::TypeName parse_type();
  ast::TypeName parse_plain_type();
  std::vector<ast::Name> parse_names(std::string_view what);
  ast::QualifiedName parse_qualified_name(std::string_view what);

  // Queries.
  ast::QueryPtr parse_set_operations(int at_least);
  ast::QueryPtr parse_query_operand();
  ast::Select parse_select();
  void parse_select_items(ast::Select& select);
  void parse_star(ast::SelectItem& item, ast::QualifiedName table, std::uint32_t begin);
  void parse_select_clauses(ast::Select& select);
  ast::GroupBy parse_group_by();
  ast::GroupingElement parse_grouping_element();
  ast::Values parse_values();
  void parse_tail(ast::Query& query);
  std::optional<ast::Emit> parse_emit();
  bool take_window_close();
  ast::TableRefPtr parse_from();
  template <typename First, typename Takes, typename Rest>
  ast::TableRefPtr parse_chain(First first, Takes takes, Rest rest);
  ast::TableRefPtr parse_joins();
  bool take_join_words(ast::Join& join);
  ast::TableRefPtr parse_table();
  ast::TableRefPtr parse_table_primary();
  void parse_window_relation(ast::WindowTable& window);
  ast::TableRefPtr parse_window_table(ast::WindowKind kind, std::uint32_t begin);
  ast::ExprPtr parse_descriptor();
  // In parse_match.cc.
  ast::TableRefPtr parse_match(ast::TableRefPtr input, std::uint32_t begin);
  void parse_match_rows(ast::MatchTable& match);
  void parse_after_match(ast::MatchTable& match);
  void parse_match_definitions(ast::MatchTable& match);
  std::optional<ast::TableAlias> parse_alias();

  // Statements.
  std::optional<ast::Statement::Node> parse_node();
  std::optional<ast::Statement::Node> parse_create();
  std::optional<ast::Statement::Node> parse_create_table(ast::CreateTable table);
  std::optional<ast::Statement::Node> parse_create_view(ast::CreateView view);
  void parse_table_element(ast::CreateTable& table);
  void parse_column(ast::CreateTable& table);
  std::vector<ast::Option> parse_options();
  ast::Option parse_option();
  ast::Insert parse_insert();
  std::optional<ast::Statement::Node> parse_explain();
  std::optional<ast::Statement::Node> parse_show();
  std::optional<ast::Statement::Node> parse_set(bool reset);
  std::optional<ast::Statement::Node> parse_drop();
  std::optional<ast::Statement::Node> parse_statement_set();

  Cursor& cursor_;
  int depth_ = 0;
  bool in_match_ = false;  // Within MATCH_RECOGNIZE (...).
};

}  // namespace thalweg
