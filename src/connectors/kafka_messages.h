#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/connector.h"
#include "connectors/kafka_columns.h"
#include "connectors/kafka_headers.h"
#include "formats/format.h"

namespace thalweg {

// One record to send. Views, until the next batch.
struct KafkaMessage {
  std::optional<std::string_view> key;
  std::optional<std::string_view> value;  // None: a tombstone.
  std::optional<std::int64_t> time;       // Microseconds; the row's event time, or what is given.
  std::span<const kafka::HeaderView> headers;
  RowIndex row = 0;                  // Of the batch's columns.
  RowError error = RowError::kNone;  // Why there can be no such record.

  // Of what its size depends on.
  std::size_t bytes() const;
};

// Makes records of rows. One per worker.
class KafkaMessages {
 public:
  // Fails where the table's options do not go together, or with its columns.
  static Result<KafkaMessages> make(const SinkRequest& request);

  // Of a batch of the columns that are written, in their order.
  const std::vector<KafkaMessage>& of(const Batch& batch);

 private:
  KafkaMessages() = default;

  // Which rows of the batch are a message, by number among those that exist; whether it has a
  // value.
  struct Row {
    std::uint32_t number;
    bool has_value;
  };
  void find_rows(const Batch& batch);
  // What rows give beside their values.
  void read_beside(const Batch& batch);
  void encode_values(const Batch& batch);
  void encode_keys(const Batch& batch);

  KafkaColumns columns_;
  ChangeMode mode_ = ChangeMode::kAppend;
  bool is_event_format_ = false;  // An update is one message.
  RowKey row_key_;                // By which rows replace each other.
  std::size_t row_columns_ = 0;   // Behind them stand those that are written beside.
  // Their places in batches, where the table has them.
  std::optional<std::size_t> times_at_;
  std::optional<std::size_t> headers_at_;
  Schema value_schema_;
  std::unique_ptr<Encoder> values_;
  Schema key_schema_;
  std::unique_ptr<Encoder> keys_;  // Null: records have no key.

  std::vector<Row> rows_;
  std::string value_bytes_;
  std::vector<std::uint32_t> value_ends_;
  std::string key_bytes_;
  std::vector<std::uint32_t> key_ends_;
  const Column* times_ = nullptr;  // That the rows of the batch give; nullptr: none.
  bool has_headers_ = false;
  KafkaHeaders headers_;
  std::vector<KafkaMessage> messages_;
};

}  // namespace thalweg
