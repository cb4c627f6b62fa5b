// Nexmark q18: the last bid of each bidder for each auction, as changes.
#include <vector>

#include "bench.h"
#include "bid_contest.h"
#include "key_numbers.h"
#include "result_rows.h"

namespace thalweg::bench {
namespace {

constexpr const char* kQuery = R"(
    SELECT auction, bidder, price, "dateTime"
    FROM (SELECT *, row_number() OVER (PARTITION BY bidder, auction
                                       ORDER BY "dateTime" DESC) AS number
          FROM bid)
    WHERE number <= 1 EMIT CHANGES)";

struct Last {
  std::int64_t price;
  std::int64_t time;
  std::uint64_t batch;  // The last one that changed it, from 1 on; 0: it is new.
};

class LastBids {
 public:
  explicit LastBids(Answer& answer) : results_(answer) {}

  void add(const Bids& bids, std::uint64_t begin, std::uint64_t count) {
    numbers_.resize(count);
    keys_.find(count, numbers_.data(), [&](std::uint64_t i) {
      return KeyPair{bids.bidders[begin + i], bids.auctions[begin + i]};
    });
    while (last_.size() < keys_.size()) {
      last_.push_back({});
    }
    ++batch_;
    for (std::uint64_t i = 0; i < count; ++i) {
      Last& last = last_[numbers_[i]];
      if (last.batch != batch_) {
        touched_.push_back(numbers_[i]);
        before_.push_back(last);
        last.batch = batch_;
      }
      if (bids.times[begin + i] >= last.time) {
        last.price = bids.prices[begin + i];
        last.time = bids.times[begin + i];
      }
    }
    emit_changes();
  }

 private:
  void emit_changes() {
    for (std::size_t i = 0; i < touched_.size(); ++i) {
      const Last& before = before_[i];
      const Last& after = last_[touched_[i]];
      if (before.batch != 0) {
        if (before.price == after.price && before.time == after.time) {
          continue;
        }
        emit(touched_[i], before, -1);
      }
      emit(touched_[i], after, 1);
    }
    results_.flush();
    touched_.clear();
    before_.clear();
  }

  void emit(std::uint32_t number, const Last& last, std::int64_t change) {
    const KeyPair& key = keys_.key(number);
    results_.add({key.second, key.first, last.price, last.time, change});
  }

  KeyNumbers<KeyPair> keys_;
  HugeArray<Last> last_;
  ResultRows<5> results_;
  std::uint64_t batch_ = 0;
  std::vector<std::uint32_t> numbers_;
  std::vector<std::uint32_t> touched_;
  std::vector<Last> before_;  // Of the touched ones.
};

void loop(const Bids& bids, Answer& answer) {
  LastBids last(answer);
  for_each_batch(bids.rows,
                 [&](std::uint64_t begin, std::uint64_t count) { last.add(bids, begin, count); });
}

Status run(const Settings& settings, NexmarkInput& nexmark, Report& report) {
  return run_on_bids({.name = "q18", .query = kQuery, .loop = loop, .rounds = 5}, settings, nexmark,
                     report);
}

}  // namespace

Bench bench_q18() {
  return {.name = "q18",
          .text = "last bid per bidder and auction, as changes",
          .floor = 0.4,
          .aim = 0.55,
          .run = run};
}

}  // namespace thalweg::bench
