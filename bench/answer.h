#pragma once

#include <cstdint>
#include <span>

namespace thalweg::bench {

// What one run answered: how many rows, and where asked for a sum over them in which their order
// makes no difference.
class Answer {
 public:
  enum class Keep : std::uint8_t { kCount, kHash };

  explicit Answer(Keep keep) : keep_(keep) {}

  Keep keep() const { return keep_; }
  std::uint64_t rows() const { return rows_; }

  // Rows whose values need not be looked at. Requires: Keep::kCount.
  void add_count(std::uint64_t rows) { rows_ += rows; }

  // One pointer to `rows` values for each column. Whoever computed them cannot have left it out.
  void add(std::span<const std::int64_t* const> columns, std::uint64_t rows);

  friend bool operator==(const Answer& a, const Answer& b) {
    return a.rows_ == b.rows_ && a.sum_ == b.sum_ && a.other_sum_ == b.other_sum_;
  }

 private:
  Keep keep_;
  std::uint64_t rows_ = 0;
  std::uint64_t sum_ = 0;
  std::uint64_t other_sum_ = 0;
};

}  // namespace thalweg::bench
