#include "operators/top_n_rows.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "columnar/canonical.h"
#include "operators/fixed_column.h"

namespace thalweg {
namespace {

std::uint64_t ordered_word(std::int64_t word, bool is_double) {
  constexpr std::uint64_t kSign = std::uint64_t{1} << 63;
  const auto bits = static_cast<std::uint64_t>(word);
  return is_double && word < 0 ? ~bits : bits ^ kSign;
}

// The first eight bytes of a text, so that they compare as the text does.
std::uint64_t text_word(std::string_view text) {
  std::uint64_t word = 0;
  for (std::size_t i = 0; i < sizeof(word); ++i) {
    word = word << 8 | (i < text.size() ? static_cast<unsigned char>(text[i]) : 0);
  }
  return word;
}

}  // namespace

void order_words(const Column& column, const SortKey& key, std::vector<std::uint64_t>& words) {
  words.assign(column.length(), 0);
  const std::uint64_t flip = key.descending ? ~std::uint64_t{0} : 0;
  const bool is_double = is_floating(column.type().kind);
  const bool known = with_words(column, [&](auto word) {
    for (RowIndex row = 0; row < words.size(); ++row) {
      words[row] = ordered_word(word(row), is_double) ^ flip;
    }
  });
  if (!known && column.type().kind == TypeKind::kText) {
    for (RowIndex row = 0; row < words.size(); ++row) {
      words[row] = text_word(column.text(row)) ^ flip;
    }
  } else if (!known) {
    return;
  }
  for (RowIndex row = 0; column.may_have_nulls() && row < words.size(); ++row) {
    if (!column.is_valid(row)) {
      words[row] = key.nulls_first ? 0 : ~std::uint64_t{0};
    }
  }
}

namespace {

// Whether a key's index gives the value back to the last bit.
bool comes_back_exact(TypeKind kind) {
  switch (kind) {
    case TypeKind::kReal:
    case TypeKind::kDouble:
    case TypeKind::kInterval:
    case TypeKind::kArray:
    case TypeKind::kStruct:
      return false;
    default:
      return true;
  }
}

bool is_kept(const TopNSpec& spec, std::uint32_t column) {
  return std::find(spec.keys.begin(), spec.keys.end(), column) == spec.keys.end() ||
         !comes_back_exact(spec.types[column].kind);
}

std::vector<std::uint32_t> kept_columns(const TopNSpec& spec) {
  std::vector<std::uint32_t> columns;
  for (std::uint32_t column = 0; column < spec.types.size(); ++column) {
    if (is_kept(spec, column)) {
      columns.push_back(column);
    }
  }
  return columns;
}

std::vector<Type> stored_types(const TopNSpec& spec, const std::vector<std::uint32_t>& kept,
                               bool keeps_time) {
  std::vector<Type> types;
  for (const std::uint32_t column : kept) {
    types.push_back(spec.types[column]);
  }
  if (keeps_time) {
    types.push_back(type_of(TypeKind::kTimestamp));
  }
  if (spec.has_origin) {
    types.push_back(type_of(TypeKind::kInt));
    types.push_back(type_of(TypeKind::kBigint));
  }
  return types;
}

template <typename T>
Column or_zeros(const std::optional<Column>& column, TypeKind kind, std::uint32_t length) {
  return column ? *column
                : fixed_column<T>(type_of(kind), length, [](std::size_t) { return T{0}; });
}

}  // namespace

TopNRows::TopNRows(const TopNSpec& spec)
    : spec_(spec),
      kept_(kept_columns(spec)),
      keeps_time_(spec.has_origin && !spec.time),
      store_(stored_types(spec, kept_, keeps_time_)),
      stored_at_(spec.types.size(), kNotStored) {
  for (std::size_t i = 0; i < kept_.size(); ++i) {
    stored_at_[kept_[i]] = i;
  }
  // Rows of one time in the column have one event time.
  if (spec.has_origin && spec.time && stored_at_[*spec.time] != kNotStored) {
    origins_.push_back(stored_at_[*spec.time]);
  }
  for (std::size_t i = kept_.size(); i < store_.width(); ++i) {
    origins_.push_back(i);
  }
}

void TopNRows::begin_batch(const Batch& batch) {
  columns_.clear();
  for (const std::uint32_t column : kept_) {
    columns_.push_back(batch.columns[column]);
  }
  if (keeps_time_) {
    columns_.push_back(
        or_zeros<std::int64_t>(batch.event_time, TypeKind::kTimestamp, batch.length));
  }
  if (spec_.has_origin) {
    columns_.push_back(or_zeros<std::int32_t>(batch.partition, TypeKind::kInt, batch.length));
    columns_.push_back(or_zeros<std::int64_t>(batch.position, TypeKind::kBigint, batch.length));
  }
  if (spec_.order.empty()) {
    words_.assign(batch.length, 0);
  } else {
    order_words(batch.columns[spec_.order[0].column], spec_.order[0], words_);
  }
}

Schema TopNRows::stored_columns() const {
  const std::vector<Type> types = stored_types(spec_, kept_, keeps_time_);
  Schema columns;
  for (const std::uint32_t column : kept_) {
    columns.push_back(
        {.name = "column " + std::to_string(column + 1), .type = spec_.types[column]});
  }
  if (keeps_time_) {
    columns.push_back({.name = "event time", .type = types[columns.size()]});
  }
  if (spec_.has_origin) {
    columns.push_back({.name = "partition", .type = types[columns.size()]});
    columns.push_back({.name = "position", .type = types[columns.size()]});
  }
  return columns;
}

std::vector<std::uint64_t> TopNRows::words(std::span<const RowRef> refs,
                                           std::span<const Column> keys) const {
  std::vector<std::uint64_t> words(refs.size(), 0);
  if (spec_.order.empty()) {
    return words;
  }
  const SortKey& first = spec_.order[0];
  if (const std::size_t at = stored_at_[first.column]; at != kNotStored) {
    order_words(store_.column(refs, Column(), at), first, words);
  } else {
    const auto key = std::find(spec_.keys.begin(), spec_.keys.end(), first.column);
    order_words(keys[static_cast<std::size_t>(key - spec_.keys.begin())], first, words);
  }
  return words;
}

int TopNRows::compare_order(RowRef a, RowRef b) const {
  for (const SortKey& key : spec_.order) {
    const std::size_t at = stored_at_[key.column];
    const int order = at == kNotStored ? 0 : store_.compare(at, a, b, columns_);
    if (order == 0) {
      continue;
    }
    const bool null = store_.is_null(at, a, columns_) || store_.is_null(at, b, columns_);
    return (null ? key.nulls_first : key.descending) ? -order : order;
  }
  return 0;
}

int TopNRows::compare_all(RowRef a, RowRef b) const {
  if (const int order = compare_order(a, b); order != 0) {
    return order;
  }
  for (const std::size_t origin : origins_) {
    if (const int order = store_.compare(origin, a, b, columns_); order != 0) {
      return spec_.latest_first ? -order : order;
    }
  }
  return compare_values(a, b);
}

bool TopNRows::have_equal_values(RowRef a, RowRef b) const { return compare_values(a, b) == 0; }

int TopNRows::compare_values(RowRef a, RowRef b) const {
  for (std::size_t i = 0; i < kept_.size(); ++i) {
    if (const int order = store_.compare(i, a, b, columns_); order != 0) {
      return order;
    }
  }
  return 0;
}

std::vector<Column> TopNRows::columns(std::span<const RowRef> refs,
                                      std::span<const Column> keys) const {
  std::vector<Column> stored = store_.rows(refs, columns_, kept_.size());
  std::vector<Column> columns;
  for (std::uint32_t column = 0; column < spec_.types.size(); ++column) {
    if (stored_at_[column] != kNotStored) {
      columns.push_back(std::move(stored[stored_at_[column]]));
    } else {
      const auto key = std::find(spec_.keys.begin(), spec_.keys.end(), column);
      columns.push_back(keys[static_cast<std::size_t>(key - spec_.keys.begin())]);
    }
  }
  return columns;
}

}  // namespace thalweg
