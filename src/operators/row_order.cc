#include "operators/row_order.h"

#include <algorithm>
#include <utility>

#include "columnar/kernels.h"
#include "operators/fixed_column.h"
#include "state/value_codec.h"

namespace thalweg {
namespace {

constexpr std::size_t kOrigins = 3;

Column zeros(std::uint32_t length) {
  return fixed_column<std::int64_t>(type_of(TypeKind::kBigint), length,
                                    [](std::size_t) { return std::int64_t{0}; });
}

Column as_bigint(const std::optional<Column>& column, std::uint32_t length) {
  if (!column) {
    return zeros(length);
  }
  if (value_width(column->type().kind) == sizeof(std::int64_t)) {
    return column->with_type(type_of(TypeKind::kBigint));
  }
  const auto values = column->values<std::int32_t>();
  return fixed_column<std::int64_t>(type_of(TypeKind::kBigint), length,
                                    [&](std::size_t i) { return std::int64_t{values[i]}; });
}

int compare_nullable(const Column& a, RowIndex row_a, const Column& b, RowIndex row_b,
                     const AggregateCall::Order& order) {
  const bool valid_a = a.is_valid(row_a);
  const bool valid_b = b.is_valid(row_b);
  if (valid_a != valid_b) {
    return valid_a == order.nulls_first ? 1 : -1;
  }
  const int compared = compare_rows(a, row_a, b, row_b);
  return order.descending ? -compared : compared;
}

}  // namespace

RowOrder::RowOrder(const AggregateCall& call)
    : by_value_(call.kind == AggregateKind::kMin || call.kind == AggregateKind::kMax),
      order_by_(call.order_by) {
  types_.push_back(call.args[0]->type);
  for (const AggregateCall::Order& order : order_by_) {
    types_.push_back(order.expr->type);
  }
}

OrderedRows RowOrder::rows_of(std::span<const Column> args, const Batch& batch) {
  return {.columns = {args.begin(), args.end()},
          .origins = {as_bigint(batch.event_time, batch.length),
                      as_bigint(batch.partition, batch.length),
                      as_bigint(batch.position, batch.length)},
          .length = batch.length};
}

bool RowOrder::is_row(std::string_view bytes) const {
  if (bytes.size() < kOrigins * sizeof(std::int64_t)) {
    return false;
  }
  bytes.remove_prefix(kOrigins * sizeof(std::int64_t));
  return std::ranges::all_of(types_, [&](const Type& type) { return skip_value(bytes, type); }) &&
         bytes.empty();
}

int RowOrder::compare(const OrderedRows& a, RowIndex row_a, const OrderedRows& b,
                      RowIndex row_b) const {
  if (!by_value_) {
    for (std::size_t i = 0; i < order_by_.size(); ++i) {
      const int compared =
          compare_nullable(a.columns[i + 1], row_a, b.columns[i + 1], row_b, order_by_[i]);
      if (compared != 0) {
        return compared;
      }
    }
    for (std::size_t i = 0; i < kOrigins; ++i) {
      const std::int64_t value_a = a.origins[i].values<std::int64_t>()[row_a];
      const std::int64_t value_b = b.origins[i].values<std::int64_t>()[row_b];
      if (value_a != value_b) {
        return value_a < value_b ? -1 : 1;
      }
    }
  }
  return compare_rows(a.columns[0], row_a, b.columns[0], row_b);
}

int RowOrder::compare_values(const OrderedRows& a, RowIndex row_a, const OrderedRows& b,
                             RowIndex row_b) const {
  for (std::size_t i = 0; i < types_.size(); ++i) {
    const int compared = compare_rows(a.columns[i], row_a, b.columns[i], row_b);
    if (compared != 0) {
      return compared;
    }
  }
  return 0;
}

void append_row(const OrderedRows& rows, RowIndex row, std::string& out) {
  for (const Column& origin : rows.origins) {
    append_plain(origin.values<std::int64_t>()[row], out);
  }
  for (const Column& column : rows.columns) {
    append_value(column, row, out);
  }
}

OrderedRowsBuilder::OrderedRowsBuilder(const RowOrder& order) {
  for (const Type& type : order.types()) {
    columns_.emplace_back(type);
  }
  for (std::size_t i = 0; i < kOrigins; ++i) {
    origins_.emplace_back(type_of(TypeKind::kBigint));
  }
}

void OrderedRowsBuilder::append(std::string_view& bytes) {
  for (ColumnBuilder& origin : origins_) {
    origin.append(read_plain<std::int64_t>(bytes));
  }
  for (ColumnBuilder& column : columns_) {
    read_value(bytes, column);
  }
}

OrderedRows OrderedRowsBuilder::finish() {
  OrderedRows rows;
  rows.length = origins_[0].length();
  for (ColumnBuilder& column : columns_) {
    rows.columns.push_back(column.finish());
  }
  for (ColumnBuilder& origin : origins_) {
    rows.origins.push_back(origin.finish());
  }
  return rows;
}

}  // namespace thalweg
