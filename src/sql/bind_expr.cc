#include "sql/bind_expr.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "sql/bind_type.h"
#include "sql/coerce.h"
#include "sql/sql_text.h"

namespace thalweg::sql {
namespace {

constexpr const char* kAlone =
    "let it be a condition of WHERE by itself, or one of those that AND puts together";

Value int_value(std::int64_t value) { return {.type = type_of(TypeKind::kInt), .data = value}; }

constexpr std::int32_t kMicrosecondDigits = 6;

bool fits_int(std::int64_t value) {
  return value >= std::numeric_limits<std::int32_t>::min() &&
         value <= std::numeric_limits<std::int32_t>::max();
}

// The type of a decimal literal: as many digits as it has; DOUBLE where NUMERIC has too few.
Type decimal_type(const std::string& text) {
  const std::size_t exponent_at = text.find_first_of("eE");
  const std::string mantissa = text.substr(0, exponent_at);
  const long exponent = exponent_at == std::string::npos
                            ? 0
                            : std::strtol(text.c_str() + exponent_at + 1, nullptr, 10);
  const std::size_t point = mantissa.find('.');
  const long fraction =
      point == std::string::npos ? 0 : static_cast<long>(mantissa.size() - point - 1);
  const long whole =
      static_cast<long>(mantissa.size()) - fraction - (point == std::string::npos ? 0 : 1);
  const long scale = std::max(0L, fraction - exponent);
  const long precision = std::max(1L, std::max(0L, whole + exponent) + scale);
  const bool is_far = exponent_at != std::string::npos && std::abs(exponent) > kNumericPrecisionMax;
  if (precision > kNumericPrecisionMax || is_far) {
    return type_of(TypeKind::kDouble);
  }
  return numeric_type(static_cast<std::uint8_t>(precision), static_cast<std::uint8_t>(scale));
}

bool is_null_literal(const Bound& bound) {
  return bound.expr->kind == ExprKind::kLiteral && bound.expr->literal.is_null();
}

}  // namespace

Bound ExprBinder::bind(const ast::Expr& expr) {
  return std::visit([&](const auto& node) { return bind_node(node, expr); }, expr.node);
}

ExprPtr ExprBinder::bind_value(const ast::Expr& expr) {
  const Bound bound = bind(expr);
  return bound ? coerce(context_, bound, settled(bound.expr->type), expr.span) : nullptr;
}

ExprPtr ExprBinder::bind_condition(const ast::Expr& expr) {
  const Bound bound = bind(expr);
  if (!bound) {
    return nullptr;
  }
  const Type boolean = type_of(TypeKind::kBoolean);
  if (bound.expr->type.kind != TypeKind::kBoolean && !bound.text_literal &&
      !is_null_literal(bound)) {
    context_.error(
        "S0209", clause_ + " needs a condition, not a value of type " + to_string(bound.expr->type),
        expr.span, "", {"compare it with something, as in ... <> 0"});
    return nullptr;
  }
  return coerce(context_, bound, boolean, expr.span);
}

Span ExprBinder::span_of(const Expr& column) const {
  const auto found = spans_.find(&column);
  return found == spans_.end() ? Span{} : found->second;
}

Bound ExprBinder::bind_node(const ast::Literal& literal, const ast::Expr& expr) {
  switch (literal.kind) {
    case ast::LiteralKind::kNull:
      return {literal_expr(null_value(type_of(TypeKind::kNull)))};
    case ast::LiteralKind::kBoolean:
      return {literal_expr(boolean_value(literal.text == "true"))};
    case ast::LiteralKind::kText:
      return {literal_expr(text_value(literal.text)), true};
    case ast::LiteralKind::kInteger:
    case ast::LiteralKind::kDecimal:
      return bind_number(literal, false, expr.span);
  }
  return {};
}

Bound ExprBinder::bind_number(const ast::Literal& literal, bool negative, Span span) {
  const std::string text = (negative ? "-" : "") + literal.text;
  if (literal.kind == ast::LiteralKind::kInteger) {
    const Result<Value> value = parse_value(text, type_of(TypeKind::kBigint));
    if (value.ok()) {
      const std::int64_t integer = std::get<std::int64_t>(value.value().data);
      return {literal_expr(fits_int(integer) ? int_value(integer) : value.value())};
    }
  }
  Result<Value> value = parse_value(text, decimal_type(literal.text));
  if (!value.ok()) {
    context_.error("S0216", "the number " + text + " is out of range", span);
    return {};
  }
  return {literal_expr(std::move(value).take())};
}

ExprPtr ExprBinder::find_alias(const ast::ColumnRef& reference) const {
  if (reference.parts.size() != 1 || in_aggregate_ || in_over_) {
    return nullptr;
  }
  const ast::Name& name = reference.parts[0];
  const auto names_it = [&name](const auto& named) { return names_column(name, named.name); };
  const auto found = std::ranges::find_if(aliases_, names_it);
  return found == aliases_.end() || std::ranges::any_of(scope_.columns(), names_it) ? nullptr
                                                                                    : found->expr;
}

Bound ExprBinder::bind_node(const ast::ColumnRef& reference, const ast::Expr& expr) {
  if (match_ != nullptr) {
    return bind_match_column(reference, expr);
  }
  return bind_column(reference, expr);
}

Bound ExprBinder::bind_column(const ast::ColumnRef& reference, const ast::Expr& expr) {
  if (ExprPtr named = find_alias(reference)) {
    return {std::move(named)};
  }
  const std::optional<FoundColumn> found =
      find_column(context_, scope_, reference.parts, expr.span);
  if (!found) {
    return {};
  }
  const Field& field = scope_.columns()[found->column];
  Bound bound{column_expr(found->column, field.type, field.name)};
  references_.push_back(bound.expr);
  spans_[bound.expr.get()] = expr.span;
  for (std::size_t i = found->parts; bound && i < reference.parts.size(); ++i) {
    bound = bind_field(bound.expr, reference.parts[i]);
  }
  return bound;
}

Bound ExprBinder::bind_field(ExprPtr value, const ast::Name& field) {
  const Type type = value->type;
  if (type.kind != TypeKind::kStruct) {
    context_.error("S0221", "a value of type " + to_string(type) + " has no fields", field.span);
    return {};
  }
  std::vector<std::string> names;
  for (std::uint32_t i = 0; i < type.fields->size(); ++i) {
    const Field& candidate = (*type.fields)[i];
    names.push_back(candidate.name);
    if (names_column(field, candidate.name)) {
      Expr access;
      access.kind = ExprKind::kField;
      access.type = candidate.type;
      access.args.push_back(std::move(value));
      access.column = i;
      access.name = candidate.name;
      return {std::make_shared<const Expr>(std::move(access))};
    }
  }
  context_.error("S0221", "there is no field \"" + field.text + "\" in " + to_string(type),
                 field.span, did_you_mean(field.text, names));
  return {};
}

Bound ExprBinder::bind_node(const ast::FieldAccess& access, const ast::Expr& /*expr*/) {
  Bound value = bind(*access.operand);
  return value ? bind_field(value.expr, access.field) : Bound{};
}

Bound ExprBinder::bind_node(const ast::Star& /*star*/, const ast::Expr& expr) {
  context_.error("S0215", "* can stand only in the list of SELECT and in count(*)", expr.span);
  return {};
}

Bound ExprBinder::bind_node(const ast::IntervalLiteral& literal, const ast::Expr& expr) {
  Result<Value> value = parse_value(literal.text, type_of(TypeKind::kInterval));
  if (!value.ok()) {
    context_.error("S0208", quote_text(literal.text) + " is not a valid INTERVAL", expr.span, "",
                   {"an interval is written INTERVAL '1 hour 30 minutes'"});
    return {};
  }
  return {literal_expr(std::move(value).take())};
}

Bound ExprBinder::bind_node(const ast::TypedLiteral& literal, const ast::Expr& expr) {
  const std::optional<Type> type = bind_type(context_, literal.type);
  if (!type) {
    return {};
  }
  const Type wanted = is_plain_numeric(literal.type)
                          ? plain_numeric_for(type_of(TypeKind::kText), &literal.text)
                          : *type;
  Result<Value> value = parse_value(literal.text, wanted);
  if (!value.ok()) {
    context_.error("S0208", quote_text(literal.text) + " is not a valid " + to_string(wanted),
                   expr.span);
    return {};
  }
  return {literal_expr(std::move(value).take())};
}

Bound ExprBinder::bind_node(const ast::Cast& cast, const ast::Expr& expr) {
  const Bound operand = bind(*cast.operand);
  std::optional<Type> type = bind_type(context_, cast.type);
  if (!operand || !type) {
    return {};
  }
  const Expr& source = *operand.expr;
  if (is_plain_numeric(cast.type)) {
    type = plain_numeric_for(
        source.type, operand.text_literal ? &std::get<std::string>(source.literal.data) : nullptr);
  }
  if (is_null_literal(operand)) {
    return {literal_expr(null_value(*type))};
  }
  if (!(source.type == *type) && !can_cast(source.type, *type)) {
    context_.error("S0210",
                   "there is no cast from " + to_string(source.type) + " to " + to_string(*type),
                   expr.span);
    return {};
  }
  Bound bound{cast_expr(operand.expr, *type, cast.try_cast)};
  if (!check_constants(context_, bound.expr, expr.span)) {
    return {};
  }
  return cut_to_length(std::move(bound), cast.type, expr.span);
}

// The lengths of types: VARCHAR(n) cuts, as in PostgreSQL; fractions of seconds stay whole.
Bound ExprBinder::cut_to_length(Bound value, const ast::TypeName& type, Span span) {
  if (type.arguments.empty()) {
    return value;
  }
  const std::int32_t length = type.arguments[0];
  switch (type.kind) {
    case ast::TypeKind::kText: {
      std::vector<Bound> args;
      args.push_back(std::move(value));
      args.push_back({literal_expr(int_value(length))});
      return resolve("left", std::move(args), {span, type.span}, span);
    }
    case ast::TypeKind::kTime:
    case ast::TypeKind::kTimestamp:
    case ast::TypeKind::kTimestamptz:
      if (length < kMicrosecondDigits) {
        context_.warn("S0225",
                      context_.written(type.span) + " does not round: times keep microseconds",
                      type.span, "", {"date_trunc('second', time) cuts to seconds"});
      }
      return value;
    default:
      return value;
  }
}

Bound ExprBinder::bind_node(const ast::InQuery& /*in*/, const ast::Expr& expr) {
  context_.not_supported("IN with a sub-query within an expression", expr.span, {kAlone});
  return {};
}

Bound ExprBinder::bind_node(const ast::Quantified& /*quantified*/, const ast::Expr& expr) {
  context_.not_supported("ANY and ALL", expr.span, {"write IN (...), or AND and OR"});
  return {};
}

Bound ExprBinder::bind_node(const ast::ArrayLiteral& array, const ast::Expr& expr) {
  std::vector<const ast::Expr*> items;
  std::vector<Span> spans;
  for (const ast::ExprPtr& item : array.items) {
    items.push_back(item.get());
    spans.push_back(item->span);
  }
  std::optional<std::vector<Bound>> values = bind_all(items);
  Type type;
  if (!values || !unify(*values, spans, "elements of an ARRAY", type)) {
    return {};
  }
  return resolve("array", std::move(*values), spans, expr.span);
}

Bound ExprBinder::bind_node(const ast::RowLiteral& row, const ast::Expr& expr) {
  std::vector<const ast::Expr*> items;
  std::vector<Span> spans;
  for (const ast::ExprPtr& item : row.items) {
    items.push_back(item.get());
    spans.push_back(item->span);
  }
  std::optional<std::vector<Bound>> values = bind_all(items);
  return values ? resolve("row", std::move(*values), spans, expr.span) : Bound{};
}

Bound ExprBinder::bind_node(const ast::Subscript& subscript, const ast::Expr& expr) {
  if (subscript.slice) {
    context_.not_supported("a slice of an array", expr.span);
    return {};
  }
  std::optional<std::vector<Bound>> args =
      bind_all({subscript.operand.get(), subscript.index.get()});
  if (!args) {
    return {};
  }
  const Type& type = (*args)[0].expr->type;
  if (type.kind != TypeKind::kArray) {
    context_.error("S0207", "a value of type " + to_string(type) + " has no elements",
                   subscript.operand->span);
    return {};
  }
  if (is_null_literal((*args)[1])) {
    (*args)[1].expr = literal_expr(null_value(type_of(TypeKind::kInt)));
  }
  return resolve("[]", std::move(*args), {subscript.operand->span, subscript.index->span},
                 expr.span);
}

Bound ExprBinder::bind_node(const ast::ScalarQuery& /*query*/, const ast::Expr& expr) {
  context_.not_supported("a sub-query in an expression", expr.span,
                         {"put it into FROM, or into WITH"});
  return {};
}

Bound ExprBinder::bind_node(const ast::Exists& /*exists*/, const ast::Expr& expr) {
  context_.not_supported("EXISTS within an expression", expr.span, {kAlone});
  return {};
}

std::optional<std::vector<Bound>> ExprBinder::bind_all(const std::vector<const ast::Expr*>& exprs) {
  std::vector<Bound> bound;
  bool ok = true;
  for (const ast::Expr* expr : exprs) {
    bound.push_back(bind(*expr));
    ok = ok && bound.back();
  }
  return ok ? std::optional(std::move(bound)) : std::nullopt;
}

bool ExprBinder::unify(std::vector<Bound>& values, const std::vector<Span>& spans,
                       const std::string& what, Type& type) {
  CommonType common;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!common.add(values[i].argument())) {
      context_.error("S0207",
                     what + " have no common type: " + to_string(settled(common.type())) + " and " +
                         to_string(values[i].expr->type),
                     spans[i], "cast one side, as in CAST(... AS TEXT)");
      return false;
    }
  }
  type = settled(common.type());
  for (std::size_t i = 0; i < values.size(); ++i) {
    ExprPtr cast = coerce(context_, values[i], type, spans[i]);
    if (cast == nullptr) {
      return false;
    }
    values[i] = {std::move(cast), values[i].text_literal && type.kind == TypeKind::kText};
  }
  return true;
}

Bound ExprBinder::negated_if(bool negated, Bound condition) {
  if (!condition || !negated) {
    return condition;
  }
  return {boolean_call(ExprKind::kNot, {condition.expr})};
}

}  // namespace thalweg::sql
