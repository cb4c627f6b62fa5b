#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "thalweg/detail/graph.h"

namespace thalweg {

// Rows that a program pushes into a running pipeline from its own threads; a copy stands for the
// same input. Holds a bounded number of rows: push() waits while the pipeline is behind.
template <typename T>
class Input {
 public:
  explicit Input(std::size_t rows_max = 16 * 1024) : shared_(std::make_shared<Shared>()) {
    shared_->rows_max = rows_max;
  }

  // False: the input is closed, as it also is when a run has ended, and the row was not taken.
  bool push(T row) const {
    std::unique_lock lock(shared_->mutex);
    shared_->room.wait(lock,
                       [&] { return shared_->closed || shared_->rows.size() < shared_->rows_max; });
    if (shared_->closed) {
      return false;
    }
    shared_->rows.push_back(std::move(row));
    return true;
  }

  // No more rows will come: the pipeline works off what is there and ends.
  void close() const {
    const std::lock_guard lock(shared_->mutex);
    shared_->closed = true;
    shared_->room.notify_all();
  }

  // For Pipeline::source().
  std::unique_ptr<detail::RowProducer> make_producer() const {
    return std::make_unique<Producer>(shared_);
  }

 private:
  struct Shared {
    std::mutex mutex;  // Guards what follows.
    std::condition_variable room;
    std::deque<T> rows;
    std::size_t rows_max = 0;
    bool closed = false;
  };

  class Producer final : public detail::RowProducer {
   public:
    explicit Producer(std::shared_ptr<Shared> shared) : shared_(std::move(shared)) {}
    detail::Produced next(std::uint32_t rows_max, std::vector<detail::ColumnData>& out) override {
      const std::lock_guard lock(shared_->mutex);
      if (shared_->rows.empty()) {
        return shared_->closed ? detail::Produced::kEnd : detail::Produced::kNothingYet;
      }
      for (std::uint32_t i = 0; i < rows_max && !shared_->rows.empty(); ++i) {
        detail::write_row(shared_->rows.front(), out);
        shared_->rows.pop_front();
      }
      shared_->room.notify_all();
      return detail::Produced::kRows;
    }

   private:
    std::shared_ptr<Shared> shared_;
  };

  std::shared_ptr<Shared> shared_;
};

}  // namespace thalweg
