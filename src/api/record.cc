#include "thalweg/record.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "columnar/batch.h"
#include "columnar/value.h"

namespace thalweg {
namespace {

bool is_integer_like(TypeKind kind) {
  return is_integer(kind) || kind == TypeKind::kBoolean || kind == TypeKind::kDate ||
         kind == TypeKind::kTime || kind == TypeKind::kTimestamp || kind == TypeKind::kTimestamptz;
}

}  // namespace

bool Record::has(std::string_view name) const {
  return std::find(names_->begin(), names_->end(), name) != names_->end();
}

std::uint32_t Record::column_of(std::string_view name) const {
  const auto found = std::find(names_->begin(), names_->end(), name);
  if (found == names_->end()) {
    throw std::invalid_argument(
        fmt::format("there is no column \"{}\"; there are {}", name, fmt::join(*names_, ", ")));
  }
  return static_cast<std::uint32_t>(found - names_->begin());
}

std::uint32_t Record::number_column_of(std::string_view name) const {
  const std::uint32_t column = column_of(name);
  const Type& type = rows_.batch().columns[column].type();
  if (!is_numeric(type.kind) && !is_integer_like(type.kind)) {
    throw std::invalid_argument(
        fmt::format("column \"{}\" is {}, not a number", name, to_string(type)));
  }
  return column;
}

bool Record::is_null(std::string_view name) const { return rows_.is_null(row_, column_of(name)); }

std::int64_t Record::integer(std::string_view name) const {
  const std::uint32_t column = number_column_of(name);
  return is_integer_like(rows_.batch().columns[column].type().kind)
             ? rows_.integer(row_, column)
             : static_cast<std::int64_t>(rows_.number(row_, column));
}

double Record::number(std::string_view name) const {
  return rows_.number(row_, number_column_of(name));
}

std::string Record::text(std::string_view name) const { return rows_.text(row_, column_of(name)); }

std::string Record::text(std::size_t column) const {
  return rows_.text(row_, static_cast<std::uint32_t>(column));
}

std::string to_string(Timestamp time) {
  return to_string(Value{type_of(TypeKind::kTimestamp), time.micros});
}

}  // namespace thalweg
