#include "thalweg/kafka/record.h"

#include <librdkafka/rdkafka.h>

#include <string>
#include <utility>

namespace thalweg::kafka {
namespace {

std::optional<std::string_view> bytes_of(const void* bytes, std::size_t size) {
  return bytes == nullptr ? std::nullopt
                          : std::optional(std::string_view(static_cast<const char*>(bytes), size));
}

const rd_kafka_headers_t* headers_of(const void* message) {
  rd_kafka_headers_t* headers = nullptr;
  const rd_kafka_resp_err_t code =
      rd_kafka_message_headers(static_cast<const rd_kafka_message_t*>(message), &headers);
  return code == RD_KAFKA_RESP_ERR_NO_ERROR ? headers : nullptr;
}

}  // namespace

std::vector<HeaderView> Record::headers() const {
  std::vector<HeaderView> found;
  const rd_kafka_headers_t* const all = headers_of(message);
  const char* name = nullptr;
  const void* bytes = nullptr;
  std::size_t size = 0;
  for (std::size_t i = 0; all != nullptr && rd_kafka_header_get_all(all, i, &name, &bytes, &size) ==
                                                RD_KAFKA_RESP_ERR_NO_ERROR;
       ++i) {
    found.push_back({.name = name, .value = bytes_of(bytes, size)});
  }
  return found;
}

std::optional<std::string_view> Record::header(std::string_view name) const {
  const rd_kafka_headers_t* const all = headers_of(message);
  const void* bytes = nullptr;
  std::size_t size = 0;
  return all != nullptr && rd_kafka_header_get_last(all, std::string(name).c_str(), &bytes,
                                                    &size) == RD_KAFKA_RESP_ERR_NO_ERROR
             ? bytes_of(bytes, size)
             : std::nullopt;
}

RecordBatch::RecordBatch() = default;
RecordBatch::RecordBatch(RecordBatch&& other) noexcept
    : client_(std::move(other.client_)), messages_(std::exchange(other.messages_, {})) {}

RecordBatch& RecordBatch::operator=(RecordBatch&& other) noexcept {
  if (this != &other) {
    clear();
    client_ = std::move(other.client_);
    messages_ = std::exchange(other.messages_, {});
  }
  return *this;
}

RecordBatch::~RecordBatch() { clear(); }

void RecordBatch::clear() {
  for (void* const message : messages_) {
    rd_kafka_message_destroy(static_cast<rd_kafka_message_t*>(message));
  }
  messages_.clear();
}

Record RecordBatch::operator[](std::size_t i) const {
  const auto& message = *static_cast<const rd_kafka_message_t*>(messages_[i]);
  rd_kafka_timestamp_type_t kind = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
  const std::int64_t millis = rd_kafka_message_timestamp(&message, &kind);
  return {.topic = rd_kafka_topic_name(message.rkt),
          .partition = message.partition,
          .offset = message.offset,
          .time = kind == RD_KAFKA_TIMESTAMP_NOT_AVAILABLE
                      ? std::nullopt
                      : std::optional(Timestamp::from_millis(millis)),
          .key = bytes_of(message.key, message.key_len),
          .value = bytes_of(message.payload, message.len),
          .message = &message};
}

}  // namespace thalweg::kafka
