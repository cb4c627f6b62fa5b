#include "kafka/dead_letters.h"

#include <array>
#include <utility>
#include <vector>

#include "kafka/delivery_waiters.h"
#include "kafka/setting_table.h"

namespace thalweg::kafka {
namespace {

// What is kept of a value that is too large, the most that the topic takes; its limit is the
// broker's, and covers key and headers too.
constexpr std::array<std::size_t, 4> kTruncatedBytes = {64 << 10, 8 << 10, 512, 0};

}  // namespace

Expected<std::unique_ptr<DeadLetters>> DeadLetters::open(Env& env, Connection connection,
                                                         std::string topic) {
  std::erase_if(connection.properties, [](const auto& property) {
    const SettingSpec* const spec = find_setting(property.first);
    return spec != nullptr && spec->side == Side::kConsumer;
  });
  Expected<std::unique_ptr<ProducerCore>> producer = ProducerCore::make(
      env, {.connection = std::move(connection), .linger = std::chrono::milliseconds(0)}, {});
  if (!producer) {
    return producer.error();
  }
  std::unique_ptr<DeadLetters> letters(new DeadLetters(std::move(topic)));
  letters->producer_ = std::move(*producer);
  return letters;
}

Error DeadLetters::write(const Failure& failure) {
  const Record& record = failure.record;
  const std::string partition = std::to_string(record.partition);
  const std::string offset = std::to_string(record.offset);
  const std::string millis = record.time ? std::to_string(record.time->micros / 1000) : "";
  const std::string attempts = std::to_string(failure.attempts);
  std::vector<HeaderView> headers = record.headers();
  headers.push_back({"thalweg.topic", record.topic});
  headers.push_back({"thalweg.partition", partition});
  headers.push_back({"thalweg.offset", offset});
  headers.push_back({"thalweg.time", millis});
  headers.push_back({"thalweg.attempts", attempts});
  headers.push_back({"thalweg.problem", failure.problem});
  OutputRecord letter{.topic = topic_,
                      .key = record.key,
                      .value = record.value,
                      .time = record.time,
                      .headers = headers};
  Error error = send_for_future(*producer_, letter).get().error;
  if (error.kind() != ErrorKind::kRecord || !record.value) {
    return error;
  }
  const std::string size = std::to_string(record.value->size());
  headers.push_back({"thalweg.truncated", size});
  letter.headers = headers;
  for (const std::size_t kept : kTruncatedBytes) {
    letter.value = record.value->substr(0, kept);
    error = send_for_future(*producer_, letter).get().error;
    if (error.kind() != ErrorKind::kRecord) {
      return error;
    }
  }
  return error;
}

}  // namespace thalweg::kafka
