// Nexmark q15: counts and distinct counts of bids per day, by price, as changes.
#include <array>
#include <memory>
#include <unordered_map>
#include <vector>

#include "bench.h"
#include "bid_contest.h"
#include "key_numbers.h"
#include "result_rows.h"

namespace thalweg::bench {
namespace {

constexpr std::int64_t kDayMicros = std::int64_t{86'400} * 1'000'000;

constexpr const char* kQuery = R"(
    SELECT CAST("dateTime" AS DATE) AS day, count(*) AS total_bids,
           count(*) FILTER (WHERE price < 10000) AS rank1_bids,
           count(*) FILTER (WHERE price >= 10000 AND price < 1000000) AS rank2_bids,
           count(*) FILTER (WHERE price >= 1000000) AS rank3_bids,
           count(DISTINCT bidder) AS total_bidders,
           count(DISTINCT bidder) FILTER (WHERE price < 10000) AS rank1_bidders,
           count(DISTINCT bidder) FILTER (WHERE price >= 10000 AND price < 1000000)
               AS rank2_bidders,
           count(DISTINCT bidder) FILTER (WHERE price >= 1000000) AS rank3_bidders,
           count(DISTINCT auction) AS total_auctions,
           count(DISTINCT auction) FILTER (WHERE price < 10000) AS rank1_auctions,
           count(DISTINCT auction) FILTER (WHERE price >= 10000 AND price < 1000000)
               AS rank2_auctions,
           count(DISTINCT auction) FILTER (WHERE price >= 1000000) AS rank3_auctions
    FROM bid GROUP BY CAST("dateTime" AS DATE) EMIT CHANGES)";

constexpr std::size_t kCounts = 12;
using Counts = std::array<std::int64_t, kCounts>;

// The total and the three ranks, as bits.
std::uint8_t kinds_of(std::int64_t price) {
  return price < 10'000 ? 0b0011 : price < 1'000'000 ? 0b0101 : 0b1001;
}

// Which kinds each value has been met in.
class DistinctValues {
 public:
  // Counts those that are new, four counts from `counts` on.
  void add(const std::int64_t* values, const std::uint8_t* kinds, std::uint64_t rows,
           std::int64_t* counts) {
    numbers_.resize(rows);
    values_.find(rows, numbers_.data(), [values](std::uint64_t i) { return values[i]; });
    while (met_.size() < values_.size()) {
      met_.push_back(0);
    }
    for (std::uint64_t i = 0; i < rows; ++i) {
      std::uint8_t& met = met_[numbers_[i]];
      const auto fresh = static_cast<std::uint8_t>(kinds[i] & ~met);
      if (fresh != 0) {
        met |= fresh;
        for (unsigned kind = 0; kind < 4; ++kind) {
          counts[kind] += fresh >> kind & 1;
        }
      }
    }
  }

 private:
  KeyNumbers<std::int64_t> values_;
  HugeArray<std::uint8_t> met_;
  std::vector<std::uint32_t> numbers_;
};

struct Day {
  Counts counts{};
  DistinctValues bidders;
  DistinctValues auctions;
};

class Days {
 public:
  explicit Days(Answer& answer) : results_(answer) {}

  // Rows of one batch, which may be of several days.
  void add(const Bids& bids, std::uint64_t begin, std::uint64_t count) {
    std::unordered_map<std::int64_t, Counts> before;
    const std::uint64_t end = begin + count;
    while (begin < end) {
      const std::int64_t day = bids.times[begin] / kDayMicros;
      std::uint64_t next = begin;
      while (next < end && bids.times[next] / kDayMicros == day) {
        ++next;
      }
      std::unique_ptr<Day>& state = days_[day];
      if (state == nullptr) {
        state = std::make_unique<Day>();
      }
      before.try_emplace(day, state->counts);
      add_to(*state, bids, begin, next - begin);
      begin = next;
    }
    for (const auto& [day, counts] : before) {
      if (counts[0] != 0) {
        emit(day, counts, -1);
      }
      emit(day, days_[day]->counts, 1);
    }
    results_.flush();
  }

 private:
  void add_to(Day& day, const Bids& bids, std::uint64_t begin, std::uint64_t count) {
    kinds_.resize(count);
    std::array<std::int64_t, 16> by_kinds{};
    for (std::uint64_t i = 0; i < count; ++i) {
      kinds_[i] = kinds_of(bids.prices[begin + i]);
      ++by_kinds[kinds_[i]];
    }
    day.counts[0] += static_cast<std::int64_t>(count);
    day.counts[1] += by_kinds[0b0011];
    day.counts[2] += by_kinds[0b0101];
    day.counts[3] += by_kinds[0b1001];
    day.bidders.add(bids.bidders + begin, kinds_.data(), count, &day.counts[4]);
    day.auctions.add(bids.auctions + begin, kinds_.data(), count, &day.counts[8]);
  }

  void emit(std::int64_t day, const Counts& counts, std::int64_t change) {
    std::array<std::int64_t, kCounts + 2> row;
    row[0] = day;
    std::copy(counts.begin(), counts.end(), row.begin() + 1);
    row[kCounts + 1] = change;
    results_.add(row);
  }

  std::unordered_map<std::int64_t, std::unique_ptr<Day>> days_;
  ResultRows<kCounts + 2> results_;
  std::vector<std::uint8_t> kinds_;
};

void loop(const Bids& bids, Answer& answer) {
  Days days(answer);
  for_each_batch(bids.rows,
                 [&](std::uint64_t begin, std::uint64_t count) { days.add(bids, begin, count); });
}

Status run(const Settings& settings, NexmarkInput& nexmark, Report& report) {
  return run_on_bids({.name = "q15", .query = kQuery, .loop = loop, .rounds = 5}, settings, nexmark,
                     report);
}

}  // namespace

Bench bench_q15() {
  return {.name = "q15",
          .text = "12 counts and distinct counts per day, as changes",
          .floor = 0.35,
          .aim = 0.5,
          .run = run};
}

}  // namespace thalweg::bench
