// q12 over bids that come late by up to a second and ten, against the same bids in order: the
// engine against itself.
#include <algorithm>
#include <numeric>
#include <vector>

#include "bench.h"
#include "columnar/kernels.h"
#include "connectors/nexmark_random.h"
#include "engine_side.h"
#include "q12.h"

namespace thalweg::bench {
namespace {

// No row is late.
constexpr const char* kTable = R"(
    CREATE TABLE bid (
      bidder BIGINT NOT NULL, "dateTime" TIMESTAMP NOT NULL,
      WATERMARK FOR "dateTime" AS "dateTime" - INTERVAL '10 seconds');)";

Batch ordered(const Batch& bids) {
  Batch batch;
  batch.length = bids.length;
  batch.columns = {bids.columns[1], bids.columns[3]};
  return batch;
}

// Each row as if it had been under way for up to `delay_micros`, all times equally likely.
Batch disordered(const Batch& bids, std::int64_t delay_micros) {
  const std::int64_t* const times = int64s(bids, 1);
  nexmark::Random random(1, static_cast<std::uint64_t>(delay_micros), 0);
  std::vector<std::int64_t> arrivals(bids.length);
  for (std::uint32_t row = 0; row < bids.length; ++row) {
    arrivals[row] = times[row] + static_cast<std::int64_t>(
                                     random.below(static_cast<std::uint64_t>(delay_micros)));
  }
  std::vector<RowIndex> order(bids.length);
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&](RowIndex a, RowIndex b) { return arrivals[a] < arrivals[b]; });
  return gather(bids, order);
}

Status run(const Settings& settings, NexmarkInput& nexmark, Report& report) {
  const Batch in_order = ordered(nexmark.bids());
  EngineSide reference(1);
  TW_TRY(reference.declare(kTable));
  TW_TRY(reference.fill("bid", in_order));
  const auto compare = [&](const std::string& name, std::int64_t delay_micros) -> Status {
    EngineSide engine(1);
    TW_TRY(engine.declare(kTable));
    TW_TRY(engine.fill("bid", disordered(in_order, delay_micros)));
    return report.add(
        {.name = name,
         .rows = in_order.length,
         .engine = timed(Clock::kProcessor, [&](Answer& a) { return engine.run(kQ12, a); }),
         .limit = timed(Clock::kProcessor, [&](Answer& a) { return reference.run(kQ12, a); }),
         .rounds = settings.rounds(15)});
  };
  TW_TRY(compare("out_of_order_1s", 1'000'000));
  return compare("out_of_order_10s", 10'000'000);
}

}  // namespace

Bench bench_out_of_order() {
  return {.name = "out_of_order",
          .text = "q12 with rows up to 1 s and 10 s late against rows in order",
          .floor = 0.75,
          .aim = 0.9,
          .run = run};
}

}  // namespace thalweg::bench
