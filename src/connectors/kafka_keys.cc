#include "connectors/kafka_keys.h"

#include <algorithm>
#include <string>
#include <utility>

#include "columnar/kernels.h"
#include "connectors/format_reader.h"
#include "formats/op_decoder.h"

namespace thalweg {

Result<KafkaKeys> KafkaKeys::make(const Table& table, const KafkaColumns& places,
                                  std::span<const std::uint32_t> columns) {
  DecoderSpec spec = decoder_spec(table, columns, places.key);
  Schema schema = spec.schema;
  TW_TRY_ASSIGN(std::unique_ptr<Decoder> decoder,
                find_format(table.options.text("key_format"))->make_decoder({}, std::move(spec)));
  return KafkaKeys(std::move(decoder), std::move(schema));
}

void KafkaKeys::read(const KafkaRecords& records) {
  rejected_.clear();
  std::vector<std::vector<Column>> parts(schema_.size());
  RowIndex count = 0;
  std::vector<std::uint32_t> read;  // The record of each row.
  DecodedRows decoded;
  decoder_->begin_records({.bytes = records.keys.bytes(), .ends = records.keys.ends()});
  for (; decoder_->next(records.size(), decoded); decoded = {}) {
    for (RowIndex row = 0; row < decoded.rows; ++row) {
      read.push_back(records.keys.at_offset(offset_of(decoded, row)));
    }
    for (std::size_t i = 0; i < parts.size() && decoded.rows > 0; ++i) {
      parts[i].push_back(std::move(decoded.columns[i]));
    }
    for (RejectedRow& wrong : decoded.rejected) {
      const std::uint32_t record = records.keys.at_offset(wrong.offset);
      if (records.has_key[record]) {  // Else there is nothing that could be decoded.
        wrong.offset = record;
        wrong.detail = "the key: " + wrong.detail;
        rejected_.push_back(std::move(wrong));
      }
    }
  }
  count = static_cast<RowIndex>(read.size());
  rows_.assign(records.size(), count);
  for (RowIndex row = 0; row < count; ++row) {
    if (records.has_key[read[row]]) {
      rows_[read[row]] = row;
    }
  }
  columns_.clear();
  for (std::size_t i = 0; i < parts.size(); ++i) {
    parts[i].push_back(null_column(schema_[i].type, 1));
    columns_.push_back(concat_columns(parts[i]));
  }
}

Column KafkaKeys::column(std::size_t i, std::span<const std::uint32_t> records) const {
  std::vector<RowIndex> rows;
  rows.reserve(records.size());
  for (const std::uint32_t record : records) {
    rows.push_back(rows_[record]);
  }
  return gather(columns_[i], rows);
}

const RejectedRow* KafkaKeys::wrong(std::uint32_t record) const {
  const auto found = std::ranges::lower_bound(rejected_, record, {}, &RejectedRow::offset);
  return found != rejected_.end() && found->offset == record ? &*found : nullptr;
}

}  // namespace thalweg
