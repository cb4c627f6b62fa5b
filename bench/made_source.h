#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "columnar/buffer.h"
#include "columnar/column.h"
#include "stream/source.h"

namespace thalweg::bench {

// Input that is made up as it is read, the same each time, in one partition.
struct MadeRows {
  std::uint64_t rows = 0;
  // All columns of rows [begin, begin + count).
  std::function<std::vector<Column>(std::uint64_t begin, std::uint32_t count)> make;
  // From row `paced_from` on there are no more than so many a second; 0: as fast as can be.
  std::uint64_t rows_per_second = 0;
  std::uint64_t paced_from = 0;
  bool ends = true;  // Else it waits for ever behind its last row.
  // Told whenever the worker that reads has turned to the source.
  std::function<void(std::uint64_t next_row)> on_turn;
};

// Yields the columns asked for. Borrows `rows`.
std::unique_ptr<Source> make_made_source(const MadeRows& rows, std::vector<std::uint32_t> columns);

// BIGINT: value(0), value(1), ...
template <typename Value>
Column bigints(std::uint32_t count, Value value) {
  const std::shared_ptr<Buffer> buffer = Buffer::allocate(count * sizeof(std::int64_t));
  std::int64_t* const values = buffer->as<std::int64_t>();
  for (std::uint32_t i = 0; i < count; ++i) {
    values[i] = value(i);
  }
  Column column(type_of(TypeKind::kBigint), count);
  column.set_values(buffer);
  return column;
}

}  // namespace thalweg::bench
