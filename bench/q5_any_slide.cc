// Whether a row costs the same in sliding windows whatever the slide: the engine against itself.
#include <fmt/format.h>

#include <string>

#include "bench.h"
#include "engine_side.h"

namespace thalweg::bench {
namespace {

std::string query(std::string_view key, std::string_view slide) {
  return fmt::format(R"(
      SELECT window_start, {} AS key, count(*) AS bids
      FROM HOP(bid, "dateTime", INTERVAL '{}', INTERVAL '10 seconds')
      GROUP BY window_start, window_end, {})",
                     key, slide, key);
}

Status run(const Settings& settings, NexmarkInput& nexmark, Report& report) {
  const Batch& bids = nexmark.bids();
  EngineSide engine(1);
  TW_TRY(engine.declare(std::string(kBidTable)));
  TW_TRY(engine.fill("bid", bids));
  const auto compare = [&](const std::string& name, std::string_view key, std::string_view slide) {
    const std::string two_seconds = query(key, "2 seconds");
    const std::string other = query(key, slide);
    return report.add(
        {.name = name,
         .rows = bids.length,
         .engine = timed(Clock::kProcessor, [&](Answer& a) { return engine.run(other, a); }),
         .limit = timed(Clock::kProcessor, [&](Answer& a) { return engine.run(two_seconds, a); }),
         .rounds = settings.rounds(9),
         .same_answer = false});
  };
  TW_TRY(compare("q5_slide_3s", "auction", "3 seconds"));
  // Twenty times as many results; of a thousand keys, so that it is rows that are measured.
  return compare("q5_slide_100ms", "mod(auction, 1000)", "100 milliseconds");
}

}  // namespace

Bench bench_q5_any_slide() {
  return {.name = "q5_any_slide",
          .text = "windows of 10 s every 3 s and every 100 ms against every 2 s",
          .floor = 0.8,
          .aim = 0.95,
          .run = run};
}

}  // namespace thalweg::bench
