#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/result.h"
#include "columnar/kernels.h"
#include "operators/over_frames.h"
#include "operators/over_function.h"

namespace thalweg {

// Where calls OVER a window find what they read among the columns of OverInput.
struct OverColumns {
  std::vector<std::uint32_t> kept;  // Of the operator's input; they stand first, in this order.
  std::size_t value = 0;            // What RANGE measures, if any call does.
  PeerColumns peers;                // If any call tells peers.

  std::size_t place_of(std::uint32_t column) const;
};

// Whether RANGE measures distances for it, and whether it must know which rows are equal in the
// order.
bool measures_distance(const OverCall& call);
bool tells_peers(const OverCall& call);

// Whether its answer hangs on how many rows the key has.
bool counts_all_rows(const OverCall& call);

// What the order's first column has, as numbers that rise: RANGE measures distances in them.
Column measured_values(const Column& column, bool descending);

// The calls OVER one window, with what they remember of each key.
class OverCalls {
 public:
  // `types`: of the operator's input; `nulls_first`: in the first column of the order.
  OverCalls(const std::vector<OverCall>& calls, const std::vector<Type>& types, OverColumns columns,
            bool nulls_first);

  // Makes room for keys 0 to count - 1.
  void grow_to(std::uint32_t count);
  // Leaves only these keys, ascending, numbered anew from 0.
  void keep_only(std::span<const GroupId> kept);

  // A column for each call. `overflow` gets the numbers of answers that do not fit, ascending.
  std::vector<Column> answer(const OverInput& input, std::vector<RowIndex>& overflow);

  // For a restart, what is remembered of keys and cannot be found out from their kept rows: its
  // columns, those of these keys, and such columns put back. Then the rest, from `input` with
  // kept rows alone.
  Schema state_columns() const;
  void append_state(std::span<const GroupId> ids, std::vector<Column>& out) const;
  Status restore_state(std::span<const GroupId> ids, std::span<const Column> state);
  void restore_rows(const OverInput& input);

  // The first row of the run that answers to come may need. Requires: answer() for this run.
  std::uint32_t first_needed(const OverRun& run) const;

 private:
  struct Call {
    OverCall call;
    std::size_t frames = 0;                  // Of frames_; unless the call has none.
    std::unique_ptr<OverFunction> function;  // Nothing for ranks.
  };

  const OverColumns columns_;
  std::vector<OverFrames> frames_;
  std::vector<Call> calls_;
};

}  // namespace thalweg
