#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "columnar/kernels.h"
#include "columnar/type.h"
#include "expr/ranking.h"
#include "operators/idle_keys.h"

namespace thalweg {

enum class TopNEmit : std::uint8_t {
  kAtEnd,            // The final rows when the input has ended; append-only.
  kChanges,          // After each batch the net change of each key: -old and +new, adjacent.
  kOnWindowClose,    // Each window's rows once, when the watermark reaches its end; append-only.
  kBehindWatermark,  // Each row when the watermark has passed it; append-only.
};

// The first rows of each key in an order. Rows equal in it are told apart by event time, partition
// and position where they have any, then by all their columns.
struct TopNSpec {
  std::vector<Type> types;          // Of the input's columns.
  std::vector<std::uint32_t> keys;  // Columns of the input.
  std::vector<SortKey> order;       // Columns of the input.
  Ranking ranking = Ranking::kRowNumber;
  std::uint64_t limit = 1;            // Ranks 1 to this.
  bool shows_rank = false;            // Appends the rank: BIGINT.
  bool updating_input = false;        // Whether input rows carry changes.
  bool has_origin = false;            // Whether rows carry partition and position.
  bool latest_first = false;          // Of rows equal in the order the latest comes first.
  std::optional<std::uint32_t> time;  // The column with the event time, where there is one.
  TopNEmit emit = TopNEmit::kAtEnd;
  // kChanges: keys whose rows have not changed for so long go, without a word; kBehindWatermark: a
  // key begins anew so long after its first row.
  StateTtl ttl = {};
  // kOnWindowClose: the column with the end of each row's window, and how far that is shifted.
  std::uint32_t window_end = 0;
  std::int64_t shift_micros = 0;
};

}  // namespace thalweg
