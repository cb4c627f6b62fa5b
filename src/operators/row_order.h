#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "columnar/batch.h"
#include "columnar/builder.h"
#include "expr/aggregate.h"

namespace thalweg {

// A row as an ordered aggregate sees it: its value, what the call's ORDER BY says, and where it
// stood in the input.
struct OrderedRows {
  std::vector<Column> columns;  // The value, then the ORDER BY expressions.
  std::vector<Column> origins;  // BIGINT each: event time, partition, position; 0 if unknown.
  std::uint32_t length = 0;
};

// The order in which an aggregate takes its rows: min and max by value, the others by their own
// ORDER BY, then by (event time, partition, position); rows equal in all that by value.
class RowOrder {
 public:
  explicit RowOrder(const AggregateCall& call);

  const std::vector<Type>& types() const { return types_; }

  // The rows of a batch with these arguments; shares their columns.
  static OrderedRows rows_of(std::span<const Column> args, const Batch& batch);

  // Whether these are the bytes of one row of such columns; see append_row().
  bool is_row(std::string_view bytes) const;

  // -1, 0 or 1. Requires: columns of types().
  int compare(const OrderedRows& a, RowIndex row_a, const OrderedRows& b, RowIndex row_b) const;
  // The same, leaving out where the rows stood.
  int compare_values(const OrderedRows& a, RowIndex row_a, const OrderedRows& b,
                     RowIndex row_b) const;

 private:
  bool by_value_;
  std::vector<AggregateCall::Order> order_by_;
  std::vector<Type> types_;
};

// One row as bytes, and rows back from bytes.
void append_row(const OrderedRows& rows, RowIndex row, std::string& out);
class OrderedRowsBuilder {
 public:
  explicit OrderedRowsBuilder(const RowOrder& order);
  // Takes the row off the front of `bytes`.
  void append(std::string_view& bytes);
  OrderedRows finish();

 private:
  std::vector<ColumnBuilder> columns_;
  std::vector<ColumnBuilder> origins_;
};

}  // namespace thalweg
