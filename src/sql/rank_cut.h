#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "expr/ranking.h"
#include "sql/bind_context.h"

namespace thalweg::sql {

// `row_number() OVER (...) <= n` and its kin, in a SELECT's QUALIFY or in the WHERE of the query
// around it: a ranking of which only the first rows are wanted.
struct RankCut {
  const ast::Expr* call = nullptr;  // One of those that stand in the SELECT; all are written alike.
  std::string written;
  Ranking ranking = Ranking::kRowNumber;
  std::uint64_t low = 1;  // The ranks wanted.
  std::uint64_t high = 0;
  std::vector<const ast::Expr*> others;  // What else QUALIFY asks.
};

// Nothing where the SELECT has no such ranking: it may have others, without an end. Conditions of
// context.outer that the cut answers are noted there.
std::optional<RankCut> find_rank_cut(BindContext& context, OuterCondition* outer,
                                     const ast::Query& query, const ast::Select& select);

// The call if it ranks rows: row_number(), rank(), dense_rank() with OVER.
const ast::Call* ranking_call(const ast::Expr& expr);

// The parts of a condition that must all be true.
std::vector<const ast::Expr*> conjuncts_of(const ast::Expr& condition);

// Whether a query ranks rows in its list, so that a condition around it may cut it off.
bool ranks_rows(const ast::Query& query);

}  // namespace thalweg::sql
