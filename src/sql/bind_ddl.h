#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sql/bind_context.h"

namespace thalweg::sql {

// What WITH (...) says of a table.
struct Connection {
  const ConnectorInfo* connector = nullptr;  // Null for a table in memory.
  std::string format;
  Options options;
};

// Checks WITH (...) against the schemas of the connector and the format that it names.
std::optional<Connection> bind_options(BindContext& context, const ast::CreateTable& create);

// The columns that a statement declares, computed ones and keys too, entered into `table`.
bool bind_columns(BindContext& context, const ast::CreateTable& create, Table& table);
bool bind_watermark(BindContext& context, const ast::Watermark& watermark, Table& table);

// Declares the table. A statement that also says what to write into it yields that query.
struct Created {
  bool ok = false;
  std::optional<BoundQuery> query;
};
Created bind_create_table(BindContext& context, const ast::CreateTable& create);

bool bind_create_view(BindContext& context, const ast::CreateView& create);
bool bind_drop(BindContext& context, const ast::Drop& drop);
std::optional<BoundRows> bind_describe(BindContext& context, const ast::Describe& describe);
std::optional<BoundRows> bind_show(BindContext& context, const ast::Show& show, Span span);

std::optional<BoundQuery> bind_insert(BindContext& context, const ast::Insert& insert);

// A query's rows into a table that is there already: `columns` are the table's columns that they go
// to, in the query's order; empty: all that can be written.
struct Target {
  TablePtr table;
  std::vector<std::uint32_t> columns;
  bool by_name = false;
};
std::optional<BoundQuery> bind_insert_query(BindContext& context, const Target& target,
                                            const ast::Query& query);

}  // namespace thalweg::sql
