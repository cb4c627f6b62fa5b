// How long a row takes from a producer through a job from topic to topic to a consumer.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <thread>
#include <vector>

#include "api/engine.h"
#include "bench.h"
#include "kafka_broker.h"
#include "kafka_loop.h"
#include "kept_job.h"
#include "thalweg/kafka/consumer.h"
#include "thalweg/kafka/producer.h"

namespace thalweg::bench {
namespace {

constexpr std::uint64_t kRowsPerSecond = 10'000;
constexpr std::uint64_t kSeconds = 20;
constexpr std::uint64_t kSecondsBefore = 3;  // Without a measure: connections are being made.
constexpr double kMedianMillisPromised = 15;
constexpr double kP99MillisPromised = 60;
constexpr double kWaitSeconds = 60;  // For the last row.

using Clocks = std::vector<double>;  // By the row's number.

class Nobody final : public ResultReceiver {
 public:
  bool rows(const ResultHeader& /*header*/, const Rows& /*rows*/) override { return true; }
};

Status produce(const std::string& brokers, Clocks& sent) {
  auto producer = kafka::Producer::open(
      {.connection = {.brokers = brokers}, .linger = std::chrono::milliseconds(0)});
  if (!producer) {
    return unavailable(producer.error().message());
  }
  NumberedValue value;
  const auto begin = std::chrono::steady_clock::now();
  for (std::uint64_t row = 0; row < sent.size(); ++row) {
    std::this_thread::sleep_until(begin +
                                  std::chrono::microseconds(row * 1'000'000 / kRowsPerSecond));
    sent[row] = seconds_now(Clock::kWall);
    const kafka::Error error =
        producer->post({.topic = "rows_in", .value = value.of(static_cast<std::int64_t>(row))});
    if (error) {
      return unavailable(error.message());
    }
  }
  const kafka::Flushed flushed = producer->close(std::chrono::seconds(60));
  return flushed.error ? unavailable(flushed.error.message()) : Status();
}

Status consume(const std::string& brokers, Clocks& seen) {
  auto consumer = kafka::Consumer::open(
      {.connection = {.brokers = brokers}, .partitions = {{.topic = "rows_out", .offset = 0}}});
  if (!consumer) {
    return unavailable(consumer.error().message());
  }
  double last = seconds_now(Clock::kWall);
  for (std::uint64_t rows = 0; rows < seen.size();) {
    const auto batch = consumer->poll();
    const double now = seconds_now(Clock::kWall);
    if (!batch || now - last > kWaitSeconds) {
      return unavailable(batch ? "not every row came" : batch.error().message());
    }
    for (const kafka::Record& record : *batch) {
      seen[static_cast<std::size_t>(number_of(record.value->data()))] = now;
      ++rows;
      last = now;
    }
  }
  return {};
}

Status run(const Settings& settings, NexmarkInput& /*nexmark*/, Report& report) {
  TW_TRY_ASSIGN(const StateFolder folder, StateFolder::make(settings.data_folder));
  TW_TRY_ASSIGN(const KafkaBroker broker, KafkaBroker::start(folder.path() + "/broker"));
  TW_TRY(broker.make_topic("rows_in"));
  TW_TRY(broker.make_topic("rows_out"));
  const std::string table =
      "CREATE TABLE {1} (v BYTEA) WITH (connector = 'kafka', brokers = '{0}', topic = '{1}', "
      "format = 'raw');";
  Engine engine(system_env(), {.workers = 1});
  Nobody nobody;
  RunReport ended;
  std::thread job([&] {
    ended = engine.execute({.name = "bench",
                            .text = fmt::format(fmt::runtime(table), broker.address(), "rows_in") +
                                    fmt::format(fmt::runtime(table), broker.address(), "rows_out") +
                                    "INSERT INTO rows_out SELECT v FROM rows_in;"},
                           nobody);
  });
  const std::uint64_t seconds = kSecondsBefore + (settings.quick ? kSeconds / 10 : kSeconds);
  Clocks sent(seconds * kRowsPerSecond);
  Clocks seen(sent.size());
  Status produced;
  std::thread producer([&] { produced = produce(broker.address(), sent); });
  const Status consumed = consume(broker.address(), seen);
  producer.join();
  engine.request_stop();
  job.join();
  if (ended.outcome != Outcome::kStopped) {
    return unavailable(ended.problems.empty() ? "the engine stopped" : ended.problems.front().text);
  }
  TW_TRY(Status(produced));
  TW_TRY(Status(consumed));
  std::vector<double> millis;
  for (std::uint64_t row = kSecondsBefore * kRowsPerSecond; row < sent.size(); ++row) {
    millis.push_back((seen[row] - sent[row]) * 1e3);
  }
  std::ranges::sort(millis);
  report.promises.push_back({.name = "kafka_latency_p50",
                             .measured = millis[millis.size() / 2],
                             .promised = kMedianMillisPromised,
                             .unit = "ms"});
  report.promises.push_back({.name = "kafka_latency_p99",
                             .measured = millis[millis.size() * 99 / 100],
                             .promised = kP99MillisPromised,
                             .unit = "ms"});
  return {};
}

}  // namespace

Bench bench_kafka_latency() {
  return {.name = "kafka_latency",
          .text = "from a producer through a job to a consumer, 10,000 rows a second",
          .run = run};
}

}  // namespace thalweg::bench
