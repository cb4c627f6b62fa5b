// What a key costs in each window that is open for it.
#include <string>

#include "bench.h"
#include "columnar/builder.h"
#include "engine_side.h"
#include "process_memory.h"

namespace thalweg::bench {
namespace {

// Per key and open window. A session has bounds of its own, and a place among those that will end.
constexpr double kBytesPromised = 96;
constexpr double kSessionBytesPromised = 192;
constexpr std::int64_t kSlideMicros = 2'000'000;
constexpr std::uint64_t kSlides = 5;  // Of a window.

struct Windows {
  const char* name;
  const char* from;
  std::uint64_t open_of_a_key;  // When the last row has come.
  double bytes_promised = kBytesPromised;
};

// Every key comes once in each slide's time, in ten seconds together.
Batch make_rows(std::uint64_t keys) {
  const std::uint64_t rows = keys * kSlides;
  ColumnBuilder bidders(type_of(TypeKind::kBigint), static_cast<std::uint32_t>(rows));
  ColumnBuilder times(type_of(TypeKind::kTimestamp), static_cast<std::uint32_t>(rows));
  for (std::uint64_t row = 0; row < rows; ++row) {
    bidders.append(static_cast<std::int64_t>(row % keys * 7919));
    times.append(static_cast<std::int64_t>(row) * kSlideMicros / static_cast<std::int64_t>(keys));
  }
  Batch batch;
  batch.length = static_cast<std::uint32_t>(rows);
  batch.columns = {bidders.finish(), times.finish()};
  return batch;
}

Status measure_memory(EngineSide& engine, const Windows& windows, std::uint64_t keys,
                      Report& report) {
  const std::string query = std::string("SELECT bidder, count(*) AS bids FROM ") + windows.from +
                            " GROUP BY window_start, window_end, bidder";
  TW_TRY_ASSIGN(const MemoryGrowth growth, MemoryGrowth::begin());
  Answer answer(Answer::Keep::kCount);
  TW_TRY(engine.run(query, answer));
  TW_TRY_ASSIGN(const std::uint64_t bytes, growth.bytes_max());
  report.promises.push_back(
      {.name = windows.name,
       .measured = static_cast<double>(bytes) / static_cast<double>(keys * windows.open_of_a_key),
       .promised = windows.bytes_promised,
       .unit = "bytes per key and open window"});
  return {};
}

Status run(const Settings& settings, NexmarkInput& /*nexmark*/, Report& report) {
  const std::uint64_t keys = settings.scaled(2'000'000);
  EngineSide engine(1);
  TW_TRY(engine.declare(R"(
      CREATE TABLE bid (
        bidder BIGINT NOT NULL, "dateTime" TIMESTAMP NOT NULL,
        WATERMARK FOR "dateTime" AS "dateTime" - INTERVAL '4 seconds');)"));
  TW_TRY(engine.fill("bid", make_rows(keys)));
  for (const Windows& windows : {
           Windows{.name = "tumbling",
                   .from = R"(TUMBLE(bid, "dateTime", INTERVAL '10 seconds'))",
                   .open_of_a_key = 1},
           Windows{.name = "sliding",
                   .from = R"(HOP(bid, "dateTime", INTERVAL '2 seconds', INTERVAL '10 seconds'))",
                   // Those of the nine that overlap the rows which end after the watermark.
                   .open_of_a_key = 6},
           Windows{.name = "session",
                   .from = R"(SESSION(bid PARTITION BY bidder, "dateTime", INTERVAL '10 seconds'))",
                   .open_of_a_key = 1,
                   .bytes_promised = kSessionBytesPromised},
       }) {
    TW_TRY(measure_memory(engine, windows, keys, report));
  }
  return {};
}

}  // namespace

Bench bench_open_windows() {
  return {.name = "open_windows", .text = "memory of a key in an open window", .run = run};
}

}  // namespace thalweg::bench
