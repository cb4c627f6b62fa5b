// Nexmark q11: bids per bidder and session.
#include <bit>
#include <vector>

#include "bench.h"
#include "bid_contest.h"
#include "huge_array.h"
#include "key_numbers.h"
#include "result_rows.h"

namespace thalweg::bench {
namespace {

constexpr std::int64_t kGapMicros = 10'000'000;
constexpr std::int64_t kSweepMicros = 5'000'000;

constexpr const char* kQuery = R"(
    SELECT bidder, count(*) AS bids, window_start, window_end
    FROM SESSION(bid PARTITION BY bidder, "dateTime", INTERVAL '10 seconds')
    GROUP BY window_start, window_end, bidder)";

// The open session of each bidder; rows come in order of time, so that there is only one. Those
// that have ended go when their bidder comes again, or in a sweep over all.
class Sessions {
 public:
  explicit Sessions(Answer& answer) : results_(answer), slots_(kSlotsMin) {}

  void add(const std::int64_t* times, const std::int64_t* bidders, std::uint64_t rows) {
    if (times[0] >= next_sweep_) {
      sweep(times[0]);
    }
    std::uint64_t row = 0;
    if (slots_.size() * sizeof(Slot) > kCacheBytes) {
      for (; row + kAhead < rows; ++row) {
        __builtin_prefetch(&slots_[home(bidders[row + kAhead])], 1);
        add_one(times[row], bidders[row]);
      }
    }
    for (; row < rows; ++row) {
      add_one(times[row], bidders[row]);
    }
  }

  void close() {
    for (std::uint64_t i = 0; i < slots_.size(); ++i) {
      if (slots_[i].bids != 0) {
        emit(slots_[i]);
      }
    }
    results_.flush();
  }

 private:
  struct Slot {
    std::int64_t bidder;
    std::int64_t first;
    std::int64_t last;
    std::int64_t bids;  // 0: free.
  };

  static constexpr std::uint64_t kSlotsMin = 16 * 1024;
  static constexpr std::uint64_t kCacheBytes = std::uint64_t{1} << 20;
  static constexpr std::uint64_t kAhead = 32;

  std::uint64_t home(std::int64_t key) const {
    return hash_of(key) >> (64 - std::countr_zero(slots_.size()));
  }

  void add_one(std::int64_t time, std::int64_t bidder) {
    Slot& slot = find(bidder);
    if (slot.bids != 0 && time - slot.last > kGapMicros) {
      emit(slot);
      slot.bids = 0;
    }
    if (slot.bids == 0) {
      slot.first = time;
    }
    slot.last = time;
    ++slot.bids;
  }

  Slot& find(std::int64_t bidder) {
    for (std::uint64_t at = home(bidder);; at = (at + 1) & (slots_.size() - 1)) {
      Slot& slot = slots_[at];
      if (slot.bids == 0) {
        if (used_ * 2 >= slots_.size()) {
          rebuild(slots_.size() * 2);
          return find(bidder);
        }
        ++used_;
        slot.bidder = bidder;
        return slot;
      }
      if (slot.bidder == bidder) {
        return slot;
      }
    }
  }

  void sweep(std::int64_t now) {
    for (std::uint64_t i = 0; i < slots_.size(); ++i) {
      if (slots_[i].bids != 0 && now - slots_[i].last > kGapMicros) {
        emit(slots_[i]);
        slots_[i].bids = 0;
      }
    }
    rebuild(slots_.size());
    next_sweep_ = now + kSweepMicros;
  }

  void rebuild(std::uint64_t slots) {
    HugeArray<Slot> old(slots);
    old.swap(slots_);
    used_ = 0;
    for (std::uint64_t i = 0; i < old.size(); ++i) {
      if (old[i].bids != 0) {
        find(old[i].bidder) = old[i];
      }
    }
  }

  void emit(const Slot& slot) {
    results_.add({slot.bidder, slot.bids, slot.first, slot.last + kGapMicros});
  }

  ResultRows<4> results_;
  HugeArray<Slot> slots_;  // A power of two.
  std::uint64_t used_ = 0;
  std::int64_t next_sweep_ = 0;
};

void loop(const Bids& bids, Answer& answer) {
  Sessions sessions(answer);
  for_each_batch(bids.rows, [&](std::uint64_t begin, std::uint64_t count) {
    sessions.add(bids.times + begin, bids.bidders + begin, count);
  });
  sessions.close();
}

Status run(const Settings& settings, NexmarkInput& nexmark, Report& report) {
  return run_on_bids({.name = "q11", .query = kQuery, .loop = loop}, settings, nexmark, report);
}

}  // namespace

Bench bench_q11() {
  return {.name = "q11",
          .text = "bids per bidder and session with a gap of 10 s",
          .floor = 0.4,
          .aim = 0.6,
          .run = run};
}

}  // namespace thalweg::bench
