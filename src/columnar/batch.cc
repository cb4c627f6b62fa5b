#include "columnar/batch.h"

#include <algorithm>

#include "base/check.h"
#include "columnar/kernels.h"
#include "columnar/value.h"

namespace thalweg {
namespace {

using HiddenColumn = std::optional<Column> Batch::*;

// Every column a batch may carry beside those of its schema.
constexpr HiddenColumn kHidden[] = {&Batch::event_time, &Batch::stamps, &Batch::changes,
                                    &Batch::partition, &Batch::position};

// Replaces every column, hidden ones too, by change(column).
template <typename Change>
void change_columns(Batch& batch, Change change) {
  for (Column& column : batch.columns) {
    column = change(column);
  }
  for (const HiddenColumn hidden : kHidden) {
    if (batch.*hidden) {
      batch.*hidden = change(*(batch.*hidden));
    }
  }
}

// What the absence of a hidden column means, spelled out for `length` rows.
Column default_column(HiddenColumn hidden, std::uint32_t length) {
  if (hidden == &Batch::stamps) {
    return repeat(bigint_value(kStartOfTime.micros), length);
  }
  // Nothing stands for an unknown time or place of origin.
  TW_CHECK(hidden == &Batch::changes);
  return repeat(Value{.type = type_of(TypeKind::kSmallint), .data = std::int64_t{1}}, length);
}

std::optional<Column> concat_hidden(const std::vector<Batch>& batches, HiddenColumn hidden) {
  const auto present = [&](const Batch& batch) { return (batch.*hidden).has_value(); };
  if (std::none_of(batches.begin(), batches.end(), present)) {
    return std::nullopt;
  }
  std::vector<Column> parts;
  for (const Batch& batch : batches) {
    parts.push_back(present(batch) ? *(batch.*hidden) : default_column(hidden, batch.length));
  }
  return concat_columns(parts);
}

}  // namespace

Batch Batch::compacted() && {
  if (!selection) {
    return std::move(*this);
  }
  if (selection->size() < length) {
    change_columns(*this, [&](const Column& column) { return gather(column, *selection); });
    length = static_cast<std::uint32_t>(selection->size());
  }
  selection = nullptr;
  return std::move(*this);
}

Batch Batch::select(std::vector<RowIndex> rows) && {
  TW_DCHECK(std::is_sorted(rows.begin(), rows.end()));
  TW_DCHECK(rows.empty() || rows.back() < length);
  selection = std::make_shared<const std::vector<RowIndex>>(std::move(rows));
  return std::move(*this);
}

Batch gather(const Batch& batch, RowSpan rows) {
  Batch gathered = batch;
  gathered.selection = nullptr;
  gathered.length = static_cast<std::uint32_t>(rows.size());
  change_columns(gathered, [&](const Column& column) { return gather(column, rows); });
  return gathered;
}

Batch Batch::slice(std::uint32_t begin, std::uint32_t count) const {
  TW_DCHECK(begin + count <= num_rows());
  Batch out = *this;
  if (selection) {
    const auto first = selection->begin() + begin;
    return std::move(out).select({first, first + count});
  }
  change_columns(out, [=](const Column& column) { return column.slice(begin, count); });
  out.length = count;
  return out;
}

std::size_t Batch::memory_bytes() const {
  std::size_t bytes = selection ? selection->capacity() * sizeof(RowIndex) : 0;
  bytes += thalweg::memory_bytes(columns);
  for (const HiddenColumn hidden : kHidden) {
    bytes += this->*hidden ? (this->*hidden)->memory_bytes() : 0;
  }
  return bytes;
}

void set_event_time(Batch& batch, Column event_time) {
  TW_DCHECK(event_time.length() == batch.length);
  batch.time_min = kEndOfTime;
  batch.time_max = kStartOfTime;
  if (event_time.length() > 0) {
    const MinMax bounds = min_max(event_time);
    batch.time_min = EventTime{bounds.min};
    batch.time_max = EventTime{bounds.max};
  }
  batch.event_time = std::move(event_time);
}

Batch concat(const std::vector<Batch>& batches) {
  TW_CHECK(!batches.empty());
  std::vector<Batch> parts;
  for (const Batch& batch : batches) {
    if (!batch.empty()) {
      parts.push_back(Batch{batch}.compacted());
    }
  }
  if (parts.size() <= 1) {
    return parts.empty() ? Batch{batches[0]}.compacted() : std::move(parts[0]);
  }
  Batch out;
  for (std::size_t i = 0; i < parts[0].columns.size(); ++i) {
    std::vector<Column> columns;
    for (const Batch& part : parts) {
      columns.push_back(part.columns[i]);
    }
    out.columns.push_back(concat_columns(columns));
  }
  for (const HiddenColumn hidden : kHidden) {
    out.*hidden = concat_hidden(parts, hidden);
  }
  for (const Batch& part : parts) {
    out.length += part.length;
    out.time_min = std::min(out.time_min, part.time_min);
    out.time_max = std::max(out.time_max, part.time_max);
  }
  return out;
}

}  // namespace thalweg
