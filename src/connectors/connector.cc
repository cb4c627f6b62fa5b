#include "connectors/connector.h"

namespace thalweg {
namespace {

bool is_stored(const TableColumn& column) {
  return column.computed == nullptr && column.metadata.empty();
}

}  // namespace

std::uint32_t physical_index(const Table& table, std::uint32_t column) {
  std::uint32_t index = 0;
  for (std::uint32_t i = 0; i < column; ++i) {
    index += is_stored(table.columns[i]) ? 1 : 0;
  }
  return index;
}

Schema physical_schema(const Table& table) {
  Schema schema;
  for (const TableColumn& column : table.columns) {
    if (is_stored(column)) {
      schema.push_back(column.field);
    }
  }
  return schema;
}

}  // namespace thalweg
