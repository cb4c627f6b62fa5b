#include "sql/sql_text.h"

#include <algorithm>
#include <array>

#include "sql/keywords.h"

namespace thalweg {

using namespace ast;  // NOLINT: this file is about nothing else.

namespace {

// As PostgreSQL calls its types inside: the name of a column that is only a cast.
std::string_view internal_name(TypeKind kind) {
  constexpr std::array<std::string_view, 19> kNames = {
      "bool", "int2",  "int4",  "int8", "float4",    "float8",      "numeric",
      "text", "bytea", "date",  "time", "timestamp", "timestamptz", "interval",
      "uuid", "jsonb", "array", "map",  "struct"};
  return kNames[static_cast<std::size_t>(kind)];
}

// How much a name is worth: a cast takes over its operand's name if that is a real one.
enum class Strength : std::uint8_t { kNone, kWeak, kReal };

struct NameFound {
  std::string name;
  Strength strength = Strength::kNone;
};

NameFound find_name(const Expr& expr);

NameFound cast_name(const Cast& cast) {
  NameFound inner = find_name(*cast.operand);
  if (inner.strength == Strength::kReal) {
    return inner;
  }
  return {std::string(internal_name(cast.type.kind)), Strength::kWeak};
}

NameFound query_name(const Query& query) {
  const auto* select = std::get_if<Select>(&query.body);
  if (select == nullptr || select->items.empty()) {
    return {};
  }
  const SelectItem& item = select->items.front();
  return item.alias ? NameFound{item.alias->text, Strength::kReal} : find_name(*item.value);
}

NameFound find_name(const Expr& expr) {
  if (const auto* column = expr.as<ColumnRef>()) {
    return {column->parts.back().text, Strength::kReal};
  }
  if (const auto* field = expr.as<FieldAccess>()) {
    return {field->field.text, Strength::kReal};
  }
  if (const auto* subscript = expr.as<Subscript>()) {
    return find_name(*subscript->operand);
  }
  if (const auto* call = expr.as<Call>()) {
    return {call->name.back().key, Strength::kReal};
  }
  if (const auto* cast = expr.as<Cast>()) {
    return cast_name(*cast);
  }
  if (const auto* typed = expr.as<TypedLiteral>()) {
    return {std::string(internal_name(typed->type.kind)), Strength::kWeak};
  }
  if (expr.as<IntervalLiteral>() != nullptr) {
    return {"interval", Strength::kWeak};
  }
  if (const auto* choice = expr.as<Case>()) {
    NameFound otherwise = choice->otherwise ? find_name(*choice->otherwise) : NameFound{};
    return otherwise.strength == Strength::kReal ? otherwise : NameFound{"case", Strength::kWeak};
  }
  if (expr.as<ArrayLiteral>() != nullptr) {
    return {"array", Strength::kReal};
  }
  if (expr.as<RowLiteral>() != nullptr) {
    return {"row", Strength::kReal};
  }
  if (const auto* scalar = expr.as<ScalarQuery>()) {
    return query_name(*scalar->query);
  }
  return expr.as<Exists>() != nullptr ? NameFound{"exists", Strength::kReal} : NameFound{};
}

bool is_plain_name(std::string_view name) {
  const auto plain = [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; };
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  return !name.empty() && !digit(name.front()) &&
         std::all_of(name.begin(), name.end(), [&](char c) { return plain(c) || digit(c); }) &&
         word_class(name) == WordClass::kPlain;
}

std::string in_quotes(std::string_view text, char quote) {
  std::string result(1, quote);
  for (const char c : text) {
    result.append(c == quote ? 2 : 1, c);
  }
  return result + quote;
}

}  // namespace

std::string quote_name(std::string_view name) {
  return is_plain_name(name) ? std::string(name) : in_quotes(name, '"');
}

std::string quote_text(std::string_view text) { return in_quotes(text, '\''); }

std::string output_name(const Expr& expr) {
  NameFound found = find_name(expr);
  return found.strength == Strength::kNone ? "?column?" : std::move(found.name);
}

}  // namespace thalweg
