// Nexmark q19: the ten highest bids of each auction with their ranks, as changes.
#include <algorithm>
#include <array>
#include <vector>

#include "bench.h"
#include "bid_contest.h"
#include "key_numbers.h"
#include "result_rows.h"

namespace thalweg::bench {
namespace {

constexpr std::uint32_t kLimit = 10;

constexpr const char* kQuery = R"(
    SELECT *
    FROM (SELECT auction, bidder, price, "dateTime",
                 row_number() OVER (PARTITION BY auction ORDER BY price DESC) AS rank_number
          FROM bid)
    WHERE rank_number <= 10 EMIT CHANGES)";

struct Bid {
  std::int64_t price;
  std::int64_t bidder;
  std::int64_t time;
  friend bool operator==(const Bid&, const Bid&) = default;
};

// The highest first; of equal ones the earliest.
struct Best {
  std::array<Bid, kLimit> bids;
  std::uint32_t size;
  std::uint32_t is_touched;  // By the batch at hand.

  void insert(const Bid& bid) {
    std::uint32_t place = size < kLimit ? size++ : kLimit - 1;
    for (; place > 0 && bids[place - 1].price < bid.price; --place) {
      bids[place] = bids[place - 1];
    }
    bids[place] = bid;
  }
};

class BestBids {
 public:
  explicit BestBids(Answer& answer) : results_(answer) {}

  void add(const Bids& bids, std::uint64_t begin, std::uint64_t count) {
    numbers_.resize(count);
    auctions_.find(count, numbers_.data(),
                   [&](std::uint64_t i) { return bids.auctions[begin + i]; });
    while (best_.size() < auctions_.size()) {
      best_.push_back({});
    }
    for (std::uint64_t i = 0; i < count; ++i) {
      Best& best = best_[numbers_[i]];
      const std::int64_t price = bids.prices[begin + i];
      if (best.size == kLimit && price <= best.bids[kLimit - 1].price) {
        continue;
      }
      if (best.is_touched == 0) {
        touched_.push_back(numbers_[i]);
        before_.push_back(best);
        best.is_touched = 1;
      }
      best.insert(
          {.price = price, .bidder = bids.bidders[begin + i], .time = bids.times[begin + i]});
    }
    emit_changes();
  }

 private:
  void emit_changes() {
    for (std::size_t i = 0; i < touched_.size(); ++i) {
      const Best& before = before_[i];
      Best& after = best_[touched_[i]];
      const std::int64_t auction = auctions_.key(touched_[i]);
      for (std::uint32_t place = 0; place < after.size; ++place) {
        if (place < before.size) {
          if (before.bids[place] == after.bids[place]) {
            continue;
          }
          emit(auction, before.bids[place], place, -1);
        }
        emit(auction, after.bids[place], place, 1);
      }
      after.is_touched = 0;
    }
    results_.flush();
    touched_.clear();
    before_.clear();
  }

  void emit(std::int64_t auction, const Bid& bid, std::uint32_t place, std::int64_t change) {
    results_.add({auction, bid.bidder, bid.price, bid.time, std::int64_t{place} + 1, change});
  }

  KeyNumbers<std::int64_t> auctions_;
  HugeArray<Best> best_;
  ResultRows<6> results_;
  std::vector<std::uint32_t> numbers_;
  std::vector<std::uint32_t> touched_;
  std::vector<Best> before_;  // Of the touched ones.
};

void loop(const Bids& bids, Answer& answer) {
  BestBids best(answer);
  for_each_batch(bids.rows,
                 [&](std::uint64_t begin, std::uint64_t count) { best.add(bids, begin, count); });
}

Status run(const Settings& settings, NexmarkInput& nexmark, Report& report) {
  return run_on_bids({.name = "q19", .query = kQuery, .loop = loop, .rounds = 5}, settings, nexmark,
                     report);
}

}  // namespace

Bench bench_q19() {
  return {.name = "q19",
          .text = "ten highest bids per auction with ranks, as changes",
          .floor = 0.4,
          .aim = 0.55,
          .run = run};
}

}  // namespace thalweg::bench
