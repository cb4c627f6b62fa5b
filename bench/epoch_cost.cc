// What an epoch a second costs: q12 and q17 with their state kept against the same without.
#include <fmt/format.h>

#include <algorithm>

#include "bench.h"
#include "kept_job.h"
#include "q12.h"
#include "q17.h"

namespace thalweg::bench {
namespace {

constexpr const char* kBidColumns =
    "auction BIGINT NOT NULL, bidder BIGINT NOT NULL, price BIGINT NOT NULL, "
    "\"dateTime\" TIMESTAMP NOT NULL, "
    "WATERMARK FOR \"dateTime\" AS \"dateTime\" - INTERVAL '4 seconds'";
constexpr std::int64_t kSecond = 1'000'000;

// The bids again and again: each time later, and of other auctions and bidders.
MadeRows laps_of(const Batch& bids, std::uint64_t laps) {
  const std::int64_t* times = int64s(bids, 3);
  const std::int64_t lap_micros = times[bids.length - 1] - times[0] + 1;
  return {.rows = bids.length * laps,
          .make = [&bids, lap_micros](std::uint64_t begin, std::uint32_t count) {
            // A piece never goes beyond the end of a lap: both are whole numbers of pieces.
            const auto lap = static_cast<std::int64_t>(begin / bids.length);
            const auto first = static_cast<RowIndex>(begin % bids.length);
            const auto shifted = [&](std::size_t column, std::int64_t by) {
              const std::int64_t* values = int64s(bids, column) + first;
              return bigints(count, [&](std::uint32_t i) { return values[i] + lap * by; });
            };
            constexpr std::int64_t kOthers = 10'000'000;
            std::vector<Column> columns{shifted(0, kOthers), shifted(1, kOthers),
                                        bids.columns[2].slice(first, count),
                                        shifted(3, lap_micros)};
            columns[3] = columns[3].with_type(bids.columns[3].type());
            return columns;
          }};
}

Status measure_cost(const std::string& name, const std::string& query, std::uint64_t laps,
                    const Settings& settings, const Batch& bids, Report& report) {
  KeptJob job{.table = "bid", .columns = kBidColumns, .query = query, .input = laps_of(bids, laps)};
  const auto seconds = [&](bool kept) -> Result<double> {
    TW_TRY_ASSIGN(const StateFolder folder, StateFolder::make(settings.data_folder));
    job.directory = kept ? folder.path() : "";
    job.interval_micros = kSecond;
    TW_TRY_ASSIGN(const KeptRun done, run(job));
    return done.seconds;
  };
  double with = 1e9;
  double without = 1e9;
  for (int round = 0; round < settings.rounds(5); ++round) {
    TW_TRY_ASSIGN(const double kept, seconds(true));
    TW_TRY_ASSIGN(const double free, seconds(false));
    with = std::min(with, kept);
    without = std::min(without, free);
  }
  const double mrows = static_cast<double>(job.input.rows) * 1e-6;
  report.figures.push_back({.name = name,
                            .rows = job.input.rows,
                            .engine_mrows_s = mrows / with,
                            .limit_mrows_s = mrows / without});
  return {};
}

Status run_bench(const Settings& settings, NexmarkInput& nexmark, Report& report) {
  // Whole pieces, see laps_of().
  const Batch bids = nexmark.bids().slice(0, nexmark.bids().length / (16 * 1024) * (16 * 1024));
  TW_TRY(measure_cost("epoch_cost_q12", kQ12, 24, settings, bids, report));
  return measure_cost("epoch_cost_q17", kQ17, 8, settings, bids, report);
}

}  // namespace

Bench bench_epoch_cost() {
  return {.name = "epoch_cost",
          .text = "q12 and q17 with an epoch a second, against none",
          .floor = 0.92,
          .aim = 0.97,
          .run = run_bench};
}

}  // namespace thalweg::bench
