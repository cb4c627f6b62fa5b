#pragma once

#include <cstdint>
#include <vector>

#include "answer.h"
#include "count_map.h"

namespace thalweg::bench {

// Rows per key and tumbling window, by hand: rows come in order of time, so that one map is enough,
// and a row of the next window closes the one before.
class WindowCounts {
 public:
  // Answers (window start, key, count).
  WindowCounts(std::int64_t window_micros, Answer& answer)
      : window_micros_(window_micros), answer_(answer) {}

  // Rows of one batch.
  void add(const std::int64_t* times, const std::int64_t* keys, std::uint64_t rows) {
    std::uint64_t begin = 0;
    while (begin < rows) {
      if (times[begin] >= window_end_) {
        close();
        window_end_ = times[begin] - times[begin] % window_micros_ + window_micros_;
      }
      std::uint64_t end = rows;
      if (times[rows - 1] >= window_end_) {
        end = begin;
        while (times[end] < window_end_) {
          ++end;
        }
      }
      counts_.count(keys + begin, end - begin);
      begin = end;
    }
  }

  void close() {
    const std::int64_t start = window_end_ - window_micros_;
    starts_.assign(kResultRows, start);
    std::uint64_t filled = 0;
    counts_.for_each([&](std::int64_t key, std::int64_t count) {
      keys_[filled] = key;
      results_[filled] = count;
      if (++filled == kResultRows) {
        emit(filled);
        filled = 0;
      }
    });
    emit(filled);
    counts_.clear();
  }

 private:
  static constexpr std::uint64_t kResultRows = 4096;

  void emit(std::uint64_t rows) {
    const std::int64_t* const columns[] = {starts_.data(), keys_.data(), results_.data()};
    answer_.add(columns, rows);
  }

  const std::int64_t window_micros_;
  Answer& answer_;
  std::int64_t window_end_ = 0;
  CountMap counts_;
  std::vector<std::int64_t> starts_;
  std::vector<std::int64_t> keys_ = std::vector<std::int64_t>(kResultRows);
  std::vector<std::int64_t> results_ = std::vector<std::int64_t>(kResultRows);
};

}  // namespace thalweg::bench
