#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/int128.h"
#include "columnar/kernels.h"

namespace thalweg {
namespace {

template <typename T>
int three_way(const T& a, const T& b) {
  return a < b ? -1 : b < a ? 1 : 0;
}

int compare_doubles(double a, double b) {
  if (std::isnan(a) || std::isnan(b)) {
    return three_way(std::isnan(a), std::isnan(b));
  }
  return three_way(a, b);
}

// As PostgreSQL does: a month counts 30 days, a day 24 hours.
Int128 span_nanos(const Interval& interval) {
  constexpr std::int64_t kDayNanos = 86'400'000'000'000;
  return (Int128{interval.months} * 30 + interval.days) * kDayNanos + interval.nanos;
}

template <typename T>
int compare_values(const Column& a, RowIndex row_a, const Column& b, RowIndex row_b) {
  return three_way(a.values<T>()[row_a], b.values<T>()[row_b]);
}

int compare_arrays(const Column& a, RowIndex row_a, const Column& b, RowIndex row_b) {
  const std::int32_t size_a = a.offsets()[row_a + 1] - a.offsets()[row_a];
  const std::int32_t size_b = b.offsets()[row_b + 1] - b.offsets()[row_b];
  for (std::int32_t i = 0; i < std::min(size_a, size_b); ++i) {
    const int order = compare_rows(a.children()[0], static_cast<RowIndex>(a.offsets()[row_a] + i),
                                   b.children()[0], static_cast<RowIndex>(b.offsets()[row_b] + i));
    if (order != 0) {
      return order;
    }
  }
  return three_way(size_a, size_b);
}

int compare_structs(const Column& a, RowIndex row_a, const Column& b, RowIndex row_b) {
  for (std::size_t i = 0; i < a.children().size(); ++i) {
    const int order = compare_rows(a.children()[i], row_a, b.children()[i], row_b);
    if (order != 0) {
      return order;
    }
  }
  return 0;
}

// The order of two rows that are both not null.
int compare_valid(const Column& a, RowIndex row_a, const Column& b, RowIndex row_b) {
  switch (a.type().kind) {
    case TypeKind::kNull:
      return 0;
    case TypeKind::kBoolean:
      return three_way(a.bit(row_a), b.bit(row_b));
    case TypeKind::kSmallint:
      return compare_values<std::int16_t>(a, row_a, b, row_b);
    case TypeKind::kInt:
    case TypeKind::kDate:
      return compare_values<std::int32_t>(a, row_a, b, row_b);
    case TypeKind::kBigint:
    case TypeKind::kTime:
    case TypeKind::kTimestamp:
    case TypeKind::kTimestamptz:
      return compare_values<std::int64_t>(a, row_a, b, row_b);
    case TypeKind::kReal:
      return compare_doubles(a.values<float>()[row_a], b.values<float>()[row_b]);
    case TypeKind::kDouble:
      return compare_doubles(a.values<double>()[row_a], b.values<double>()[row_b]);
    case TypeKind::kNumeric:
      return compare_values<Int128>(a, row_a, b, row_b);
    case TypeKind::kText:
    case TypeKind::kBytea:
      return three_way(a.text(row_a).compare(b.text(row_b)), 0);
    case TypeKind::kInterval:
      return three_way(span_nanos(a.values<Interval>()[row_a]),
                       span_nanos(b.values<Interval>()[row_b]));
    case TypeKind::kStruct:
      return compare_structs(a, row_a, b, row_b);
    case TypeKind::kArray:
      return compare_arrays(a, row_a, b, row_b);
  }
  return 0;
}

}  // namespace

int compare_rows(const Column& a, RowIndex row_a, const Column& b, RowIndex row_b) {
  const bool valid_a = a.is_valid(row_a);
  const bool valid_b = b.is_valid(row_b);
  if (!valid_a || !valid_b) {
    return three_way(valid_b, valid_a);
  }
  return compare_valid(a, row_a, b, row_b);
}

std::vector<RowIndex> sort_rows(std::span<const Column> columns, std::span<const SortKey> keys,
                                std::uint32_t length) {
  std::vector<RowIndex> rows(length);
  std::iota(rows.begin(), rows.end(), 0);
  std::stable_sort(rows.begin(), rows.end(), [&](RowIndex a, RowIndex b) {
    for (const SortKey& key : keys) {
      const Column& column = columns[key.column];
      const bool valid_a = column.is_valid(a);
      const bool valid_b = column.is_valid(b);
      if (valid_a != valid_b) {
        return valid_a != key.nulls_first;
      }
      const int order = valid_a ? compare_rows(column, a, column, b) : 0;
      if (order != 0) {
        return key.descending ? order > 0 : order < 0;
      }
    }
    return false;
  });
  return rows;
}

}  // namespace thalweg
