#include <numeric>
#include <utility>

#include "base/check.h"
#include "plan/build.h"
#include "sql/bind_ddl.h"
#include "sql/bind_query.h"
#include "sql/bind_sink.h"
#include "sql/coerce.h"

// INSERT INTO.
namespace thalweg::sql {
namespace {

// Columns of which rows are made: all but those computed from others, and metadata.
std::vector<std::uint32_t> writable_columns(const Table& table) {
  std::vector<std::uint32_t> columns;
  for (std::uint32_t i = 0; i < table.columns.size(); ++i) {
    if (table.columns[i].computed == nullptr && table.columns[i].metadata.empty()) {
      columns.push_back(i);
    }
  }
  return columns;
}

// As a sink takes them: first those of the row, and then what is written beside it.
std::vector<std::uint32_t> written_columns(const Table& table) {
  std::vector<std::uint32_t> columns = writable_columns(table);
  for (std::uint32_t i = 0; i < table.columns.size(); ++i) {
    if (table.columns[i].is_written_beside) {
      columns.push_back(i);
    }
  }
  return columns;
}

// What may be done about a column of metadata that cannot be written.
std::vector<std::string> other_metadata(BindContext& context, const Table& table) {
  const ConnectorInfo* const connector = context.names().connectors.find_connector(table.connector);
  std::vector<std::string> names;
  for (const MetadataInfo& metadata : connector->metadata) {
    if (metadata.can_write) {
      names.emplace_back(metadata.name);
    }
  }
  return {names.empty() ? "connector " + table.connector + " writes none"
                        : "connector " + table.connector + " writes " + list_names(names)};
}

std::optional<std::uint32_t> find_writable(BindContext& context, const Table& table,
                                           const ast::Name& name) {
  Scope scope = scope_of(plan::make_values(table.schema(), {}), "", table.name);
  const std::optional<FoundColumn> found = find_column(context, scope, {name}, name.span);
  if (found && table.columns[found->column].computed != nullptr) {
    context.error("S0222", "column \"" + name.text + "\" is computed and cannot be written",
                  name.span);
    return std::nullopt;
  }
  if (found && !table.columns[found->column].metadata.empty() &&
      !table.columns[found->column].is_written_beside) {
    context.error("S0222",
                  "column \"" + name.text + "\" is METADATA FROM '" +
                      table.columns[found->column].metadata + "' and cannot be written",
                  name.span, "", other_metadata(context, table));
    return std::nullopt;
  }
  return found ? std::optional(found->column) : std::nullopt;
}

std::optional<std::vector<std::uint32_t>> named_columns(BindContext& context, const Table& table,
                                                        const std::vector<ast::Name>& names) {
  std::vector<std::uint32_t> columns;
  std::vector<bool> seen(table.columns.size(), false);
  for (const ast::Name& name : names) {
    const std::optional<std::uint32_t> column = find_writable(context, table, name);
    if (!column) {
      return std::nullopt;
    }
    if (seen[*column]) {
      context.error("S0202", "column \"" + name.text + "\" stands twice", name.span);
      return std::nullopt;
    }
    seen[*column] = true;
    columns.push_back(*column);
  }
  return columns;
}

// BY NAME: each column of the query goes to the table's of its name.
std::optional<std::vector<std::uint32_t>> matching_columns(BindContext& context, const Table& table,
                                                           const plan::Node& node, Span span) {
  std::vector<ast::Name> names;
  for (const Field& field : node.schema) {
    names.push_back({field.name, fold_name(field.name), false, span});
  }
  return named_columns(context, table, names);
}

// The rows of VALUES, or the query itself: where a wrong number of columns is shown.
Span columns_span(const ast::Query& query) {
  const auto* values = std::get_if<ast::Values>(&query.body);
  if (values == nullptr || values->rows[0].empty()) {
    return query.span;
  }
  return {values->rows[0].front()->span.begin, values->rows[0].back()->span.end};
}

// Why a query that has a value for each column of the table has too many.
std::vector<std::string> about_metadata(const Target& target, std::size_t given) {
  const std::vector<std::uint32_t> all = written_columns(*target.table);
  if (!target.columns.empty() || given != all.size() ||
      given == writable_columns(*target.table).size()) {
    return {};
  }
  std::vector<std::string> names;
  for (const std::uint32_t column : all) {
    names.push_back(target.table->columns[column].field.name);
  }
  return {"METADATA columns are written where they are named: INSERT INTO " + target.table->name +
          " (" + list_names(names) + ") ..."};
}

bool check_count(BindContext& context, const Target& target, std::size_t wanted,
                 const plan::Node& node, const ast::Query& query) {
  const std::size_t given = node.schema.size();
  if (given == wanted) {
    return true;
  }
  const std::string columns = std::to_string(wanted) + (wanted == 1 ? " column" : " columns");
  const std::string values = std::to_string(given) + (given == 1 ? " value is" : " values are");
  context.error("S0214",
                (target.columns.empty() ? '"' + target.table->name + "\" has " + columns
                                        : columns + " are named") +
                    ", and " + values + " given",
                columns_span(query), "", about_metadata(target, given));
  return false;
}

bool check_nulls(BindContext& context, const Table& table, const std::vector<bool>& given,
                 Span span) {
  for (const std::uint32_t i : writable_columns(table)) {
    if (!given[i] && table.columns[i].not_null) {
      context.error("S0222",
                    "column \"" + table.columns[i].field.name + "\" is NOT NULL and gets no value",
                    span);
      return false;
    }
  }
  return true;
}

// An error of its row where the value is NULL.
ExprPtr require_value(ExprPtr value) {
  const Type type = value->type;
  const std::vector<ArgumentType> args = {ArgumentType{.type = type}};
  const std::optional<ResolvedFunction> required = resolve_function("not_null", args);
  TW_CHECK(required.has_value());
  return call_expr(*required->overload, type, {std::move(value)});
}

// The query's columns as the table has them: in its order and types, NULL where none is given.
plan::NodePtr assign_columns(BindContext& context, const Table& table, const QueryRows& rows,
                             const std::vector<std::uint32_t>& columns, Span span) {
  std::vector<ExprPtr> values(table.columns.size());
  std::vector<bool> given(table.columns.size(), false);
  for (std::uint32_t i = 0; i < columns.size(); ++i) {
    const Field& field = table.columns[columns[i]].field;
    const Field& from = rows.node->schema[i];
    const Bound value{column_expr(i, from.type, from.name)};
    if (!rows.untyped[i] && !assigns(value, field.type)) {
      context.error("S0207",
                    "column \"" + field.name + "\" is " + to_string(field.type) +
                        ", and the value for it is " + to_string(from.type),
                    span);
      return nullptr;
    }
    if (!check_constant_column(context, *rows.node, i, field.type, span)) {
      return nullptr;
    }
    values[columns[i]] = cast_expr(value.expr, field.type);
    if (table.columns[columns[i]].not_null) {
      values[columns[i]] = require_value(values[columns[i]]);
    }
    given[columns[i]] = true;
  }
  if (!check_nulls(context, table, given, span)) {
    return nullptr;
  }
  std::vector<ExprPtr> exprs;
  std::vector<std::string> names;
  for (const std::uint32_t i : written_columns(table)) {
    const Field& field = table.columns[i].field;
    exprs.push_back(given[i] ? values[i] : literal_expr(null_value(field.type)));
    names.push_back(field.name);
  }
  return plan::make_project(rows.node, std::move(exprs), std::move(names));
}

TablePtr find_target(BindContext& context, const ast::QualifiedName& name) {
  const ast::Name& last = name.back();
  const Catalog::Names& names = context.names();
  const auto found = names.tables.find(last.key);
  if (found == names.tables.end()) {
    if (names.views.contains(last.key)) {
      context.error("S0219", "\"" + last.text + "\" is a view, which cannot be written to",
                    last.span);
      return nullptr;
    }
    if (names.failed.contains(last.key)) {
      return nullptr;
    }
    std::vector<std::string> tables;
    for (const auto& [key, table] : names.tables) {
      tables.push_back(table->name);
    }
    std::string label = did_you_mean(last.text, tables);
    std::vector<std::string> notes;
    if (label.empty() && !tables.empty()) {
      notes.push_back("there are: " + list_names(tables));
    }
    context.error("S0201", "table \"" + last.text + "\" does not exist", last.span,
                  std::move(label), std::move(notes));
    return nullptr;
  }
  const Table& table = *found->second;
  const ConnectorInfo* connector = names.connectors.find_connector(table.connector);
  const bool read_only = table.kind == TableKind::kSource ||
                         (table.memory == nullptr && connector != nullptr && !connector->can_write);
  if (read_only) {
    context.error("C0103", "\"" + last.text + "\" can only be read from", last.span);
    return nullptr;
  }
  if (connector != nullptr && connector->refuses_writing != nullptr) {
    if (const std::optional<OptionRefusal> refusal = connector->refuses_writing(table.options)) {
      context.error("C0103", "\"" + last.text + "\" cannot be written to: " + refusal->message,
                    last.span);
      return nullptr;
    }
  }
  return found->second;
}

}  // namespace

std::optional<BoundQuery> bind_insert(BindContext& context, const ast::Insert& insert) {
  const TablePtr table = find_target(context, insert.table);
  if (table == nullptr) {
    return std::nullopt;
  }
  Target target{table, {}, insert.by_name};
  if (!insert.columns.empty()) {
    const auto columns = named_columns(context, *table, insert.columns);
    if (!columns) {
      return std::nullopt;
    }
    target.columns = *columns;
  }
  const Inherited inherited(context);
  context.name = table->name;
  for (const ast::Hint& hint : insert.hints) {
    context.warn("S0220", "the hint " + hint.name.text + " has no effect here", hint.span);
  }
  return bind_insert_query(context, target, *insert.query);
}

std::optional<BoundQuery> bind_insert_query(BindContext& context, const Target& target,
                                            const ast::Query& query) {
  const Table& table = *target.table;
  std::vector<std::uint32_t> columns =
      target.columns.empty() ? writable_columns(table) : target.columns;
  std::vector<Type> types;
  for (const std::uint32_t i : columns) {
    types.push_back(table.columns[i].field.type);
  }
  QueryRows rows;
  {
    const Inherited inherited(context);
    context.wanted = target.by_name || types.empty() ? nullptr : &types;
    rows = bind_query(context, query);
  }
  if (rows.node == nullptr || !check_sink(context, table, *rows.node, query.span)) {
    return std::nullopt;
  }
  TablePtr written = target.table;
  plan::NodePtr node = rows.node;
  if (table.columns.empty()) {
    // Declared without columns: it takes those of whatever is written.
    auto known = std::make_shared<Table>(table);
    for (const Field& field : node->schema) {
      known->columns.push_back(
          {.field = field, .not_null = false, .computed = nullptr, .metadata = ""});
    }
    written = std::move(known);
  } else {
    if (target.by_name) {
      const auto matching = matching_columns(context, table, *node, query.span);
      if (!matching) {
        return std::nullopt;
      }
      columns = *matching;
    }
    if (!check_count(context, target, columns.size(), *node, query)) {
      return std::nullopt;
    }
    node = assign_columns(context, table, rows, columns, query.span);
    if (node == nullptr) {
      return std::nullopt;
    }
  }
  if (!check_volatile(context, node, query.span)) {
    return std::nullopt;
  }
  SinkRows written_rows = key_rows(context, *written, std::move(node), query.span);
  if (written_rows.node == nullptr) {
    return std::nullopt;
  }
  return BoundQuery{.sink = plan::make_sink(std::move(written_rows.node), written, {},
                                            std::move(written_rows.key)),
                    .has_order = !query.order_by.empty()};
}

}  // namespace thalweg::sql
