#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "columnar/calendar.h"
#include "plan/build.h"
#include "sql/bind_ddl.h"
#include "sql/bind_expr.h"
#include "sql/bind_type.h"
#include "sql/coerce.h"

// The columns of CREATE TABLE.
namespace thalweg::sql {
namespace {

// Names of the columns declared so far mean something to computed columns and the watermark.
Scope scope_over(const Table& table) {
  return scope_of(plan::make_values(table.schema(), {}), "", table.name);
}

bool is_column_supported(BindContext& context, const ast::Column& column) {
  if (column.default_value != nullptr) {
    context.not_supported("DEFAULT", column.default_value->span,
                          {"a column that is not given is NULL"});
    return false;
  }
  return true;
}

// What the connector calls what a column asks for.
const MetadataInfo* bind_metadata(BindContext& context, const ast::Column& column, const Type& type,
                                  const Table& table) {
  const ConnectorInfo* const info = context.names().connectors.find_connector(table.connector);
  if (info == nullptr) {
    return nullptr;  // Which has been told.
  }
  const std::string& asked = column.metadata->key.value_or(column.name.text);
  if (info->metadata.empty()) {
    context.error("C0108",
                  "connector " + table.connector + " has no metadata, and \"" + column.name.text +
                      "\" asks for it",
                  column.metadata->span);
    return nullptr;
  }
  std::vector<std::string> names;
  for (const MetadataInfo& metadata : info->metadata) {
    names.emplace_back(metadata.name);
    if (metadata.name != asked) {
      continue;
    }
    if (std::find(metadata.types.begin(), metadata.types.end(), type) != metadata.types.end()) {
      return &metadata;
    }
    std::vector<std::string> types;
    for (const Type& good : metadata.types) {
      types.push_back(to_string(good));
    }
    context.error("C0112",
                  "metadata '" + asked + "' of connector " + table.connector + " is " +
                      list_names(types) + ", not " + to_string(type),
                  column.type ? column.type->span : column.name.span);
    return nullptr;
  }
  context.error("C0108", "connector " + table.connector + " has no metadata '" + asked + "'",
                column.metadata->span, did_you_mean(asked, names), {"it has " + list_names(names)});
  return nullptr;
}

bool bind_physical(BindContext& context, const ast::Column& column, Table& table) {
  std::optional<Type> type;
  if (column.type) {
    type = bind_type(context, *column.type);
  } else {
    context.error("S0223", "column \"" + column.name.text + "\" has no type", column.name.span);
  }
  if (!type) {
    return false;
  }
  const MetadataInfo* const metadata =
      column.metadata ? bind_metadata(context, column, *type, table) : nullptr;
  if (column.metadata && metadata == nullptr) {
    return false;
  }
  table.columns.push_back({.field = {column.name.text, *type},
                           .not_null = column.not_null || column.primary_key,
                           .computed = nullptr,
                           .metadata = std::string(metadata == nullptr ? "" : metadata->name),
                           .is_written_beside = metadata != nullptr && metadata->can_write});
  return true;
}

bool bind_computed(BindContext& context, const ast::Column& column, const Scope& scope,
                   TableColumn& bound) {
  ExprBinder binder(context, scope, "a computed column");
  Bound value = binder.bind(*column.computed);
  if (!value) {
    return false;
  }
  Type type = settled(value.expr->type);
  if (column.type) {
    const std::optional<Type> declared = bind_type(context, *column.type);
    if (!declared) {
      return false;
    }
    type = *declared;
    if (!assigns(value, type)) {
      context.error("S0207",
                    "column \"" + column.name.text + "\" is " + to_string(type) +
                        ", and the value for it is " + to_string(value.expr->type),
                    column.computed->span);
      return false;
    }
  }
  bound.field = {column.name.text, type};
  bound.not_null = column.not_null;
  bound.computed = coerce(context, value, type, column.computed->span);
  return bound.computed != nullptr;
}

// Computed columns see all physical ones and the computed ones before them.
bool bind_all_computed(BindContext& context, const ast::CreateTable& create, Table& table) {
  bool ok = true;
  for (std::size_t i = 0; i < create.columns.size(); ++i) {
    if (create.columns[i].computed != nullptr) {
      Table visible;
      visible.name = table.name;
      visible.columns = table.columns;
      for (std::size_t later = i; later < create.columns.size(); ++later) {
        if (create.columns[later].computed != nullptr) {
          visible.columns[later].field.name.clear();
        }
      }
      const Scope scope = scope_over(visible);
      ok = bind_computed(context, create.columns[i], scope, table.columns[i]) && ok;
    }
  }
  return ok;
}

bool bind_primary_key(BindContext& context, const ast::CreateTable& create, Table& table) {
  for (std::uint32_t i = 0; i < create.columns.size(); ++i) {
    if (create.columns[i].primary_key) {
      table.primary_key.push_back(i);
    }
  }
  if (!create.primary_key) {
    return true;
  }
  if (!table.primary_key.empty()) {
    context.error("S0202", "the primary key is declared already", create.primary_key->span);
    return false;
  }
  const Scope scope = scope_over(table);
  for (const ast::Name& name : create.primary_key->columns) {
    const std::optional<FoundColumn> column = find_column(context, scope, {name}, name.span);
    if (!column) {
      return false;
    }
    table.primary_key.push_back(column->column);
    table.columns[column->column].not_null = true;
  }
  return true;
}

// The delay of `column - INTERVAL '...'`, or of the column by itself.
std::optional<std::int64_t> delay_of(const Expr& bound, std::uint32_t column) {
  if (bound.kind == ExprKind::kColumn && bound.column == column) {
    return 0;
  }
  const bool is_difference = bound.kind == ExprKind::kCall && bound.function->function == "-" &&
                             bound.args.size() == 2 && bound.args[0]->kind == ExprKind::kColumn &&
                             bound.args[0]->column == column &&
                             bound.args[1]->kind == ExprKind::kLiteral;
  const auto* interval =
      is_difference ? std::get_if<Interval>(&bound.args[1]->literal.data) : nullptr;
  if (interval == nullptr || interval->months != 0 || interval->nanos % 1000 != 0) {
    return std::nullopt;
  }
  const std::int64_t delay = interval->days * kMicrosPerDay + interval->nanos / 1000;
  return delay < 0 ? std::nullopt : std::optional(delay);
}

bool is_instant(const Type& type) {
  return type.kind == TypeKind::kTimestamp || type.kind == TypeKind::kTimestamptz;
}

}  // namespace

bool bind_columns(BindContext& context, const ast::CreateTable& create, Table& table) {
  bool ok = true;
  std::set<std::string> keys;
  for (const ast::Column& column : create.columns) {
    if (!keys.insert(column.name.key).second) {
      context.error("S0202", "column \"" + column.name.text + "\" is declared already",
                    column.name.span);
      ok = false;
    }
    if (column.computed != nullptr) {
      table.columns.push_back({.field = {column.name.text, Type{}},
                               .not_null = false,
                               .computed = nullptr,
                               .metadata = ""});
    } else if (!is_column_supported(context, column) || !bind_physical(context, column, table)) {
      table.columns.push_back({.field = {column.name.text, type_of(TypeKind::kText)},
                               .not_null = false,
                               .computed = nullptr,
                               .metadata = ""});
      ok = false;
    }
  }
  return bind_all_computed(context, create, table) && ok &&
         bind_primary_key(context, create, table);
}

bool bind_watermark(BindContext& context, const ast::Watermark& watermark, Table& table) {
  const Scope scope = scope_over(table);
  const std::optional<FoundColumn> found =
      find_column(context, scope, {watermark.column}, watermark.column.span);
  if (!found) {
    return false;
  }
  const Field& field = table.columns[found->column].field;
  if (!is_instant(field.type)) {
    context.error(
        "S0209",
        "the event time \"" + field.name + "\" must be a TIMESTAMP, not " + to_string(field.type),
        watermark.column.span);
    return false;
  }
  ExprPtr bound = column_expr(found->column, field.type, field.name);
  if (watermark.value != nullptr) {
    bound = ExprBinder(context, scope, "WATERMARK").bind_value(*watermark.value);
    if (bound == nullptr) {
      return false;
    }
    bound = fold_constants(bound);
    if (!is_instant(bound->type)) {
      context.error("S0209", "a watermark must be a TIMESTAMP, not " + to_string(bound->type),
                    watermark.value->span, "", {"as in " + field.name + " - INTERVAL '5 seconds'"});
      return false;
    }
  }
  table.watermark = Watermark{
      .column = found->column, .bound = bound, .delay_micros = delay_of(*bound, found->column)};
  return true;
}

}  // namespace thalweg::sql
