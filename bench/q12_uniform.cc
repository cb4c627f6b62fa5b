// q12 over keys that are all equally likely: bids keep to few bidders at a time and so tell nothing
// of tables that do not fit a cache.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "bench.h"
#include "columnar/builder.h"
#include "connectors/nexmark_random.h"
#include "engine_side.h"
#include "process_memory.h"
#include "q12.h"

namespace thalweg::bench {
namespace {

constexpr std::uint64_t kManyKeys = 10'000'000;
constexpr double kBytesPerKeyPromised = 96;

// Columns bidder and dateTime; all rows in two windows.
Batch make_rows(std::uint64_t keys, std::uint64_t rows) {
  nexmark::Random random(1, keys, 0);
  ColumnBuilder bidders(type_of(TypeKind::kBigint), static_cast<std::uint32_t>(rows));
  ColumnBuilder times(type_of(TypeKind::kTimestamp), static_cast<std::uint32_t>(rows));
  for (std::uint64_t row = 0; row < rows; ++row) {
    bidders.append(static_cast<std::int64_t>(random.below(keys) * 7919));
    times.append(static_cast<std::int64_t>(row * 2 * kQ12WindowMicros / rows));
  }
  Batch batch;
  batch.length = static_cast<std::uint32_t>(rows);
  batch.columns = {bidders.finish(), times.finish()};
  return batch;
}

// How many of `keys` are drawn at least once in so many rows, as expected.
double distinct_keys(double keys, double rows) { return keys * (1 - std::exp(-rows / keys)); }

Status measure_memory(EngineSide& engine, std::uint64_t rows, std::uint64_t keys, Report& report) {
  TW_TRY_ASSIGN(const MemoryGrowth growth, MemoryGrowth::begin());
  Answer answer(Answer::Keep::kCount);
  TW_TRY(engine.run(kQ12, answer));
  TW_TRY_ASSIGN(const std::uint64_t bytes, growth.bytes_max());
  const double distinct = distinct_keys(static_cast<double>(keys), static_cast<double>(rows) / 2);
  report.promises.push_back({.name = "bytes_per_key",
                             .measured = static_cast<double>(bytes) / distinct,
                             .promised = kBytesPerKeyPromised,
                             .unit = "bytes"});
  return {};
}

Status run_keys(const Settings& settings, std::uint64_t keys, std::uint64_t rows,
                const std::string& name, Report& report) {
  const Batch batch = make_rows(keys, rows);
  EngineSide engine(1);
  TW_TRY(engine.declare(R"(
      CREATE TABLE bid (
        bidder BIGINT NOT NULL, "dateTime" TIMESTAMP NOT NULL,
        WATERMARK FOR "dateTime" AS "dateTime" - INTERVAL '4 seconds');)"));
  TW_TRY(engine.fill("bid", batch));
  if (keys == kManyKeys) {
    TW_TRY(measure_memory(engine, rows, keys, report));
  }
  return report.add(
      {.name = "q12_uniform_" + name,
       .rows = rows,
       .engine = timed(Clock::kProcessor, [&](Answer& a) { return engine.run(kQ12, a); }),
       .limit = timed(Clock::kProcessor,
                      [&](Answer& a) {
                        q12_loop(int64s(batch, 1), int64s(batch, 0), rows, a);
                        return Status();
                      }),
       .rounds = settings.rounds(keys == kManyKeys ? 5 : 11)});
}

Status run(const Settings& settings, NexmarkInput& /*nexmark*/, Report& report) {
  const std::uint64_t rows = settings.scaled(20'000'000);
  TW_TRY(run_keys(settings, 1000, rows, "1k", report));
  TW_TRY(run_keys(settings, 100'000, rows, "100k", report));
  return run_keys(settings, kManyKeys, settings.scaled(60'000'000), "10m", report);
}

}  // namespace

Bench bench_q12_uniform() {
  return {.name = "q12_uniform",
          .text = "q12 over 1 k, 100 k and 10 M keys, all equally likely",
          .floor = 0.45,
          .aim = 0.65,
          .run = run};
}

}  // namespace thalweg::bench
