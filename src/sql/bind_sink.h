#pragma once

#include <optional>

#include "sql/bind_query.h"

namespace thalweg::sql {

// Whether a table takes changes as well as rows.
bool takes_changes(const Catalog::Names& names, const Table& table);

// Refuses changes into what can only be added to, and endless rows into memory.
bool check_sink(BindContext& context, const Table& table, const plan::Node& node, Span span);

// Refuses what is volatile where its value would have to be found again.
bool check_volatile(BindContext& context, const plan::NodePtr& root, Span span);

// The rows as they go into a table, and what it is to know them by. Rows that are to replace those
// of their key come once a key. Null in error.
struct SinkRows {
  plan::NodePtr node;
  RowKey key;
};
SinkRows key_rows(BindContext& context, const Table& table, plan::NodePtr node, Span span);

}  // namespace thalweg::sql
