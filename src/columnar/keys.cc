#include <xxhash.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <string_view>

#include "columnar/builder.h"
#include "columnar/kernels.h"

// The canonical bytes of a key, described in docs/formats/keys.md.
namespace thalweg {
namespace {

enum class Tag : char { kNull = 0, kInteger, kDouble, kNumeric, kText, kBoolean, kInterval, kList };

constexpr std::uint64_t kNullHash = 0x9AE16A3B2F90404FULL;

// The integer that an integer-like row holds. Requires: is_integer_like(type).
std::int64_t integer_at(const Column& column, RowIndex row) {
  switch (value_width(column.type().kind)) {
    case 2:
      return column.values<std::int16_t>()[row];
    case 4:
      return column.values<std::int32_t>()[row];
    default:
      return column.values<std::int64_t>()[row];
  }
}

bool is_integer_like(TypeKind kind) {
  switch (kind) {
    case TypeKind::kSmallint:
    case TypeKind::kInt:
    case TypeKind::kBigint:
    case TypeKind::kDate:
    case TypeKind::kTime:
    case TypeKind::kTimestamp:
    case TypeKind::kTimestamptz:
      return true;
    default:
      return false;
  }
}

double canonical_double(double value) {
  if (std::isnan(value)) {
    return std::bit_cast<double>(0x7FF8000000000000ULL);
  }
  return value == 0 ? 0.0 : value;
}

double double_at(const Column& column, RowIndex row) {
  return column.type().kind == TypeKind::kReal ? column.values<float>()[row]
                                               : column.values<double>()[row];
}

template <typename T>
void append_raw(std::vector<char>& out, const T& value) {
  const std::size_t at = out.size();
  out.resize(at + sizeof(T));
  std::memcpy(out.data() + at, &value, sizeof(T));
}

void append_tag(std::vector<char>& out, Tag tag) { out.push_back(static_cast<char>(tag)); }

void append_numeric(std::vector<char>& out, Int128 value, std::uint8_t scale) {
  while (scale > 0 && value % 10 == 0) {
    value /= 10;
    --scale;
  }
  out.push_back(static_cast<char>(scale));
  append_raw(out, value);
}

void append_row(const Column& column, RowIndex row, std::vector<char>& out) {
  const Type& type = column.type();
  if (type.kind == TypeKind::kNull || !column.is_valid(row)) {
    append_tag(out, Tag::kNull);
    return;
  }
  if (is_integer_like(type.kind)) {
    append_tag(out, Tag::kInteger);
    append_raw(out, integer_at(column, row));
    return;
  }
  switch (type.kind) {
    case TypeKind::kReal:
    case TypeKind::kDouble:
      append_tag(out, Tag::kDouble);
      append_raw(out, canonical_double(double_at(column, row)));
      return;
    case TypeKind::kNumeric:
      append_tag(out, Tag::kNumeric);
      append_numeric(out, column.values<Int128>()[row], type.scale);
      return;
    case TypeKind::kText:
    case TypeKind::kBytea: {
      const std::string_view text = column.text(row);
      append_tag(out, Tag::kText);
      append_raw(out, static_cast<std::uint32_t>(text.size()));
      out.insert(out.end(), text.begin(), text.end());
      return;
    }
    case TypeKind::kBoolean:
      append_tag(out, Tag::kBoolean);
      out.push_back(column.bit(row) ? 1 : 0);
      return;
    case TypeKind::kInterval:
      append_tag(out, Tag::kInterval);
      append_raw(out, column.values<Interval>()[row]);
      return;
    case TypeKind::kStruct:
      append_tag(out, Tag::kList);
      append_raw(out, static_cast<std::uint32_t>(column.children().size()));
      for (const Column& child : column.children()) {
        append_row(child, row, out);
      }
      return;
    case TypeKind::kArray: {
      const std::int32_t begin = column.offsets()[row];
      const std::int32_t end = column.offsets()[row + 1];
      append_tag(out, Tag::kList);
      append_raw(out, static_cast<std::uint32_t>(end - begin));
      for (std::int32_t i = begin; i < end; ++i) {
        append_row(column.children()[0], static_cast<RowIndex>(i), out);
      }
      return;
    }
    default:
      TW_CHECK(false);
  }
}

// Reads back what append_row() wrote.
class KeyReader {
 public:
  explicit KeyReader(std::string_view bytes) : bytes_(bytes) {}

  void read_into(ColumnBuilder& builder) {
    const Tag tag = static_cast<Tag>(take<char>());
    const Type& type = builder.type();
    switch (tag) {
      case Tag::kNull:
        builder.append_null();
        return;
      case Tag::kInteger:
        append_integer(builder, take<std::int64_t>());
        return;
      case Tag::kDouble:
        if (type.kind == TypeKind::kReal) {
          builder.append(static_cast<float>(take<double>()));
        } else {
          builder.append(take<double>());
        }
        return;
      case Tag::kNumeric: {
        auto scale = static_cast<std::uint8_t>(take<char>());
        Int128 value = take<Int128>();
        for (; scale < type.scale; ++scale) {
          value *= 10;
        }
        builder.append(value);
        return;
      }
      case Tag::kText: {
        const auto size = take<std::uint32_t>();
        builder.append_text(bytes_.substr(0, size));
        bytes_.remove_prefix(size);
        return;
      }
      case Tag::kBoolean:
        builder.append_bool(take<char>() != 0);
        return;
      case Tag::kInterval:
        builder.append(take<Interval>());
        return;
      case Tag::kList: {
        const auto count = take<std::uint32_t>();
        for (std::uint32_t i = 0; i < count; ++i) {
          read_into(builder.child(type.kind == TypeKind::kStruct ? i : 0));
        }
        builder.close_row();
        return;
      }
    }
  }

 private:
  template <typename T>
  T take() {
    TW_DCHECK(bytes_.size() >= sizeof(T));
    T value;
    std::memcpy(&value, bytes_.data(), sizeof(T));
    bytes_.remove_prefix(sizeof(T));
    return value;
  }

  static void append_integer(ColumnBuilder& builder, std::int64_t value) {
    switch (value_width(builder.type().kind)) {
      case 2:
        builder.append(static_cast<std::int16_t>(value));
        return;
      case 4:
        builder.append(static_cast<std::int32_t>(value));
        return;
      default:
        builder.append(value);
    }
  }

  std::string_view bytes_;
};

template <typename T>
void hash_integers(const Column& column, std::span<std::uint64_t> out) {
  const T* values = column.values<T>().data();
  for (std::size_t row = 0; row < out.size(); ++row) {
    out[row] = hash_key(values[row]);
  }
}

// One key column, integer-like.
void hash_single(const Column& column, std::span<std::uint64_t> out) {
  switch (value_width(column.type().kind)) {
    case 2:
      hash_integers<std::int16_t>(column, out);
      break;
    case 4:
      hash_integers<std::int32_t>(column, out);
      break;
    default:
      hash_integers<std::int64_t>(column, out);
  }
  if (column.may_have_nulls()) {
    for (RowIndex row = 0; row < out.size(); ++row) {
      if (!column.is_valid(row)) {
        out[row] = kNullHash;
      }
    }
  }
}

}  // namespace

std::uint64_t hash_key(std::int64_t value) {
  // Stafford's mix 13 of a 64-bit finaliser.
  auto hash = static_cast<std::uint64_t>(value) + 0x9E3779B97F4A7C15ULL;
  hash = (hash ^ (hash >> 30)) * 0xBF58476D1CE4E5B9ULL;
  hash = (hash ^ (hash >> 27)) * 0x94D049BB133111EBULL;
  return hash ^ (hash >> 31);
}

void hash_keys(std::span<const Column> keys, std::uint32_t length, std::span<std::uint64_t> out) {
  if (keys.size() == 1 && is_integer_like(keys[0].type().kind)) {
    hash_single(keys[0], out.first(length));
    return;
  }
  std::vector<char> bytes;
  for (RowIndex row = 0; row < length; ++row) {
    bytes.clear();
    for (const Column& key : keys) {
      append_row(key, row, bytes);
    }
    out[row] = XXH3_64bits(bytes.data(), bytes.size());
  }
}

void encode_keys(std::span<const Column> keys, std::uint32_t length, EncodedKeys& out) {
  out.bytes.clear();
  out.offsets.clear();
  out.offsets.reserve(length + 1);
  out.offsets.push_back(0);
  for (RowIndex row = 0; row < length; ++row) {
    for (const Column& key : keys) {
      append_row(key, row, out.bytes);
    }
    out.offsets.push_back(static_cast<std::uint32_t>(out.bytes.size()));
  }
}

void decode_key(std::string_view bytes, std::span<ColumnBuilder> builders) {
  KeyReader reader(bytes);
  for (ColumnBuilder& builder : builders) {
    reader.read_into(builder);
  }
}

}  // namespace thalweg
