#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "answer.h"

namespace thalweg::bench {

// Result rows of a loop, put out a batch of columns at a time.
template <std::size_t kColumns>
class ResultRows {
 public:
  explicit ResultRows(Answer& answer) : answer_(answer) {
    columns_.fill(std::vector<std::int64_t>(kBatchRows));
  }

  void add(const std::array<std::int64_t, kColumns>& row) {
    for (std::size_t i = 0; i < kColumns; ++i) {
      columns_[i][rows_] = row[i];
    }
    if (++rows_ == kBatchRows) {
      flush();
    }
  }

  void flush() {
    std::array<const std::int64_t*, kColumns> pointers;
    for (std::size_t i = 0; i < kColumns; ++i) {
      pointers[i] = columns_[i].data();
    }
    answer_.add(pointers, rows_);
    rows_ = 0;
  }

 private:
  static constexpr std::uint64_t kBatchRows = 4096;

  Answer& answer_;
  std::array<std::vector<std::int64_t>, kColumns> columns_;
  std::uint64_t rows_ = 0;
};

}  // namespace thalweg::bench
