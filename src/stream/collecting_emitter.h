#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "columnar/value.h"
#include "stream/operator.h"

namespace thalweg {

// Keeps what an operator puts out, for tests. `room` says how many more batches it takes before it
// asks the operator to wait.
class CollectingEmitter final : public Emitter {
 public:
  struct Rejected {
    std::vector<Value> row;
    RowError error = RowError::kNone;
  };

  void emit(Port port, Batch batch) override {
    if (batch.empty()) {
      return;
    }
    (port == Port::kMain ? batches : late).push_back(std::move(batch));
    room -= room > 0 ? 1 : 0;
  }

  void reject(const Batch& batch, RowSpan rows, RowError error) override {
    for (const RowIndex row : rows) {
      rejected.push_back({row_values(batch, row), error});
    }
  }

  void expire(std::uint64_t keys) override { expired += keys; }

  bool has_room() const override { return room != 0; }

  // Every row of the main output, in order.
  std::vector<std::vector<Value>> rows() const {
    std::vector<std::vector<Value>> all;
    for (const Batch& batch : batches) {
      for (std::uint32_t i = 0; i < batch.num_rows(); ++i) {
        all.push_back(row_values(batch, batch.row(i)));
      }
    }
    return all;
  }

  static std::vector<Value> row_values(const Batch& batch, RowIndex row) {
    std::vector<Value> values;
    for (const Column& column : batch.columns) {
      values.push_back(value_at(column, row));
    }
    return values;
  }

  std::vector<Batch> batches;
  std::vector<Batch> late;
  std::vector<Rejected> rejected;
  std::uint32_t room = 1'000'000;
  std::uint64_t expired = 0;
};

}  // namespace thalweg
