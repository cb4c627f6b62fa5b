#include "columnar/key_codec.h"

#include <cstring>

#include "base/check.h"
#include "columnar/builder.h"
#include "columnar/canonical.h"
#include "columnar/kernels.h"

namespace thalweg {
namespace {

constexpr char kNullTag = 0;
constexpr char kValueTag = 1;

// Little-endian, as every machine that the program runs on.
template <typename T>
char* put(char* out, T value) {
  std::memcpy(out, &value, sizeof(T));
  return out + sizeof(T);
}

std::int64_t word_at(const Column& column, RowIndex row) {
  std::int64_t out = 0;
  with_words(column, [&](auto word) { out = word(row); });
  return out;
}

std::uint32_t element_count(const Column& column, RowIndex row) {
  return static_cast<std::uint32_t>(column.offsets()[row + 1] - column.offsets()[row]);
}

RowIndex first_element(const Column& column, RowIndex row) {
  return static_cast<RowIndex>(column.offsets()[row]);
}

char* encode_text(std::string_view text, char* out) {
  out = put(out, static_cast<std::uint32_t>(text.size()));
  if (!text.empty()) {
    std::memcpy(out, text.data(), text.size());
  }
  return out + text.size();
}

// Adds every row's size to sizes[row].
void add_sizes(const Column& column, std::uint32_t length, std::uint32_t* sizes) {
  const bool words = with_words(column, [](auto) {});
  if (words && !column.may_have_nulls()) {
    for (std::uint32_t row = 0; row < length; ++row) {
      sizes[row] += 1 + sizeof(std::int64_t);
    }
    return;
  }
  for (std::uint32_t row = 0; row < length; ++row) {
    sizes[row] += static_cast<std::uint32_t>(encoded_size(column, row));
  }
}

// Writes every row at bytes + ends[row], and moves ends[row] to the place after it.
void encode_column(const Column& column, std::uint32_t length, char* bytes, std::uint32_t* ends) {
  const bool words = with_words(column, [&](auto word) {
    for (std::uint32_t row = 0; row < length; ++row) {
      char* out = bytes + ends[row];
      const bool valid = column.is_valid(row);
      *out++ = valid ? kValueTag : kNullTag;
      ends[row] = static_cast<std::uint32_t>((valid ? put(out, word(row)) : out) - bytes);
    }
  });
  if (words) {
    return;
  }
  for (std::uint32_t row = 0; row < length; ++row) {
    char* end = encode_value(column, row, bytes + ends[row]);
    ends[row] = static_cast<std::uint32_t>(end - bytes);
  }
}

class KeyReader {
 public:
  explicit KeyReader(std::string_view bytes) : at_(bytes.data()), end_(at_ + bytes.size()) {}

  template <typename T>
  T read() {
    T value;
    std::memcpy(&value, take(sizeof(T)), sizeof(T));
    return value;
  }
  std::string_view read_text() {
    const auto size = read<std::uint32_t>();
    return {take(size), size};
  }
  bool at_end() const { return at_ == end_; }

 private:
  const char* take(std::size_t size) {
    TW_CHECK(size <= static_cast<std::size_t>(end_ - at_));
    const char* out = at_;
    at_ += size;
    return out;
  }

  const char* at_;
  const char* end_;
};

Int128 with_scale(const CanonicalNumeric& numeric, std::uint8_t scale) {
  Int128 value = numeric.value;
  for (std::uint8_t i = numeric.scale; i < scale; ++i) {
    value *= 10;
  }
  return value;
}

Interval justified(Int128 nanos) {
  constexpr Int128 kNanosPerMonth = Int128{30} * kNanosPerDay;
  const auto months = static_cast<std::int32_t>(nanos / kNanosPerMonth);
  nanos %= kNanosPerMonth;
  return {.months = months,
          .days = static_cast<std::int32_t>(nanos / kNanosPerDay),
          .nanos = static_cast<std::int64_t>(nanos % kNanosPerDay)};
}

void decode_value(KeyReader& reader, ColumnBuilder& builder);

void decode_fields(KeyReader& reader, ColumnBuilder& builder) {
  for (std::size_t i = 0; i < builder.type().fields->size(); ++i) {
    decode_value(reader, builder.child(i));
  }
  builder.close_row();
}

void decode_elements(KeyReader& reader, ColumnBuilder& builder) {
  const auto count = reader.read<std::uint32_t>();
  for (std::uint32_t i = 0; i < count; ++i) {
    decode_value(reader, builder.child(0));
  }
  builder.close_row();
}

void decode_value(KeyReader& reader, ColumnBuilder& builder) {
  if (reader.read<char>() == kNullTag) {
    builder.append_null();
    return;
  }
  const auto word = [&] { return reader.read<std::int64_t>(); };
  switch (builder.type().kind) {
    case TypeKind::kNull:
      TW_CHECK(false);
      return;
    case TypeKind::kBoolean:
      builder.append_bool(word() != 0);
      return;
    case TypeKind::kSmallint:
      builder.append(static_cast<std::int16_t>(word()));
      return;
    case TypeKind::kInt:
    case TypeKind::kDate:
      builder.append(static_cast<std::int32_t>(word()));
      return;
    case TypeKind::kBigint:
    case TypeKind::kTime:
    case TypeKind::kTimestamp:
    case TypeKind::kTimestamptz:
      builder.append(word());
      return;
    case TypeKind::kReal:
      builder.append(static_cast<float>(std::bit_cast<double>(word())));
      return;
    case TypeKind::kDouble:
      builder.append(std::bit_cast<double>(word()));
      return;
    case TypeKind::kNumeric: {
      const auto scale = reader.read<std::uint8_t>();
      const auto value = reader.read<Int128>();
      builder.append(with_scale({.value = value, .scale = scale}, builder.type().scale));
      return;
    }
    case TypeKind::kText:
    case TypeKind::kBytea:
      builder.append_text(reader.read_text());
      return;
    case TypeKind::kInterval:
      builder.append(justified(reader.read<Int128>()));
      return;
    case TypeKind::kStruct:
      decode_fields(reader, builder);
      return;
    case TypeKind::kArray:
      decode_elements(reader, builder);
  }
}

}  // namespace

std::size_t encoded_size(const Column& column, RowIndex row) {
  if (!column.is_valid(row)) {
    return 1;
  }
  std::size_t size = 1;
  switch (column.type().kind) {
    case TypeKind::kNumeric:
      return size + 1 + sizeof(Int128);
    case TypeKind::kInterval:
      return size + sizeof(Int128);
    case TypeKind::kText:
    case TypeKind::kBytea:
      return size + sizeof(std::uint32_t) + column.text(row).size();
    case TypeKind::kStruct:
      for (const Column& child : column.children()) {
        size += encoded_size(child, row);
      }
      return size;
    case TypeKind::kArray:
      size += sizeof(std::uint32_t);
      for (std::uint32_t i = 0; i < element_count(column, row); ++i) {
        size += encoded_size(column.children()[0], first_element(column, row) + i);
      }
      return size;
    default:
      return size + sizeof(std::int64_t);
  }
}

char* encode_value(const Column& column, RowIndex row, char* out) {
  if (!column.is_valid(row)) {
    return put(out, kNullTag);
  }
  out = put(out, kValueTag);
  switch (column.type().kind) {
    case TypeKind::kNumeric: {
      const auto numeric = canonical(column.values<Int128>()[row], column.type().scale);
      return put(put(out, numeric.scale), numeric.value);
    }
    case TypeKind::kInterval:
      return put(out, interval_nanos(column.values<Interval>()[row]));
    case TypeKind::kText:
    case TypeKind::kBytea:
      return encode_text(column.text(row), out);
    case TypeKind::kStruct:
      for (const Column& child : column.children()) {
        out = encode_value(child, row, out);
      }
      return out;
    case TypeKind::kArray:
      out = put(out, element_count(column, row));
      for (std::uint32_t i = 0; i < element_count(column, row); ++i) {
        out = encode_value(column.children()[0], first_element(column, row) + i, out);
      }
      return out;
    default:
      return put(out, word_at(column, row));
  }
}

void encode_keys(std::span<const Column> keys, std::uint32_t length, EncodedKeys& out) {
  out.offsets.assign(std::size_t{length} + 1, 0);
  // Sizes and then places stand one entry on: a row's entry is its begin while it is being written
  // and its end, which is the next row's begin, afterwards.
  std::uint32_t* rows = out.offsets.data() + 1;
  for (const Column& key : keys) {
    add_sizes(key, length, rows);
  }
  std::uint64_t total = 0;
  for (std::uint32_t row = 0; row < length; ++row) {
    const std::uint32_t size = rows[row];
    rows[row] = static_cast<std::uint32_t>(total);
    total += size;
  }
  TW_CHECK(total <= UINT32_MAX);
  out.bytes.resize(total);
  for (const Column& key : keys) {
    encode_column(key, length, out.bytes.data(), rows);
  }
}

void decode_key(std::string_view bytes, std::span<ColumnBuilder> builders) {
  KeyReader reader{bytes};
  for (ColumnBuilder& builder : builders) {
    decode_value(reader, builder);
  }
  TW_CHECK(reader.at_end());
}

}  // namespace thalweg
