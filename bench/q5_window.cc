// Bids per auction in sliding windows: Nexmark's q5 below its join.
#include <array>
#include <vector>

#include "bench.h"
#include "bid_contest.h"
#include "key_numbers.h"
#include "result_rows.h"

namespace thalweg::bench {
namespace {

constexpr std::int64_t kSlideMicros = 2'000'000;
constexpr std::size_t kSlices = 5;  // Of a window.

constexpr const char* kQuery = R"(
    SELECT window_start, auction, count(*) AS bids
    FROM HOP(bid, "dateTime", INTERVAL '2 seconds', INTERVAL '10 seconds')
    GROUP BY window_start, window_end, auction)";

// The counts of one slide's time.
struct Slice {
  KeyNumbers<std::int64_t> auctions;
  HugeArray<std::uint32_t> counts;
  HugeArray<std::uint32_t> places;  // Of the auctions in the window.

  void count(const std::int64_t* keys, std::uint64_t rows) {
    numbers_.resize(rows);
    auctions.find(rows, numbers_.data(), [keys](std::uint64_t i) { return keys[i]; });
    while (counts.size() < auctions.size()) {
      counts.push_back(0);
    }
    for (const std::uint32_t number : numbers_) {
      ++counts[number];
    }
  }

  void clear() {
    auctions.clear();
    counts.clear();
    places.clear();
  }

 private:
  std::vector<std::uint32_t> numbers_;
};

// What the last slices have together: each is added when it ends and taken out when it has left.
class Window {
 public:
  explicit Window(Answer& answer) : results_(answer) {}

  void add(Slice& slice) {
    slice.places.clear();
    std::vector<std::uint32_t> numbers(slice.auctions.size());
    auctions_.find(slice.auctions.size(), numbers.data(), [&](std::uint64_t i) {
      return slice.auctions.key(static_cast<std::uint32_t>(i));
    });
    while (counts_.size() < auctions_.size()) {
      counts_.push_back(0);
    }
    for (std::uint32_t i = 0; i < numbers.size(); ++i) {
      slice.places.push_back(numbers[i]);
      std::uint32_t& count = counts_[numbers[i]];
      live_ += count == 0 ? 1 : 0;
      count += slice.counts[i];
    }
  }

  void take_out(const Slice& slice) {
    for (std::uint32_t i = 0; i < slice.places.size(); ++i) {
      std::uint32_t& count = counts_[slice.places[i]];
      count -= slice.counts[i];
      live_ -= count == 0 ? 1 : 0;
    }
  }

  bool is_sparse() const { return std::uint64_t{live_} * 2 < auctions_.size(); }

  void clear() {
    auctions_.clear();
    counts_.clear();
    live_ = 0;
  }

  void emit(std::int64_t start) {
    for (std::uint32_t i = 0; i < auctions_.size(); ++i) {
      if (counts_[i] != 0) {
        results_.add({start, auctions_.key(i), std::int64_t{counts_[i]}});
      }
    }
    results_.flush();
  }

 private:
  KeyNumbers<std::int64_t> auctions_;
  HugeArray<std::uint32_t> counts_;
  std::uint32_t live_ = 0;
  ResultRows<3> results_;
};

class SlidingCounts {
 public:
  explicit SlidingCounts(Answer& answer) : window_(answer) {}

  // Rows of one batch, in order of time.
  void add(const std::int64_t* times, const std::int64_t* keys, std::uint64_t rows) {
    std::uint64_t begin = 0;
    while (begin < rows) {
      if (slice_end_ == 0) {
        slice_end_ = times[begin] - times[begin] % kSlideMicros + kSlideMicros;
      }
      while (times[begin] >= slice_end_) {
        close_slice();
      }
      std::uint64_t end = rows;
      if (times[rows - 1] >= slice_end_) {
        end = begin;
        while (times[end] < slice_end_) {
          ++end;
        }
      }
      slices_[newest_].count(keys + begin, end - begin);
      begin = end;
    }
  }

  void close() {
    for (std::size_t i = 0; i < kSlices; ++i) {
      close_slice();
    }
  }

 private:
  // The window that ends with the slice.
  void close_slice() {
    const std::size_t oldest = (newest_ + 1) % kSlices;
    window_.add(slices_[newest_]);
    window_.emit(slice_end_ - static_cast<std::int64_t>(kSlices) * kSlideMicros);
    window_.take_out(slices_[oldest]);
    slices_[oldest].clear();
    if (window_.is_sparse()) {
      window_.clear();
      for (Slice& slice : slices_) {
        window_.add(slice);
      }
    }
    newest_ = oldest;
    slice_end_ += kSlideMicros;
  }

  std::array<Slice, kSlices> slices_;
  std::size_t newest_ = 0;
  std::int64_t slice_end_ = 0;
  Window window_;
};

void loop(const Bids& bids, Answer& answer) {
  SlidingCounts counts(answer);
  for_each_batch(bids.rows, [&](std::uint64_t begin, std::uint64_t count) {
    counts.add(bids.times + begin, bids.auctions + begin, count);
  });
  counts.close();
}

Status run(const Settings& settings, NexmarkInput& nexmark, Report& report) {
  return run_on_bids({.name = "q5_window", .query = kQuery, .loop = loop}, settings, nexmark,
                     report);
}

}  // namespace

Bench bench_q5_window() {
  return {.name = "q5_window",
          .text = "bids per auction in windows of 10 s every 2 s",
          .floor = 0.45,
          .aim = 0.65,
          .run = run};
}

}  // namespace thalweg::bench
