// The highest price of each tumbling window: the part of Nexmark's q7 below its join.
#include <algorithm>
#include <limits>

#include "bench.h"
#include "bid_contest.h"
#include "result_rows.h"

namespace thalweg::bench {
namespace {

constexpr std::int64_t kWindowMicros = 10'000'000;

constexpr const char* kQuery = R"(
    SELECT window_start, max(price) AS price
    FROM TUMBLE(bid, "dateTime", INTERVAL '10 seconds')
    GROUP BY window_start, window_end)";

// A batch within one window, as nearly all are, is one loop over prices.
void loop(const Bids& bids, Answer& answer) {
  constexpr std::int64_t kNone = std::numeric_limits<std::int64_t>::min();
  ResultRows<2> results(answer);
  std::int64_t end_of_window = bids.times[0] - bids.times[0] % kWindowMicros + kWindowMicros;
  std::int64_t highest = kNone;
  for_each_batch(bids.rows, [&](std::uint64_t begin, std::uint64_t count) {
    std::uint64_t row = begin;
    while (row < begin + count) {
      std::uint64_t end = begin + count;
      if (bids.times[end - 1] >= end_of_window) {
        end = static_cast<std::uint64_t>(
            std::lower_bound(bids.times + row, bids.times + end, end_of_window) - bids.times);
      }
      for (; row < end; ++row) {
        highest = std::max(highest, bids.prices[row]);
      }
      if (end < begin + count) {
        results.add({end_of_window - kWindowMicros, highest});
        end_of_window = bids.times[end] - bids.times[end] % kWindowMicros + kWindowMicros;
        highest = kNone;
      }
    }
  });
  results.add({end_of_window - kWindowMicros, highest});
  results.flush();
}

Status run(const Settings& settings, NexmarkInput& nexmark, Report& report) {
  return run_on_bids({.name = "q7_window", .query = kQuery, .loop = loop, .rounds = 15}, settings,
                     nexmark, report);
}

}  // namespace

Bench bench_q7_window() {
  return {.name = "q7_window",
          .text = "highest price in windows of 10 s, no key",
          .floor = 0.1,
          .aim = 0.3,
          .run = run};
}

}  // namespace thalweg::bench
