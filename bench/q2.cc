// Nexmark q2: the bids on some auctions.
#include <algorithm>
#include <array>
#include <vector>

#include "bench.h"
#include "engine_side.h"

namespace thalweg::bench {
namespace {

constexpr std::uint64_t kBatchRows = 4096;

constexpr const char* kQuery = "SELECT auction, price FROM bid WHERE MOD(auction, 123) = 0";

// Writes every row to the place of the next one kept, and moves on from there only if it is kept.
void loop(const Batch& bids, Answer& answer) {
  const std::int64_t* auctions = int64s(bids, 0);
  const std::int64_t* prices = int64s(bids, 2);
  std::vector<std::int64_t> kept_auctions(kBatchRows);
  std::vector<std::int64_t> kept_prices(kBatchRows);
  for (std::uint64_t begin = 0; begin < bids.length; begin += kBatchRows) {
    const std::uint64_t end = std::min<std::uint64_t>(begin + kBatchRows, bids.length);
    std::uint64_t kept = 0;
    for (std::uint64_t row = begin; row < end; ++row) {
      kept_auctions[kept] = auctions[row];
      kept_prices[kept] = prices[row];
      kept += static_cast<std::uint64_t>(auctions[row]) % 123 == 0 ? 1 : 0;
    }
    answer.add(std::array{static_cast<const std::int64_t*>(kept_auctions.data()),
                          static_cast<const std::int64_t*>(kept_prices.data())},
               kept);
  }
}

Status run(const Settings& settings, NexmarkInput& nexmark, Report& report) {
  const Batch& bids = nexmark.bids();
  EngineSide engine(1);
  TW_TRY(engine.declare(std::string(kBidTable)));
  TW_TRY(engine.fill("bid", bids));
  return report.add(
      {.name = "q2",
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

Bench bench_q2() {
  return {
      .name = "q2", .text = "filter: mod(auction, 123) = 0", .floor = 0.25, .aim = 0.5, .run = run};
}

}  // namespace thalweg::bench
