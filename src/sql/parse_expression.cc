#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "columnar/interval_text.h"
#include "sql/syntax_parser.h"

namespace thalweg {

using ast::Expr;
using ast::ExprPtr;
using ast::make_expr;

namespace {

// Functions that SQL writes without parentheses.
constexpr std::array<std::string_view, 6> kBareFunctions = {"current_date",   "current_timestamp",
                                                            "current_time",   "localtime",
                                                            "localtimestamp", "current_watermark"};

// Types that may stand before a text: DATE '2026-01-01'.
constexpr std::array<std::string_view, 14> kLiteralTypes = {
    "date",    "time",   "timestamp", "timestamptz", "boolean", "bytea", "numeric",
    "decimal", "bigint", "integer",   "int",         "double",  "text",  "real"};

template <std::size_t N>
bool contains(const std::array<std::string_view, N>& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

ast::Name plain_name(std::string_view text, Span span) {
  return {.text = std::string(text), .key = std::string(text), .quoted = false, .span = span};
}

int height_of(const ast::QueryPtr& query) { return query ? query->height : 0; }

}  // namespace

SyntaxParser::Level::Level(SyntaxParser& parser) : parser_(parser) {
  if (++parser.depth_ > kNestingMax) {
    parser.too_deep(parser.cursor_.peek().span);
  }
}

ExprPtr SyntaxParser::too_deep(Span span) {
  Diagnostic diagnostic;
  diagnostic.code = "S0002";
  diagnostic.message = fmt::format("nested more than {} levels deep", kNestingMax);
  diagnostic.span = span;
  diagnostic.notes = {"each operator of a chain such as a + b + c counts as a level",
                      "split it: name a part in WITH or a view, or use IN for chains of OR"};
  cursor_.fail(std::move(diagnostic));
  return nullptr;
}

template <typename T>
ExprPtr SyntaxParser::make(std::uint32_t begin, T node,
                           std::initializer_list<const ExprPtr*> below) {
  int height = 0;
  for (const ExprPtr* child : below) {
    height = std::max(height, *child ? (*child)->height : 0);
  }
  ExprPtr expr = make_expr(cursor_.since(begin), std::move(node));
  expr->height = height + 1;
  if (expr->height > kNestingMax) {
    too_deep(expr->span);
  }
  return expr;
}

ExprPtr SyntaxParser::parse_expression(Precedence at_least) {
  const Level level(*this);
  if (cursor_.failed()) {
    return nullptr;
  }
  ExprPtr left = parse_prefix();
  bool more = true;
  while (more && !cursor_.failed()) {
    left = parse_infix(std::move(left), at_least, more);
  }
  return cursor_.failed() ? nullptr : std::move(left);
}

ExprPtr SyntaxParser::parse_prefix() {
  const std::uint32_t begin = cursor_.begin();
  const auto unary = [&](ast::UnaryOp op, Precedence precedence) {
    cursor_.next();
    ast::Unary node{op, parse_expression(precedence)};
    const ExprPtr& operand = node.operand;
    const int height = operand ? operand->height : 0;
    ExprPtr expr = make(begin, std::move(node), {});
    expr->height = height + 1;
    return expr;
  };
  if (cursor_.at_word("not")) {
    return unary(ast::UnaryOp::kNot, Precedence::kNot);
  }
  if (cursor_.at_symbol("-")) {
    return unary(ast::UnaryOp::kMinus, Precedence::kSign);
  }
  if (cursor_.at_symbol("+")) {
    return unary(ast::UnaryOp::kPlus, Precedence::kSign);
  }
  if (cursor_.at_symbol("~")) {
    return unary(ast::UnaryOp::kBitNot, Precedence::kSign);
  }
  return parse_postfix(parse_primary());
}

ExprPtr SyntaxParser::parse_infix(ExprPtr left, Precedence at_least, bool& more) {
  more = false;
  if (cursor_.failed() || left == nullptr) {
    return left;
  }
  const std::uint32_t begin = left->span.begin;
  for (const auto& [word, op, precedence] :
       {std::tuple{"or", ast::LogicalOp::kOr, Precedence::kOr},
        std::tuple{"and", ast::LogicalOp::kAnd, Precedence::kAnd}}) {
    if (precedence < at_least || !cursor_.take_word(word)) {
      continue;
    }
    ast::Logical logical{op, {}};
    int height = left->height;
    logical.operands.push_back(std::move(left));
    do {
      logical.operands.push_back(parse_expression(tighter(precedence)));
      height = std::max(height, logical.operands.back() ? logical.operands.back()->height : 0);
    } while (!cursor_.failed() && cursor_.take_word(word));
    more = true;
    ExprPtr expr = make(begin, std::move(logical), {});
    expr->height = height + 1;
    return expr;
  }
  if (at_least <= Precedence::kIs && cursor_.at_word("is")) {
    more = true;
    return parse_is(std::move(left));
  }
  if (at_least <= Precedence::kIs && (cursor_.at_word("isnull") || cursor_.at_word("notnull"))) {
    const bool negated = cursor_.at_word("notnull");
    cursor_.next();
    more = true;
    ExprPtr expr = make(begin, ast::Is{std::move(left), ast::TruthTest::kNull, negated}, {});
    return expr;
  }
  if (at_least <= Precedence::kRange) {
    left = parse_range(std::move(left), more);
    if (more) {
      return left;
    }
  }
  if (at_least <= Precedence::kAtTimeZone && cursor_.take_words({"at", "time", "zone"})) {
    ast::Call call;
    call.name = {plain_name("timezone", cursor_.since(begin))};
    ExprPtr zone = parse_expression(tighter(Precedence::kAtTimeZone));
    const int height = std::max(left->height, zone ? zone->height : 0);
    call.arguments.push_back({std::nullopt, std::move(zone)});
    call.arguments.push_back({std::nullopt, std::move(left)});
    more = true;
    ExprPtr expr = make(begin, std::move(call), {});
    expr->height = height + 1;
    return expr;
  }
  const Token& token = cursor_.peek();
  if (token.kind != TokenKind::kSymbol) {
    return left;
  }
  const OperatorSpelling* const op = find_operator(cursor_.source(token));
  if (op == nullptr || op->precedence < at_least) {
    return left;
  }
  const Span op_span = cursor_.next().span;
  ExprPtr right = parse_expression(tighter(op->precedence));
  if (cursor_.failed()) {
    return nullptr;
  }
  if (op->precedence == Precedence::kComparison) {
    const Token& after = cursor_.peek();
    const OperatorSpelling* const chained =
        after.kind == TokenKind::kSymbol ? find_operator(cursor_.source(after)) : nullptr;
    if (chained != nullptr && chained->precedence == Precedence::kComparison) {
      cursor_.fail({.code = "S0111",
                    .message = "comparisons cannot be chained",
                    .span = after.span,
                    .label = "join them with AND",
                    .notes = {}});
      return nullptr;
    }
  }
  const int height = std::max(left->height, right->height);
  more = true;
  ExprPtr expr = make(begin, ast::Binary{op->op, std::move(left), std::move(right), op_span}, {});
  expr->height = height + 1;
  return expr->height > kNestingMax ? too_deep(expr->span) : std::move(expr);
}

ExprPtr SyntaxParser::parse_is(ExprPtr left) {
  const std::uint32_t begin = left->span.begin;
  const Span op_span = cursor_.next().span;
  const bool negated = cursor_.take_word("not");
  const int height = left->height;
  ExprPtr expr;
  if (cursor_.take_words({"distinct", "from"})) {
    ExprPtr right = parse_expression(tighter(Precedence::kComparison));
    expr = make(
        begin,
        ast::Binary{negated ? ast::BinaryOp::kIsNotDistinctFrom : ast::BinaryOp::kIsDistinctFrom,
                    std::move(left), std::move(right), op_span},
        {});
  } else {
    ast::Is is{std::move(left), ast::TruthTest::kNull, negated};
    if (cursor_.take_word("true")) {
      is.test = ast::TruthTest::kTrue;
    } else if (cursor_.take_word("false")) {
      is.test = ast::TruthTest::kFalse;
    } else if (cursor_.take_word("unknown")) {
      is.test = ast::TruthTest::kUnknown;
    } else if (!cursor_.take_word("null")) {
      cursor_.fail_expected("NULL, TRUE, FALSE, UNKNOWN or DISTINCT FROM");
      return nullptr;
    }
    expr = make(begin, std::move(is), {});
  }
  expr->height = height + 1;
  return expr;
}

ExprPtr SyntaxParser::parse_range(ExprPtr left, bool& more) {
  const std::uint32_t begin = left->span.begin;
  const bool negated =
      cursor_.at_word("not") &&
      (cursor_.at_word("between", 1) || cursor_.at_word("in", 1) || cursor_.at_word("like", 1) ||
       cursor_.at_word("ilike", 1) || cursor_.at_word("similar", 1));
  if (negated) {
    cursor_.next();
  }
  const int height = left->height;
  ExprPtr expr;
  if (cursor_.take_word("between")) {
    ast::Between between;
    between.symmetric = cursor_.take_word("symmetric");
    between.operand = std::move(left);
    between.low = parse_expression(tighter(Precedence::kRange));
    cursor_.expect_word("and");
    between.high = parse_expression(tighter(Precedence::kRange));
    between.negated = negated;
    expr = make(begin, std::move(between), {});
  } else if (cursor_.take_word("in")) {
    cursor_.expect_symbol("(");
    if (cursor_.at_word("select") || cursor_.at_word("with") || cursor_.at_word("values")) {
      expr = make(begin, ast::InQuery{std::move(left), parse_query(), negated}, {});
    } else {
      expr = make(begin, ast::InList{std::move(left), parse_expressions(), negated}, {});
    }
    cursor_.expect_symbol(")");
    expr->span = cursor_.since(begin);
  } else if (cursor_.at_word("like") || cursor_.at_word("ilike") || cursor_.at_word("similar")) {
    ast::Like like;
    like.kind = cursor_.at_word("like")    ? ast::LikeKind::kLike
                : cursor_.at_word("ilike") ? ast::LikeKind::kIlike
                                           : ast::LikeKind::kSimilar;
    cursor_.next();
    if (like.kind == ast::LikeKind::kSimilar) {
      cursor_.expect_word("to");
    }
    like.operand = std::move(left);
    like.pattern = parse_expression(tighter(Precedence::kRange));
    if (cursor_.take_word("escape")) {
      like.escape = parse_expression(tighter(Precedence::kRange));
    }
    like.negated = negated;
    expr = make(begin, std::move(like), {});
  } else {
    return left;
  }
  more = true;
  expr->height = height + 1;
  return expr;
}

ExprPtr SyntaxParser::parse_postfix(ExprPtr operand) {
  while (operand != nullptr && !cursor_.failed()) {
    const std::uint32_t begin = operand->span.begin;
    const int height = operand->height;
    if (cursor_.take_symbol("::")) {
      ast::TypeName type = parse_type();
      operand = make(begin, ast::Cast{std::move(operand), std::move(type), false}, {});
    } else if (cursor_.take_symbol("[")) {
      ast::Subscript subscript;
      subscript.operand = std::move(operand);
      if (!cursor_.at_symbol(":")) {
        subscript.index = parse_expression();
      }
      if (cursor_.take_symbol(":")) {
        subscript.slice = true;
        if (!cursor_.at_symbol("]")) {
          subscript.upper = parse_expression();
        }
      }
      cursor_.expect_symbol("]");
      operand = make(begin, std::move(subscript), {});
    } else if (cursor_.at_symbol(".") && !cursor_.at_symbol("*", 1)) {
      cursor_.next();
      std::optional<ast::Name> field = cursor_.take_name("a field's name", /*after_as=*/true);
      if (!field) {
        return nullptr;
      }
      operand = make(begin, ast::FieldAccess{std::move(operand), std::move(*field)}, {});
    } else {
      break;
    }
    operand->height = height + 1;
    if (operand->height > kNestingMax) {
      return too_deep(operand->span);
    }
  }
  return operand;
}

ExprPtr SyntaxParser::parse_primary() {
  const Token token = cursor_.peek();
  const std::uint32_t begin = token.span.begin;
  switch (token.kind) {
    case TokenKind::kInteger:
    case TokenKind::kDecimal: {
      cursor_.next();
      const auto kind = token.kind == TokenKind::kInteger ? ast::LiteralKind::kInteger
                                                          : ast::LiteralKind::kDecimal;
      return make(begin, ast::Literal{kind, number_value(cursor_.source(token))}, {});
    }
    case TokenKind::kText:
      cursor_.next();
      return make(begin, ast::Literal{ast::LiteralKind::kText, text_value(cursor_.source(token))},
                  {});
    case TokenKind::kQuotedName:
    case TokenKind::kBacktickName:
      return parse_name_or_call();
    case TokenKind::kWord:
      return parse_word();
    case TokenKind::kSymbol:
      if (cursor_.at_symbol("(")) {
        return parse_parenthesised();
      }
      if (cursor_.at_symbol("*")) {
        cursor_.next();
        return make(begin, ast::Star{}, {});
      }
      break;
    default:
      break;
  }
  cursor_.fail_expected("an expression");
  return nullptr;
}

ExprPtr SyntaxParser::parse_word() {
  const std::uint32_t begin = cursor_.begin();
  const std::string word = fold_name(cursor_.source(cursor_.peek()));
  if (word == "null" || word == "true" || word == "false") {
    cursor_.next();
    const auto kind = word == "null" ? ast::LiteralKind::kNull : ast::LiteralKind::kBoolean;
    return make(begin, ast::Literal{kind, word == "null" ? "" : word}, {});
  }
  if (word == "case") {
    return parse_case();
  }
  const bool call = cursor_.at_symbol("(", 1);
  if (call && (word == "cast" || word == "try_cast")) {
    return parse_cast(word == "try_cast");
  }
  if (word == "interval" && cursor_.peek(1).kind == TokenKind::kText) {
    return parse_interval();
  }
  if (word == "array" && cursor_.at_symbol("[", 1)) {
    return parse_array();
  }
  if (word == "exists" && call) {
    cursor_.next();
    cursor_.next();
    ast::Exists exists{parse_query()};
    cursor_.expect_symbol(")");
    const int height = height_of(exists.query);
    ExprPtr expr = make(begin, std::move(exists), {});
    expr->height = height + 1;
    return expr;
  }
  if (word == "row" && call) {
    cursor_.next();
    cursor_.next();
    ast::RowLiteral row{parse_expressions()};
    cursor_.expect_symbol(")");
    return make(begin, std::move(row), {});
  }
  if (contains(kBareFunctions, word) && !call) {
    ast::Call bare;
    bare.name = {plain_name(word, cursor_.next().span)};
    return make(begin, std::move(bare), {});
  }
  if (contains(kLiteralTypes, word)) {
    if (ExprPtr literal = typed_literal()) {
      return literal;
    }
  }
  if ((word == "left" || word == "right") && call) {
    ast::QualifiedName name = {cursor_.make_name(cursor_.next())};
    return parse_call(std::move(name), begin);
  }
  return parse_name_or_call();
}

// TYPE 'text'; nothing taken when it is not that.
ExprPtr SyntaxParser::typed_literal() {
  const std::uint32_t begin = cursor_.begin();
  std::size_t ahead = 1;
  const bool zoned = (cursor_.at_word("with", 1) || cursor_.at_word("without", 1)) &&
                     cursor_.at_word("time", 2) && cursor_.at_word("zone", 3);
  if (zoned) {
    ahead = 4;
  } else if (cursor_.at_word("precision", 1)) {
    ahead = 2;
  }
  if (cursor_.peek(ahead).kind != TokenKind::kText) {
    return nullptr;
  }
  ast::TypedLiteral literal{parse_type(), {}};
  literal.text = text_value(cursor_.source(cursor_.next()));
  return make(begin, std::move(literal), {});
}

ExprPtr SyntaxParser::parse_parenthesised() {
  const std::uint32_t begin = cursor_.begin();
  cursor_.next();
  if (cursor_.at_word("select") || cursor_.at_word("with") || cursor_.at_word("values")) {
    ast::ScalarQuery scalar{parse_query()};
    cursor_.expect_symbol(")");
    const int height = height_of(scalar.query);
    ExprPtr expr = make(begin, std::move(scalar), {});
    expr->height = height + 1;
    return expr;
  }
  ExprPtr first = parse_expression();
  if (cursor_.take_symbol(",")) {
    ast::RowLiteral row;
    const int height = first ? first->height : 0;
    row.items.push_back(std::move(first));
    for (ExprPtr& item : parse_expressions()) {
      row.items.push_back(std::move(item));
    }
    cursor_.expect_symbol(")");
    ExprPtr expr = make(begin, std::move(row), {});
    expr->height = height + 1;
    return expr;
  }
  cursor_.expect_symbol(")");
  if (first != nullptr) {
    first->span = cursor_.since(begin);
  }
  return first;
}

ExprPtr SyntaxParser::parse_case() {
  const std::uint32_t begin = cursor_.begin();
  cursor_.next();
  ast::Case node;
  int height = 0;
  const auto expression = [&] {
    ExprPtr expr = parse_expression();
    height = std::max(height, expr ? expr->height : 0);
    return expr;
  };
  if (!cursor_.at_word("when")) {
    node.operand = expression();
  }
  while (!cursor_.failed() && cursor_.take_word("when")) {
    ast::WhenClause clause;
    clause.when = expression();
    cursor_.expect_word("then");
    clause.then = expression();
    node.whens.push_back(std::move(clause));
  }
  if (node.whens.empty()) {
    cursor_.fail_expected("WHEN");
  }
  if (!cursor_.failed() && cursor_.take_word("else")) {
    node.otherwise = expression();
  }
  cursor_.expect_word("end");
  ExprPtr expr = make(begin, std::move(node), {});
  expr->height = height + 1;
  return expr;
}

ExprPtr SyntaxParser::parse_cast(bool try_cast) {
  const std::uint32_t begin = cursor_.begin();
  cursor_.next();
  cursor_.next();
  ExprPtr operand = parse_expression();
  cursor_.expect_word("as");
  ast::TypeName type = parse_type();
  cursor_.expect_symbol(")");
  const int height = operand ? operand->height : 0;
  ExprPtr expr = make(begin, ast::Cast{std::move(operand), std::move(type), try_cast}, {});
  expr->height = height + 1;
  return expr;
}

ExprPtr SyntaxParser::parse_interval() {
  const std::uint32_t begin = cursor_.begin();
  cursor_.next();
  const Token text = cursor_.next();
  ast::IntervalLiteral literal{text_value(cursor_.source(text))};
  Interval probe;
  if (cursor_.peek().kind == TokenKind::kWord &&
      add_unit(probe, 1, cursor_.source(cursor_.peek()))) {
    literal.text += " " + fold_name(cursor_.source(cursor_.next()));
    if (cursor_.take_symbol("(")) {  // SECOND(3): the precision says nothing here.
      cursor_.next();
      cursor_.expect_symbol(")");
    }
  }
  if (!thalweg::parse_interval(literal.text)) {
    cursor_.fail({.code = "S0110",
                  .message = fmt::format("\"{}\" is not an interval", literal.text),
                  .span = cursor_.since(begin),
                  .label = "write INTERVAL '5 minutes' or INTERVAL '5' MINUTE",
                  .notes = {}});
  }
  return make(begin, std::move(literal), {});
}

ExprPtr SyntaxParser::parse_array() {
  const std::uint32_t begin = cursor_.begin();
  cursor_.next();
  cursor_.next();
  ast::ArrayLiteral array;
  if (!cursor_.at_symbol("]")) {
    array.items = parse_expressions();
  }
  cursor_.expect_symbol("]");
  int height = 0;
  for (const ExprPtr& item : array.items) {
    height = std::max(height, item ? item->height : 0);
  }
  ExprPtr expr = make(begin, std::move(array), {});
  expr->height = height + 1;
  return expr;
}

ExprPtr SyntaxParser::parse_name_or_call() {
  const std::uint32_t begin = cursor_.begin();
  if (in_match_ && (cursor_.at_word("final") || cursor_.at_word("running")) &&
      cursor_.peek(1).kind == TokenKind::kWord && cursor_.at_symbol("(", 2)) {
    // FINAL f(x) is final(f(x)).
    ast::Call semantics;
    semantics.name = {cursor_.make_name(cursor_.next())};
    semantics.arguments.push_back({.name = std::nullopt, .value = parse_name_or_call()});
    if (cursor_.failed()) {
      return nullptr;
    }
    const ExprPtr& below = semantics.arguments[0].value;
    const int height = below->height;
    ExprPtr expr = make(begin, std::move(semantics), {});
    expr->height = height + 1;
    return expr;
  }
  std::optional<ast::Name> name = cursor_.take_name("an expression");
  if (!name) {
    return nullptr;
  }
  ast::QualifiedName parts{std::move(*name)};
  while (cursor_.at_symbol(".")) {
    cursor_.next();
    if (cursor_.take_symbol("*")) {
      ast::Star star;
      star.table = std::move(parts);
      return make(begin, std::move(star), {});
    }
    std::optional<ast::Name> part = cursor_.take_name("a name", /*after_as=*/true);
    if (!part) {
      return nullptr;
    }
    parts.push_back(std::move(*part));
  }
  if (cursor_.at_symbol("(")) {
    return parse_call(std::move(parts), begin);
  }
  return make(begin, ast::ColumnRef{std::move(parts)}, {});
}

ExprPtr SyntaxParser::parse_call(ast::QualifiedName name, std::uint32_t begin) {
  cursor_.expect_symbol("(");
  ast::Call call;
  call.name = std::move(name);
  if (parse_special_call(call)) {
    // Its arguments are read.
  } else if (cursor_.take_symbol("*")) {
    call.star = true;
  } else if (!cursor_.at_symbol(")")) {
    call.distinct = cursor_.take_word("distinct");
    if (!call.distinct) {
      cursor_.take_word("all");
    }
    do {
      ast::Argument argument;
      if (cursor_.at_name() && cursor_.at_symbol("=>", 1)) {
        argument.name = cursor_.make_name(cursor_.next());
        cursor_.next();
      }
      argument.value = parse_expression();
      call.arguments.push_back(std::move(argument));
    } while (!cursor_.failed() && cursor_.take_symbol(","));
    if (cursor_.take_words({"order", "by"})) {
      call.order_by = parse_order_items();
    }
  }
  cursor_.expect_symbol(")");
  parse_call_tail(call);
  int height = 0;
  for (const ast::Argument& argument : call.arguments) {
    height = std::max(height, argument.value ? argument.value->height : 0);
  }
  ExprPtr expr = make(begin, std::move(call), {});
  expr->height = height + 1;
  return expr->height > kNestingMax ? too_deep(expr->span) : std::move(expr);
}

// EXTRACT(f FROM x) and its like: true when the arguments have been read.
bool SyntaxParser::parse_special_call(ast::Call& call) {
  const std::string function = call.name.size() == 1 ? call.name[0].key : "";
  const auto add = [&call](ExprPtr value) {
    call.arguments.push_back({std::nullopt, std::move(value)});
  };
  if (function == "extract" && cursor_.at_word("from", 1)) {
    const Token field = cursor_.next();
    const std::string text = field.kind == TokenKind::kText ? text_value(cursor_.source(field))
                                                            : fold_name(cursor_.source(field));
    add(make_expr(field.span, ast::Literal{ast::LiteralKind::kText, text}));
    cursor_.next();
    add(parse_expression());
    return true;
  }
  if (function == "position") {
    add(parse_expression(tighter(Precedence::kRange)));
    if (cursor_.take_word("in")) {
      add(parse_expression());
    } else if (cursor_.take_symbol(",")) {
      add(parse_expression());
    }
    return true;
  }
  if (function == "substring") {
    add(parse_expression());
    while (!cursor_.failed() &&
           (cursor_.take_word("from") || cursor_.take_word("for") || cursor_.take_symbol(","))) {
      add(parse_expression());
    }
    return true;
  }
  if (function == "trim") {
    const bool leading = cursor_.take_word("leading");
    const bool trailing = !leading && cursor_.take_word("trailing");
    if (!leading && !trailing) {
      cursor_.take_word("both");
    }
    call.name[0] = plain_name(leading ? "ltrim" : trailing ? "rtrim" : "btrim", call.name[0].span);
    ExprPtr what;
    if (!cursor_.at_word("from")) {
      what = parse_expression();
    }
    if (cursor_.take_word("from")) {
      add(parse_expression());
      if (what != nullptr) {
        add(std::move(what));
      }
    } else {
      add(std::move(what));
      if (cursor_.take_symbol(",")) {
        add(parse_expression());
      }
    }
    return true;
  }
  return false;
}

void SyntaxParser::parse_call_tail(ast::Call& call) {
  if (cursor_.take_words({"within", "group"})) {
    cursor_.expect_symbol("(");
    cursor_.expect_word("order");
    cursor_.expect_word("by");
    call.within_group = parse_order_items();
    cursor_.expect_symbol(")");
  }
  if (cursor_.at_word("filter") && cursor_.at_symbol("(", 1)) {
    cursor_.next();
    cursor_.next();
    cursor_.expect_word("where");
    call.filter = parse_expression();
    cursor_.expect_symbol(")");
  }
  if (cursor_.take_words({"ignore", "nulls"})) {
    call.nulls = ast::NullTreatment::kIgnore;
  } else if (cursor_.take_words({"respect", "nulls"})) {
    call.nulls = ast::NullTreatment::kRespect;
  }
  if (cursor_.take_word("over")) {
    call.over = parse_window_spec();
  }
}

ast::WindowSpec SyntaxParser::parse_window_spec() {
  const std::uint32_t begin = cursor_.begin();
  ast::WindowSpec spec;
  if (!cursor_.at_symbol("(")) {
    spec.base = cursor_.take_name("a window");
    spec.span = cursor_.since(begin);
    return spec;
  }
  cursor_.next();
  if (cursor_.at_name() && !cursor_.at_word("partition") && !cursor_.at_word("rows") &&
      !cursor_.at_word("range") && !cursor_.at_word("groups")) {
    spec.base = cursor_.make_name(cursor_.next());
  }
  if (cursor_.take_words({"partition", "by"})) {
    spec.partition_by = parse_expressions();
  }
  if (cursor_.take_words({"order", "by"})) {
    spec.order_by = parse_order_items();
  }
  if (cursor_.at_word("rows") || cursor_.at_word("range") || cursor_.at_word("groups")) {
    ast::Frame frame;
    frame.unit = cursor_.at_word("rows")    ? ast::FrameUnit::kRows
                 : cursor_.at_word("range") ? ast::FrameUnit::kRange
                                            : ast::FrameUnit::kGroups;
    const std::uint32_t frame_begin = cursor_.begin();
    cursor_.next();
    if (cursor_.take_word("between")) {
      frame.start = parse_frame_bound();
      cursor_.expect_word("and");
      frame.end = parse_frame_bound();
    } else {
      frame.start = parse_frame_bound();
    }
    frame.span = cursor_.since(frame_begin);
    spec.frame = std::move(frame);
  }
  cursor_.expect_symbol(")");
  spec.span = cursor_.since(begin);
  return spec;
}

ast::FrameBound SyntaxParser::parse_frame_bound() {
  ast::FrameBound bound;
  if (cursor_.take_words({"current", "row"})) {
    return bound;
  }
  if (!cursor_.take_word("unbounded")) {
    bound.distance = parse_expression(tighter(Precedence::kRange));
  }
  const bool unbounded = bound.distance == nullptr;
  if (cursor_.take_word("preceding")) {
    bound.kind =
        unbounded ? ast::FrameBoundKind::kUnboundedPreceding : ast::FrameBoundKind::kPreceding;
  } else {
    cursor_.expect_word("following");
    bound.kind =
        unbounded ? ast::FrameBoundKind::kUnboundedFollowing : ast::FrameBoundKind::kFollowing;
  }
  return bound;
}

std::vector<ExprPtr> SyntaxParser::parse_expressions() {
  std::vector<ExprPtr> list;
  do {
    list.push_back(parse_expression());
  } while (!cursor_.failed() && cursor_.take_symbol(","));
  return list;
}

std::vector<ast::OrderItem> SyntaxParser::parse_order_items() {
  std::vector<ast::OrderItem> items;
  do {
    ast::OrderItem item;
    item.value = parse_expression();
    item.descending = cursor_.take_word("desc");
    if (!item.descending) {
      cursor_.take_word("asc");
    }
    if (cursor_.take_words({"nulls", "first"})) {
      item.nulls = ast::NullsOrder::kFirst;
    } else if (cursor_.take_words({"nulls", "last"})) {
      item.nulls = ast::NullsOrder::kLast;
    }
    items.push_back(std::move(item));
  } while (!cursor_.failed() && cursor_.take_symbol(","));
  return items;
}

}  // namespace thalweg
