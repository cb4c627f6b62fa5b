#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "columnar/batch.h"
#include "columnar/builder.h"
#include "columnar/row_error.h"
#include "stream/source.h"

namespace thalweg {

// Rows that a scan could not read whole, gathered as rows of dead_letter_schema(). One per worker.
class DeadLetterRows {
 public:
  DeadLetterRows(std::string_view source, bool with_origin);

  struct Letter {
    std::string_view topic;
    std::int64_t offset = 0;
    RowError error = RowError::kNone;
    std::string_view message;
    SourceRow row;
    // As rows carry it.
    std::uint32_t partition_number = 0;
    std::int64_t position = 0;
  };
  void add(const Letter& letter);

  // Those since the last call; perhaps none.
  Batch take();

 private:
  const std::string_view source_;
  const bool with_origin_;
  std::uint32_t count_ = 0;
  std::vector<ColumnBuilder> columns_;
  ColumnBuilder partitions_;
  ColumnBuilder positions_;
};

}  // namespace thalweg
