#include "thalweg/rows.h"

#include "columnar/batch.h"
#include "columnar/value.h"

namespace thalweg {

std::uint32_t Rows::count() const { return batch_->num_rows(); }

int Rows::change(std::uint32_t row) const {
  return batch_->changes ? batch_->changes->values<std::int16_t>()[batch_->row(row)] : 1;
}

bool Rows::is_null(std::uint32_t row, std::uint32_t column) const {
  return !batch_->columns[column].is_valid(batch_->row(row));
}

std::string Rows::text(std::uint32_t row, std::uint32_t column) const {
  return to_string(value_at(batch_->columns[column], batch_->row(row)));
}

std::int64_t Rows::integer(std::uint32_t row, std::uint32_t column) const {
  const Column& values = batch_->columns[column];
  const RowIndex at = batch_->row(row);
  if (!values.is_valid(at)) {
    return 0;
  }
  switch (values.type().kind) {
    case TypeKind::kBoolean:
      return values.bit(at) ? 1 : 0;
    case TypeKind::kSmallint:
      return values.values<std::int16_t>()[at];
    case TypeKind::kInt:
    case TypeKind::kDate:
      return values.values<std::int32_t>()[at];
    case TypeKind::kBigint:
    case TypeKind::kTime:
    case TypeKind::kTimestamp:
    case TypeKind::kTimestamptz:
      return values.values<std::int64_t>()[at];
    default:
      break;
  }
  TW_CHECK(!"Rows::integer of a column that holds no integers");
  return 0;
}

double Rows::number(std::uint32_t row, std::uint32_t column) const {
  const Column& values = batch_->columns[column];
  const RowIndex at = batch_->row(row);
  if (!values.is_valid(at)) {
    return 0;
  }
  switch (values.type().kind) {
    case TypeKind::kReal:
      return static_cast<double>(values.values<float>()[at]);
    case TypeKind::kDouble:
      return values.values<double>()[at];
    case TypeKind::kNumeric: {
      double number = static_cast<double>(values.values<Int128>()[at]);
      for (std::uint8_t i = 0; i < values.type().scale; ++i) {
        number /= 10;
      }
      return number;
    }
    default:
      return static_cast<double>(integer(row, column));
  }
}

std::string_view Rows::bytes(std::uint32_t row, std::uint32_t column) const {
  return batch_->columns[column].text(batch_->row(row));
}

}  // namespace thalweg
