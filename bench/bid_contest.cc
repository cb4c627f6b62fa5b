#include "bid_contest.h"

#include "engine_side.h"

namespace thalweg::bench {

Status run_on_bids(const BidContest& contest, const Settings& settings, NexmarkInput& nexmark,
                   Report& report) {
  const Batch& batch = nexmark.bids();
  EngineSide engine(1);
  TW_TRY(engine.declare(std::string(kBidTable)));
  TW_TRY(engine.fill("bid", batch));
  const Bids bids{.auctions = int64s(batch, 0),
                  .bidders = int64s(batch, 1),
                  .prices = int64s(batch, 2),
                  .times = int64s(batch, 3),
                  .rows = batch.length};
  return report.add(
      {.name = contest.name,
       .rows = batch.length,
       .engine = timed(Clock::kProcessor, [&](Answer& a) { return engine.run(contest.query, a); }),
       .limit = timed(Clock::kProcessor,
                      [&](Answer& a) {
                        contest.loop(bids, a);
                        return Status();
                      }),
       .rounds = settings.rounds(contest.rounds)});
}

}  // namespace thalweg::bench
