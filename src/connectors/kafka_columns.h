#pragma once

#include <cstdint>
#include <vector>

#include "base/result.h"
#include "catalog/table.h"
#include "columnar/row_key.h"

namespace thalweg {

// Which columns stand in a record's key, and which in its value: by place among those that are
// neither computed nor metadata, as physical_schema() has them.
struct KafkaColumns {
  std::vector<std::uint32_t> key;  // In their order there; empty: there is no key.
  std::vector<std::uint32_t> value;
  bool in_both = true;  // The value has the key's columns, too.
};

// Fails where the table's options do not go together, or with its columns. `rows`: the key of the
// rows that are written, for tables that declare none.
Result<KafkaColumns> kafka_columns(const Table& table, const RowKey& rows = {});

}  // namespace thalweg
