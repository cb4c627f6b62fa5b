#include "connectors/kafka_messages.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "formats/change_ops.h"

namespace thalweg {
namespace {

Batch chosen(const Batch& batch, const std::vector<std::uint32_t>& columns,
             std::vector<RowIndex> rows) {
  Batch out;
  for (const std::uint32_t column : columns) {
    out.columns.push_back(batch.columns[column]);
  }
  out.length = batch.length;
  out.selection = std::make_shared<const std::vector<RowIndex>>(std::move(rows));
  return out;
}

Schema chosen(const Schema& schema, const std::vector<std::uint32_t>& columns) {
  Schema out;
  for (const std::uint32_t column : columns) {
    out.push_back(schema[column]);
  }
  return out;
}

// The first of a batch's columns.
Batch first_columns(const Batch& batch, std::size_t count) {
  Batch out = batch;
  out.columns.resize(count);
  return out;
}

}  // namespace

std::size_t KafkaMessage::bytes() const {
  // Two numbers of each header, and how many there are where it is more than one byte tells.
  constexpr std::size_t kHeaderFrame = 2 * 5;
  constexpr std::size_t kCountBytes = 4;
  std::size_t sum = (key ? key->size() : 0) + (value ? value->size() : 0);
  for (const kafka::HeaderView& header : headers) {
    sum += kHeaderFrame + header.name.size() + (header.value ? header.value->size() : 0);
  }
  return sum + (headers.empty() ? 0 : kCountBytes);
}

Result<KafkaMessages> KafkaMessages::make(const SinkRequest& request) {
  const Table& table = request.table;
  const Format& format = *find_format(table.format);
  KafkaMessages made;
  const Schema schema = physical_schema(table);
  made.mode_ = table.mode;
  made.is_event_format_ = format.carries_changes();
  made.row_key_ = request.key;
  made.row_columns_ = schema.size();
  std::size_t place = schema.size();
  for (const TableColumn& column : table.columns) {
    if (column.is_written_beside) {
      (column.metadata == "headers" ? made.headers_at_ : made.times_at_) = place++;
    }
  }
  TW_TRY_ASSIGN(made.columns_, kafka_columns(table, request.key));
  const ChangeStyle style{
      .show = table.mode == ChangeMode::kChangelog ? ShowChanges::kOps : ShowChanges::kNo,
      .key = request.key};
  TW_TRY_ASSIGN(made.values_, format.make_encoder(table.options, style));
  made.value_schema_ = chosen(schema, made.columns_.value);
  std::string nothing;
  made.values_->begin(made.value_schema_, nothing);  // A CSV header has no place among records.
  if (made.columns_.key.empty()) {
    return made;
  }
  made.key_schema_ = chosen(schema, made.columns_.key);
  TW_TRY_ASSIGN(made.keys_, find_format(table.options.text("key_format"))->make_encoder({}));
  made.keys_->begin(made.key_schema_, nothing);
  return made;
}

const std::vector<KafkaMessage>& KafkaMessages::of(const Batch& batch) {
  find_rows(batch);
  encode_values(batch);
  encode_keys(batch);
  read_beside(batch);
  const Column* const times = batch.event_time ? &*batch.event_time : nullptr;
  messages_.clear();
  std::size_t value = 0;
  for (std::size_t i = 0; i < rows_.size(); ++i) {
    KafkaMessage& message = messages_.emplace_back();
    const RowIndex row = batch.row(rows_[i].number);
    message.row = row;
    if (rows_[i].has_value) {
      message.value = text_at(value_bytes_, value_ends_, value++);
    }
    // NULL alone is no key; among several columns it is a part of one.
    if (keys_ != nullptr &&
        (columns_.key.size() > 1 || batch.columns[columns_.key[0]].is_valid(row))) {
      message.key = text_at(key_bytes_, key_ends_, i);
    }
    if (times_ != nullptr && times_->is_valid(row)) {
      message.time = times_->values<std::int64_t>()[row];
    } else if (times != nullptr) {
      message.time = times->values<std::int64_t>()[row];
    }
    if (has_headers_) {
      const KafkaHeaders::Read read = headers_.of(row);
      message.headers = read.headers;
      message.error = read.error;
    }
  }
  return messages_;
}

void KafkaMessages::read_beside(const Batch& batch) {
  const auto column_at = [&](std::optional<std::size_t> place) -> const Column* {
    return place && *place < batch.columns.size() ? &batch.columns[*place] : nullptr;
  };
  times_ = column_at(times_at_);
  const Column* const headers = column_at(headers_at_);
  has_headers_ = headers != nullptr;
  if (has_headers_) {
    headers_.begin(*headers, batch.length);
  }
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
  if (mode_ != ChangeMode::kUpsert && columns_.in_both) {
    if (batch.columns.size() == row_columns_) {
      values_->encode(value_schema_, batch, value_bytes_);
    } else {
      values_->encode(value_schema_, first_columns(batch, row_columns_), value_bytes_);
    }
    return;
  }
  std::vector<RowIndex> shown;
  for (const Row& row : rows_) {
    if (row.has_value) {
      shown.push_back(batch.row(row.number));
    }
  }
  values_->encode(value_schema_, chosen(batch, columns_.value, std::move(shown)), value_bytes_);
}

void KafkaMessages::encode_keys(const Batch& batch) {
  if (keys_ == nullptr) {
    return;
  }
  std::vector<RowIndex> all;
  for (const Row& row : rows_) {
    all.push_back(batch.row(row.number));
  }
  key_bytes_.clear();
  key_ends_.clear();
  keys_->note_ends(&key_ends_);
  keys_->encode(key_schema_, chosen(batch, columns_.key, std::move(all)), key_bytes_);
}

}  // namespace thalweg
