#include "expr/logic.h"

#include <bit>

#include "columnar/type.h"

namespace thalweg {
namespace {

Vector boolean_vector(std::shared_ptr<Buffer> bits, std::uint32_t length) {
  Column column{type_of(TypeKind::kBoolean), length};
  column.set_values(std::move(bits));
  return Vector{.column = std::move(column), .constant = false, .errors = nullptr};
}

bool is_plain(const Vector& vector) {
  return !vector.constant && !vector.column.may_have_nulls() && vector.errors == nullptr;
}

// Both sides certain in every row.
Vector connect_plain(Connective connective, const Vector& a, const Vector& b,
                     std::uint32_t length) {
  auto bits = allocate_bitmap(length);
  auto* out = bits->as<std::uint64_t>();
  const std::uint64_t* left = a.column.bits();
  const std::uint64_t* right = b.column.bits();
  for (std::uint32_t word = 0; word < bitmap_words(length); ++word) {
    out[word] =
        connective == Connective::kAnd ? left[word] & right[word] : left[word] | right[word];
  }
  return boolean_vector(std::move(bits), length);
}

void report_failures(const Vector& a, const Vector& b, std::uint64_t failures, RowIndex begin,
                     std::uint32_t length, std::shared_ptr<Buffer>& errors) {
  if (failures != 0 && errors == nullptr) {
    errors = Buffer::allocate_zeroed(length);
  }
  for (; failures != 0; failures &= failures - 1) {
    const RowIndex row = begin + static_cast<RowIndex>(std::countr_zero(failures));
    if (row >= length) {
      return;
    }
    const RowError error = a.error(row);
    errors->as<RowError>()[row] = error != RowError::kNone ? error : b.error(row);
  }
}

}  // namespace

TruthReader::TruthReader(const Vector& vector, std::uint32_t length)
    : constant_(vector.constant), bits_(vector.column.bits()), validity_(vector.column.validity()) {
  if (vector.errors != nullptr) {
    const auto* errors = vector.errors->as<RowError>();
    failures_ = pack_bits(vector.constant ? 1 : length,
                          [=](RowIndex row) { return errors[row] != RowError::kNone; });
  }
}

Vector connect(Connective connective, const Vector& a, const Vector& b, std::uint32_t length) {
  if (is_plain(a) && is_plain(b)) {
    return connect_plain(connective, a, b, length);
  }
  const bool constant = a.constant && b.constant;
  const std::uint32_t rows = constant ? 1 : length;
  const TruthReader left{a, length};
  const TruthReader right{b, length};
  auto bits = allocate_bitmap(rows);
  auto valid = allocate_bitmap(rows);
  std::shared_ptr<Buffer> errors;
  for (std::uint32_t word = 0; word < bitmap_words(rows); ++word) {
    const bool is_and = connective == Connective::kAnd;
    const std::uint64_t truths =
        is_and ? left.truths(word) & right.truths(word) : left.truths(word) | right.truths(word);
    const std::uint64_t falses =
        is_and ? left.falses(word) | right.falses(word) : left.falses(word) & right.falses(word);
    const std::uint64_t decided = is_and ? falses : truths;
    const std::uint64_t failures = (left.failures(word) | right.failures(word)) & ~decided;
    bits->as<std::uint64_t>()[word] = truths;
    valid->as<std::uint64_t>()[word] = truths | falses;
    report_failures(a, b, failures, word * 64, rows, errors);
  }
  Vector out = boolean_vector(std::move(bits), rows);
  out.column.set_validity(std::move(valid));
  out.constant = constant;
  out.errors = std::move(errors);
  return out;
}

bool decides_all(Connective connective, const Vector& a, std::uint32_t length) {
  const TruthReader reader{a, length};
  const std::uint32_t rows = a.constant ? 1 : length;
  for (std::uint32_t word = 0; word < bitmap_words(rows); ++word) {
    const std::uint32_t left = rows - word * 64;
    const std::uint64_t mask = left < 64 ? (std::uint64_t{1} << left) - 1 : ~std::uint64_t{0};
    const std::uint64_t decided =
        connective == Connective::kAnd ? reader.falses(word) : reader.truths(word);
    if ((decided & mask) != mask) {
      return false;
    }
  }
  return true;
}

Vector negate(const Vector& a) {
  const std::uint32_t rows = a.column.length();
  auto bits = allocate_bitmap(rows);
  for (std::uint32_t word = 0; word < bitmap_words(rows); ++word) {
    // A NULL row keeps its zero.
    const std::uint64_t valid =
        a.column.may_have_nulls() ? a.column.validity()[word] : ~std::uint64_t{0};
    bits->as<std::uint64_t>()[word] = ~a.column.bits()[word] & valid;
  }
  Vector out = a;
  out.column.set_values(std::move(bits));
  return out;
}

Vector is_null(const Vector& a, bool negated) {
  const std::uint32_t rows = a.column.length();
  auto bits = allocate_bitmap(rows);
  for (std::uint32_t word = 0; word < bitmap_words(rows); ++word) {
    const std::uint64_t valid =
        a.column.may_have_nulls() ? a.column.validity()[word] : ~std::uint64_t{0};
    bits->as<std::uint64_t>()[word] = negated ? valid : ~valid;
  }
  Vector out = boolean_vector(std::move(bits), rows);
  out.constant = a.constant;
  out.errors = a.errors;
  return out;
}

}  // namespace thalweg
