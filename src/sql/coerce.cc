#include "sql/coerce.h"

#include <utility>

#include "expr/constant_failure.h"
#include "sql/sql_text.h"

namespace thalweg::sql {

ArgumentType Bound::argument() const {
  ArgumentType argument{expr->type, text_literal, std::nullopt};
  const auto* integer = std::get_if<std::int64_t>(&expr->literal.data);
  if (expr->kind == ExprKind::kLiteral && integer != nullptr && is_integer(expr->type.kind)) {
    argument.integer = *integer;
  }
  return argument;
}

bool check_constants(BindContext& context, const ExprPtr& expr, Span span,
                     const std::vector<Span>& arguments) {
  const std::optional<ConstantFailure> failure = find_constant_failure(expr);
  if (!failure) {
    return true;
  }
  const Span place = failure->argument && *failure->argument < arguments.size()
                         ? arguments[*failure->argument]
                         : span;
  if (context.may_not_run) {
    std::vector<std::string> notes = failure->notes;
    notes.emplace_back("rows for which it is computed are rejected");
    context.warn("S0224", failure->message, place, failure->label, std::move(notes));
    return true;
  }
  context.error("S0224", failure->message, place, failure->label, failure->notes);
  return false;
}

ExprPtr coerce(BindContext& context, const Bound& value, const Type& type, Span span) {
  const ExprPtr& expr = value.expr;
  if (expr->type == type) {
    return expr;
  }
  if (expr->kind == ExprKind::kLiteral && expr->literal.is_null()) {
    return literal_expr(null_value(type));
  }
  if (!value.text_literal || type.kind == TypeKind::kText) {
    const ExprPtr cast = cast_expr(expr, type);
    return check_constants(context, cast, span) ? cast : nullptr;
  }
  const std::string& text = std::get<std::string>(expr->literal.data);
  Result<Value> parsed = parse_value(text, type);
  if (!parsed.ok()) {
    context.error("S0208", quote_text(text) + " is not a valid " + to_string(type), span, "",
                  {"the text is read as " + to_string(type) + " because of what it is used with"});
    return nullptr;
  }
  return literal_expr(std::move(parsed).take());
}

bool CommonType::add(const ArgumentType& type) {
  if (type.type.kind == TypeKind::kNull) {
    return true;
  }
  if (!common_) {
    common_ = type;
    return true;
  }
  const std::optional<Type> both = common_type(*common_, type);
  if (both) {
    common_ = ArgumentType{*both, common_->text_literal && type.text_literal};
  }
  return both.has_value();
}

std::optional<Type> common_type_of(const std::vector<ArgumentType>& types) {
  CommonType common;
  for (const ArgumentType& type : types) {
    if (!common.add(type)) {
      return std::nullopt;
    }
  }
  return common.type();
}

bool assigns(const Bound& value, const Type& type) {
  const Type& from = value.expr->type;
  if (value.text_literal || from.kind == TypeKind::kNull || from == type ||
      implicitly_casts(from, type)) {
    return true;
  }
  const auto is_instant = [](TypeKind kind) {
    return kind == TypeKind::kDate || kind == TypeKind::kTimestamp ||
           kind == TypeKind::kTimestamptz;
  };
  const bool kin = (is_numeric(from.kind) && is_numeric(type.kind)) ||
                   (is_instant(from.kind) && is_instant(type.kind)) ||
                   type.kind == TypeKind::kText || from.kind == type.kind;
  return kin && can_cast(from, type);
}

Type settled(const Type& type) {
  return type.kind == TypeKind::kNull ? type_of(TypeKind::kText) : type;
}

ExprPtr boolean_call(ExprKind kind, std::vector<ExprPtr> args) {
  return expr_of(kind, type_of(TypeKind::kBoolean), std::move(args));
}

}  // namespace thalweg::sql
