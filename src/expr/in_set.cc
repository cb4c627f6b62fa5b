#include "expr/in_set.h"

#include <absl/container/flat_hash_set.h>

#include <algorithm>
#include <functional>
#include <string>
#include <string_view>

#include "expr/kernel.h"

namespace thalweg {
namespace {

// Up to here comparing with each is faster than hashing.
constexpr std::size_t kScannedMax = 8;

template <typename T>
class IntegerSet final : public InSet {
 public:
  explicit IntegerSet(std::vector<T> values) : values_(std::move(values)) {
    if (values_.size() > kScannedMax) {
      hashed_.insert(values_.begin(), values_.end());
    }
  }

  std::shared_ptr<Buffer> find(const Vector& values, std::uint32_t length) const override {
    const RowReader<T> reader{values};
    if (!hashed_.empty()) {
      return pack_bits(length, [&](RowIndex row) { return hashed_.contains(reader[row]); });
    }
    return pack_bits(length, [&](RowIndex row) {
      bool found = false;
      for (const T value : values_) {
        found |= value == reader[row];
      }
      return found;
    });
  }

 private:
  std::vector<T> values_;
  absl::flat_hash_set<T> hashed_;
};

class TextSet final : public InSet {
 public:
  explicit TextSet(std::vector<std::string> texts) : texts_(std::move(texts)) {
    hashed_.insert(texts_.begin(), texts_.end());
  }

  std::shared_ptr<Buffer> find(const Vector& values, std::uint32_t length) const override {
    const RowReader<std::string_view> reader{values};
    return pack_bits(length, [&](RowIndex row) { return hashed_.contains(reader[row]); });
  }

 private:
  std::vector<std::string> texts_;
  absl::flat_hash_set<std::string_view, std::hash<std::string_view>> hashed_;  // Of texts_.
};

template <typename T>
std::unique_ptr<InSet> make_integer_set(const Expr& in) {
  std::vector<T> values;
  for (std::size_t i = 1; i < in.args.size(); ++i) {
    const Value& value = in.args[i]->literal;
    if (!value.is_null()) {
      values.push_back(static_cast<T>(std::get<std::int64_t>(value.data)));
    }
  }
  return std::make_unique<IntegerSet<T>>(std::move(values));
}

std::unique_ptr<InSet> make_text_set(const Expr& in) {
  std::vector<std::string> texts;
  for (std::size_t i = 1; i < in.args.size(); ++i) {
    const Value& value = in.args[i]->literal;
    if (!value.is_null()) {
      texts.push_back(std::get<std::string>(value.data));
    }
  }
  return std::make_unique<TextSet>(std::move(texts));
}

}  // namespace

std::unique_ptr<InSet> make_in_set(const Expr& in) {
  const Type& type = in.args[0]->type;
  const bool literals = std::all_of(in.args.begin() + 1, in.args.end(), [&](const ExprPtr& item) {
    return item->kind == ExprKind::kLiteral && item->type == type;
  });
  if (!literals) {
    return nullptr;
  }
  switch (type.kind) {
    case TypeKind::kSmallint:
      return make_integer_set<std::int16_t>(in);
    case TypeKind::kInt:
    case TypeKind::kDate:
      return make_integer_set<std::int32_t>(in);
    case TypeKind::kBigint:
    case TypeKind::kTime:
    case TypeKind::kTimestamp:
    case TypeKind::kTimestamptz:
      return make_integer_set<std::int64_t>(in);
    case TypeKind::kText:
    case TypeKind::kBytea:
      return make_text_set(in);
    default:
      return nullptr;
  }
}

}  // namespace thalweg
