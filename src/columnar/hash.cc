// hash_keys: docs/formats/keys.md defines it.
#include <xxhash.h>

#include "base/check.h"
#include "columnar/canonical.h"
#include "columnar/kernels.h"
#include "columnar/key_codec.h"

namespace thalweg {
namespace {

constexpr std::uint64_t kNullHash = 0xd6e8feb86659fd93ULL;
constexpr std::uint64_t kCombine = 0x9e3779b97f4a7c15ULL;

std::uint64_t hash_bytes(const void* bytes, std::size_t size) { return XXH3_64bits(bytes, size); }

std::uint64_t combine(std::uint64_t hash, std::uint64_t next) {
  return hash_key(static_cast<std::int64_t>(hash * kCombine + next));
}

// Stores hash(row) of every row, or combines it with what the columns before left there.
template <typename Hash>
void hash_rows(const Column& column, bool first, std::span<std::uint64_t> out, Hash hash) {
  const auto length = static_cast<std::uint32_t>(out.size());
  if (first && !column.may_have_nulls()) {
    for (std::uint32_t row = 0; row < length; ++row) {
      out[row] = hash(row);
    }
    return;
  }
  for (std::uint32_t row = 0; row < length; ++row) {
    const std::uint64_t next = column.is_valid(row) ? hash(row) : kNullHash;
    out[row] = first ? next : combine(out[row], next);
  }
}

// The types whose canonical form has no fixed 64 bits: the hash is that of their encoded bytes.
void hash_encoded(const Column& column, bool first, std::span<std::uint64_t> out) {
  std::vector<char> bytes;
  hash_rows(column, first, out, [&](std::uint32_t row) {
    bytes.resize(encoded_size(column, row));
    encode_value(column, row, bytes.data());
    return hash_bytes(bytes.data(), bytes.size());
  });
}

void hash_column(const Column& column, bool first, std::span<std::uint64_t> out) {
  const bool words = with_words(column, [&](auto word) {
    hash_rows(column, first, out, [=](std::uint32_t row) { return hash_key(word(row)); });
  });
  if (words) {
    return;
  }
  if (column.type().kind == TypeKind::kText || column.type().kind == TypeKind::kBytea) {
    hash_rows(column, first, out, [&](std::uint32_t row) {
      const std::string_view text = column.text(row);
      return hash_bytes(text.data(), text.size());
    });
    return;
  }
  hash_encoded(column, first, out);
}

}  // namespace

void hash_keys(std::span<const Column> keys, std::uint32_t length, std::span<std::uint64_t> out) {
  TW_CHECK(!keys.empty() && out.size() >= length);
  for (std::size_t i = 0; i < keys.size(); ++i) {
    hash_column(keys[i], i == 0, out.first(length));
  }
}

}  // namespace thalweg
