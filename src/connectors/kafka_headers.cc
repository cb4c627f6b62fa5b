#include "connectors/kafka_headers.h"

namespace thalweg {

void KafkaHeaders::begin(const Column& column, std::uint32_t rows) {
  column_ = &column;
  headers_.clear();
  // What has been given must stay where it is.
  std::size_t count = 0;
  for (RowIndex row = 0; row < rows; ++row) {
    count += static_cast<std::size_t>(column.offsets()[row + 1] - column.offsets()[row]);
  }
  headers_.reserve(count);
}

KafkaHeaders::Read KafkaHeaders::of(RowIndex row) {
  if (!column_->is_valid(row)) {
    return {};
  }
  const Column& entries = column_->children().front();
  const Column& names = entries.children()[0];
  const Column& values = entries.children()[1];
  const std::size_t first = headers_.size();
  for (auto i = static_cast<RowIndex>(column_->offsets()[row]);
       i < static_cast<RowIndex>(column_->offsets()[row + 1]); ++i) {
    if (!entries.is_valid(i) || !names.is_valid(i)) {
      headers_.resize(first);
      return {.headers = {}, .error = RowError::kNullNotAllowed};
    }
    kafka::HeaderView& header = headers_.emplace_back(kafka::HeaderView{.name = names.text(i)});
    if (values.is_valid(i)) {
      header.value = values.text(i);
    }
  }
  return {.headers = std::span(headers_).subspan(first)};
}

}  // namespace thalweg
