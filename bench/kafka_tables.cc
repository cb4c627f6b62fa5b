// Topics as tables against loops on librdkafka, on one broker that shares the machine; what it uses
// counts too.
#include <fmt/format.h>

#include <array>

#include "bench.h"
#include "columnar/builder.h"
#include "engine_side.h"
#include "kafka_broker.h"
#include "kafka_loop.h"
#include "kept_job.h"

namespace thalweg::bench {
namespace {

constexpr std::uint64_t kRows = 2'000'000;
constexpr const char* kTopic = "bench";

std::string table_of(const KafkaBroker& broker) {
  return fmt::format(
      "CREATE TABLE records (v BYTEA) WITH (connector = 'kafka', brokers = '{}', topic = '{}', "
      "format = 'raw', bounded = true);",
      broker.address(), kTopic);
}

Batch make_values(std::uint64_t rows) {
  ColumnBuilder values(type_of(TypeKind::kBytea), static_cast<std::uint32_t>(rows));
  NumberedValue value;
  for (std::uint64_t row = 0; row < rows; ++row) {
    values.append_text(value.of(static_cast<std::int64_t>(row)));
  }
  Batch batch;
  batch.length = static_cast<std::uint32_t>(rows);
  batch.columns = {values.finish()};
  return batch;
}

Status count_by_loop(const std::string& brokers, std::uint64_t rows, Answer& answer) {
  Answer numbers(Answer::Keep::kCount);
  TW_TRY(consume_by_loop(brokers, kTopic, rows, numbers));
  const auto count = static_cast<std::int64_t>(rows);
  const std::int64_t bytes = count * static_cast<std::int64_t>(kRecordBytes);
  answer.add(std::array<const std::int64_t*, 2>{&count, &bytes}, 1);
  return {};
}

Status run_consume(const Settings& settings, NexmarkInput& /*nexmark*/, Report& report) {
  TW_TRY_ASSIGN(const StateFolder folder, StateFolder::make(settings.data_folder));
  TW_TRY_ASSIGN(const KafkaBroker broker, KafkaBroker::start(folder.path() + "/broker"));
  const std::uint64_t rows = settings.scaled(kRows);
  TW_TRY(broker.make_topic(kTopic));
  TW_TRY(produce_by_loop(broker.address(), kTopic, rows));
  EngineSide engine(1);
  TW_TRY(engine.declare(table_of(broker)));
  return report.add(
      {.name = "kafka_consume",
       .rows = rows,
       .engine = broker.timed([&](Answer& a) {
         return engine.run("SELECT count(*), sum(octet_length(v)) FROM records", a);
       }),
       .limit = broker.timed([&](Answer& a) { return count_by_loop(broker.address(), rows, a); }),
       .rounds = settings.rounds(5)});
}

Status run_produce(const Settings& settings, NexmarkInput& /*nexmark*/, Report& report) {
  TW_TRY_ASSIGN(const StateFolder folder, StateFolder::make(settings.data_folder));
  TW_TRY_ASSIGN(const KafkaBroker broker, KafkaBroker::start(folder.path() + "/broker"));
  const std::uint64_t rows = settings.scaled(kRows);
  EngineSide engine(1);
  TW_TRY(engine.declare(table_of(broker) + "CREATE TABLE made (v BYTEA);"));
  TW_TRY(engine.fill("made", make_values(rows)));
  Answer nothing(Answer::Keep::kCount);
  return report.add(
      {.name = "kafka_produce",
       .rows = rows,
       .engine = broker.timed_filling(
           kTopic, [&] { return engine.run("INSERT INTO records SELECT v FROM made", nothing); }),
       .limit = broker.timed_filling(
           kTopic, [&] { return produce_by_loop(broker.address(), kTopic, rows); }),
       .rounds = settings.rounds(5)});
}

}  // namespace

Bench bench_kafka_consume() {
  return {.name = "kafka_consume",
          .text = "records of 200 bytes from a topic into columns, against librdkafka alone",
          .floor = 0.8,
          .aim = 1.0,
          .run = run_consume};
}

Bench bench_kafka_produce() {
  return {.name = "kafka_produce",
          .text = "the same from columns into a topic",
          .floor = 0.8,
          .aim = 1.0,
          .run = run_produce};
}

}  // namespace thalweg::bench
