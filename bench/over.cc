// The average of the last ten prices of each auction, for every bid.
#include <vector>

#include "base/int128.h"
#include "bench.h"
#include "bid_contest.h"
#include "key_numbers.h"
#include "result_rows.h"

namespace thalweg::bench {
namespace {

constexpr std::uint32_t kLast = 10;

constexpr const char* kQuery = R"(
    SELECT auction, "dateTime", avg(price) OVER (PARTITION BY auction ORDER BY "dateTime"
                                                 ROWS BETWEEN 9 PRECEDING AND CURRENT ROW) AS mean
    FROM bid)";

// Rows come in order of time, so that each has its answer when it comes.
class LastPrices {
 public:
  explicit LastPrices(Answer& answer) : results_(answer) {}

  void add(const Bids& bids, std::uint64_t begin, std::uint64_t count) {
    numbers_.resize(count);
    keys_.find(count, numbers_.data(), [&](std::uint64_t i) { return bids.auctions[begin + i]; });
    rings_.resize(keys_.size());
    for (std::uint64_t i = 0; i < count; ++i) {
      if (i + kAhead < count) {
        __builtin_prefetch(&rings_[numbers_[i + kAhead]], 1);
      }
      const std::int64_t price = bids.prices[begin + i];
      Ring& ring = rings_[numbers_[i]];
      ring.sum += price - ring.prices[ring.next];
      ring.prices[ring.next] = price;
      ring.next = ring.next + 1 == kLast ? 0 : ring.next + 1;
      ring.rows += ring.rows < kLast ? 1 : 0;
      results_.add({bids.auctions[begin + i], bids.times[begin + i], mean(ring)});
    }
  }

  void close() { results_.flush(); }

 private:
  static constexpr std::uint64_t kAhead = 16;

  struct Ring {
    std::int64_t prices[kLast] = {};  // 0 where there is none yet.
    std::int64_t sum = 0;
    std::uint32_t next = 0;
    std::uint32_t rows = 0;
  };

  // Sixteen digits behind the point, of a sum that is not negative.
  static std::int64_t mean(const Ring& ring) {
    constexpr UInt128 kScale = 10'000'000'000'000'000;
    const UInt128 sum = static_cast<UInt128>(ring.sum) * kScale;
    const UInt128 quotient = sum / ring.rows;
    const auto rest = static_cast<std::uint64_t>(sum - quotient * ring.rows);
    return static_cast<std::int64_t>(quotient + (rest * 2 >= ring.rows ? 1 : 0));
  }

  ResultRows<3> results_;
  KeyNumbers<std::int64_t> keys_;
  std::vector<std::uint32_t> numbers_;
  std::vector<Ring> rings_;
};

void loop(const Bids& bids, Answer& answer) {
  LastPrices prices(answer);
  for_each_batch(bids.rows,
                 [&](std::uint64_t begin, std::uint64_t count) { prices.add(bids, begin, count); });
  prices.close();
}

Status run(const Settings& settings, NexmarkInput& nexmark, Report& report) {
  return run_on_bids({.name = "over", .query = kQuery, .loop = loop}, settings, nexmark, report);
}

}  // namespace

Bench bench_over() {
  return {.name = "over",
          .text = "average of the last ten prices per auction, for every bid",
          .floor = 0.3,
          .aim = 0.5,
          .run = run};
}

}  // namespace thalweg::bench
