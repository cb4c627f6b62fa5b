// Nexmark q17: eight aggregates per auction and day, as changes.
#include "q17.h"

#include <vector>

#include "base/int128.h"
#include "bench.h"
#include "bid_contest.h"
#include "key_numbers.h"
#include "result_rows.h"

namespace thalweg::bench {
namespace {

constexpr std::int64_t kDayMicros = std::int64_t{86'400} * 1'000'000;

struct Group {
  std::uint32_t bids;
  std::uint32_t rank1_bids;
  std::uint32_t rank2_bids;
  std::uint32_t rank3_bids;
  std::int64_t min_price;
  std::int64_t max_price;
  Int128 sum_price;
  std::uint64_t batch;  // The last one that changed it, from 1 on.
};

void update(Group& group, std::int64_t price) {
  group.min_price = group.bids == 0 || price < group.min_price ? price : group.min_price;
  group.max_price = group.bids == 0 || price > group.max_price ? price : group.max_price;
  ++group.bids;
  group.rank1_bids += price < 10'000 ? 1 : 0;
  group.rank2_bids += price >= 10'000 && price < 1'000'000 ? 1 : 0;
  group.rank3_bids += price >= 1'000'000 ? 1 : 0;
  group.sum_price += price;
}

// Sixteen digits behind the point. Requires: sums of prices, which are not negative.
std::int64_t mean(const Group& group) {
  constexpr UInt128 kScale = 10'000'000'000'000'000;
  const UInt128 sum = static_cast<UInt128>(group.sum_price) * kScale;
  const UInt128 quotient = sum / group.bids;
  const auto rest = static_cast<std::uint64_t>(sum - quotient * group.bids);
  return static_cast<std::int64_t>(quotient + (rest * 2 >= group.bids ? 1 : 0));
}

class Groups {
 public:
  explicit Groups(Answer& answer) : results_(answer) {}

  void add(const Bids& bids, std::uint64_t begin, std::uint64_t count) {
    numbers_.resize(count);
    keys_.find(count, numbers_.data(), [&](std::uint64_t i) {
      return KeyPair{bids.auctions[begin + i], bids.times[begin + i] / kDayMicros};
    });
    while (groups_.size() < keys_.size()) {
      groups_.push_back({});
    }
    ++batch_;
    for (std::uint64_t i = 0; i < count; ++i) {
      Group& group = groups_[numbers_[i]];
      if (group.batch != batch_) {
        touched_.push_back(numbers_[i]);
        before_.push_back(group);
        group.batch = batch_;
      }
      update(group, bids.prices[begin + i]);
    }
    emit_changes();
  }

 private:
  void emit_changes() {
    for (std::size_t i = 0; i < touched_.size(); ++i) {
      if (before_[i].bids != 0) {
        emit(touched_[i], before_[i], -1);
      }
      emit(touched_[i], groups_[touched_[i]], 1);
    }
    results_.flush();
    touched_.clear();
    before_.clear();
  }

  void emit(std::uint32_t number, const Group& group, std::int64_t change) {
    const KeyPair& key = keys_.key(number);
    results_.add({key.first, key.second, group.bids, group.rank1_bids, group.rank2_bids,
                  group.rank3_bids, group.min_price, group.max_price, mean(group),
                  static_cast<std::int64_t>(group.sum_price), change});
  }

  KeyNumbers<KeyPair> keys_;
  HugeArray<Group> groups_;
  ResultRows<11> results_;
  std::uint64_t batch_ = 0;
  std::vector<std::uint32_t> numbers_;
  std::vector<std::uint32_t> touched_;
  std::vector<Group> before_;  // Of the touched ones.
};

void loop(const Bids& bids, Answer& answer) {
  Groups groups(answer);
  for_each_batch(bids.rows,
                 [&](std::uint64_t begin, std::uint64_t count) { groups.add(bids, begin, count); });
}

Status run(const Settings& settings, NexmarkInput& nexmark, Report& report) {
  return run_on_bids({.name = "q17", .query = kQ17, .loop = loop}, settings, nexmark, report);
}

}  // namespace

Bench bench_q17() {
  return {.name = "q17",
          .text = "8 aggregates per auction and day, as changes",
          .floor = 0.4,
          .aim = 0.55,
          .run = run};
}

}  // namespace thalweg::bench
