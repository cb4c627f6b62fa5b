// Bids per bidder in tumbling windows of event time: Nexmark's q12, which counts by the clock on
// the wall and so gives another answer each time.
#include "q12.h"

#include <algorithm>

#include "bench.h"
#include "engine_side.h"
#include "window_counts.h"

namespace thalweg::bench {
namespace {

Status run(const Settings& settings, NexmarkInput& nexmark, Report& report) {
  const Batch& bids = nexmark.bids();
  EngineSide engine(1);
  TW_TRY(engine.declare(std::string(kBidTable)));
  TW_TRY(engine.fill("bid", bids));
  return report.add(
      {.name = "q12",
       .rows = bids.length,
       .engine = timed(Clock::kProcessor, [&](Answer& a) { return engine.run(kQ12, a); }),
       .limit = timed(Clock::kProcessor,
                      [&](Answer& a) {
                        q12_loop(int64s(bids, 3), int64s(bids, 1), bids.length, a);
                        return Status();
                      }),
       .rounds = settings.rounds(15)});
}

}  // namespace

void q12_loop(const std::int64_t* times, const std::int64_t* bidders, std::uint64_t rows,
              Answer& answer) {
  constexpr std::uint64_t kBatchRows = 4096;
  WindowCounts counts(kQ12WindowMicros, answer);
  for (std::uint64_t begin = 0; begin < rows; begin += kBatchRows) {
    counts.add(times + begin, bidders + begin, std::min(kBatchRows, rows - begin));
  }
  counts.close();
}

Bench bench_q12() {
  return {.name = "q12",
          .text = "bids per bidder in windows of 10 s",
          .floor = 0.45,
          .aim = 0.65,
          .run = run};
}

}  // namespace thalweg::bench
