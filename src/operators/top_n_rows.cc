#include "operators/top_n_rows.h"

#include <utility>

#include "columnar/canonical.h"
#include "operators/row_order.h"

namespace thalweg {
namespace {

constexpr std::size_t kOrigins = 3;

std::vector<Type> kept_types(const TopNSpec& spec, std::size_t origins) {
  std::vector<Type> types = spec.types;
  types.resize(types.size() + origins, type_of(TypeKind::kBigint));
  return types;
}

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

TopNRows::TopNRows(const TopNSpec& spec)
    : spec_(spec), origins_(spec.has_origin ? kOrigins : 0), store_(kept_types(spec, origins_)) {}

void TopNRows::begin_batch(const Batch& batch) {
  columns_ = batch.columns;
  if (origins_ > 0) {
    for (Column& origin : RowOrder::rows_of({}, batch).origins) {
      columns_.push_back(std::move(origin));
    }
  }
  if (spec_.order.empty()) {
    words_.assign(batch.length, 0);
  } else {
    order_words(batch.columns[spec_.order[0].column], spec_.order[0], words_);
  }
}

int TopNRows::compare_order(RowRef a, RowRef b) const {
  for (const SortKey& key : spec_.order) {
    const int order = store_.compare(key.column, a, b, columns_);
    if (order == 0) {
      continue;
    }
    const bool null =
        store_.is_null(key.column, a, columns_) || store_.is_null(key.column, b, columns_);
    return (null ? key.nulls_first : key.descending) ? -order : order;
  }
  return 0;
}

int TopNRows::compare_all(RowRef a, RowRef b) const {
  if (const int order = compare_order(a, b); order != 0) {
    return order;
  }
  const std::size_t columns = spec_.types.size();
  if (const int order = compare_columns(columns, columns + origins_, a, b); order != 0) {
    return spec_.latest_first ? -order : order;
  }
  return compare_columns(0, columns, a, b);
}

bool TopNRows::have_equal_values(RowRef a, RowRef b) const {
  return compare_columns(0, spec_.types.size(), a, b) == 0;
}

int TopNRows::compare_columns(std::size_t begin, std::size_t end, RowRef a, RowRef b) const {
  for (std::size_t i = begin; i < end; ++i) {
    if (const int order = store_.compare(i, a, b, columns_); order != 0) {
      return order;
    }
  }
  return 0;
}

}  // namespace thalweg
