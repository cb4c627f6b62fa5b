#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sql/bind_expr.h"

namespace thalweg::sql {

// The value in another type that it may take unasked: texts and NULLs are read as it, others cast.
// Reports a text that does not read as the type. Null in error.
ExprPtr coerce(BindContext& context, const Bound& value, const Type& type, Span span);

// Reports a call or cast whose constants make it fail for every row; where it may not run, warns.
// `arguments`: where each stands; may be empty. False: it is in error.
bool check_constants(BindContext& context, const ExprPtr& expr, Span span,
                     const std::vector<Span>& arguments = {});

// What values that come one after the other have in common; a bare NULL has no type of its own.
class CommonType {
 public:
  // False: it has no common type with those before, and counts for nothing.
  bool add(const ArgumentType& type);
  Type type() const { return common_ ? common_->type : type_of(TypeKind::kNull); }

 private:
  std::optional<ArgumentType> common_;
};

// The common type of all; a bare NULL has none of its own. Nothing when there is none.
std::optional<Type> common_type_of(const std::vector<ArgumentType>& types);

// Whether INSERT may put a value of one type into a column of another.
bool assigns(const Bound& value, const Type& type);

// TEXT where nothing has given a NULL a type.
Type settled(const Type& type);

ExprPtr boolean_call(ExprKind kind, std::vector<ExprPtr> args);

}  // namespace thalweg::sql
