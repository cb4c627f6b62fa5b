#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "columnar/column.h"

namespace thalweg {

// The named rows of a column, in that order; a row may be named more than once.
Column gather(const Column& column, RowSpan rows);
// The same of each column.
std::vector<Column> gather(std::span<const Column> columns, RowSpan rows);

// Columns of one type, one after the other. Requires: not empty.
Column concat_columns(std::span<const Column> columns);

// A column of nulls.
Column null_column(const Type& type, std::uint32_t length);

// Calls make(row) -> bool for each row and packs the answers into a fresh bitmap.
// Vectorises where make does.
template <typename Make>
std::shared_ptr<Buffer> pack_bits(std::uint32_t length, Make make);

std::shared_ptr<Buffer> allocate_bitmap(std::uint32_t length);  // Contents undefined.
std::shared_ptr<Buffer> bitmap_of_ones(std::uint32_t length);
inline std::uint32_t bitmap_words(std::uint32_t length) { return (length + 63) / 64; }

// Rows valid in both; either may be nullptr, for all rows.
BufferRef intersect_validity(const Column& a, const Column& b);
std::uint32_t count_set(const std::uint64_t* bits, std::uint32_t length);

// Rows for which the BOOLEAN column is true (not null), appended to `rows`.
void append_true_rows(const Column& condition, std::vector<RowIndex>& rows);

// A hash of each row's key for placing it in a key group: over canonical bytes (-0 is 0, one NaN,
// NUMERIC without trailing zeros, INT as BIGINT), so that equal keys of any width and any
// version of the program meet. Changing it is a format change: docs/formats/keys.md.
// Requires: out.size() >= length; at least one key column.
void hash_keys(std::span<const Column> keys, std::uint32_t length, std::span<std::uint64_t> out);
// The same for one BIGINT value, for loops of their own: the finaliser of splitmix64.
inline std::uint64_t hash_key(std::int64_t value) {
  std::uint64_t x = static_cast<std::uint64_t>(value) + 0x9e3779b97f4a7c15ULL;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}

// Canonical bytes of each row's key, in one string of memory: equal keys (NULL equals NULL), and
// only they, have equal bytes. offsets has length + 1 entries. Their form: docs/formats/keys.md.
struct EncodedKeys {
  std::vector<char> bytes;
  std::vector<std::uint32_t> offsets;
  std::string_view key(std::uint32_t row) const {
    return {bytes.data() + offsets[row], offsets[row + 1] - offsets[row]};
  }
};
void encode_keys(std::span<const Column> keys, std::uint32_t length, EncodedKeys& out);
// One key's bytes back into columns, appended to one builder per key column. An INTERVAL comes back
// as PostgreSQL's justify_interval shows it: '30 days' and '1 mon' are one key.
// Requires: bytes that encode_keys made from columns of the builders' types.
class ColumnBuilder;
void decode_key(std::string_view bytes, std::span<ColumnBuilder> builders);

// Total order of two rows: -1, 0, 1. NULLs compare greatest, NaN greater than any number.
// Requires: the same type.
int compare_rows(const Column& a, RowIndex row_a, const Column& b, RowIndex row_b);

struct SortKey {
  std::size_t column = 0;
  bool descending = false;
  bool nulls_first = false;
};
// Row numbers in sorted order; stable.
std::vector<RowIndex> sort_rows(std::span<const Column> columns, std::span<const SortKey> keys,
                                std::uint32_t length);

struct MinMax {
  std::int64_t min;
  std::int64_t max;
};
// Requires: length > 0, 64-bit values. Nulls are not looked at.
MinMax min_max(const Column& column);

// The answers for `count` rows from `row` on, at most 64; a constant count makes a straight loop.
template <typename Make>
[[gnu::always_inline]] inline std::uint64_t pack_word(std::uint32_t row, std::uint32_t count,
                                                      const Make& make) {
  alignas(64) unsigned char flags[64] = {};
  for (std::uint32_t i = 0; i < count; ++i) {
    flags[i] = make(row + i) ? 1 : 0;
  }
  std::uint64_t packed = 0;
  for (std::uint32_t i = 0; i < count; i += 8) {
    // Gathers the low bits of eight bytes into one byte by a multiplication.
    std::uint64_t eight = 0;
    __builtin_memcpy(&eight, flags + i, 8);
    packed |= ((eight * 0x0102040810204080ULL) >> 56) << i;
  }
  return packed;
}

template <typename Make>
std::shared_ptr<Buffer> pack_bits(std::uint32_t length, Make make) {
  auto buffer = allocate_bitmap(length);
  auto* words = buffer->as<std::uint64_t>();
  for (std::uint32_t word = 0; word < length / 64; ++word) {
    words[word] = pack_word(word * 64, 64, make);
  }
  if (length % 64 != 0) {
    words[length / 64] = pack_word(length / 64 * 64, length % 64, make);
  }
  return buffer;
}

}  // namespace thalweg
