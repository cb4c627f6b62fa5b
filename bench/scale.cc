// q12 on two workers against one.
#include "bench.h"
#include "engine_side.h"
#include "q12.h"

namespace thalweg::bench {
namespace {

Status run(const Settings& settings, NexmarkInput& nexmark, Report& report) {
  const Batch& bids = nexmark.bids();
  EngineSide two(2);
  EngineSide one(1);
  for (EngineSide* engine : {&two, &one}) {
    TW_TRY(engine->declare(std::string(kBidTable)));
    TW_TRY(engine->fill("bid", bids));
  }
  return report.add({.name = "scale",
                     .rows = bids.length,
                     .engine = timed(Clock::kWall, [&](Answer& a) { return two.run(kQ12, a); }),
                     .limit = timed(Clock::kWall, [&](Answer& a) { return one.run(kQ12, a); }),
                     .rounds = settings.rounds(15)});
}

}  // namespace

Bench bench_scale() {
  return {.name = "scale",
          .text = "q12 on two workers against one, wall time",
          .floor = 1.6,
          .aim = 1.85,
          .run = run};
}

}  // namespace thalweg::bench
