#include <array>
#include <bit>
#include <cstring>
#include <utility>

#include "columnar/canonical.h"
#include "columnar/kernels.h"
#include "state/key_index_kinds.h"
#include "state/state_array.h"

namespace thalweg {
namespace {

constexpr std::size_t kSlotsMin = 64;

// Above this the slots do not fit a core's own cache and are fetched ahead, and the keys that they
// name after them.
constexpr std::size_t kPrefetchBytesMin = std::size_t{1} << 20;
constexpr std::size_t kPrefetchSlots = 32;
constexpr std::size_t kPrefetchKeys = 16;

bool is_full(std::size_t size, std::size_t slots) { return size * 2 >= slots; }

// Several key columns that have a canonical form of 64 bits each: open addressing with linear
// probing over small slots, keys in an array by group.
template <std::size_t kWords>
class WordsKeyIndex final : public KeyIndex {
 public:
  WordsKeyIndex(std::vector<Type> types, RowCounts row_counts)
      : types_(std::move(types)), counts_rows_(row_counts == RowCounts::kKept) {
    slots_.grow_to(kSlotsMin);
  }

  void find_or_insert(std::span<const Column> keys, Rows rows, std::span<GroupId> ids) override {
    place(keys, rows, ids);
    if (counts_rows_) {
      for (const GroupId id : ids) {
        ++row_counts_[id];
      }
    }
  }

  void place(std::span<const Column> keys, Rows rows, std::span<GroupId> ids) override {
    read_words(keys, rows, ids.size());
    find_all(ids);
    if (counts_rows_) {
      row_counts_.grow_to(size());
    }
  }

  void set_row_counts(std::span<const GroupId> ids, std::span<const std::int64_t> counts) override {
    row_counts_.grow_to(size());
    for (std::size_t i = 0; i < ids.size(); ++i) {
      row_counts_[ids[i]] = counts[i];
    }
  }

  std::uint32_t size() const override { return static_cast<std::uint32_t>(keys_.size()); }

  std::vector<Column> keys(std::span<const GroupId> ids) const override {
    std::vector<Column> columns;
    for (std::size_t i = 0; i < kWords; ++i) {
      columns.push_back(key_column(i, ids));
    }
    return columns;
  }

  void row_counts(std::span<const GroupId> ids, std::span<std::int64_t> counts) override {
    for (std::size_t i = 0; i < ids.size(); ++i) {
      counts[i] = row_counts_[ids[i]];
    }
  }

  void clear() override {
    std::size_t slots = slots_.size();
    if (std::size_t{size()} * 32 < slots && slots > kSlotsMin) {
      slots = std::max(kSlotsMin, std::bit_ceil(std::size_t{size()} * 4));
      slots_ = StateArray<Slot>();
    }
    slots_.clear();
    slots_.grow_to(slots);
    keys_.clear();
    nulls_.clear();
    row_counts_.clear();
  }

  std::size_t memory_bytes() const override {
    return slots_.memory_bytes() + keys_.memory_bytes() + nulls_.memory_bytes() +
           row_counts_.memory_bytes();
  }

 private:
  using Key = std::array<std::int64_t, kWords>;

  struct Slot {
    std::uint32_t hash;         // The upper half, the top of which says where the slot's home is.
    std::uint32_t id_plus_one;  // 0: free.
  };

  // Brings the keys of the rows side by side. A NULL has the word 0.
  void read_words(std::span<const Column> columns, Rows rows, std::size_t count) {
    batch_.resize(count);
    batch_nulls_.clear();
    for (std::size_t i = 0; i < kWords; ++i) {
      const Column& column = columns[i];
      with_words(column, [&](auto word) {
        if (rows.all) {
          for (std::size_t row = 0; row < count; ++row) {
            batch_[row][i] = word(static_cast<RowIndex>(row));
          }
        } else {
          for (std::size_t row = 0; row < count; ++row) {
            batch_[row][i] = word(rows.rows[row]);
          }
        }
      });
      if (column.may_have_nulls()) {
        batch_nulls_.resize(count);
        for (std::size_t row = 0; row < count; ++row) {
          if (!column.is_valid(rows[row])) {
            batch_[row][i] = 0;
            batch_nulls_[row] |= static_cast<std::uint8_t>(1U << i);
          }
        }
      }
    }
    if (!batch_nulls_.empty() || nulls_.size() > 0) {
      batch_nulls_.resize(count);
      nulls_.grow_to(size());
    }
    hashes_.resize(count);
    for (std::size_t row = 0; row < count; ++row) {
      hashes_[row] = hash_of(batch_[row]);
    }
    for (std::size_t row = 0; row < batch_nulls_.size(); ++row) {
      hashes_[row] ^= batch_nulls_[row] * 0x9E3779B9U;
    }
  }

  static std::uint32_t hash_of(const Key& key) {
    std::uint64_t hash = 0;
    for (const std::int64_t word : key) {
      hash = (hash ^ static_cast<std::uint64_t>(word)) * 0xD6E8FEB86659FD93ULL;
      hash ^= hash >> 32;
    }
    return static_cast<std::uint32_t>(hash * 0x9E3779B97F4A7C15ULL >> 32);
  }

  // Without a call, which == of arrays is.
  static bool are_equal(const Key& a, const Key& b) {
    std::int64_t difference = 0;
    for (std::size_t i = 0; i < kWords; ++i) {
      difference |= a[i] ^ b[i];
    }
    return difference == 0;
  }

  std::size_t home(std::uint32_t hash) const {
    return hash >> (32 - std::countr_zero(slots_.size()));
  }

  void find_all(std::span<GroupId> ids) {
    const std::size_t count = ids.size();
    std::size_t row = 0;
    if (slots_.memory_bytes() >= kPrefetchBytesMin && count > kPrefetchSlots) {
      for (std::size_t first = 0; first < kPrefetchSlots; ++first) {
        __builtin_prefetch(&slots_[home(hashes_[first])], 1);
      }
      for (; row + kPrefetchSlots < count; ++row) {
        __builtin_prefetch(&slots_[home(hashes_[row + kPrefetchSlots])], 1);
        const GroupId next = slots_[home(hashes_[row + kPrefetchKeys])].id_plus_one;
        __builtin_prefetch(keys_.data() + next - (next == 0 ? 0 : 1));
        ids[row] = find(row);
      }
    }
    for (; row < count; ++row) {
      ids[row] = find(row);
    }
  }

  // The group of a row of the batch, made where there is none.
  GroupId find(std::size_t row) {
    const std::uint32_t hash = hashes_[row];
    const std::size_t mask = slots_.size() - 1;
    for (std::size_t at = home(hash);; at = (at + 1) & mask) {
      const Slot slot = slots_[at];
      if (slot.id_plus_one == 0) {
        return insert(row, at);
      }
      if (slot.hash == hash && are_equal(keys_[slot.id_plus_one - 1], batch_[row]) &&
          (batch_nulls_.empty() || nulls_[slot.id_plus_one - 1] == batch_nulls_[row])) {
        return slot.id_plus_one - 1;
      }
    }
  }

  GroupId insert(std::size_t row, std::size_t at) {
    if (is_full(size(), slots_.size())) [[unlikely]] {
      grow();
      return find(row);
    }
    const GroupId id = size();
    keys_.push_back(batch_[row]);
    if (!batch_nulls_.empty()) {
      nulls_.push_back(batch_nulls_[row]);
    }
    slots_[at] = {hashes_[row], id + 1};
    return id;
  }

  // A slot's home in twice as many is twice as far on: both tables are gone through in order.
  void grow() {
    StateArray<Slot> bigger;
    bigger.replace(slots_, slots_.size() * 2);
    StateArray<Slot> old = std::exchange(slots_, std::move(bigger));
    const std::size_t mask = slots_.size() - 1;
    for (std::size_t i = 0; i < old.size(); ++i) {
      if (i % kSlotsPerLetGo == 0) {
        old.let_go(i);
      }
      if (old[i].id_plus_one != 0) {
        std::size_t at = home(old[i].hash);
        while (slots_[at].id_plus_one != 0) {
          at = (at + 1) & mask;
        }
        slots_[at] = old[i];
      }
    }
  }

  Column key_column(std::size_t index, std::span<const GroupId> ids) const {
    const auto count = static_cast<std::uint32_t>(ids.size());
    Column column(types_[index], count);
    const auto word = [&](std::size_t i) { return keys_[ids[i]][index]; };
    switch (types_[index].kind) {
      case TypeKind::kBoolean:
        column.set_values(pack_bits(count, [&](std::uint32_t i) { return word(i) != 0; }));
        break;
      case TypeKind::kSmallint:
        column.set_values(values<std::int16_t>(count, word));
        break;
      case TypeKind::kInt:
      case TypeKind::kDate:
        column.set_values(values<std::int32_t>(count, word));
        break;
      case TypeKind::kReal:
        column.set_values(
            values<float>(count, [&](std::size_t i) { return std::bit_cast<double>(word(i)); }));
        break;
      default:
        column.set_values(values<std::int64_t>(count, word));
    }
    if (nulls_.size() > 0) {
      const auto bit = static_cast<std::uint8_t>(1U << index);
      column.set_validity(
          pack_bits(count, [&](std::uint32_t i) { return (nulls_[ids[i]] & bit) == 0; }));
    }
    return column;
  }

  template <typename T, typename ValueAt>
  static std::shared_ptr<Buffer> values(std::uint32_t count, ValueAt value_at) {
    auto buffer = Buffer::allocate(count * sizeof(T));
    T* const out = buffer->template as<T>();
    for (std::uint32_t i = 0; i < count; ++i) {
      out[i] = static_cast<T>(value_at(i));
    }
    return buffer;
  }

  const std::vector<Type> types_;
  const bool counts_rows_;
  StateArray<Slot> slots_;  // A power of two.
  StateArray<Key> keys_;    // By group.
  // By group, a bit for each column that is NULL; none before there has been a NULL.
  StateArray<std::uint8_t> nulls_;
  StateArray<std::int64_t> row_counts_;  // By group.
  // Of the batch at hand.
  std::vector<Key> batch_;
  std::vector<std::uint8_t> batch_nulls_;  // Empty: nothing is or has been NULL.
  std::vector<std::uint32_t> hashes_;
};

}  // namespace

bool is_word_key(TypeKind kind) {
  return is_integer_key(kind) || kind == TypeKind::kBoolean || is_floating(kind);
}

std::unique_ptr<KeyIndex> make_words_key_index(std::vector<Type> types,
                                               KeyIndex::RowCounts row_counts) {
  switch (types.size()) {
    case 1:
      return std::make_unique<WordsKeyIndex<1>>(std::move(types), row_counts);
    case 2:
      return std::make_unique<WordsKeyIndex<2>>(std::move(types), row_counts);
    case 3:
      return std::make_unique<WordsKeyIndex<3>>(std::move(types), row_counts);
    case 4:
      return std::make_unique<WordsKeyIndex<4>>(std::move(types), row_counts);
    default:
      return nullptr;
  }
}

}  // namespace thalweg
