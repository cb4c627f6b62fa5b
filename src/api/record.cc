#include "thalweg/record.h"

#include <algorithm>
#include <limits>

#include "columnar/batch.h"
#include "columnar/value.h"

namespace thalweg {
namespace {

constexpr std::uint32_t kNoColumn = std::numeric_limits<std::uint32_t>::max();

bool is_integer_like(TypeKind kind) {
  return is_integer(kind) || kind == TypeKind::kBoolean || kind == TypeKind::kDate ||
         kind == TypeKind::kTime || kind == TypeKind::kTimestamp || kind == TypeKind::kTimestamptz;
}

}  // namespace

std::uint32_t Record::column_of(std::string_view name) const {
  const auto found = std::find(names_->begin(), names_->end(), name);
  return found == names_->end() ? kNoColumn : static_cast<std::uint32_t>(found - names_->begin());
}

bool Record::has(std::string_view name) const { return column_of(name) != kNoColumn; }

bool Record::is_null(std::string_view name) const {
  const std::uint32_t column = column_of(name);
  return column == kNoColumn || rows_.is_null(row_, column);
}

std::int64_t Record::integer(std::string_view name) const {
  const std::uint32_t column = column_of(name);
  if (column == kNoColumn) {
    return 0;
  }
  const TypeKind kind = rows_.batch().columns[column].type().kind;
  if (is_integer_like(kind)) {
    return rows_.integer(row_, column);
  }
  return is_numeric(kind) ? static_cast<std::int64_t>(rows_.number(row_, column)) : 0;
}

double Record::number(std::string_view name) const {
  const std::uint32_t column = column_of(name);
  if (column == kNoColumn) {
    return 0;
  }
  const TypeKind kind = rows_.batch().columns[column].type().kind;
  return is_numeric(kind) || is_integer_like(kind) ? rows_.number(row_, column) : 0;
}

std::string Record::text(std::string_view name) const {
  const std::uint32_t column = column_of(name);
  return column == kNoColumn ? std::string() : rows_.text(row_, column);
}

std::string Record::text(std::size_t column) const {
  return rows_.text(row_, static_cast<std::uint32_t>(column));
}

std::string to_string(Timestamp time) {
  return to_string(Value{type_of(TypeKind::kTimestamp), time.micros});
}

}  // namespace thalweg
