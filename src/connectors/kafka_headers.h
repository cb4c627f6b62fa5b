#pragma once

#include <span>
#include <vector>

#include "columnar/batch.h"
#include "columnar/row_error.h"
#include "thalweg/kafka/producer.h"

namespace thalweg {

// The headers that rows give their records: those of a column STRUCT(name TEXT, value BYTEA)[].
class KafkaHeaders {
 public:
  // Of a batch, whose column outlives what is given of it.
  void begin(const Column& column, std::uint32_t rows);

  struct Read {
    std::span<const kafka::HeaderView> headers;  // Until the next batch. Of NULL: none.
    RowError error = RowError::kNone;            // A header without a name is none.
  };
  Read of(RowIndex row);

 private:
  const Column* column_ = nullptr;
  std::vector<kafka::HeaderView> headers_;
};

}  // namespace thalweg
