#include <array>
#include <string>
#include <string_view>

#include "expr/expr.h"

// Expressions as SQL.
namespace thalweg {
namespace {

// How tightly an expression holds together; a looser one inside a tighter one needs parentheses.
enum class Binding : std::uint8_t {
  kOr,
  kAnd,
  kNot,
  kIs,
  kComparison,
  kMatch,
  kOther,
  kSum,
  kProduct,
  kPower,
  kUnary,
  kWhole,
};

struct Operator {
  std::string_view name;
  std::string_view sql;
  Binding binding;
};

constexpr std::array<Operator, 30> kOperators = {{
    {"=", "=", Binding::kComparison},
    {"<>", "<>", Binding::kComparison},
    {"<", "<", Binding::kComparison},
    {"<=", "<=", Binding::kComparison},
    {">", ">", Binding::kComparison},
    {">=", ">=", Binding::kComparison},
    {"is distinct from", "IS DISTINCT FROM", Binding::kIs},
    {"is not distinct from", "IS NOT DISTINCT FROM", Binding::kIs},
    {"like", "LIKE", Binding::kMatch},
    {"ilike", "ILIKE", Binding::kMatch},
    {"~", "~", Binding::kOther},
    {"~*", "~*", Binding::kOther},
    {"!~", "!~", Binding::kOther},
    {"!~*", "!~*", Binding::kOther},
    {"||", "||", Binding::kOther},
    {"&", "&", Binding::kOther},
    {"|", "|", Binding::kOther},
    {"#", "#", Binding::kOther},
    {"<<", "<<", Binding::kOther},
    {">>", ">>", Binding::kOther},
    {"->", "->", Binding::kOther},
    {"->>", "->>", Binding::kOther},
    {"@>", "@>", Binding::kOther},
    {"<@", "<@", Binding::kOther},
    {"+", "+", Binding::kSum},
    {"-", "-", Binding::kSum},
    {"*", "*", Binding::kProduct},
    {"/", "/", Binding::kProduct},
    {"%", "%", Binding::kProduct},
    {"^", "^", Binding::kPower},
}};

const Operator* find_operator(const Expr& expr) {
  for (const Operator& op : kOperators) {
    if (expr.function->function == op.name && expr.args.size() == 2) {
      return &op;
    }
  }
  return nullptr;
}

bool is_unary_sign(const Expr& expr) {
  return expr.args.size() == 1 &&
         (expr.function->function == "-" || expr.function->function == "~");
}

Binding binding_of(const Expr& expr) {
  switch (expr.kind) {
    case ExprKind::kAnd:
      return Binding::kAnd;
    case ExprKind::kOr:
      return Binding::kOr;
    case ExprKind::kNot:
      return Binding::kNot;
    case ExprKind::kIsNull:
    case ExprKind::kIsNotNull:
      return Binding::kIs;
    case ExprKind::kIn:
      return Binding::kMatch;
    case ExprKind::kCall: {
      const Operator* op = find_operator(expr);
      return op != nullptr ? op->binding : is_unary_sign(expr) ? Binding::kUnary : Binding::kWhole;
    }
    default:
      return Binding::kWhole;
  }
}

std::string quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    out.append(c == '\'' ? 2 : 1, c);
  }
  return out + '\'';
}

std::string literal_text(const Value& value) {
  if (value.is_null()) {
    return "NULL";
  }
  const std::string text = to_string(value);
  switch (value.type.kind) {
    case TypeKind::kBoolean:
      return std::get<bool>(value.data) ? "TRUE" : "FALSE";
    case TypeKind::kSmallint:
    case TypeKind::kInt:
    case TypeKind::kBigint:
    case TypeKind::kNumeric:
      return text;
    case TypeKind::kReal:
    case TypeKind::kDouble:
      return text.find_first_not_of("-+.0123456789e") == std::string::npos
                 ? text
                 : quoted(text) + "::" + to_string(value.type);
    case TypeKind::kText:
      return quoted(text);
    case TypeKind::kDate:
    case TypeKind::kTime:
    case TypeKind::kTimestamp:
    case TypeKind::kTimestamptz:
    case TypeKind::kInterval:
      return to_string(value.type) + ' ' + quoted(text);
    default:
      return quoted(text) + "::" + to_string(value.type);
  }
}

// With parentheses unless it binds tighter than `around`.
std::string operand(const Expr& expr, Binding around) {
  return binding_of(expr) > around ? to_string(expr) : '(' + to_string(expr) + ')';
}

// Chains of operators that bind equally read from the left.
std::string left_operand(const Expr& expr, Binding around) {
  const bool chains = binding_of(expr) == around && around >= Binding::kOther;
  return chains ? to_string(expr) : operand(expr, around);
}

std::string list(const Expr& expr, std::size_t begin) {
  std::string out;
  for (std::size_t i = begin; i < expr.args.size(); ++i) {
    out += (i == begin ? "" : ", ") + to_string(*expr.args[i]);
  }
  return out;
}

std::string chain(const Expr& expr, std::string_view word, Binding binding) {
  std::string out;
  for (const ExprPtr& arg : expr.args) {
    out += out.empty() ? "" : std::string(word);
    out += operand(*arg, binding);
  }
  return out;
}

std::string case_text(const Expr& expr) {
  std::string out = "CASE";
  for (std::size_t i = 0; i + 1 < expr.args.size(); i += 2) {
    out += " WHEN " + to_string(*expr.args[i]) + " THEN " + to_string(*expr.args[i + 1]);
  }
  const Expr& otherwise = *expr.args.back();
  const bool null = otherwise.kind == ExprKind::kLiteral && otherwise.literal.is_null();
  return out + (null ? "" : " ELSE " + to_string(otherwise)) + " END";
}

std::string call_text(const Expr& expr) {
  const std::string name{expr.function->function};
  if (const Operator* op = find_operator(expr)) {
    return left_operand(*expr.args[0], op->binding) + ' ' + std::string(op->sql) + ' ' +
           operand(*expr.args[1], op->binding);
  }
  if (is_unary_sign(expr)) {
    return name + operand(*expr.args[0], Binding::kUnary);
  }
  if (name == "array") {
    return "ARRAY[" + list(expr, 0) + ']';
  }
  if (name == "[]") {
    return operand(*expr.args[0], Binding::kUnary) + '[' + to_string(*expr.args[1]) + ']';
  }
  if (name == "like" || name == "ilike" || name == "similar to") {
    const std::string_view word = name == "like"    ? " LIKE "
                                  : name == "ilike" ? " ILIKE "
                                                    : " SIMILAR TO ";
    const std::string escape =
        expr.args.size() > 2 ? " ESCAPE " + to_string(*expr.args[2]) : std::string();
    return operand(*expr.args[0], Binding::kMatch) + std::string(word) +
           operand(*expr.args[1], Binding::kMatch) + escape;
  }
  if (name == "row") {
    return "ROW(" + list(expr, 0) + ')';
  }
  return name + '(' + list(expr, 0) + ')';
}

}  // namespace

std::string to_string(const Expr& expr) {
  switch (expr.kind) {
    case ExprKind::kColumn:
      return expr.name;
    case ExprKind::kLiteral:
      return literal_text(expr.literal);
    case ExprKind::kCall:
      return call_text(expr);
    case ExprKind::kCast:
      return "CAST(" + to_string(*expr.args[0]) + " AS " + to_string(expr.type) + ')';
    case ExprKind::kTryCast:
      return "TRY_CAST(" + to_string(*expr.args[0]) + " AS " + to_string(expr.type) + ')';
    case ExprKind::kAnd:
      return chain(expr, " AND ", Binding::kAnd);
    case ExprKind::kOr:
      return chain(expr, " OR ", Binding::kOr);
    case ExprKind::kNot:
      return "NOT " + operand(*expr.args[0], Binding::kNot);
    case ExprKind::kCase:
      return case_text(expr);
    case ExprKind::kCoalesce:
      return "coalesce(" + list(expr, 0) + ')';
    case ExprKind::kIsNull:
      return operand(*expr.args[0], Binding::kIs) + " IS NULL";
    case ExprKind::kIsNotNull:
      return operand(*expr.args[0], Binding::kIs) + " IS NOT NULL";
    case ExprKind::kIn:
      return operand(*expr.args[0], Binding::kMatch) + " IN (" + list(expr, 1) + ')';
    case ExprKind::kField:
      return '(' + to_string(*expr.args[0]) + ")." + expr.name;
  }
  return {};
}

}  // namespace thalweg
