#include "connectors/kafka_reader.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "columnar/builder.h"
#include "columnar/kernels.h"
#include "connectors/format_reader.h"
#include "connectors/kafka_records.h"
#include "formats/json_line_parser.h"
#include "formats/op_decoder.h"

namespace thalweg {
namespace {

bool is_metadata(const Table& table, std::uint32_t column) {
  return !table.columns[column].metadata.empty();
}

// Appends what a record tells, by the name of the metadata, to a column of its type.
void append_metadata(const KafkaRecords& records, std::string_view name, std::uint32_t record,
                     ColumnBuilder& out) {
  if (name == "topic") {
    out.append_text(records.topic);
  } else if (name == "partition") {
    out.append(records.partition);
  } else if (name == "offset") {
    out.append(records.offsets[record]);
  } else if (name == "timestamp") {
    const std::int64_t time = records.times[record];
    time == KafkaRecords::kNoTime ? out.append_null() : out.append(time);
  } else if (name == "key") {
    const std::string_view key = records.keys[record];
    const bool is_shown =
        records.has_key[record] && (out.type().kind == TypeKind::kBytea || is_valid_utf8(key));
    is_shown ? out.append_text(key) : out.append_null();
  } else {
    for (const auto& [header, value] : records.headers[record]) {
      ColumnBuilder& entry = out.child(0);
      entry.child(0).append_text(header);
      value ? entry.child(1).append_text(*value) : entry.child(1).append_null();
      entry.close_row();
    }
    out.close_row();
  }
}

class KafkaReader final : public BlockReader {
 public:
  KafkaReader(const ScanRequest& request, std::unique_ptr<Decoder> values)
      : values_(std::move(values)), takes_tombstones_(request.table.mode != ChangeMode::kAppend) {
    std::size_t decoded = 0;
    for (const std::uint32_t column : request.columns) {
      Place place;
      if (is_metadata(request.table, column)) {
        place.metadata = request.table.columns[column].metadata;
        place.builder.emplace(request.table.columns[column].field.type);
        place.not_null = request.table.columns[column].not_null;
      } else {
        place.decoded = decoded++;
      }
      places_.push_back(std::move(place));
    }
  }

  void begin(const Partition& /*partition*/, const Block& block) override {
    records_ = static_cast<const KafkaRecords*>(block.content.get());
    position_ = block.position;
    next_value_ = 0;
    tells_tombstones_ = !takes_tombstones_ && !records_->tombstones.empty();
    if (!records_->valued.empty()) {
      values_->begin_records({.bytes = records_->values.bytes(), .ends = records_->values.ends()});
    }
  }

  bool next(std::uint32_t rows_max, DecodedRows& out) override {
    DecodedRows decoded;
    if (records_->valued.empty() || !values_->next(rows_max, decoded)) {
      return tell_tombstones(out);
    }
    out = {};
    out.rows = decoded.rows;
    out.changes = std::move(decoded.changes);
    rows_of_.clear();
    for (std::uint32_t row = 0; row < decoded.rows; ++row) {
      rows_of_.push_back(record_at(decoded.offsets[row]));
      out.offsets.push_back(offset_of(rows_of_.back()));
    }
    for (Place& place : places_) {
      out.columns.push_back(place.builder ? metadata_column(place)
                                          : std::move(decoded.columns[place.decoded]));
    }
    out.rejected = std::move(decoded.rejected);
    for (RejectedRow& rejected : out.rejected) {
      const auto ends = std::span(records_->values.ends());
      const auto behind = std::upper_bound(ends.begin(), ends.end(), rejected.offset);
      rejected.offset =
          offset_of(records_->valued[static_cast<std::size_t>(behind - ends.begin())]);
    }
    reject_missing(out);
    return true;
  }

 private:
  // Where a column comes from.
  struct Place {
    std::size_t decoded = 0;
    std::string metadata;
    std::optional<ColumnBuilder> builder;  // Of metadata.
    bool not_null = false;                 // Of metadata.
  };

  // The record of a row that begins there among the values. Rows come in their order.
  std::uint32_t record_at(std::uint64_t offset) {
    while (records_->values.ends()[next_value_] <= offset) {
      ++next_value_;
    }
    return records_->valued[next_value_];
  }

  std::uint64_t offset_of(std::uint32_t record) const {
    return static_cast<std::uint64_t>(records_->offsets[record] - position_);
  }

  Column metadata_column(Place& place) const {
    place.builder->reserve(static_cast<std::uint32_t>(rows_of_.size()));
    for (const std::uint32_t record : rows_of_) {
      append_metadata(*records_, place.metadata, record, *place.builder);
    }
    return place.builder->finish();
  }

  // Rows without metadata that they must have.
  void reject_missing(DecodedRows& out) const {
    for (std::size_t i = 0; i < places_.size(); ++i) {
      if (!places_[i].not_null || !out.columns[i].may_have_nulls()) {
        continue;
      }
      const Column column = out.columns[i];
      std::vector<RowIndex> kept;
      for (RowIndex row = 0; row < out.rows; ++row) {
        if (column.is_valid(row)) {
          kept.push_back(row);
          continue;
        }
        out.rejected.push_back({.error = RowError::kNullNotAllowed,
                                .offset = out.offsets[row],
                                .length = 0,
                                .detail = "the record has no " + places_[i].metadata});
      }
      if (out.changes) {
        out.changes = gather(*out.changes, kept);
      }
      keep_rows(out, kept);
    }
  }

  // A record without a value deletes its key, which an appended row cannot do.
  bool tell_tombstones(DecodedRows& out) {
    if (!std::exchange(tells_tombstones_, false)) {
      return false;
    }
    out = {};
    for (const std::uint32_t record : records_->tombstones) {
      out.rejected.push_back({.error = RowError::kNullNotAllowed,
                              .offset = offset_of(record),
                              .length = 0,
                              .detail = "the record has no value, which deletes its key"});
    }
    for (Place& place : places_) {
      out.columns.push_back(place.builder ? place.builder->finish() : Column());
    }
    return true;
  }

  const std::unique_ptr<Decoder> values_;
  const bool takes_tombstones_;
  std::vector<Place> places_;  // By column of the scan.
  const KafkaRecords* records_ = nullptr;
  std::int64_t position_ = 0;
  std::size_t next_value_ = 0;
  bool tells_tombstones_ = false;
  std::vector<std::uint32_t> rows_of_;  // The record of each row.
};

}  // namespace

Result<std::unique_ptr<BlockReader>> make_kafka_reader(const ScanRequest& request) {
  std::vector<std::uint32_t> stored;
  std::copy_if(request.columns.begin(), request.columns.end(), std::back_inserter(stored),
               [&](std::uint32_t column) { return !is_metadata(request.table, column); });
  TW_TRY_ASSIGN(std::unique_ptr<Decoder> values,
                make_table_decoder({.table = request.table, .columns = stored}));
  return std::unique_ptr<BlockReader>(std::make_unique<KafkaReader>(request, std::move(values)));
}

bool reads_headers(const ScanRequest& request) {
  return std::any_of(request.columns.begin(), request.columns.end(), [&](std::uint32_t column) {
    return request.table.columns[column].metadata == "headers";
  });
}

}  // namespace thalweg
