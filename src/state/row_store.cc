#include "state/row_store.h"

#include <cstring>
#include <string>
#include <utility>

#include "base/int128.h"
#include "columnar/builder.h"
#include "columnar/kernels.h"
#include "state/value_codec.h"

namespace thalweg {
namespace {

// Calls use(T()) for the plain type of this width.
template <typename Use>
void with_width(std::uint32_t width, Use use) {
  switch (width) {
    case 2:
      return use(std::int16_t{});
    case 4:
      return use(std::int32_t{});
    case 8:
      return use(std::int64_t{});
    default:
      return use(Int128{});
  }
}

bool is_text(TypeKind kind) { return kind == TypeKind::kText || kind == TypeKind::kBytea; }

}  // namespace

RowStore::RowStore(std::vector<Type> types) {
  for (Type& type : types) {
    Stored& stored = columns_.emplace_back();
    stored.width = value_width(type.kind);
    if (stored.width == 0) {
      stored.form = type.kind == TypeKind::kBoolean ? Form::kBits
                    : is_text(type.kind)            ? Form::kText
                                                    : Form::kEncoded;
      stored.width = stored.form == Form::kBits ? 1 : 0;
    }
    stored.type = std::move(type);
  }
}

RowSlot RowStore::obtain() {
  if (!free_.empty()) {
    const RowSlot slot = free_.back();
    free_.pop_back();
    return slot;
  }
  return slots_++;
}

void RowStore::put(std::span<const Column> columns, RowSpan rows, std::span<const RowSlot> slots) {
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    put_column(columns_[i], columns[i], rows, slots);
  }
}

void RowStore::put_column(Stored& stored, const Column& column, RowSpan rows,
                          std::span<const RowSlot> slots) const {
  const std::size_t count = rows.size();
  switch (stored.form) {
    case Form::kPlain:
      stored.values.grow_to(std::size_t{slots_} * stored.width);
      with_width(stored.width, [&](auto zero) {
        using T = decltype(zero);
        const T* const from = column.values<T>().data();
        T* const to = reinterpret_cast<T*>(stored.values.data());
        for (std::size_t i = 0; i < count; ++i) {
          to[slots[i]] = from[rows[i]];
        }
      });
      break;
    case Form::kBits:
      stored.values.grow_to(slots_);
      for (std::size_t i = 0; i < count; ++i) {
        stored.values[slots[i]] = column.bit(rows[i]) ? 1 : 0;
      }
      break;
    case Form::kText:
    case Form::kEncoded: {
      stored.records.grow_to(slots_);
      std::string record;
      for (std::size_t i = 0; i < count; ++i) {
        record.clear();
        if (stored.form == Form::kText) {
          record.push_back(1);
          record.append(column.text(rows[i]));
        } else {
          append_value(column, rows[i], record);
        }
        stored.records.put(slots[i], record);
      }
      break;
    }
  }
  if (column.may_have_nulls() || stored.nulls.size() > 0) {
    stored.nulls.grow_to(slots_);
    for (std::size_t i = 0; i < count; ++i) {
      stored.nulls[slots[i]] = column.is_valid(rows[i]) ? 0 : 1;
    }
  }
}

std::vector<Column> RowStore::rows(std::span<const RowRef> refs, std::span<const Column> batch,
                                   std::size_t count) const {
  std::vector<Column> columns;
  for (std::size_t i = 0; i < count; ++i) {
    columns.push_back(read_column(columns_[i], refs, batch.empty() ? Column() : batch[i]));
  }
  return columns;
}

Column RowStore::read_column(const Stored& stored, std::span<const RowRef> refs,
                             const Column& batch) const {
  const auto length = static_cast<std::uint32_t>(refs.size());
  const auto valid_at = [&](std::size_t i) {
    return refs[i].is_kept ? !is_null(stored, refs[i].number) : batch.is_valid(refs[i].number);
  };
  Column column(stored.type, length);
  if (stored.form == Form::kPlain) {
    auto buffer = Buffer::allocate(std::size_t{length} * stored.width);
    with_width(stored.width, [&](auto zero) {
      using T = decltype(zero);
      const T* const places[] = {reinterpret_cast<const T*>(batch.raw_values()),
                                 reinterpret_cast<const T*>(stored.values.data())};
      T* const out = buffer->template as<T>();
      for (std::size_t i = 0; i < length; ++i) {
        out[i] = places[refs[i].is_kept ? 1 : 0][refs[i].number];
      }
    });
    column.set_values(std::move(buffer));
  } else if (stored.form == Form::kBits) {
    column.set_values(pack_bits(length, [&](std::size_t i) {
      return refs[i].is_kept ? stored.values[refs[i].number] != 0 : batch.bit(refs[i].number);
    }));
  } else {
    ColumnBuilder builder(stored.type, length);
    for (const RowRef ref : refs) {
      if (!ref.is_kept) {
        builder.append_from(batch, ref.number);
      } else if (is_null(stored, ref.number)) {
        builder.append_null();
      } else {
        std::string_view record = stored.records.get(ref.number);
        if (stored.form == Form::kText) {
          builder.append_text(record.substr(1));
        } else {
          read_value(record, builder);
        }
      }
    }
    return builder.finish();
  }
  if (batch.may_have_nulls() || stored.nulls.size() > 0) {
    column.set_validity(pack_bits(length, valid_at));
  }
  return column;
}

Column RowStore::read_one(const Stored& stored, RowSlot slot) {
  ColumnBuilder builder(stored.type, 1);
  if (is_null(stored, slot)) {
    builder.append_null();
  } else if (stored.form == Form::kBits) {
    builder.append_bool(stored.values[slot] != 0);
  } else if (stored.form == Form::kPlain) {
    with_width(stored.width, [&](auto zero) {
      using T = decltype(zero);
      builder.append(reinterpret_cast<const T*>(stored.values.data())[slot]);
    });
  } else {
    std::string_view record = stored.records.get(slot);
    if (stored.form == Form::kText) {
      builder.append_text(record.substr(1));
    } else {
      read_value(record, builder);
    }
  }
  return builder.finish();
}

bool RowStore::is_null(std::size_t column, RowRef row, std::span<const Column> batch) const {
  return row.is_kept ? is_null(columns_[column], row.number) : !batch[column].is_valid(row.number);
}

// Whether values compare as the 64-bit integers they are.
bool RowStore::is_word(const Stored& stored) {
  return stored.form == Form::kPlain && stored.width == 8 && stored.type.kind != TypeKind::kDouble;
}

int RowStore::compare_simple(const Stored& stored, RowRef a, RowRef b, const Column& batch) {
  const auto is_valid = [&](RowRef ref) {
    return ref.is_kept ? !is_null(stored, ref.number) : batch.is_valid(ref.number);
  };
  if (!is_valid(a) || !is_valid(b)) {
    return (is_valid(a) ? 0 : 1) - (is_valid(b) ? 0 : 1);
  }
  if (stored.form == Form::kText) {
    const auto text = [&](RowRef ref) {
      return ref.is_kept ? stored.records.get(ref.number).substr(1) : batch.text(ref.number);
    };
    const int order = text(a).compare(text(b));
    return order < 0 ? -1 : order > 0 ? 1 : 0;
  }
  const auto value = [&](RowRef ref) {
    return ref.is_kept ? reinterpret_cast<const std::int64_t*>(stored.values.data())[ref.number]
                       : batch.values<std::int64_t>()[ref.number];
  };
  return value(a) < value(b) ? -1 : value(a) > value(b) ? 1 : 0;
}

int RowStore::compare(std::size_t index, RowRef a, RowRef b, std::span<const Column> batch) const {
  return batch.empty() ? compare(columns_[index], a, b, Column())
                       : compare(columns_[index], a, b, batch[index]);
}

int RowStore::compare(const Stored& stored, RowRef a, RowRef b, const Column& batch) {
  if (!a.is_kept && !b.is_kept) {
    return compare_rows(batch, a.number, batch, b.number);
  }
  if (stored.form == Form::kText || is_word(stored)) {
    return compare_simple(stored, a, b, batch);
  }
  const Column kept_a = a.is_kept ? read_one(stored, a.number) : Column();
  const Column kept_b = b.is_kept ? read_one(stored, b.number) : Column();
  return compare_rows(a.is_kept ? kept_a : batch, a.is_kept ? 0 : a.number,
                      b.is_kept ? kept_b : batch, b.is_kept ? 0 : b.number);
}

void RowStore::clear() {
  for (Stored& stored : columns_) {
    stored.values.clear();
    stored.nulls.clear();
    stored.records.clear();
  }
  free_.clear();
  slots_ = 0;
}

std::size_t RowStore::memory_bytes() const {
  std::size_t bytes = free_.capacity() * sizeof(RowSlot);
  for (const Stored& stored : columns_) {
    bytes +=
        stored.values.memory_bytes() + stored.nulls.memory_bytes() + stored.records.memory_bytes();
  }
  return bytes;
}

}  // namespace thalweg
