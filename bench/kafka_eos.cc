// q12 from topic to topic, JSON in and out and seen exactly once, against the least that the same
// takes by hand: librdkafka, simdjson and the loop of q12. What the broker uses does not count.
#include <fmt/format.h>

#include <array>

#include "api/engine.h"
#include "bench.h"
#include "bid_file.h"
#include "json_bids.h"
#include "kafka_broker.h"
#include "kafka_loop.h"
#include "kept_job.h"

namespace thalweg::bench {
namespace {

constexpr std::uint64_t kEvents = 2'000'000;
constexpr const char* kBids = "bids";
constexpr const char* kCounts = "counts";

std::string script(const KafkaBroker& broker) {
  return fmt::format(R"(
      CREATE TABLE bid (
        auction BIGINT, bidder BIGINT, price BIGINT, channel TEXT, url TEXT,
        "dateTime" TIMESTAMP, extra TEXT,
        WATERMARK FOR "dateTime" AS "dateTime" - INTERVAL '4 seconds')
      WITH (connector = 'kafka', brokers = '{0}', topic = '{1}', format = 'json', bounded = true);
      CREATE TABLE counts (window_start TIMESTAMP, bidder BIGINT, bids BIGINT)
      WITH (connector = 'kafka', brokers = '{0}', topic = '{2}', format = 'json');
      INSERT INTO counts {3};)",
                     broker.address(), kBids, kCounts, kQ12);
}

void add_count(std::uint64_t count, Answer& answer) {
  const auto number = static_cast<std::int64_t>(count);
  answer.add(std::array<const std::int64_t*, 1>{&number}, 1);
}

class Nobody final : public ResultReceiver {
 public:
  bool rows(const ResultHeader& /*header*/, const Rows& /*rows*/) override { return true; }
};

// Into an empty topic, from the beginning; answers with how many rows were written.
Result<double> run_job(const Settings& settings, const KafkaBroker& broker, Answer& answer) {
  TW_TRY(broker.make_topic(kCounts));
  TW_TRY_ASSIGN(const StateFolder state, StateFolder::make(settings.data_folder));
  Engine engine(system_env(),
                {.workers = 1,
                 .state = {.directory = state.path(), .name = "bench", .from_scratch = true},
                 .checkpoint_interval_micros = 1'000'000});
  Nobody nobody;
  const double begin = seconds_now(Clock::kProcessor);
  const RunReport report = engine.execute({.name = "bench", .text = script(broker)}, nobody);
  const double taken = seconds_now(Clock::kProcessor) - begin;
  if (report.outcome != Outcome::kDone) {
    return unavailable(report.problems.empty() ? "the engine stopped"
                                               : report.problems.front().text);
  }
  add_count(report.summary.rows_out, answer);
  return taken;
}

Status run_loop(const KafkaBroker& broker, std::uint64_t rows, Answer& answer) {
  Answer counts(Answer::Keep::kHash);
  JsonBids bids(counts);
  TW_TRY(consume_lines_by_loop(broker.address(), kBids, rows,
                               [&](const char* bytes, std::size_t size, std::size_t capacity) {
                                 return bids.add_block(bytes, size, capacity);
                               }));
  bids.close();
  add_count(counts.rows(), answer);
  return {};
}

Status run(const Settings& settings, NexmarkInput& /*nexmark*/, Report& report) {
  TW_TRY_ASSIGN(const StateFolder folder, StateFolder::make(settings.data_folder));
  TW_TRY_ASSIGN(const KafkaBroker broker, KafkaBroker::start(folder.path() + "/broker"));
  TW_TRY_ASSIGN(const BidFile file, BidFile::make(settings.data_folder, settings.scaled(kEvents)));
  TW_TRY(broker.make_topic(kBids));
  TW_TRY(produce_lines(broker.address(), kBids, file.path()));
  return report.add({.name = "kafka_eos",
                     .rows = file.rows(),
                     .engine = [&](Answer& a) { return run_job(settings, broker, a); },
                     .limit = timed(Clock::kProcessor,
                                    [&](Answer& a) { return run_loop(broker, file.rows(), a); }),
                     .rounds = settings.rounds(5)});
}

}  // namespace

Bench bench_kafka_eos() {
  return {.name = "kafka_eos",
          .text =
              "q12 of JSON bids from topic to topic, exactly once, against librdkafka, "
              "simdjson and a loop",
          .floor = 0.6,
          .aim = 0.8,
          .run = run};
}

}  // namespace thalweg::bench
