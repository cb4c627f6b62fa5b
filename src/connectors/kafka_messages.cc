#include "connectors/kafka_messages.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/nearest.h"
#include "connectors/kafka_options.h"
#include "formats/change_ops.h"

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
Result<std::vector<std::uint32_t>> key_columns(const SinkRequest& request, const Schema& schema) {
  const Table& table = request.table;
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
  } else if (table.mode == ChangeMode::kUpsert && request.key) {
    columns = *request.key;
  }
  return columns;
}

}  // namespace

Result<KafkaMessages> KafkaMessages::make(const SinkRequest& request) {
  const Table& table = request.table;
  const Format& format = *find_format(table.format);
  KafkaMessages made;
  made.schema_ = physical_schema(table);
  made.mode_ = table.mode;
  made.is_event_format_ = format.carries_changes();
  made.row_key_ = request.key;
  TW_TRY_ASSIGN(made.key_columns_, key_columns(request, made.schema_));
  if (table.mode == ChangeMode::kUpsert && made.key_columns_.empty()) {
    return invalid_argument(fmt::format(
        "\"{}\" has mode = 'upsert', which needs a key: declare a PRIMARY KEY", table.name));
  }
  const ChangeStyle style{
      .show = table.mode == ChangeMode::kChangelog ? ShowChanges::kOps : ShowChanges::kNo,
      .key = request.key};
  TW_TRY_ASSIGN(made.values_, format.make_encoder(table.options, style));
  if (format.name() == "raw" && made.schema_.size() != 1) {
    return invalid_argument(
        fmt::format("format raw writes a row as one value, and \"{}\" has {} columns", table.name,
                    made.schema_.size()));
  }
  std::string nothing;
  made.values_->begin(made.schema_, nothing);  // A CSV header has no place among records.
  if (made.key_columns_.empty()) {
    return made;
  }
  for (const std::uint32_t column : made.key_columns_) {
    made.key_schema_.push_back(made.schema_[column]);
  }
  const std::string& key_format = table.options.text("key_format");
  if (key_format == "raw" && made.key_schema_.size() > 1) {
    return invalid_argument(
        fmt::format("the key of \"{}\" has {} columns, which key_format = 'raw' cannot write; say "
                    "key_format = 'json'",
                    table.name, made.key_schema_.size()));
  }
  TW_TRY_ASSIGN(made.keys_, find_format(key_format)->make_encoder({}));
  made.keys_->begin(made.key_schema_, nothing);
  return made;
}

const std::vector<KafkaMessage>& KafkaMessages::of(const Batch& batch) {
  find_rows(batch);
  encode_values(batch);
  encode_keys(batch);
  const Column* const times = batch.event_time ? &*batch.event_time : nullptr;
  messages_.clear();
  std::size_t value = 0;
  for (std::size_t i = 0; i < rows_.size(); ++i) {
    KafkaMessage& message = messages_.emplace_back();
    const RowIndex row = batch.row(rows_[i].number);
    if (rows_[i].has_value) {
      message.value = text_at(value_bytes_, value_ends_, value++);
    }
    // NULL alone is no key; among several columns it is a part of one.
    if (keys_ != nullptr &&
        (key_columns_.size() > 1 || batch.columns[key_columns_[0]].is_valid(row))) {
      message.key = text_at(key_bytes_, key_ends_, i);
    }
    if (times != nullptr) {
      message.time = times->values<std::int64_t>()[row];
    }
  }
  return messages_;
}

void KafkaMessages::find_rows(const Batch& batch) {
  rows_.clear();
  if (mode_ == ChangeMode::kAppend) {
    for (std::uint32_t i = 0; i < batch.num_rows(); ++i) {
      rows_.push_back({i, true});
    }
    return;
  }
  const std::vector<ChangeOp> ops = change_ops(batch, row_key_);
  for (std::uint32_t i = 0; i < ops.size(); ++i) {
    const bool is_half = ops[i] == ChangeOp::kUpdateBefore;
    if (mode_ == ChangeMode::kUpsert) {
      if (!is_half) {
        rows_.push_back({i, ops[i] != ChangeOp::kDelete});
      }
    } else if (!is_half || !is_event_format_) {
      rows_.push_back({i, true});
    }
  }
}

void KafkaMessages::encode_values(const Batch& batch) {
  value_bytes_.clear();
  value_ends_.clear();
  values_->note_ends(&value_ends_);
  if (mode_ != ChangeMode::kUpsert) {
    values_->encode(schema_, batch, value_bytes_);
    return;
  }
  std::vector<RowIndex> shown;
  for (const Row& row : rows_) {
    if (row.has_value) {
      shown.push_back(batch.row(row.number));
    }
  }
  Batch rows;
  rows.columns = batch.columns;
  rows.length = batch.length;
  rows.selection = std::make_shared<const std::vector<RowIndex>>(std::move(shown));
  values_->encode(schema_, rows, value_bytes_);
}

void KafkaMessages::encode_keys(const Batch& batch) {
  if (keys_ == nullptr) {
    return;
  }
  std::vector<RowIndex> all;
  for (const Row& row : rows_) {
    all.push_back(batch.row(row.number));
  }
  Batch keys;
  for (const std::uint32_t column : key_columns_) {
    keys.columns.push_back(batch.columns[column]);
  }
  keys.length = batch.length;
  keys.selection = std::make_shared<const std::vector<RowIndex>>(std::move(all));
  key_bytes_.clear();
  key_ends_.clear();
  keys_->note_ends(&key_ends_);
  keys_->encode(key_schema_, keys, key_bytes_);
}

}  // namespace thalweg
