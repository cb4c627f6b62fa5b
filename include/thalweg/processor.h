#pragma once

#include "thalweg/detail/columns.h"

namespace thalweg {

// Where a processor puts its rows.
template <typename Out>
class Output {
 public:
  explicit Output(detail::RowsOut& rows) : rows_(rows) {}

  void emit(const Out& row) {
    detail::write_row(row, rows_.columns);
    rows_.origins.push_back(origin_);
  }

  // For the engine: the input row that comes next.
  void set_origin(std::uint32_t row) { origin_ = row; }

 private:
  detail::RowsOut& rows_;
  std::uint32_t origin_ = 0;
};

// One step of a pipeline written by hand: none, one or many rows out for each row in, which keep
// its event time. Each worker has one of its own, so members need no lock, but see only this
// worker's rows. A row on which process() throws is rejected and counted; the others go on.
template <typename In, typename Out>
class Processor {
 public:
  using Input = In;
  using Result = Out;

  virtual ~Processor() = default;
  virtual void process(const In& row, Output<Out>& out) = 0;
};

}  // namespace thalweg
