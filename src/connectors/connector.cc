#include "connectors/connector.h"

namespace thalweg {

std::uint32_t physical_index(const Table& table, std::uint32_t column) {
  std::uint32_t index = 0;
  for (std::uint32_t i = 0; i < column; ++i) {
    index += table.columns[i].computed == nullptr ? 1 : 0;
  }
  return index;
}

Schema physical_schema(const Table& table) {
  Schema schema;
  for (const TableColumn& column : table.columns) {
    if (column.computed == nullptr) {
      schema.push_back(column.field);
    }
  }
  return schema;
}

}  // namespace thalweg
