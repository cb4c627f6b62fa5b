#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "columnar/kernels.h"
#include "sql/bind_query.h"

namespace thalweg::sql {

// Reports an ORDER BY or LIMIT over rows that never end, or that are taken back.
bool can_order(BindContext& context, const ast::Query& query, const plan::Node& input);

// The sort of `input` by these keys, with the query's LIMIT and OFFSET; the input itself where
// there is nothing to do. Null in error. Rows that the keys find equal are told apart by their
// other columns, so that the answer follows from the rows alone.
plan::NodePtr make_ordered(BindContext& context, const ast::Query& query,
                           const plan::NodePtr& input, std::vector<SortKey> keys);

SortKey sort_key(std::size_t column, const ast::OrderItem& item);

// The output column that `ORDER BY 2` or `ORDER BY name` means; nothing where the expression is of
// another kind. An ordinal out of range is reported, and yields kBadOrdinal.
inline constexpr std::uint32_t kBadOrdinal = UINT32_MAX;
std::optional<std::uint32_t> output_column(BindContext& context, const ast::Expr& expr,
                                           const std::vector<std::string>& names,
                                           const char* clause);
// The same for ordinals alone.
std::optional<std::uint32_t> ordinal_column(BindContext& context, const ast::Expr& expr,
                                            std::size_t columns, const char* clause);

}  // namespace thalweg::sql
