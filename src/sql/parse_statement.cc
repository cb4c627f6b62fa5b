#include <fmt/format.h>

#include <array>
#include <string_view>
#include <utility>

#include "base/nearest.h"
#include "sql/syntax_parser.h"

namespace thalweg {
namespace {

// Reports a constraint of a table or column that is understood but not kept.
void refuse_constraint(Cursor& cursor) {
  struct Constraint {
    std::string_view word;
    std::string_view cure;
  };
  constexpr std::array kConstraints = {
      Constraint{"check", "WHERE leaves rows out, and CASE gives them another value"},
      Constraint{"unique", "SELECT DISTINCT leaves rows out that are there already"},
      Constraint{"references", "rows are taken whatever another table holds: leave it out"},
      Constraint{"foreign", "rows are taken whatever another table holds: leave it out"},
      Constraint{"collate", "texts are compared by their bytes, as in COLLATE \"C\": leave it out"},
      Constraint{"exclude", "rows are not compared with each other: leave it out"},
  };
  const Token token = cursor.peek();
  for (const Constraint& constraint : kConstraints) {
    if (cursor.at_word(constraint.word)) {
      cursor.fail({.code = "P0001",
                   .message = fmt::format("{} is not supported yet", cursor.source(token)),
                   .span = token.span,
                   .label = {},
                   .notes = {std::string(constraint.cure)}});
    }
  }
}

}  // namespace

using ast::Statement;

std::optional<Statement> SyntaxParser::parse_statement() {
  const Level level(*this);
  const std::uint32_t begin = cursor_.begin();
  std::optional<Statement::Node> node = parse_node();
  if (!cursor_.failed() && !cursor_.at_end() && !cursor_.at_symbol(";")) {
    cursor_.fail_expected("the end of the statement");
  }
  if (cursor_.failed() || !node) {
    return std::nullopt;
  }
  Statement statement;
  statement.span = cursor_.since(begin);
  statement.node = std::move(*node);
  return statement;
}

std::optional<Statement::Node> SyntaxParser::parse_node() {
  if (cursor_.at_word("select") || cursor_.at_word("with") || cursor_.at_word("values") ||
      cursor_.at_word("from") || cursor_.at_symbol("(")) {
    return Statement::Node(parse_query());
  }
  if (cursor_.at_word("create")) {
    return parse_create();
  }
  if (cursor_.at_word("insert")) {
    return Statement::Node(parse_insert());
  }
  if (cursor_.at_word("explain")) {
    return parse_explain();
  }
  if (cursor_.take_word("describe") || cursor_.take_word("desc")) {
    ast::Describe describe;
    if (cursor_.at_word("select") || cursor_.at_word("with")) {
      const std::uint32_t begin = cursor_.begin();
      ast::QueryTable query{parse_query(), false};
      describe.target = std::make_unique<ast::TableRef>();
      describe.target->node = std::move(query);
      describe.target->span = cursor_.since(begin);
    } else {
      describe.target = parse_table();
    }
    return Statement::Node(std::move(describe));
  }
  if (cursor_.at_word("show")) {
    return parse_show();
  }
  if (cursor_.take_word("set")) {
    return parse_set(/*reset=*/false);
  }
  if (cursor_.take_word("reset")) {
    return parse_set(/*reset=*/true);
  }
  if (cursor_.at_word("drop")) {
    return parse_drop();
  }
  if (cursor_.at_words({"begin", "statement", "set"})) {
    return parse_statement_set();
  }
  const Token& token = cursor_.peek();
  if (token.kind == TokenKind::kWord) {
    const auto near = nearest_name(upper(cursor_.source(token)), statement_words());
    cursor_.fail({.code = "S0104",
                  .message = fmt::format("no statement begins with \"{}\"", cursor_.source(token)),
                  .span = token.span,
                  .label = near ? fmt::format("did you mean {}?", *near) : "",
                  .notes = {}});
  } else {
    cursor_.fail_expected("a statement");
  }
  return std::nullopt;
}

std::optional<Statement::Node> SyntaxParser::parse_create() {
  cursor_.next();
  const bool or_replace = cursor_.take_words({"or", "replace"});
  const bool temporary = cursor_.take_word("temporary") || cursor_.take_word("temp");
  const bool materialized = cursor_.take_word("materialized");
  ast::CreateTable table;
  if (cursor_.take_word("view")) {
    ast::CreateView view;
    view.or_replace = or_replace;
    view.temporary = temporary;
    view.materialized = materialized;
    return parse_create_view(std::move(view));
  }
  if (cursor_.take_word("source")) {
    table.role = ast::TableRole::kSource;
  } else if (cursor_.take_word("sink")) {
    table.role = ast::TableRole::kSink;
  } else if (!cursor_.take_word("table")) {
    cursor_.fail_expected("TABLE, SOURCE, SINK or VIEW");
    return std::nullopt;
  }
  table.or_replace = or_replace;
  table.temporary = temporary;
  return parse_create_table(std::move(table));
}

std::optional<Statement::Node> SyntaxParser::parse_create_view(ast::CreateView view) {
  view.if_not_exists = cursor_.take_words({"if", "not", "exists"});
  view.name = parse_qualified_name("a name for the view");
  if (cursor_.at_symbol("(")) {
    view.columns = parse_names("a column's name");
  }
  cursor_.expect_word("as");
  view.query = parse_query();
  return Statement::Node(std::move(view));
}

std::optional<Statement::Node> SyntaxParser::parse_create_table(ast::CreateTable table) {
  table.if_not_exists = cursor_.take_words({"if", "not", "exists"});
  table.name = parse_qualified_name("a name for the table");
  if (!cursor_.failed() && cursor_.take_symbol("(")) {
    do {
      if (cursor_.at_symbol(")")) {
        break;
      }
      parse_table_element(table);
    } while (!cursor_.failed() && cursor_.take_symbol(","));
    cursor_.expect_symbol(")");
  }
  if (!cursor_.failed() && cursor_.take_words({"partitioned", "by"})) {
    table.partitioned_by = parse_names("a column's name");
  }
  if (!cursor_.failed() && cursor_.at_word("with")) {
    const std::uint32_t begin = cursor_.begin();
    cursor_.next();
    table.has_with = true;
    table.options = parse_options();
    table.options_span = cursor_.since(begin);
  }
  if (!cursor_.failed() && cursor_.take_word("as")) {
    table.query = parse_query();
  }
  return Statement::Node(std::move(table));
}

void SyntaxParser::parse_table_element(ast::CreateTable& table) {
  const std::uint32_t begin = cursor_.begin();
  if (cursor_.at_words({"watermark", "for"})) {
    cursor_.next();
    cursor_.next();
    ast::Watermark watermark;
    if (auto name = cursor_.take_name("a column's name")) {
      watermark.column = std::move(*name);
    }
    if (cursor_.take_word("as")) {
      watermark.value = parse_expression();
    }
    watermark.span = cursor_.since(begin);
    if (table.watermark) {
      cursor_.fail({.code = "S0107",
                    .message = "a table has one WATERMARK",
                    .span = watermark.span,
                    .label = {},
                    .notes = {}});
    }
    table.watermark = std::move(watermark);
    return;
  }
  if (cursor_.take_word("constraint")) {
    cursor_.take_name("a name for the constraint");
  }
  if (cursor_.take_words({"primary", "key"})) {
    ast::PrimaryKey key;
    key.columns = parse_names("a column's name");
    cursor_.take_words({"not", "enforced"});
    key.span = cursor_.since(begin);
    table.primary_key = std::move(key);
    return;
  }
  if (cursor_.at_words({"foreign", "key"}) || cursor_.at_symbol("(", 1)) {
    refuse_constraint(cursor_);
  }
  if (!cursor_.failed()) {
    parse_column(table);
  }
}

void SyntaxParser::parse_column(ast::CreateTable& table) {
  const std::uint32_t begin = cursor_.begin();
  ast::Column column;
  std::optional<ast::Name> name = cursor_.take_name("a column's name");
  if (!name) {
    return;
  }
  column.name = std::move(*name);
  if (!cursor_.at_word("as")) {
    column.type = parse_type();
  }
  while (!cursor_.failed()) {
    if (cursor_.take_words({"not", "null"})) {
      column.not_null = true;
    } else if (cursor_.take_word("null")) {
      column.not_null = false;
    } else if (cursor_.take_words({"primary", "key"})) {
      column.primary_key = true;
      cursor_.take_words({"not", "enforced"});
    } else if (cursor_.take_word("default")) {
      column.default_value = parse_expression();
    } else if (cursor_.at_word("metadata")) {
      const std::uint32_t metadata_begin = cursor_.begin();
      cursor_.next();
      ast::Metadata metadata;
      if (cursor_.take_word("from")) {
        if (cursor_.peek().kind != TokenKind::kText) {
          cursor_.fail_expected("a text in quotes");
          return;
        }
        metadata.key = text_value(cursor_.source(cursor_.next()));
      }
      cursor_.take_word("virtual");
      metadata.span = cursor_.since(metadata_begin);
      column.metadata = std::move(metadata);
    } else if (cursor_.take_words({"generated", "always", "as"}) || cursor_.take_word("as")) {
      column.computed = parse_expression(Precedence::kOr);
      cursor_.take_word("stored");
    } else if (cursor_.take_word("comment")) {
      cursor_.next();
    } else if (cursor_.take_word("constraint")) {
      cursor_.take_name("a name for the constraint");
    } else {
      refuse_constraint(cursor_);
      break;
    }
  }
  column.span = cursor_.since(begin);
  table.columns.push_back(std::move(column));
}

std::vector<ast::Option> SyntaxParser::parse_options() {
  std::vector<ast::Option> options;
  cursor_.expect_symbol("(");
  do {
    if (cursor_.at_symbol(")")) {
      break;
    }
    options.push_back(parse_option());
  } while (!cursor_.failed() && cursor_.take_symbol(","));
  cursor_.expect_symbol(")");
  return options;
}

ast::Option SyntaxParser::parse_option() {
  ast::Option option;
  const std::uint32_t begin = cursor_.begin();
  if (cursor_.peek().kind == TokenKind::kText) {
    option.key = text_value(cursor_.source(cursor_.next()));
  } else {
    do {
      std::optional<ast::Name> part = cursor_.take_name("an option's name", /*after_as=*/true);
      if (!part) {
        return option;
      }
      option.key += (option.key.empty() ? "" : ".") + part->text;
    } while (cursor_.take_symbol(".") || cursor_.take_symbol("-"));
  }
  option.key_span = cursor_.since(begin);
  if (!cursor_.take_symbol("=") && !cursor_.take_word("to")) {
    cursor_.fail_expected("\"=\"");
    return option;
  }
  const std::uint32_t value_begin = cursor_.begin();
  const bool negative = cursor_.take_symbol("-");
  const Token value = cursor_.next();
  const std::string_view source = cursor_.source(value);
  switch (value.kind) {
    case TokenKind::kText:
      option.value = text_value(source);
      break;
    case TokenKind::kInteger:
    case TokenKind::kDecimal:
      option.kind = value.kind == TokenKind::kInteger ? ast::LiteralKind::kInteger
                                                      : ast::LiteralKind::kDecimal;
      option.value = (negative ? "-" : "") + number_value(source);
      break;
    case TokenKind::kWord:
      option.value = std::string(source);
      if (is_word(source, "true") || is_word(source, "false")) {
        option.kind = ast::LiteralKind::kBoolean;
        option.value = fold_name(source);
      }
      break;
    default:
      cursor_.fail({.code = "S0101",
                    .message = fmt::format("unexpected \"{}\"; expected a value", source),
                    .span = value.span,
                    .label = {},
                    .notes = {}});
  }
  option.value_span = cursor_.since(value_begin);
  return option;
}

ast::Insert SyntaxParser::parse_insert() {
  const std::uint32_t begin = cursor_.begin();
  ast::Insert insert;
  cursor_.next();
  insert.hints = cursor_.take_hints();
  cursor_.expect_word("into");
  insert.table = parse_qualified_name("a table");
  const bool names = cursor_.at_symbol("(") && !cursor_.at_word("select", 1) &&
                     !cursor_.at_word("with", 1) && !cursor_.at_word("values", 1) &&
                     !cursor_.at_symbol("(", 1);
  if (!cursor_.failed() && names) {
    insert.columns = parse_names("a column's name");
  } else if (!cursor_.failed() && cursor_.take_words({"by", "name"})) {
    insert.by_name = true;
  }
  insert.query = parse_query();
  insert.span = cursor_.since(begin);
  return insert;
}

std::optional<Statement::Node> SyntaxParser::parse_explain() {
  cursor_.next();
  ast::Explain explain;
  explain.analyze = cursor_.take_word("analyze");
  if (cursor_.at_symbol("(") && !cursor_.at_word("select", 1) && !cursor_.at_word("with", 1)) {
    cursor_.next();
    do {
      // (ANALYZE), (FORMAT json), (FORMAT = json).
      if (cursor_.take_word("analyze")) {
        explain.analyze = true;
        continue;
      }
      ast::Option option;
      const Token key = cursor_.next();
      option.key = std::string(cursor_.source(key));
      option.key_span = key.span;
      cursor_.take_symbol("=");
      const Token value = cursor_.next();
      option.value = value.kind == TokenKind::kText ? text_value(cursor_.source(value))
                                                    : std::string(cursor_.source(value));
      option.value_span = value.span;
      explain.options.push_back(std::move(option));
    } while (!cursor_.failed() && cursor_.take_symbol(","));
    cursor_.expect_symbol(")");
  }
  std::optional<Statement> inner = cursor_.failed() ? std::nullopt : parse_statement();
  if (!inner) {
    return std::nullopt;
  }
  explain.statement = std::make_unique<Statement>(std::move(*inner));
  return Statement::Node(std::move(explain));
}

std::optional<Statement::Node> SyntaxParser::parse_show() {
  cursor_.next();
  ast::Show show;
  if (cursor_.take_word("tables")) {
    show.kind = ast::ShowKind::kTables;
  } else if (cursor_.take_word("views")) {
    show.kind = ast::ShowKind::kViews;
  } else if (cursor_.take_word("sources")) {
    show.kind = ast::ShowKind::kSources;
  } else if (cursor_.take_word("sinks")) {
    show.kind = ast::ShowKind::kSinks;
  } else if (cursor_.take_word("functions")) {
    show.kind = ast::ShowKind::kFunctions;
  } else if (cursor_.take_word("connectors")) {
    show.kind = ast::ShowKind::kConnectors;
  } else if (cursor_.take_word("settings")) {
    show.kind = ast::ShowKind::kSettings;
  } else if (cursor_.take_words({"columns", "from"})) {
    show.kind = ast::ShowKind::kColumns;
    show.name = parse_qualified_name("a table");
  } else if (cursor_.take_word("create")) {
    cursor_.next();
    show.kind = ast::ShowKind::kCreate;
    show.name = parse_qualified_name("a table");
  } else {
    cursor_.fail_expected("TABLES, VIEWS, FUNCTIONS or CONNECTORS");
  }
  return Statement::Node(std::move(show));
}

std::optional<Statement::Node> SyntaxParser::parse_set(bool reset) {
  ast::Set set;
  set.reset = reset;
  if (reset) {
    const Token key = cursor_.next();
    set.option.key = key.kind == TokenKind::kText ? text_value(cursor_.source(key))
                                                  : std::string(cursor_.source(key));
    set.option.key_span = key.span;
  } else {
    set.option = parse_option();
  }
  return Statement::Node(std::move(set));
}

std::optional<Statement::Node> SyntaxParser::parse_drop() {
  cursor_.next();
  ast::Drop drop;
  if (cursor_.take_word("view")) {
    drop.kind = ast::DropKind::kView;
  } else if (cursor_.take_word("source")) {
    drop.kind = ast::DropKind::kSource;
  } else if (cursor_.take_word("sink")) {
    drop.kind = ast::DropKind::kSink;
  } else if (!cursor_.take_word("table")) {
    cursor_.fail_expected("TABLE, VIEW, SOURCE or SINK");
    return std::nullopt;
  }
  drop.if_exists = cursor_.take_words({"if", "exists"});
  drop.name = parse_qualified_name("a name");
  drop.cascade = cursor_.take_word("cascade");
  return Statement::Node(std::move(drop));
}

std::optional<Statement::Node> SyntaxParser::parse_statement_set() {
  cursor_.take_words({"begin", "statement", "set"});
  cursor_.expect_symbol(";");
  ast::StatementSet set;
  while (!cursor_.failed() && !cursor_.take_word("end")) {
    if (!cursor_.at_word("insert")) {
      cursor_.fail_expected("INSERT or END");
      return std::nullopt;
    }
    set.inserts.push_back(parse_insert());
    cursor_.expect_symbol(";");
  }
  return Statement::Node(std::move(set));
}

}  // namespace thalweg
