#include "connectors/kafka_limits.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <optional>

#include "connectors/kafka_options.h"
#include "connectors/kafka_topics.h"
#include "kafka/client_config.h"
#include "kafka/error_mapping.h"
#include "thalweg/kafka/admin.h"

namespace thalweg {
namespace {

// What a batch of one record has beside key and value: its head, and the longest numbers that a
// record without headers has.
constexpr std::uint64_t kFrameBytes = 61 + 35;
// Where a broker does not tell: what it takes unless it is set up otherwise.
constexpr std::uint64_t kBytesMaxUsual = 1'048'588;
// Beyond which librdkafka sends none, and below which it does not start.
constexpr std::uint64_t kSettingMax = 1'000'000'000;
constexpr std::uint64_t kSettingMin = 1'000;
constexpr std::string_view kSetting = "message.max.bytes";

// What the user allows.
std::optional<std::uint64_t> own_limit(const kafka::Connection& connection) {
  return number_setting(connection, kSetting);
}

// Beside the producer's connection.
kafka::Expected<kafka::Admin> open_admin(const kafka::Connection& connection) {
  return kafka::Admin::open({.connection = kafka::for_side(connection, kafka::Side::kBoth)});
}

Result<std::uint64_t> limit_of(kafka::Admin& admin, const kafka::Connection& connection,
                               const std::string& topic) {
  const kafka::Expected<kafka::TopicDescription> found = describe_awaited(admin, connection, topic);
  if (!found) {
    return kafka::to_status(found.error());
  }
  return found->message_bytes_max != 0 ? found->message_bytes_max : kBytesMaxUsual;
}

}  // namespace

Status fit_to_topics(std::span<const std::string> topics, kafka::ProducerOptions& options) {
  kafka::Expected<kafka::Admin> admin = open_admin(options.connection);
  if (!admin) {
    return kafka::to_status(admin.error());
  }
  std::uint64_t largest = kSettingMin;
  std::uint64_t smallest = options.batch_bytes;
  for (const std::string& topic : topics) {
    TW_TRY_ASSIGN(const std::uint64_t limit, limit_of(*admin, options.connection, topic));
    largest = std::max(largest, limit);
    smallest = std::min(smallest, limit);
  }
  options.batch_bytes = static_cast<std::uint32_t>(std::max<std::uint64_t>(smallest, 1));
  if (!own_limit(options.connection)) {
    options.connection.properties[std::string(kSetting)] =
        std::to_string(std::min(largest, kSettingMax));
  }
  return {};
}

Result<RecordLimit> record_limit(const kafka::Connection& producer, const std::string& topic) {
  kafka::Expected<kafka::Admin> admin = open_admin(producer);
  if (!admin) {
    return kafka::to_status(admin.error());
  }
  TW_TRY_ASSIGN(const std::uint64_t limit, limit_of(*admin, producer, topic));
  const std::optional<std::uint64_t> own = own_limit(producer);
  const bool is_own = own && *own < limit;
  const std::uint64_t least = is_own ? *own : limit;
  RecordLimit made{.bytes = least - std::min(least, kFrameBytes), .reason = {}};
  made.reason = fmt::format(
      "The record is longer than {}, which leaves {} bytes to key, value and headers; {}.",
      is_own ? fmt::format("properties.{} = '{}' of the table allows", kSetting, least)
             : fmt::format("max.message.bytes of topic \"{}\" allows, {}", topic, least),
      made.bytes,
      is_own ? "raise that"
             : "raise it (kafka-configs --alter --entity-type topics --add-config "
               "max.message.bytes=...), or send less");
  return made;
}

}  // namespace thalweg
