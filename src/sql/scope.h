#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sql/bind_context.h"

namespace thalweg::sql {

// One relation of a FROM clause: a run of the columns of what is read.
struct Relation {
  std::string key;    // The name it is looked up by; empty when it has none.
  std::string shown;  // The same as typed.
  std::uint32_t first = 0;
  std::uint32_t count = 0;
};

// What names of columns mean at some place. Columns stand for those of `node`, by number.
struct Scope {
  plan::NodePtr node;  // Null where there is no FROM.
  std::vector<Relation> relations;
  TablePtr table;  // What `node` reads directly, if it does: for cures.
  // The columns from this one on are a window function's, and hide others of the same name.
  std::optional<std::uint32_t> window_columns;
  // Behind JOIN ... USING: the columns that `*` stands for, in their order. Names without a
  // relation mean these alone. Absent: all.
  std::optional<std::vector<std::uint32_t>> shown;

  const Schema& columns() const;
};

// One relation, all columns of `node`.
Scope scope_of(plan::NodePtr node, const std::string& key, const std::string& shown);

// The columns that `*` stands for, where it stands alone and no window function hides any.
std::vector<std::uint32_t> shown_columns(const Scope& scope);

// The columns of a node that are wanted, in that order.
plan::NodePtr pick_columns(const plan::NodePtr& node, const std::vector<std::uint32_t>& columns);

// A column that a reference names, and how many of its parts were used up: the others are fields.
struct FoundColumn {
  std::uint32_t column = 0;
  std::size_t parts = 0;
};

// Reports why there is none: unknown with the nearest name and what there is, or ambiguous.
std::optional<FoundColumn> find_column(BindContext& context, const Scope& scope,
                                       const std::vector<ast::Name>& parts, Span span);

// The columns that `t.*` or `*` stands for; reports an unknown `t`.
std::optional<std::vector<std::uint32_t>> star_columns(BindContext& context, const Scope& scope,
                                                       const ast::Star& star, Span span);

// Whether a name as written refers to a column of this spelling.
bool names_column(const ast::Name& name, const std::string& column);

// "columns: id BIGINT, ts TIMESTAMP"
std::string list_columns(const Schema& schema);

}  // namespace thalweg::sql
