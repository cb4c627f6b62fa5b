#pragma once

#include <memory>
#include <span>
#include <vector>

#include "base/result.h"
#include "columnar/column.h"
#include "expr/over.h"
#include "operators/over_input.h"

namespace thalweg {

// Computes one call OVER a window for whole batches of rows; one virtual call a batch.
class OverFunction {
 public:
  virtual ~OverFunction() = default;

  // Makes room for keys 0 to count - 1.
  virtual void grow_to(std::uint32_t count) = 0;
  // Leaves only these keys, ascending, numbered anew from 0.
  virtual void keep_only(std::span<const GroupId> kept) = 0;

  // The answers in order of the runs. `overflow` gets the number of each that does not fit.
  virtual Column compute(const OverInput& input, const FrameRows& frames,
                         std::vector<RowIndex>& overflow) = 0;

  // For a restart, what it knows of keys and cannot find out from their kept rows: its columns,
  // those of these keys, and such columns put back. An error: no key can have such a state.
  virtual Schema state_columns() const { return {}; }
  virtual void append_state(std::span<const GroupId> /*ids*/, std::vector<Column>& /*out*/) {}
  virtual Status restore_state(std::span<const GroupId> /*ids*/,
                               std::span<const Column> /*state*/) {
    return {};
  }
  // Then the rest, of keys whose rows are all kept ones; `previous` is the last frame of each.
  virtual void restore_rows(const OverInput& /*input*/, std::span<const RowRange> /*previous*/) {}
};

// Calls that have a frame. `arg` and `filter` are columns of OverInput; `arg_type` is the first's.
struct OverArguments {
  std::size_t arg = 0;
  Type arg_type;
  std::optional<std::size_t> filter;
};
std::unique_ptr<OverFunction> make_over_function(const OverCall& call, const OverArguments& args);

// By kind, for make_over_function().
std::unique_ptr<OverFunction> make_over_count(const OverCall& call, const OverArguments& args);
std::unique_ptr<OverFunction> make_over_sum(const OverCall& call, const OverArguments& args);
// Aggregates that cannot take values back: variances, bits, min and max of plain values.
std::unique_ptr<OverFunction> make_over_fold(const OverCall& call, const OverArguments& args);
// min and max of any type.
std::unique_ptr<OverFunction> make_over_best(const OverCall& call, const OverArguments& args);
std::unique_ptr<OverFunction> make_over_pick(const OverCall& call, const OverArguments& args);
std::unique_ptr<OverFunction> make_over_list(const OverCall& call, const OverArguments& args);

}  // namespace thalweg
