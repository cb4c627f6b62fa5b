#pragma once

#include <cstdint>
#include <optional>

#include "sql/scope.h"

namespace thalweg::sql {

// `x IN (SELECT ...)`, `EXISTS (SELECT ...)` or either with NOT, as a part of WHERE.
struct Membership {
  const ast::Expr* operand = nullptr;  // Of IN.
  const ast::Query* query = nullptr;
  bool negated = false;
  Span span;
};

// Nothing where a part of WHERE is neither.
std::optional<Membership> find_membership(const ast::Expr& part);

// The rows of the scope for which it holds: a semi join, or an anti join. Null, reported, in error.
plan::NodePtr bind_membership(BindContext& context, const Scope& scope,
                              const Membership& membership);

}  // namespace thalweg::sql
