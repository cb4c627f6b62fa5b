// Nexmark q1: every bid's price in another currency.
#include <algorithm>
#include <array>
#include <vector>

#include "bench.h"
#include "engine_side.h"

namespace thalweg::bench {
namespace {

constexpr std::uint64_t kBatchRows = 4096;

constexpr const char* kQuery =
    R"(SELECT auction, bidder, 0.908 * price AS price, "dateTime" FROM bid)";

// Thousandths in whole numbers, a batch at a time; the other columns go on as they are.
void loop(const Batch& bids, Answer& answer) {
  const std::int64_t* prices = int64s(bids, 2);
  std::vector<std::int64_t> converted(kBatchRows);
  for (std::uint64_t begin = 0; begin < bids.length; begin += kBatchRows) {
    const std::uint64_t rows = std::min(kBatchRows, bids.length - begin);
    for (std::uint64_t i = 0; i < rows; ++i) {
      converted[i] = prices[begin + i] * 908;
    }
    answer.add(
        std::array{int64s(bids, 0) + begin, int64s(bids, 1) + begin,
                   static_cast<const std::int64_t*>(converted.data()), int64s(bids, 3) + begin},
        rows);
  }
}

Status run(const Settings& settings, NexmarkInput& nexmark, Report& report) {
  const Batch& bids = nexmark.bids();
  EngineSide engine(1);
  TW_TRY(engine.declare(std::string(kBidTable)));
  TW_TRY(engine.fill("bid", bids));
  return report.add(
      {.name = "q1",
       .rows = bids.length,
       .engine = timed(Clock::kProcessor, [&](Answer& a) { return engine.run(kQuery, a); }),
       .limit = timed(Clock::kProcessor,
                      [&](Answer& a) {
                        loop(bids, a);
                        return Status();
                      }),
       .rounds = settings.rounds(15)});
}

}  // namespace

Bench bench_q1() {
  return {.name = "q1", .text = "project: 0.908 * price", .floor = 0.25, .aim = 0.5, .run = run};
}

}  // namespace thalweg::bench
