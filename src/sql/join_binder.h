#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "expr/join_kind.h"
#include "sql/scope.h"

namespace thalweg::sql {

// How a join is asked for.
struct JoinClause {
  JoinKind kind = JoinKind::kInner;
  std::string what = "JOIN";  // As messages call it.
  Span keywords;
  Span condition;
  std::int64_t ttl_micros = 0;
};

// The columns of both relations, for names.
Scope both(const Scope& left, const Scope& right);

// The join of two relations where all of `parts` are true, over the columns of both. Where they
// bound how far apart event times are, also as b.window_end = a.window_end does, it is a join by
// time, else one by keys. Nothing, reported, where it can be neither.
std::optional<Scope> join_relations(BindContext& context, const JoinClause& clause, Scope left,
                                    Scope right, const std::vector<ExprPtr>& parts);

// A relation that is joined. The hint is for joins alone, not for what they are made of.
std::optional<Scope> bind_joined(BindContext& context, const ast::TableRef& table,
                                 std::optional<std::int64_t> hinted_ttl);

// What a relation is called in messages; empty where it has no one name.
std::string shown_name(const Scope& scope);
// The column of event time as it is written; empty where there is none.
std::string time_name(const Scope& scope);

}  // namespace thalweg::sql
