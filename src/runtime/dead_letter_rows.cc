#include "runtime/dead_letter_rows.h"

#include <utility>

#include "columnar/dead_letter.h"

namespace thalweg {
namespace {

// Most runs have none.
constexpr std::uint32_t kCapacity = 16;

void append(std::optional<std::string_view> bytes, ColumnBuilder& out) {
  bytes ? out.append_text(*bytes) : out.append_null();
}

}  // namespace

DeadLetterRows::DeadLetterRows(std::string_view source, bool with_origin)
    : source_(source),
      with_origin_(with_origin),
      partitions_(type_of(TypeKind::kInt), kCapacity),
      positions_(type_of(TypeKind::kBigint), kCapacity) {
  for (const Field& field : dead_letter_schema()) {
    columns_.emplace_back(field.type, kCapacity);
  }
}

void DeadLetterRows::add(const Letter& letter) {
  ++count_;
  columns_[0].append_text(source_);
  columns_[1].append_text(letter.row.topic.empty() ? letter.topic : letter.row.topic);
  letter.row.partition ? columns_[2].append(*letter.row.partition) : columns_[2].append_null();
  columns_[3].append(letter.offset);
  columns_[4].append_text(to_string(letter.error));
  columns_[5].append_text(letter.message);
  append(letter.row.key, columns_[6]);
  append(letter.row.payload, columns_[7]);
  if (with_origin_) {
    partitions_.append(static_cast<std::int32_t>(letter.partition_number));
    positions_.append(letter.position);
  }
}

Batch DeadLetterRows::take() {
  Batch letters;
  letters.length = std::exchange(count_, 0);
  for (ColumnBuilder& column : columns_) {
    letters.columns.push_back(column.finish());
  }
  if (with_origin_) {
    letters.partition = partitions_.finish();
    letters.position = positions_.finish();
  }
  return letters;
}

}  // namespace thalweg
