#include <algorithm>
#include <array>
#include <cstring>
#include <numeric>

#include "columnar/canonical.h"
#include "columnar/kernels.h"

namespace thalweg {
namespace {

template <typename T>
int order(const T& a, const T& b) {
  return a < b ? -1 : (b < a ? 1 : 0);
}

// Maps words onto unsigned ones of the same order, NaN above every number.
std::uint64_t ordered_integer(std::int64_t word) {
  return static_cast<std::uint64_t>(word) ^ (1ULL << 63);
}
std::uint64_t ordered_double(std::int64_t bits) {
  return bits < 0 ? ~static_cast<std::uint64_t>(bits) : ordered_integer(bits);
}

int compare_elements(const Column& a, RowIndex row_a, const Column& b, RowIndex row_b) {
  const std::int32_t begin_a = a.offsets()[row_a];
  const std::int32_t begin_b = b.offsets()[row_b];
  const std::int32_t count_a = a.offsets()[row_a + 1] - begin_a;
  const std::int32_t count_b = b.offsets()[row_b + 1] - begin_b;
  for (std::int32_t i = 0; i < std::min(count_a, count_b); ++i) {
    const int result = compare_rows(a.children()[0], static_cast<RowIndex>(begin_a + i),
                                    b.children()[0], static_cast<RowIndex>(begin_b + i));
    if (result != 0) {
      return result;
    }
  }
  return order(count_a, count_b);
}

int compare_fields(const Column& a, RowIndex row_a, const Column& b, RowIndex row_b) {
  for (std::size_t i = 0; i < a.children().size(); ++i) {
    if (const int result = compare_rows(a.children()[i], row_a, b.children()[i], row_b);
        result != 0) {
      return result;
    }
  }
  return 0;
}

template <typename T>
int compare_fixed(const Column& a, RowIndex row_a, const Column& b, RowIndex row_b) {
  return order(a.values<T>()[row_a], b.values<T>()[row_b]);
}

template <typename T>
int compare_floating(const Column& a, RowIndex row_a, const Column& b, RowIndex row_b) {
  const auto key = [](T value) {
    return ordered_double(std::bit_cast<std::int64_t>(canonical(double{value})));
  };
  return order(key(a.values<T>()[row_a]), key(b.values<T>()[row_b]));
}

// Both rows valid.
int compare_valid(const Column& a, RowIndex row_a, const Column& b, RowIndex row_b) {
  switch (a.type().kind) {
    case TypeKind::kNull:
      return 0;
    case TypeKind::kBoolean:
      return order(a.bit(row_a), b.bit(row_b));
    case TypeKind::kSmallint:
      return compare_fixed<std::int16_t>(a, row_a, b, row_b);
    case TypeKind::kInt:
    case TypeKind::kDate:
      return compare_fixed<std::int32_t>(a, row_a, b, row_b);
    case TypeKind::kBigint:
    case TypeKind::kTime:
    case TypeKind::kTimestamp:
    case TypeKind::kTimestamptz:
      return compare_fixed<std::int64_t>(a, row_a, b, row_b);
    case TypeKind::kReal:
      return compare_floating<float>(a, row_a, b, row_b);
    case TypeKind::kDouble:
      return compare_floating<double>(a, row_a, b, row_b);
    case TypeKind::kNumeric:
      return compare_fixed<Int128>(a, row_a, b, row_b);
    case TypeKind::kText:
    case TypeKind::kBytea:
      return order(a.text(row_a).compare(b.text(row_b)), 0);
    case TypeKind::kInterval:
      return order(interval_nanos(a.values<Interval>()[row_a]),
                   interval_nanos(b.values<Interval>()[row_b]));
    case TypeKind::kStruct:
      return compare_fields(a, row_a, b, row_b);
    case TypeKind::kArray:
      return compare_elements(a, row_a, b, row_b);
  }
  return 0;
}

struct KeyedRow {
  std::uint64_t key;
  RowIndex row;
};

// Least significant byte first; bytes that are the same in all keys cost no pass.
void radix_sort(std::vector<KeyedRow>& rows) {
  constexpr int kDigits = 8;
  std::vector<std::array<std::uint32_t, 256>> counts(kDigits);
  for (const KeyedRow& row : rows) {
    for (int digit = 0; digit < kDigits; ++digit) {
      ++counts[digit][(row.key >> (8 * digit)) & 0xff];
    }
  }
  std::vector<KeyedRow> other(rows.size());
  for (int digit = 0; digit < kDigits; ++digit) {
    auto& places = counts[digit];
    if (places[(rows[0].key >> (8 * digit)) & 0xff] == rows.size()) {
      continue;
    }
    std::exclusive_scan(places.begin(), places.end(), places.begin(), 0U);
    for (const KeyedRow& row : rows) {
      other[places[(row.key >> (8 * digit)) & 0xff]++] = row;
    }
    rows.swap(other);
  }
}

// Rows of one key column whose values have an ordered 64-bit form. Null rows are put apart first.
std::vector<RowIndex> sort_words(const Column& column, const SortKey& key, std::uint32_t length) {
  constexpr std::size_t kRadixRowsMin = 512;  // Below, the passes cost more than comparisons.
  std::vector<RowIndex> nulls;
  std::vector<KeyedRow> keyed;
  keyed.reserve(length);
  const bool floating = is_floating(column.type().kind);
  const std::uint64_t flip = key.descending ? ~0ULL : 0;
  with_words(column, [&](auto word) {
    for (RowIndex row = 0; row < length; ++row) {
      if (!column.is_valid(row)) {
        nulls.push_back(row);
        continue;
      }
      const std::int64_t value = word(row);
      const std::uint64_t ordered = floating ? ordered_double(value) : ordered_integer(value);
      keyed.push_back({.key = ordered ^ flip, .row = row});
    }
  });
  if (keyed.size() >= kRadixRowsMin) {
    radix_sort(keyed);
  } else {
    std::sort(keyed.begin(), keyed.end(), [](const KeyedRow& a, const KeyedRow& b) {
      return a.key < b.key || (a.key == b.key && a.row < b.row);
    });
  }
  std::vector<RowIndex> out = key.nulls_first ? nulls : std::vector<RowIndex>{};
  out.reserve(length);
  for (const KeyedRow& row : keyed) {
    out.push_back(row.row);
  }
  if (!key.nulls_first) {
    out.insert(out.end(), nulls.begin(), nulls.end());
  }
  return out;
}

int compare_by(const Column& column, const SortKey& key, RowIndex a, RowIndex b) {
  const bool valid_a = column.is_valid(a);
  const bool valid_b = column.is_valid(b);
  if (valid_a && valid_b) {
    const int result = compare_valid(column, a, column, b);
    return key.descending ? -result : result;
  }
  const int result = order(valid_b, valid_a);
  return key.nulls_first ? -result : result;
}

}  // namespace

int compare_rows(const Column& a, RowIndex row_a, const Column& b, RowIndex row_b) {
  const bool valid_a = a.is_valid(row_a);
  const bool valid_b = b.is_valid(row_b);
  return valid_a && valid_b ? compare_valid(a, row_a, b, row_b) : order(valid_b, valid_a);
}

std::vector<RowIndex> sort_rows(std::span<const Column> columns, std::span<const SortKey> keys,
                                std::uint32_t length) {
  if (keys.size() == 1) {
    const Column& column = columns[keys[0].column];
    if (with_words(column, [](auto) {})) {
      return sort_words(column, keys[0], length);
    }
  }
  std::vector<RowIndex> rows(length);
  std::iota(rows.begin(), rows.end(), RowIndex{0});
  std::sort(rows.begin(), rows.end(), [&](RowIndex a, RowIndex b) {
    for (const SortKey& key : keys) {
      if (const int result = compare_by(columns[key.column], key, a, b); result != 0) {
        return result < 0;
      }
    }
    return a < b;
  });
  return rows;
}

}  // namespace thalweg
