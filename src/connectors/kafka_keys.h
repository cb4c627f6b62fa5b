#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "connectors/kafka_columns.h"
#include "connectors/kafka_records.h"
#include "formats/format.h"

namespace thalweg {

// The columns that are read from the keys of records. One per worker.
class KafkaKeys {
 public:
  // `columns`: of the table, among those of the key.
  static Result<KafkaKeys> make(const Table& table, const KafkaColumns& places,
                                std::span<const std::uint32_t> columns);

  // Decodes the keys of a block, which must stay alive until the next one.
  void read(const KafkaRecords& records);

  // The i-th column of these records; NULL where a record has no key.
  Column column(std::size_t i, std::span<const std::uint32_t> records) const;

  // Why the record has none of these columns; nullptr: it has them, or no key.
  const RejectedRow* wrong(std::uint32_t record) const;

 private:
  KafkaKeys(std::unique_ptr<Decoder> decoder, Schema schema)
      : decoder_(std::move(decoder)), schema_(std::move(schema)) {}

  std::unique_ptr<Decoder> decoder_;
  Schema schema_;
  std::vector<Column> columns_;        // Of the keys that there are; the last row is NULL.
  std::vector<RowIndex> rows_;         // In columns_, by record.
  std::vector<RejectedRow> rejected_;  // By record, which is their offset.
};

}  // namespace thalweg
