#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "sql/syntax_parser.h"
#include "sql/window_functions.h"

namespace thalweg {

using ast::ExprPtr;
using ast::QueryPtr;
using ast::TableRefPtr;

namespace {

template <typename T>
TableRefPtr make_table(Span span, T node) {
  auto table = std::make_unique<ast::TableRef>();
  table->span = span;
  table->node = std::move(node);
  return table;
}

QueryPtr make_query(Span span, ast::Query::Body body) {
  auto query = std::make_unique<ast::Query>();
  query->span = span;
  query->body = std::move(body);
  return query;
}

std::optional<ast::WindowKind> window_kind(std::string_view word) {
  const std::string folded = fold_name(word);
  if (folded == "tumble") return ast::WindowKind::kTumble;
  if (folded == "hop") return ast::WindowKind::kHop;
  if (folded == "cumulate") return ast::WindowKind::kCumulate;
  if (folded == "session") return ast::WindowKind::kSession;
  if (folded == "tumble_rows") return ast::WindowKind::kTumbleRows;
  if (folded == "hop_rows") return ast::WindowKind::kHopRows;
  return std::nullopt;
}

Diagnostic no_window_function(std::string_view word, Span span) {
  Diagnostic diagnostic;
  diagnostic.code = "S0205";
  diagnostic.message = fmt::format("there is no function of windows \"{}\"", word);
  diagnostic.span = span;
  if (const auto near = nearest_window_function(word)) {
    diagnostic.label = fmt::format("did you mean {}?", *near);
  }
  diagnostic.notes = {"those that there are: " + window_function_names()};
  return diagnostic;
}

}  // namespace

QueryPtr SyntaxParser::parse_query() {
  const Level level(*this);
  const std::uint32_t begin = cursor_.begin();
  std::vector<ast::Cte> ctes;
  bool recursive = false;
  if (!cursor_.failed() && cursor_.take_word("with")) {
    recursive = cursor_.take_word("recursive");
    do {
      ast::Cte cte;
      std::optional<ast::Name> name = cursor_.take_name("a name for the query");
      if (!name) {
        return nullptr;
      }
      cte.name = std::move(*name);
      if (cursor_.at_symbol("(")) {
        cte.columns = parse_names("a column's name");
      }
      cursor_.expect_word("as");
      cursor_.expect_symbol("(");
      cte.query = parse_query();
      cursor_.expect_symbol(")");
      ctes.push_back(std::move(cte));
    } while (!cursor_.failed() && cursor_.take_symbol(","));
  }
  QueryPtr query = parse_set_operations(0);
  if (query == nullptr) {
    return nullptr;
  }
  if (!ctes.empty() && !query->ctes.empty()) {
    // A parenthesised query with a WITH of its own keeps it.
    for (ast::Cte& cte : query->ctes) {
      ctes.push_back(std::move(cte));
    }
  }
  if (!ctes.empty()) {
    query->ctes = std::move(ctes);
    query->recursive = recursive;
  }
  parse_tail(*query);
  query->span = cursor_.since(begin);
  query->height = 1 + depth_;
  return cursor_.failed() ? nullptr : std::move(query);
}

// INTERSECT (1) holds tighter than UNION and EXCEPT (0).
QueryPtr SyntaxParser::parse_set_operations(int at_least) {
  const std::uint32_t begin = cursor_.begin();
  QueryPtr left = parse_query_operand();
  int chain = 0;
  while (left != nullptr && !cursor_.failed()) {
    const bool intersect = cursor_.at_word("intersect");
    const bool loose = cursor_.at_word("union") || cursor_.at_word("except");
    if (!intersect && (!loose || at_least > 0)) {
      break;
    }
    if (++chain > kNestingMax) {
      too_deep(cursor_.peek().span);
      return nullptr;
    }
    ast::SetOperation operation;
    operation.op = intersect                  ? ast::SetOp::kIntersect
                   : cursor_.at_word("union") ? ast::SetOp::kUnion
                                              : ast::SetOp::kExcept;
    operation.op_span = cursor_.next().span;
    operation.all = cursor_.take_word("all");
    if (!operation.all) {
      cursor_.take_word("distinct");
    }
    operation.left = std::move(left);
    operation.right = intersect ? parse_query_operand() : parse_set_operations(1);
    left = make_query(cursor_.since(begin), std::move(operation));
  }
  return cursor_.failed() ? nullptr : std::move(left);
}

QueryPtr SyntaxParser::parse_query_operand() {
  if (cursor_.failed()) {
    return nullptr;
  }
  const std::uint32_t begin = cursor_.begin();
  if (cursor_.take_symbol("(")) {
    QueryPtr query = parse_query();
    cursor_.expect_symbol(")");
    return query;
  }
  if (cursor_.at_word("values")) {
    ast::Values values = parse_values();
    return make_query(cursor_.since(begin), std::move(values));
  }
  if (cursor_.at_word("select") || cursor_.at_word("from")) {
    ast::Select select = parse_select();
    return make_query(cursor_.since(begin), std::move(select));
  }
  cursor_.fail_expected("SELECT");
  return nullptr;
}

ast::Values SyntaxParser::parse_values() {
  ast::Values values;
  cursor_.next();
  do {
    cursor_.expect_symbol("(");
    values.rows.push_back(parse_expressions());
    cursor_.expect_symbol(")");
  } while (!cursor_.failed() && cursor_.take_symbol(","));
  return values;
}

ast::Select SyntaxParser::parse_select() {
  ast::Select select;
  if (cursor_.take_word("from")) {  // FROM t SELECT ..., or FROM t alone.
    select.from = parse_from();
    if (!cursor_.at_word("select")) {
      ast::SelectItem star;
      star.value = ast::make_expr(cursor_.since(cursor_.begin()), ast::Star{});
      select.items.push_back(std::move(star));
      parse_select_clauses(select);
      return select;
    }
  }
  cursor_.expect_word("select");
  select.hints = cursor_.take_hints();
  if (cursor_.take_word("distinct")) {
    select.quantifier = ast::SelectQuantifier::kDistinct;
    if (cursor_.take_word("on")) {
      select.quantifier = ast::SelectQuantifier::kDistinctOn;
      cursor_.expect_symbol("(");
      select.distinct_on = parse_expressions();
      cursor_.expect_symbol(")");
    }
  } else {
    cursor_.take_word("all");
  }
  parse_select_items(select);
  if (!cursor_.failed() && select.from == nullptr && cursor_.take_word("from")) {
    select.from = parse_from();
  }
  parse_select_clauses(select);
  return select;
}

void SyntaxParser::parse_select_items(ast::Select& select) {
  do {
    // A comma after the last item is let pass.
    if (!select.items.empty() && (cursor_.at_word("from") || cursor_.at_end())) {
      return;
    }
    ast::SelectItem item;
    const std::uint32_t begin = cursor_.begin();
    item.value = parse_expression();
    if (cursor_.failed()) {
      return;
    }
    if (auto* star = std::get_if<ast::Star>(&item.value->node)) {
      parse_star(item, std::move(star->table), begin);
    } else if (cursor_.take_word("as")) {
      item.alias = cursor_.take_name("a name for the column", /*after_as=*/true);
    } else if (cursor_.at_name() &&
               (cursor_.peek().kind != TokenKind::kWord ||
                word_class(cursor_.source(cursor_.peek())) == WordClass::kPlain)) {
      item.alias = cursor_.make_name(cursor_.next());
    }
    select.items.push_back(std::move(item));
  } while (!cursor_.failed() && cursor_.take_symbol(","));
}

void SyntaxParser::parse_star(ast::SelectItem& item, ast::QualifiedName table,
                              std::uint32_t begin) {
  ast::Star star;
  star.table = std::move(table);
  if (cursor_.take_word("exclude")) {
    if (cursor_.at_symbol("(")) {
      star.exclude = parse_names("a column's name");
    } else if (auto name = cursor_.take_name("a column's name")) {
      star.exclude.push_back(std::move(*name));
    }
  }
  if (cursor_.at_word("replace") && cursor_.at_symbol("(", 1)) {
    cursor_.next();
    cursor_.next();
    do {
      ast::StarReplacement replacement;
      replacement.value = parse_expression();
      cursor_.expect_word("as");
      if (auto name = cursor_.take_name("a column's name")) {
        replacement.name = std::move(*name);
      }
      star.replace.push_back(std::move(replacement));
    } while (!cursor_.failed() && cursor_.take_symbol(","));
    cursor_.expect_symbol(")");
  }
  item.value = ast::make_expr(cursor_.since(begin), std::move(star));
}

void SyntaxParser::parse_select_clauses(ast::Select& select) {
  if (!cursor_.failed() && cursor_.take_word("where")) {
    select.where = parse_expression();
  }
  if (!cursor_.failed() && cursor_.at_words({"group", "by"})) {
    select.group_by = parse_group_by();
  }
  if (!cursor_.failed() && cursor_.take_word("having")) {
    select.having = parse_expression();
  }
  if (!cursor_.failed() && cursor_.take_word("window")) {
    do {
      ast::NamedWindow window;
      if (auto name = cursor_.take_name("a window's name")) {
        window.name = std::move(*name);
      }
      cursor_.expect_word("as");
      window.window = parse_window_spec();
      select.windows.push_back(std::move(window));
    } while (!cursor_.failed() && cursor_.take_symbol(","));
  }
  if (!cursor_.failed() && cursor_.take_word("qualify")) {
    select.qualify = parse_expression();
  }
}

ast::GroupBy SyntaxParser::parse_group_by() {
  const std::uint32_t begin = cursor_.begin();
  cursor_.next();
  cursor_.next();
  ast::GroupBy group_by;
  if (cursor_.take_word("all")) {
    group_by.all = true;
  } else {
    do {
      group_by.elements.push_back(parse_grouping_element());
    } while (!cursor_.failed() && cursor_.take_symbol(","));
  }
  group_by.span = cursor_.since(begin);
  return group_by;
}

ast::GroupingElement SyntaxParser::parse_grouping_element() {
  const Level level(*this);
  const std::uint32_t begin = cursor_.begin();
  ast::GroupingElement element;
  if (cursor_.failed()) {
    return element;
  }
  const bool sets = cursor_.take_words({"grouping", "sets"});
  const bool rollup = !sets && cursor_.at_word("rollup") && cursor_.at_symbol("(", 1);
  const bool cube = !sets && cursor_.at_word("cube") && cursor_.at_symbol("(", 1);
  if (rollup || cube) {
    cursor_.next();
  }
  if (sets || rollup || cube) {
    element.kind = sets     ? ast::GroupingKind::kSets
                   : rollup ? ast::GroupingKind::kRollup
                            : ast::GroupingKind::kCube;
    cursor_.expect_symbol("(");
    do {
      element.elements.push_back(parse_grouping_element());
    } while (!cursor_.failed() && cursor_.take_symbol(","));
    cursor_.expect_symbol(")");
  } else if (cursor_.at_symbol("(") && cursor_.at_symbol(")", 1)) {
    cursor_.next();
    cursor_.next();
  } else {
    ExprPtr expr = parse_expression();
    if (expr != nullptr && std::holds_alternative<ast::RowLiteral>(expr->node)) {
      element.exprs = std::move(std::get<ast::RowLiteral>(expr->node).items);
    } else {
      element.exprs.push_back(std::move(expr));
    }
  }
  element.span = cursor_.since(begin);
  return element;
}

void SyntaxParser::parse_tail(ast::Query& query) {
  if (!cursor_.failed() && cursor_.take_words({"order", "by"})) {
    query.order_by = parse_order_items();
  }
  for (int i = 0; i < 2 && !cursor_.failed(); ++i) {
    if (cursor_.take_word("limit")) {
      if (!cursor_.take_word("all")) {
        query.limit = parse_expression();
      }
    } else if (cursor_.take_word("offset")) {
      query.offset = parse_expression();
      if (!cursor_.take_word("rows")) {
        cursor_.take_word("row");
      }
    } else if (cursor_.take_word("fetch")) {
      cursor_.next();  // FIRST or NEXT.
      query.limit = parse_expression();
      cursor_.next();  // ROW or ROWS.
      cursor_.expect_word("only");
    }
  }
  if (!cursor_.failed() && cursor_.at_word("emit")) {
    query.emit = parse_emit();
  }
}

std::optional<ast::Emit> SyntaxParser::parse_emit() {
  const std::uint32_t begin = cursor_.begin();
  cursor_.next();
  ast::Emit emit;
  if (cursor_.take_word("changes") || cursor_.take_words({"on", "update"})) {
    emit.kind = ast::EmitKind::kChanges;
  } else if (cursor_.take_word("every") || cursor_.take_word("periodic")) {
    emit.kind = ast::EmitKind::kEvery;
    emit.interval = parse_expression();
  } else if (take_window_close() && cursor_.take_word("with")) {
    if (cursor_.take_word("lateness")) {
      emit.interval = parse_expression();
    } else {
      cursor_.fail_expected_one({"LATENESS"});
    }
  }
  emit.span = cursor_.since(begin);
  if (cursor_.at_words({"with", "lateness"}) || cursor_.at_word("lateness")) {
    cursor_.fail({.severity = Severity::kError,
                  .code = "S0101",
                  .message = "the lateness stands behind ON WINDOW CLOSE WITH",
                  .span = cursor_.peek().span,
                  .label = "",
                  .notes = {"as in EMIT ON WINDOW CLOSE WITH LATENESS INTERVAL '1 hour'"}});
  }
  return emit;
}

// ON WINDOW CLOSE, or another engine's words for it.
bool SyntaxParser::take_window_close() {
  if (cursor_.take_word("final") || cursor_.take_words({"after", "watermark"})) {
    return true;
  }
  const bool after = cursor_.take_word("after");
  if (!after && !cursor_.take_word("on")) {
    cursor_.fail_expected_one({"ON WINDOW CLOSE", "CHANGES", "EVERY"});
  } else if (!cursor_.take_word("window")) {
    cursor_.fail_expected_one({"WINDOW CLOSE", after ? "WATERMARK" : "UPDATE"});
  } else if (!cursor_.take_word("close")) {
    cursor_.fail_expected_one({"CLOSE"});
  }
  return !cursor_.failed();
}

// Relations one behind the other: `first` reads the first one, `takes(join)` says whether another
// follows, and `rest(join)` reads it.
template <typename First, typename Takes, typename Rest>
TableRefPtr SyntaxParser::parse_chain(First first, Takes takes, Rest rest) {
  const std::uint32_t begin = cursor_.begin();
  TableRefPtr left = first();
  for (int chain = 0; left != nullptr && !cursor_.failed(); ++chain) {
    ast::Join join;
    const std::uint32_t keywords = cursor_.begin();
    if (!takes(join)) {
      break;
    }
    if (chain >= kNestingMax) {
      too_deep(cursor_.peek().span);
      return nullptr;
    }
    join.keywords = cursor_.since(keywords);
    join.left = std::move(left);
    rest(join);
    left = make_table(cursor_.since(begin), std::move(join));
  }
  return cursor_.failed() ? nullptr : std::move(left);
}

// A comma binds less than JOIN.
TableRefPtr SyntaxParser::parse_from() {
  const auto takes = [this](ast::Join& join) {
    join.kind = ast::JoinKind::kCross;
    return cursor_.take_symbol(",");
  };
  return parse_chain([this] { return parse_joins(); }, takes,
                     [this](ast::Join& join) { join.right = parse_joins(); });
}

// The words that say which kind of join it is; false: no join follows, or it is in error.
bool SyntaxParser::take_join_words(ast::Join& join) {
  join.natural = cursor_.take_word("natural");
  join.asof = cursor_.take_word("asof");
  bool typed = true;
  if (cursor_.take_word("inner")) {
    join.kind = ast::JoinKind::kInner;
  } else if (cursor_.take_word("left")) {
    // LEFT SEMI JOIN is another spelling of SEMI JOIN.
    join.kind = cursor_.take_word("semi")   ? ast::JoinKind::kSemi
                : cursor_.take_word("anti") ? ast::JoinKind::kAnti
                                            : ast::JoinKind::kLeft;
  } else if (cursor_.take_word("right")) {
    join.kind = ast::JoinKind::kRight;
  } else if (cursor_.take_word("full")) {
    join.kind = ast::JoinKind::kFull;
  } else if (cursor_.take_word("cross")) {
    join.kind = ast::JoinKind::kCross;
  } else if (cursor_.take_word("semi")) {
    join.kind = ast::JoinKind::kSemi;
  } else if (cursor_.take_word("anti")) {
    join.kind = ast::JoinKind::kAnti;
  } else {
    typed = false;
  }
  cursor_.take_word("outer");
  if (cursor_.take_word("join")) {
    return true;
  }
  if (typed || join.natural || join.asof) {
    cursor_.fail_expected("JOIN");
  }
  return false;
}

TableRefPtr SyntaxParser::parse_joins() {
  const auto rest = [this](ast::Join& join) {
    join.right = parse_table();
    if (!cursor_.failed() && cursor_.take_word("on")) {
      join.on = parse_expression();
    } else if (!cursor_.failed() && cursor_.take_word("using")) {
      join.using_columns = parse_names("a column's name");
    }
  };
  return parse_chain([this] { return parse_table(); },
                     [this](ast::Join& join) { return take_join_words(join); }, rest);
}

TableRefPtr SyntaxParser::parse_table() {
  const Level level(*this);
  if (cursor_.failed()) {
    return nullptr;
  }
  const std::uint32_t begin = cursor_.begin();
  TableRefPtr table = parse_table_primary();
  if (table == nullptr || cursor_.failed()) {
    return nullptr;
  }
  if (auto* named = std::get_if<ast::NamedTable>(&table->node);
      named != nullptr && cursor_.take_words({"for", "system_time", "as", "of"})) {
    named->as_of = parse_expression();
  }
  table->hints = cursor_.take_hints();
  if (std::optional<ast::TableAlias> alias = parse_alias()) {
    table->alias = std::move(alias);
  }
  if (!cursor_.failed() && cursor_.at_word("match_recognize") && cursor_.at_symbol("(", 1)) {
    table = parse_match(std::move(table), begin);
    if (table == nullptr || cursor_.failed()) {
      return nullptr;
    }
    if (std::optional<ast::TableAlias> alias = parse_alias()) {
      table->alias = std::move(alias);
    }
  }
  return cursor_.failed() ? nullptr : std::move(table);
}

std::optional<ast::TableAlias> SyntaxParser::parse_alias() {
  const bool as = cursor_.take_word("as");
  const bool plain =
      cursor_.at_name() && (cursor_.peek().kind != TokenKind::kWord ||
                            word_class(cursor_.source(cursor_.peek())) == WordClass::kPlain);
  if (!as && !plain) {
    return std::nullopt;
  }
  ast::TableAlias alias;
  std::optional<ast::Name> name = cursor_.take_name("a name for the table", as);
  if (!name) {
    return std::nullopt;
  }
  alias.name = std::move(*name);
  if (cursor_.at_symbol("(")) {
    alias.columns = parse_names("a column's name");
  }
  return alias;
}

TableRefPtr SyntaxParser::parse_table_primary() {
  const std::uint32_t begin = cursor_.begin();
  const Token token = cursor_.peek();
  if (token.kind == TokenKind::kText) {
    cursor_.next();
    return make_table(token.span, ast::FileTable{text_value(cursor_.source(token))});
  }
  const bool lateral = cursor_.take_word("lateral");
  if (cursor_.at_word("table") && cursor_.at_symbol("(", 1)) {
    cursor_.next();
    cursor_.next();
    TableRefPtr inner = parse_table_primary();
    cursor_.expect_symbol(")");
    if (inner != nullptr) {
      inner->span = cursor_.since(begin);
    }
    return inner;
  }
  if (cursor_.take_symbol("(")) {
    if (cursor_.at_word("select") || cursor_.at_word("with") || cursor_.at_word("values") ||
        cursor_.at_word("from") || cursor_.at_symbol("(")) {
      ast::QueryTable query{parse_query(), lateral};
      cursor_.expect_symbol(")");
      return make_table(cursor_.since(begin), std::move(query));
    }
    TableRefPtr inner = parse_from();
    cursor_.expect_symbol(")");
    return inner;
  }
  if (token.kind == TokenKind::kWord && cursor_.at_symbol("(", 1)) {
    if (const auto kind = window_kind(cursor_.source(token))) {
      cursor_.next();
      return parse_window_table(*kind, begin);
    }
    if (cursor_.at_word("table", 2)) {  // Only those take a table so.
      cursor_.fail(no_window_function(cursor_.source(token), token.span));
      return nullptr;
    }
    ast::CallTable call;
    call.lateral = lateral;
    call.call = parse_name_or_call();
    call.with_ordinality = cursor_.take_words({"with", "ordinality"});
    return make_table(cursor_.since(begin), std::move(call));
  }
  ast::NamedTable named;
  named.name = parse_qualified_name("a table");
  return make_table(cursor_.since(begin), std::move(named));
}

}  // namespace thalweg
