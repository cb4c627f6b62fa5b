#include <utility>

#include "sql/bind_ddl.h"
#include "sql/bind_query.h"

// DROP, DESCRIBE and SHOW.
namespace thalweg::sql {
namespace {

Schema text_schema(const std::vector<std::string>& names) {
  Schema schema;
  for (const std::string& name : names) {
    schema.push_back({name, type_of(TypeKind::kText)});
  }
  return schema;
}

BoundRows describe_columns(const Schema& columns) {
  BoundRows rows{text_schema({"column", "type"}), {}};
  for (const Field& field : columns) {
    rows.rows.push_back({text_value(field.name), text_value(to_string(field.type))});
  }
  return rows;
}

void add_row(BoundRows& rows, const std::vector<std::string>& texts) {
  std::vector<Value> row;
  for (const std::string& text : texts) {
    row.push_back(text_value(text));
  }
  rows.rows.push_back(std::move(row));
}

BoundRows show_tables(const Catalog::Names& names, std::optional<TableKind> kind) {
  BoundRows rows{text_schema({"name", "connector", "format"}), {}};
  for (const auto& [key, table] : names.tables) {
    if (!kind || table->kind == *kind) {
      add_row(rows, {table->name, table->connector, table->format});
    }
  }
  return rows;
}

BoundRows show_views(const Catalog::Names& names) {
  BoundRows rows{text_schema({"name"}), {}};
  for (const auto& [key, view] : names.views) {
    add_row(rows, {view.name});
  }
  return rows;
}

BoundRows show_functions() {
  BoundRows rows{text_schema({"name", "signature", "description"}), {}};
  for (const Function& function : functions()) {
    add_row(rows, {std::string(function.name), std::string(function.signature),
                   std::string(function.text)});
  }
  for (const AggregateFunction& function : aggregate_functions()) {
    add_row(rows, {std::string(function.name), std::string(function.signature),
                   std::string(function.text)});
  }
  return rows;
}

BoundRows show_connectors(const ConnectorCatalog& catalog) {
  BoundRows rows{text_schema({"name", "reads", "writes", "description"}), {}};
  for (const ConnectorInfo& connector : catalog.connectors) {
    add_row(rows, {std::string(connector.name), connector.can_read ? "yes" : "no",
                   connector.can_write ? "yes" : "no", std::string(connector.text)});
  }
  return rows;
}

}  // namespace

bool bind_drop(BindContext& context, const ast::Drop& drop) {
  Catalog::Names& names = context.names();
  const ast::Name& name = drop.name.back();
  const bool wants_view = drop.kind == ast::DropKind::kView;
  const bool is_table = names.tables.contains(name.key);
  const bool is_view = names.views.contains(name.key);
  if (wants_view ? is_view : is_table) {
    names.tables.erase(name.key);
    names.views.erase(name.key);
    return true;
  }
  if (is_table || is_view) {
    context.error("S0219", "\"" + name.text + "\" is a " + (is_view ? "view" : "table"), name.span,
                  is_view ? "write DROP VIEW" : "write DROP TABLE");
    return false;
  }
  if (!drop.if_exists) {
    context.error(
        "S0201",
        std::string(wants_view ? "view" : "table") + " \"" + name.text + "\" does not exist",
        name.span);
  }
  return drop.if_exists;
}

std::optional<BoundRows> bind_describe(BindContext& context, const ast::Describe& describe) {
  // A sink can be described, though not read.
  if (const auto* named = describe.target->as<ast::NamedTable>()) {
    const auto found = context.names().tables.find(named->name.back().key);
    if (found != context.names().tables.end() && !found->second->columns.empty()) {
      return describe_columns(found->second->schema());
    }
  }
  const std::optional<Scope> scope = bind_from(context, *describe.target);
  return scope ? std::optional(describe_columns(scope->columns())) : std::nullopt;
}

std::optional<BoundRows> bind_show(BindContext& context, const ast::Show& show, Span span) {
  const Catalog::Names& names = context.names();
  switch (show.kind) {
    case ast::ShowKind::kTables:
      return show_tables(names, std::nullopt);
    case ast::ShowKind::kSources:
      return show_tables(names, TableKind::kSource);
    case ast::ShowKind::kSinks:
      return show_tables(names, TableKind::kSink);
    case ast::ShowKind::kViews:
      return show_views(names);
    case ast::ShowKind::kFunctions:
      return show_functions();
    case ast::ShowKind::kConnectors:
      return show_connectors(names.connectors);
    case ast::ShowKind::kColumns: {
      ast::TableRef table;
      table.span = show.name.back().span;
      table.node = ast::NamedTable{show.name, nullptr};
      const std::optional<Scope> scope = bind_from(context, table);
      return scope ? std::optional(describe_columns(scope->columns())) : std::nullopt;
    }
    case ast::ShowKind::kCreate:
      context.not_supported("SHOW CREATE TABLE", span, {"DESCRIBE shows its columns"});
      return std::nullopt;
    case ast::ShowKind::kSettings:
      context.not_supported("SHOW of settings", span);
      return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace thalweg::sql
