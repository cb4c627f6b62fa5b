#include "connectors/kafka_columns.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>

#include "base/nearest.h"
#include "connectors/connector.h"
#include "connectors/kafka_options.h"
#include "formats/format.h"

namespace thalweg {
namespace {

Result<std::uint32_t> place_of(const std::string& name, const Schema& schema) {
  std::vector<std::string> names;
  for (std::uint32_t i = 0; i < schema.size(); ++i) {
    if (schema[i].name == name) {
      return i;
    }
    names.push_back(schema[i].name);
  }
  const std::optional<std::string> nearest = nearest_name(name, names);
  return invalid_argument(
      fmt::format("key_fields: there is no column \"{}\"{}", name,
                  nearest ? fmt::format("; did you mean \"{}\"?", *nearest) : ""));
}

// The named columns, or else the primary key, or else that of the rows themselves.
Result<std::vector<std::uint32_t>> key_columns(const Table& table, const RowKey& rows,
                                               const Schema& schema) {
  std::vector<std::uint32_t> columns;
  if (table.options.has("key_fields")) {
    for (const std::string& name : split_names(table.options.text("key_fields"))) {
      TW_TRY_ASSIGN(const std::uint32_t place, place_of(name, schema));
      columns.push_back(place);
    }
  } else if (!table.primary_key.empty()) {
    for (const std::uint32_t column : table.primary_key) {
      columns.push_back(physical_index(table, column));
    }
  } else if (table.mode == ChangeMode::kUpsert && rows) {
    columns = *rows;
  }
  return columns;
}

Status check(const Table& table, const KafkaColumns& columns) {
  if (table.mode == ChangeMode::kUpsert && columns.key.empty()) {
    return invalid_argument(fmt::format(
        "\"{}\" has mode = 'upsert', which needs a key: declare a PRIMARY KEY", table.name));
  }
  if (!columns.in_both && table.mode == ChangeMode::kChangelog) {
    return invalid_argument(fmt::format(
        "\"{}\": value_fields = 'except_key' goes with mode 'append' and 'upsert'; rows that say "
        "themselves whether they come or go are whole",
        table.name));
  }
  if (!columns.in_both && columns.key.empty()) {
    return invalid_argument(fmt::format(
        "\"{}\": value_fields = 'except_key' needs a key: say key_fields = 'column;column', or "
        "declare a PRIMARY KEY",
        table.name));
  }
  if (columns.value.empty() && !columns.in_both) {
    return invalid_argument(
        fmt::format("\"{}\" has no column that is not of the key, for the value", table.name));
  }
  if (columns.key.size() > 1 && table.options.text("key_format") == "raw") {
    return invalid_argument(
        fmt::format("the key of \"{}\" has {} columns, and key_format = 'raw' is one value; say "
                    "key_format = 'json'",
                    table.name, columns.key.size()));
  }
  if (table.format == "raw" && columns.value.size() != 1) {
    return invalid_argument(
        fmt::format("format raw is a row as one value, and \"{}\" has {} columns{}", table.name,
                    columns.value.size(),
                    columns.in_both && columns.value.size() == columns.key.size() + 1
                        ? "; say value_fields = 'except_key' to leave the key out of it"
                        : ""));
  }
  return {};
}

}  // namespace

Result<KafkaColumns> kafka_columns(const Table& table, const RowKey& rows) {
  const Schema schema = physical_schema(table);
  KafkaColumns columns;
  columns.in_both = table.options.text("value_fields") == "all";
  TW_TRY_ASSIGN(columns.key, key_columns(table, rows, schema));
  for (std::uint32_t i = 0; i < schema.size(); ++i) {
    if (columns.in_both || std::ranges::find(columns.key, i) == columns.key.end()) {
      columns.value.push_back(i);
    }
  }
  TW_TRY(check(table, columns));
  return columns;
}

}  // namespace thalweg
