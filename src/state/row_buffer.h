#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "columnar/batch.h"

namespace thalweg {

// Whole rows kept in the order they came, for operators that must see all before they answer.
class RowBuffer {
 public:
  void add(Batch batch) {
    rows_ += batch.num_rows();
    // Selected rows may keep many others alive.
    batches_.push_back(std::move(batch).compacted());
  }

  std::uint64_t rows() const { return rows_; }

  // All rows in one batch; the buffer is empty then. Requires: rows() > 0.
  Batch take() {
    Batch all = concat(batches_);
    batches_.clear();
    rows_ = 0;
    return all;
  }

  std::size_t memory_bytes() const {
    std::size_t bytes = 0;
    for (const Batch& batch : batches_) {
      bytes += batch.memory_bytes();
    }
    return bytes;
  }

 private:
  std::vector<Batch> batches_;
  std::uint64_t rows_ = 0;
};

}  // namespace thalweg
