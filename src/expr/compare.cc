#include "expr/compare.h"

#include <concepts>
#include <cstring>

#include "base/int128.h"
#include "columnar/decimal.h"

namespace thalweg {
namespace {

struct Equal {
  template <typename T>
  static bool test(const T& a, const T& b) {
    if constexpr (std::floating_point<T>) {
      return (a == b) | ((a != a) & (b != b));
    } else {
      return a == b;
    }
  }
  static bool holds(int order) { return order == 0; }
};

struct Less {
  template <typename T>
  static bool test(const T& a, const T& b) {
    if constexpr (std::floating_point<T>) {
      return (a < b) | ((a == a) & (b != b));
    } else {
      return a < b;
    }
  }
  static bool holds(int order) { return order < 0; }
};

template <typename Test, typename T>
std::shared_ptr<Buffer> test_values(const Vector& a, const Vector& b, std::uint32_t length) {
  return with_readers<T, T>(a, b, [length](auto left, auto right) {
    return pack_bits(length, [=](RowIndex row) { return Test::test(left[row], right[row]); });
  });
}

// A month counts 30 days and a day 24 hours, as in PostgreSQL.
Int128 span_nanos(const Interval& interval) {
  constexpr std::int64_t kDayNanos = 86'400'000'000'000;
  return (Int128{interval.months} * 30 + interval.days) * kDayNanos + interval.nanos;
}

template <typename Test>
std::shared_ptr<Buffer> test_intervals(const Vector& a, const Vector& b, std::uint32_t length) {
  const RowReader<Interval> left{a};
  const RowReader<Interval> right{b};
  return pack_bits(length, [&](RowIndex row) {
    return Test::test(span_nanos(left[row]), span_nanos(right[row]));
  });
}

template <typename Test>
std::shared_ptr<Buffer> test_texts(const Vector& a, const Vector& b, std::uint32_t length) {
  const RowReader<std::string_view> left{a};
  const RowReader<std::string_view> right{b};
  return pack_bits(length, [&](RowIndex row) { return Test::test(left[row], right[row]); });
}

template <typename Test>
std::shared_ptr<Buffer> test_booleans(const Vector& a, const Vector& b, std::uint32_t length) {
  const RowReader<bool> left{a};
  const RowReader<bool> right{b};
  return pack_bits(length, [&](RowIndex row) { return Test::test(left[row], right[row]); });
}

template <typename Test>
std::shared_ptr<Buffer> test_rows(const Vector& a, const Vector& b, std::uint32_t length) {
  return pack_bits(length, [&](RowIndex row) {
    return Test::holds(
        compare_rows(a.column, a.constant ? 0 : row, b.column, b.constant ? 0 : row));
  });
}

template <typename Test>
std::shared_ptr<Buffer> test_numerics(const Vector& a, const Vector& b, std::uint32_t length) {
  const int scale_a = a.column.type().scale;
  const int scale_b = b.column.type().scale;
  if (scale_a == scale_b) {
    return test_values<Test, Int128>(a, b, length);
  }
  const RowReader<Int128> left{a};
  const RowReader<Int128> right{b};
  if (scale_a < scale_b) {
    return pack_bits(length, [&](RowIndex row) {
      return Test::holds(compare_raised(left[row], scale_b - scale_a, right[row]));
    });
  }
  return pack_bits(length, [&](RowIndex row) {
    return Test::holds(-compare_raised(right[row], scale_a - scale_b, left[row]));
  });
}

// A constant side at the other's scale, so that whole columns compare as plain integers.
bool meet_scale(Vector& constant, const Vector& other) {
  const Type& from = constant.column.type();
  const Type& to = other.column.type();
  Int128 raised = 0;
  if (!constant.constant || other.constant || from.kind != TypeKind::kNumeric ||
      from.scale >= to.scale ||
      !rescale(constant.column.values<Int128>()[0], from.scale, to.scale, raised)) {
    return false;
  }
  auto buffer = Buffer::allocate(sizeof(Int128));
  *buffer->as<Int128>() = raised;
  Column column{to, 1};
  column.set_values(std::move(buffer));
  constant.column = std::move(column);
  return true;
}

template <typename Test>
std::shared_ptr<Buffer> test_any(const Vector& a, const Vector& b, std::uint32_t length) {
  switch (a.column.type().kind) {
    case TypeKind::kBoolean:
      return test_booleans<Test>(a, b, length);
    case TypeKind::kSmallint:
      return test_values<Test, std::int16_t>(a, b, length);
    case TypeKind::kInt:
    case TypeKind::kDate:
      return test_values<Test, std::int32_t>(a, b, length);
    case TypeKind::kBigint:
    case TypeKind::kTime:
    case TypeKind::kTimestamp:
    case TypeKind::kTimestamptz:
      return test_values<Test, std::int64_t>(a, b, length);
    case TypeKind::kReal:
      return test_values<Test, float>(a, b, length);
    case TypeKind::kDouble:
      return test_values<Test, double>(a, b, length);
    case TypeKind::kNumeric: {
      Vector left = a;
      Vector right = b;
      if (!meet_scale(left, b)) {
        meet_scale(right, a);
      }
      return test_numerics<Test>(left, right, length);
    }
    case TypeKind::kText:
    case TypeKind::kBytea:
      return test_texts<Test>(a, b, length);
    case TypeKind::kInterval:
      return test_intervals<Test>(a, b, length);
    case TypeKind::kNull:
    case TypeKind::kStruct:
    case TypeKind::kArray:
      return test_rows<Test>(a, b, length);
  }
  return test_rows<Test>(a, b, length);
}

}  // namespace

std::shared_ptr<Buffer> equal_bits(const Vector& a, const Vector& b, std::uint32_t length) {
  return test_any<Equal>(a, b, length);
}

std::shared_ptr<Buffer> less_bits(const Vector& a, const Vector& b, std::uint32_t length) {
  return test_any<Less>(a, b, length);
}

void invert_bits(Buffer& bits, std::uint32_t length) {
  for (std::uint32_t word = 0; word < bitmap_words(length); ++word) {
    bits.as<std::uint64_t>()[word] = ~bits.as<std::uint64_t>()[word];
  }
}

}  // namespace thalweg
