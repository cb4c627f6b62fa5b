#include <algorithm>
#include <utility>

#include "catalog/table_options.h"
#include "plan/build.h"
#include "sql/bind_ddl.h"
#include "sql/bind_query.h"

namespace thalweg::sql {
namespace {

// Whether a name can be declared; `ok` says that the statement is done when it is not.
bool is_free(BindContext& context, const ast::QualifiedName& name, bool or_replace,
             bool if_not_exists, bool& ok) {
  const ast::Name& last = name.back();
  const Catalog::Names& names = context.names();
  const bool taken = names.tables.contains(last.key) || names.views.contains(last.key);
  if (!taken || or_replace) {
    return true;
  }
  ok = if_not_exists;
  if (!if_not_exists) {
    context.error("S0202", '"' + last.text + "\" is declared already", last.span);
  }
  return false;
}

TableKind kind_of(ast::TableRole role) {
  switch (role) {
    case ast::TableRole::kTable:
      return TableKind::kTable;
    case ast::TableRole::kSource:
      return TableKind::kSource;
    case ast::TableRole::kSink:
      return TableKind::kSink;
  }
  return TableKind::kTable;
}

bool check_role(BindContext& context, const ast::CreateTable& create, const ConnectorInfo& info) {
  const bool wrong = (create.role == ast::TableRole::kSource && !info.can_read) ||
                     (create.role == ast::TableRole::kSink && !info.can_write);
  if (wrong) {
    context.error("C0103",
                  "connector " + std::string(info.name) + " can only be " +
                      (info.can_read ? "read from" : "written to"),
                  create.options_span,
                  info.can_read ? "declare it as a SOURCE" : "declare it as a SINK");
  }
  return !wrong;
}

// The value that a statement gives an option, under whatever name.
Span value_span(const ast::CreateTable& create, const ConnectorInfo& info,
                std::string_view option) {
  for (const OptionSpec& spec : info.options) {
    for (const ast::Option& given : create.options) {
      const std::string key = fold_name(given.key);
      if (spec.name == option &&
          (key == option ||
           std::find(spec.aliases.begin(), spec.aliases.end(), key) != spec.aliases.end())) {
        return given.value_span;
      }
    }
  }
  return create.options_span;
}

// Values must go together, and what is declared to be written to be something that can be.
bool check_values(BindContext& context, const ast::CreateTable& create, const ConnectorInfo& info,
                  const Options& options) {
  std::optional<OptionRefusal> refusal;
  if (info.refuses_value != nullptr) {
    refusal = info.refuses_value(options);
  }
  if (!refusal && create.role == ast::TableRole::kSink && info.refuses_writing != nullptr) {
    refusal = info.refuses_writing(options);
  }
  if (refusal) {
    context.error("C0203", refusal->message, value_span(create, info, refusal->option));
  }
  return !refusal;
}

// Fills in what WITH (...) says; a table without it is kept in memory.
bool connect(BindContext& context, const ast::CreateTable& create, Table& table) {
  if (!create.has_with) {
    if (create.role != ast::TableRole::kTable) {
      context.error("C0104", "a SOURCE or SINK needs WITH (connector = ...)",
                    create.name.back().span);
      return false;
    }
    table.connector = "memory";
    table.memory = std::make_shared<MemoryRows>();
    return true;
  }
  std::optional<Connection> connection = bind_options(context, create);
  if (!connection || !check_role(context, create, *connection->connector)) {
    return false;
  }
  const ConnectorInfo& info = *connection->connector;
  if (!check_values(context, create, info, connection->options)) {
    return false;
  }
  table.connector = std::string(info.name);
  table.writes_event_time = info.writes_event_time;
  table.format = std::move(connection->format);
  table.options = std::move(connection->options);
  table.on_error = table.options.text("on_error") == "fail" ? OnError::kFail : OnError::kSkip;
  table.on_late = on_late_of(table.options);
  table.bounded = info.bounded == nullptr || info.bounded(table.options);
  table.time_policy = time_policy_of(table.options, table.bounded);
  const FormatInfo* format = context.names().connectors.find_format(table.format);
  table.mode = format != nullptr && format->carries_changes ? ChangeMode::kChangelog
                                                            : change_mode_of(table.options);
  if (table.connector == "memory") {
    table.memory = std::make_shared<MemoryRows>();
  }
  return true;
}

// Formats that carry changes tell the row that goes by its key, where there is one; so do upserts.
bool takes_back_by_key(BindContext& context, const Table& table) {
  const ConnectorCatalog& catalog = context.names().connectors;
  const FormatInfo* format = catalog.find_format(table.format);
  const ConnectorInfo* connector = catalog.find_connector(table.connector);
  const bool is_upsert =
      table.mode == ChangeMode::kUpsert && connector != nullptr && connector->reads_upserts;
  return (is_upsert || (format != nullptr && format->carries_changes)) &&
         !table.primary_key.empty() &&
         std::all_of(table.primary_key.begin(), table.primary_key.end(), [&](std::uint32_t column) {
           const TableColumn& key = table.columns[column];
           return key.computed == nullptr && !(is_upsert && !key.metadata.empty());
         });
}

// The mode of a table with changes gives its rows a field of their own for them.
bool check_op_column(BindContext& context, const ast::CreateTable& create, const Table& table) {
  if (change_mode_of(table.options) == ChangeMode::kAppend) {
    return true;
  }
  for (const ast::Column& column : create.columns) {
    if (column.name.key == "op") {
      context.error(
          "S0202", "with this mode the field op says whether a row comes or goes", column.name.span,
          "",
          {"leave the column out: it is not one of the table's, or choose mode = 'append' "
           "to read it as it stands"});
      return false;
    }
  }
  return true;
}

// Columns of a table that is declared without any, where the connector knows them. Others are found
// when the table is first read or written.
bool find_columns(BindContext& context, const ast::CreateTable& create, Table& table) {
  const ConnectorInfo* info = context.names().connectors.find_connector(table.connector);
  if (info != nullptr && info->own_schema != nullptr) {
    if (const std::optional<Schema> schema = info->own_schema(table.options)) {
      for (const Field& field : *schema) {
        table.columns.push_back(
            {.field = field, .not_null = false, .computed = nullptr, .metadata = ""});
      }
      return true;
    }
  }
  if (!create.has_with) {
    context.error("C0107", "\"" + table.name + "\" has no columns", create.name.back().span);
    return false;
  }
  if (create.watermark) {
    const TablePtr unknown = std::make_shared<Table>(table);
    const plan::NodePtr scan = bind_table(context, unknown, create.name.back().span);
    if (scan == nullptr) {
      return false;
    }
    table.columns = std::get<plan::Scan>(scan->step).table->columns;
  }
  return true;
}

bool check_own_column(BindContext& context, const ast::Column& declared, const TableColumn& column,
                      const ConnectorInfo& info, const Schema& own) {
  std::vector<std::string> names;
  for (const Field& field : own) {
    names.push_back(field.name);
    if (fold_name(field.name) != fold_name(column.field.name)) {
      continue;
    }
    if (field.type == column.field.type) {
      return true;
    }
    context.error("C0112",
                  "column \"" + column.field.name + "\" of connector " + std::string(info.name) +
                      " is " + to_string(field.type) + ", not " + to_string(column.field.type),
                  declared.type ? declared.type->span : declared.name.span, "",
                  {"declare it so, or leave out all columns"});
    return false;
  }
  context.error(
      "C0112",
      "connector " + std::string(info.name) + " has no column \"" + column.field.name + '"',
      declared.name.span, did_you_mean(fold_name(column.field.name), names),
      {"columns: " + list_names(names)});
  return false;
}

// Columns that are declared must be among those that the connector knows, where it does.
bool check_own_columns(BindContext& context, const ast::CreateTable& create, const Table& table) {
  const ConnectorInfo* info = context.names().connectors.find_connector(table.connector);
  const std::optional<Schema> own = info == nullptr || info->own_schema == nullptr
                                        ? std::nullopt
                                        : info->own_schema(table.options);
  bool ok = true;
  for (std::size_t i = 0; own && i < create.columns.size(); ++i) {
    ok &= create.columns[i].computed != nullptr ||
          check_own_column(context, create.columns[i], table.columns[i], *info, *own);
  }
  return ok;
}

}  // namespace

Created bind_create_table(BindContext& context, const ast::CreateTable& create) {
  Created created;
  if (!is_free(context, create.name, create.or_replace, create.if_not_exists, created.ok)) {
    return created;
  }
  if (!create.partitioned_by.empty()) {
    context.not_supported("PARTITIONED BY", create.partitioned_by[0].span);
    return created;
  }
  auto table = std::make_shared<Table>();
  table->name = create.name.back().text;
  table->kind = kind_of(create.role);
  bool ok = connect(context, create, *table);
  const bool own_columns = create.columns.empty() && create.query == nullptr;
  if (!own_columns) {
    ok = bind_columns(context, create, *table) && ok;
    ok = ok && check_own_columns(context, create, *table);
  } else if (ok) {
    ok = find_columns(context, create, *table);
  }
  ok = ok && check_op_column(context, create, *table);
  table->takes_back_by_key = ok && takes_back_by_key(context, *table);
  if (create.watermark && !table->columns.empty()) {
    ok = bind_watermark(context, *create.watermark, *table) && ok;
  }
  if (table->watermark && table->time_policy.advance_when_idle && !table->watermark->delay_micros) {
    context.error(
        "C0206", "with advance_when_idle the watermark must be a column minus an interval",
        create.watermark->span, "", {"as in WATERMARK FOR ts AS ts - INTERVAL '5 seconds'"});
    ok = false;
  }
  if (!ok) {
    return created;
  }
  TablePtr declared = table;
  if (create.query != nullptr) {
    const Inherited inherited(context);
    context.name = table->name;
    created.query = bind_insert_query(context, {table, {}, false}, *create.query);
    if (!created.query) {
      return created;
    }
    // Declared without columns, it has those of the query.
    declared = std::get<plan::Sink>(created.query->sink->step).table;
  }
  context.names().views.erase(create.name.back().key);
  context.names().tables[create.name.back().key] = std::move(declared);
  created.ok = true;
  return created;
}

bool bind_create_view(BindContext& context, const ast::CreateView& create) {
  bool ok = true;
  if (!is_free(context, create.name, create.or_replace, create.if_not_exists, ok)) {
    return ok;
  }
  const ast::Name& name = create.name.back();
  if (create.materialized) {
    context.not_supported("CREATE MATERIALIZED VIEW", name.span,
                          {"CREATE VIEW, or INSERT INTO a table"});
    return false;
  }
  plan::NodePtr node = bind_sub_query(context, *create.query, name.text);
  if (node != nullptr && !create.columns.empty()) {
    node = rename_columns(context, node, create.columns);
  }
  if (node == nullptr) {
    return false;
  }
  context.names().tables.erase(name.key);
  context.names().views[name.key] = {name.text, std::move(node)};
  return true;
}

}  // namespace thalweg::sql
