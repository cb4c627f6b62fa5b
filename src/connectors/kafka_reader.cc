#include "connectors/kafka_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "columnar/builder.h"
#include "columnar/kernels.h"
#include "connectors/format_reader.h"
#include "connectors/kafka_columns.h"
#include "connectors/kafka_keys.h"
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

// Where a column of the scan comes from.
struct Place {
  enum class From : std::uint8_t { kValue, kKey, kMetadata };
  From from = From::kValue;
  Type type;
  std::size_t index = 0;  // Among those of the value, or of the key.
  std::string metadata;
  std::optional<ColumnBuilder> builder;  // Of metadata.
  std::string missing;  // What is said of a row without it; empty: there are such rows.
};

// What the columns of a scan are made of.
struct Parts {
  std::vector<Place> places;        // By column of the scan.
  std::unique_ptr<Decoder> values;  // Of those that are in the value.
  std::optional<KafkaKeys> keys;    // Where any is in the key.
};

class KafkaReader final : public BlockReader {
 public:
  KafkaReader(ChangeMode mode, Parts parts)
      : mode_(mode),
        values_(std::move(parts.values)),
        keys_(std::move(parts.keys)),
        places_(std::move(parts.places)) {}

  void begin(const Partition& /*partition*/, const Block& block) override {
    records_ = static_cast<const KafkaRecords*>(block.content.get());
    position_ = block.position;
    next_value_ = 0;
    next_tombstone_ = 0;
    tells_missing_ = records_->missing_from >= 0;
    has_values_ = !records_->valued.empty();
    if (has_values_) {
      values_->begin_records({.bytes = records_->values.bytes(), .ends = records_->values.ends()});
    }
    if (keys_) {
      keys_->read(*records_);
    }
  }

  bool next(std::uint32_t rows_max, DecodedRows& out) override {
    out = {};
    DecodedRows decoded;
    has_values_ = has_values_ && values_->next(rows_max, decoded);
    if (!has_values_ && next_tombstone_ == records_->tombstones.size()) {
      return false;
    }
    for (RejectedRow& rejected : decoded.rejected) {
      rejected.offset = offset_of(records_->valued[records_->values.at_offset(rejected.offset)]);
    }
    out.rejected = std::move(decoded.rejected);
    if (std::exchange(tells_missing_, false)) {
      out.rejected.push_back(missing());
    }
    find_rows(decoded, out);
    out.rows = static_cast<std::uint32_t>(records_of_rows_.size());
    for (const std::uint32_t record : records_of_rows_) {
      out.offsets.push_back(offset_of(record));
    }
    for (Place& place : places_) {
      out.columns.push_back(column(place, decoded));
    }
    out.changes = mode_ == ChangeMode::kUpsert ? upserts(decoded.rows) : decoded.changes;
    reject(out);
    return true;
  }

  SourceRow row_at(std::uint64_t offset) const override {
    const auto found =
        std::ranges::lower_bound(records_->offsets, position_ + static_cast<std::int64_t>(offset));
    const auto record = static_cast<std::uint32_t>(found - records_->offsets.begin());
    SourceRow row{
        .topic = records_->topic, .partition = records_->partition, .key = {}, .payload = {}};
    if (found == records_->offsets.end() ||
        *found != position_ + static_cast<std::int64_t>(offset)) {
      return row;  // It is missing.
    }
    if (records_->has_key[record]) {
      row.key = records_->keys[record];
    }
    const auto value = std::ranges::lower_bound(records_->valued, record);
    if (value != records_->valued.end() && *value == record) {
      row.payload = records_->values[static_cast<std::size_t>(value - records_->valued.begin())];
    }
    return row;
  }

 private:
  // What stands for all that is gone.
  RejectedRow missing() const {
    return {.error = RowError::kNotThere,
            .offset = static_cast<std::uint64_t>(records_->missing_from - position_),
            .length = 0,
            .detail =
                fmt::format("records before offset {} are gone from the topic, unread", position_)};
  }

  // The rows of the batch and the tombstones before its last, or all that are left, in the order of
  // their records.
  void find_rows(const DecodedRows& decoded, DecodedRows& out) {
    records_of_rows_.clear();
    values_of_rows_.clear();
    for (RowIndex row = 0; row < decoded.rows; ++row) {
      const std::uint32_t record = record_at(decoded.offsets[row]);
      take_tombstones(record, decoded.rows, out);
      records_of_rows_.push_back(record);
      values_of_rows_.push_back(row);
    }
    if (!has_values_) {
      take_tombstones(records_->size(), decoded.rows, out);
    }
  }

  // A record without a value deletes its key, which an appended row cannot do; where values tell
  // what goes it adds nothing.
  void take_tombstones(std::uint32_t record_end, RowIndex no_value, DecodedRows& out) {
    const std::vector<std::uint32_t>& all = records_->tombstones;
    for (; next_tombstone_ < all.size() && all[next_tombstone_] < record_end; ++next_tombstone_) {
      const std::uint32_t record = all[next_tombstone_];
      if (mode_ == ChangeMode::kUpsert) {
        records_of_rows_.push_back(record);
        values_of_rows_.push_back(no_value);
      } else if (mode_ == ChangeMode::kAppend) {
        out.rejected.push_back({.error = RowError::kNullNotAllowed,
                                .offset = offset_of(record),
                                .length = 0,
                                .detail = "the record has no value, which deletes its key"});
      }
    }
  }

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

  Column column(Place& place, DecodedRows& decoded) const {
    if (place.from == Place::From::kKey) {
      return keys_->column(place.index, records_of_rows_);
    }
    if (place.from == Place::From::kValue) {
      return value_column(place, decoded);
    }
    place.builder->reserve(static_cast<std::uint32_t>(records_of_rows_.size()));
    for (const std::uint32_t record : records_of_rows_) {
      append_metadata(*records_, place.metadata, record, *place.builder);
    }
    return place.builder->finish();
  }

  Column value_column(const Place& place, DecodedRows& decoded) const {
    if (decoded.rows == 0) {
      return null_column(place.type, static_cast<std::uint32_t>(values_of_rows_.size()));
    }
    Column& values = decoded.columns[place.index];
    if (values_of_rows_.size() == decoded.rows) {
      return std::move(values);
    }
    const Column all[] = {std::move(values), null_column(place.type, 1)};
    return gather(concat_columns(all), values_of_rows_);
  }

  Column upserts(RowIndex no_value) const {
    ColumnBuilder changes(type_of(TypeKind::kSmallint));
    for (const RowIndex value : values_of_rows_) {
      changes.append(static_cast<std::int16_t>(value == no_value ? -1 : 1));
    }
    return changes.finish();
  }

  // Leaves out rows whose record has not what they must have, and tells of each record once.
  void reject(DecodedRows& out) const {
    const bool any_required =
        std::ranges::any_of(places_, [](const Place& place) { return !place.missing.empty(); });
    if (!keys_ && !any_required) {
      return;
    }
    std::vector<RowIndex> kept;
    std::optional<std::uint32_t> told;
    for (RowIndex row = 0; row < out.rows; ++row) {
      const std::uint32_t record = records_of_rows_[row];
      std::optional<RejectedRow> wrong = wrong_with(out, row);
      if (!wrong) {
        kept.push_back(row);
      } else if (record != told) {
        wrong->offset = out.offsets[row];
        out.rejected.push_back(*std::move(wrong));
        told = record;
      }
    }
    if (out.changes) {
      out.changes = gather(*out.changes, kept);
    }
    keep_rows(out, kept);
  }

  std::optional<RejectedRow> wrong_with(const DecodedRows& out, RowIndex row) const {
    const std::uint32_t record = records_of_rows_[row];
    if (const RejectedRow* const wrong = keys_ ? keys_->wrong(record) : nullptr) {
      return *wrong;
    }
    for (std::size_t i = 0; i < places_.size(); ++i) {
      if (!places_[i].missing.empty() && !out.columns[i].is_valid(row)) {
        return RejectedRow{.error = RowError::kNullNotAllowed,
                           .offset = 0,
                           .length = 0,
                           .detail = places_[i].missing};
      }
    }
    return std::nullopt;
  }

  const ChangeMode mode_;
  const std::unique_ptr<Decoder> values_;
  std::optional<KafkaKeys> keys_;
  std::vector<Place> places_;  // By column of the scan.
  const KafkaRecords* records_ = nullptr;
  std::int64_t position_ = 0;
  bool has_values_ = false;  // There may be more.
  bool tells_missing_ = false;
  std::size_t next_value_ = 0;
  std::size_t next_tombstone_ = 0;
  // By row of a batch: the record, and the row among the values, or behind the last: none.
  std::vector<std::uint32_t> records_of_rows_;
  std::vector<RowIndex> values_of_rows_;
};

// What deletes a key has nothing else.
Status check_key(const Table& table, const KafkaColumns& places) {
  const bool is_primary =
      places.key.size() == table.primary_key.size() &&
      std::ranges::all_of(table.primary_key, [&](std::uint32_t column) {
        return std::ranges::find(places.key, physical_index(table, column)) != places.key.end();
      });
  return table.mode != ChangeMode::kUpsert || is_primary
             ? Status()
             : invalid_argument(fmt::format("\"{}\" is read with mode = 'upsert', and its "
                                            "key_fields are not its PRIMARY KEY",
                                            table.name));
}

Result<Parts> make_parts(const ScanRequest& request) {
  const Table& table = request.table;
  TW_TRY_ASSIGN(const KafkaColumns places, kafka_columns(table));
  TW_TRY(check_key(table, places));
  const bool reads_keys = !places.in_both || table.mode == ChangeMode::kUpsert;
  Parts parts;
  std::vector<std::uint32_t> in_value;
  std::vector<std::uint32_t> in_key;
  for (const std::uint32_t column : request.columns) {
    const TableColumn& declared = table.columns[column];
    Place& place = parts.places.emplace_back();
    place.type = declared.field.type;
    if (is_metadata(table, column)) {
      place.from = Place::From::kMetadata;
      place.metadata = declared.metadata;
      place.builder.emplace(declared.field.type);
      place.missing = declared.not_null ? "the record has no " + declared.metadata : "";
    } else if (reads_keys &&
               std::ranges::find(places.key, physical_index(table, column)) != places.key.end()) {
      place.from = Place::From::kKey;
      place.index = in_key.size();
      const bool is_required = declared.not_null || table.mode == ChangeMode::kUpsert;
      place.missing = is_required ? "the record has no key" : "";
      in_key.push_back(column);
    } else {
      place.index = in_value.size();
      in_value.push_back(column);
    }
  }
  TW_TRY_ASSIGN(parts.values,
                make_table_decoder(table, decoder_spec(table, in_value, places.value)));
  if (!in_key.empty()) {
    TW_TRY_ASSIGN(KafkaKeys keys, KafkaKeys::make(table, places, in_key));
    parts.keys.emplace(std::move(keys));
  }
  return parts;
}

}  // namespace

Result<std::unique_ptr<BlockReader>> make_kafka_reader(const ScanRequest& request) {
  TW_TRY_ASSIGN(Parts parts, make_parts(request));
  return std::unique_ptr<BlockReader>(
      std::make_unique<KafkaReader>(request.table.mode, std::move(parts)));
}

bool reads_headers(const ScanRequest& request) {
  return std::any_of(request.columns.begin(), request.columns.end(), [&](std::uint32_t column) {
    return request.table.columns[column].metadata == "headers";
  });
}

}  // namespace thalweg
