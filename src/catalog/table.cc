#include "catalog/table.h"

namespace thalweg {

Schema Table::schema() const {
  Schema schema;
  schema.reserve(columns.size());
  for (const TableColumn& column : columns) {
    schema.push_back(column.field);
  }
  return schema;
}

}  // namespace thalweg
