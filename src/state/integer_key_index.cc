#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>
#include <utility>

#include "base/check.h"
#include "columnar/kernels.h"
#include "state/key_index_kinds.h"
#include "state/state_array.h"

namespace thalweg {
namespace {

constexpr GroupId kNoGroup = std::numeric_limits<GroupId>::max();
constexpr std::size_t kSlotsMin = 64;

// Above this the slots do not fit a core's own cache and are fetched ahead.
constexpr std::size_t kPrefetchBytesMin = std::size_t{1} << 20;
constexpr std::size_t kPrefetchAhead = 32;

// How many places of a key are looked at before any is judged, in large tables and in small ones.
constexpr std::size_t kPlacesTried = 3;
constexpr std::size_t kPlacesTriedWhenSmall = 2;

// In the time in which one row count is looked up, so many slots are read in their order.
constexpr std::size_t kSlotsPerLookUp = 8;

// Small tables are full at 3 in 8, so that nearly every key is found at once; larger ones at 5 in
// 8, where ten million keys still fit 2^24 slots.
constexpr std::size_t kRoomySlotsMax = 16'384;
bool is_full(std::size_t size, std::size_t slots) {
  return size * 8 >= slots * (slots <= kRoomySlotsMax ? 3 : 5);
}

// One integer-like key: open addressing with linear probing, the key and its row count in the slot.
class IntegerKeyIndex final : public KeyIndex {
 public:
  IntegerKeyIndex(Type type, RowCounts row_counts)
      : type_(std::move(type)), counts_rows_(row_counts == RowCounts::kKept) {
    reset_slots(kSlotsMin);
  }

  void find_or_insert(std::span<const Column> keys, Rows rows, std::span<GroupId> ids) override {
    const auto count = static_cast<std::uint32_t>(ids.size());
    if (counts_rows_) {
      find_by_width<Task::kFindAndCount>(keys[0], rows, count, {.ids = ids.data()});
    } else {
      find_by_width<Task::kFind>(keys[0], rows, count, {.ids = ids.data()});
    }
  }

  void count_rows(std::span<const Column> keys, Rows rows, std::uint32_t count,
                  Marks marks) override {
    TW_DCHECK(counts_rows_);
    if (marks.of_groups == nullptr) {
      find_by_width<Task::kCount>(keys[0], rows, count, {});
    } else {
      find_by_width<Task::kCountAndMark>(keys[0], rows, count, {.marks = marks});
    }
  }

  void place(std::span<const Column> keys, Rows rows, std::span<GroupId> ids) override {
    const std::int64_t null_rows = null_rows_;
    find_by_width<Task::kFind>(keys[0], rows, static_cast<std::uint32_t>(ids.size()),
                               {.ids = ids.data()});
    null_rows_ = null_rows;
  }

  void set_row_counts(std::span<const GroupId> ids, std::span<const std::int64_t> counts) override {
    counts_stale_ = true;
    for (std::size_t i = 0; i < ids.size(); ++i) {
      if (ids[i] == null_id_) {
        null_rows_ = counts[i];
        continue;
      }
      find_slot(keys_[ids[i]])->rows = static_cast<std::uint32_t>(counts[i]);
      if (!wrapped_.empty()) {
        std::erase(wrapped_, ids[i]);
      }
      wrapped_.insert(wrapped_.end(), static_cast<std::size_t>(counts[i] >> 32), ids[i]);
    }
  }

  std::uint32_t size() const override { return static_cast<std::uint32_t>(keys_.size()); }

  std::vector<Column> keys(std::span<const GroupId> ids) const override {
    switch (value_width(type_.kind)) {
      case 2:
        return {typed_keys<std::int16_t>(ids)};
      case 4:
        return {typed_keys<std::int32_t>(ids)};
      default:
        return {typed_keys<std::int64_t>(ids)};
    }
  }

  void row_counts(std::span<const GroupId> ids, std::span<std::int64_t> counts) override {
    if (counts_stale_ && ids.size() < slot_count_ / kSlotsPerLookUp) {
      look_up_counts(ids, counts);
      return;
    }
    if (counts_stale_) {
      collect_counts();
    }
    for (std::size_t i = 0; i < ids.size(); ++i) {
      counts[i] = counts_[ids[i]];
    }
  }

  void clear() override {
    std::size_t slots = slot_count_;
    if (keys_.size() * 32 < slots && slots > kSlotsMin) {
      slots = std::max(kSlotsMin, std::bit_ceil(keys_.size() * 4));
      slots_ = StateArray<Slot>();
    }
    slots_.clear();
    reset_slots(slots);
    keys_.clear();
    counts_.clear();
    counts_stale_ = true;
    wrapped_.clear();
    null_id_ = kNoGroup;
    null_rows_ = 0;
  }

  std::size_t memory_bytes() const override {
    return slots_.memory_bytes() + keys_.memory_bytes() + counts_.memory_bytes();
  }

 private:
  struct Slot {
    std::int64_t key;
    std::uint32_t rows;         // Modulo 2^32; see wrapped_. Of a used slot, 0 only after a wrap.
    std::uint32_t id_plus_one;  // 0: free.
  };
  static_assert(sizeof(Slot) == 16);

  enum class Task : std::uint8_t { kFind, kFindAndCount, kCount, kCountAndMark };
  static constexpr bool counts(Task task) { return task != Task::kFind; }
  static constexpr bool finds(Task task) {
    return task == Task::kFind || task == Task::kFindAndCount;
  }

  // Where what is found of the rows goes, as far as the task asks for it.
  struct Found {
    GroupId* ids = nullptr;
    Marks marks = {};
  };

  template <Task kTask>
  void find_by_width(const Column& column, Rows rows, std::uint32_t count, Found found) {
    counts_stale_ = true;
    switch (value_width(type_.kind)) {
      case 2:
        return find_all<kTask, std::int16_t>(column, rows, count, found);
      case 4:
        return find_all<kTask, std::int32_t>(column, rows, count, found);
      default:
        return find_all<kTask, std::int64_t>(column, rows, count, found);
    }
  }

  template <Task kTask, typename T>
  void find_all(const Column& column, Rows rows, std::uint32_t count, Found found) {
    const T* const values = column.values<T>().data();
    if (column.may_have_nulls()) {
      find_nullable<kTask>(column, values, rows, count, found);
    } else if (rows.all) {
      find_valid<kTask>(count, found, [values](std::size_t i) { return std::int64_t{values[i]}; });
    } else {
      const RowIndex* const chosen = rows.rows.data();
      find_valid<kTask>(count, found, [values, chosen](std::size_t i) {
        return std::int64_t{values[chosen[i]]};
      });
    }
  }

  template <Task kTask, typename T>
  void find_nullable(const Column& column, const T* values, Rows rows, std::uint32_t count,
                     Found found) {
    for (std::uint32_t i = 0; i < count; ++i) {
      const RowIndex row = rows[i];
      if (column.is_valid(row)) {
        find_one<kTask, kPlacesTriedWhenSmall>(values[row], i, found);
      } else {
        ++null_rows_;
        put<kTask>(find_null(), i, found);
      }
    }
  }

  template <Task kTask, typename KeyAt>
  void find_valid(std::size_t count, Found found, KeyAt key_at) {
    std::size_t i = 0;
    if (slots_.memory_bytes() >= kPrefetchBytesMin && count > kPrefetchAhead) {
      for (std::size_t first = 0; first < kPrefetchAhead; ++first) {
        prefetch(key_at(first));
      }
      for (; i + kPrefetchAhead < count; ++i) {
        prefetch(key_at(i + kPrefetchAhead));
        find_one<kTask, kPlacesTried>(key_at(i), i, found);
      }
    }
    for (; i < count; ++i) {
      find_one<kTask, kPlacesTriedWhenSmall>(key_at(i), i, found);
    }
  }

  // The places that find_one() looks at may lie in two cache lines.
  void prefetch(std::int64_t key) const {
    const Slot* const slot = &slots_[home(key)];
    __builtin_prefetch(slot, 1);
    __builtin_prefetch(slot + kPlacesTried - 1, 1);
  }

  template <Task kTask, std::size_t kPlaces>
  [[gnu::always_inline]] inline void find_one(std::int64_t key, std::size_t i, Found found) {
    // The next places are tried without a branch: which of them it is cannot be foreseen.
    Slot* slot = slots_.data() + home(key);
    for (std::size_t place = 1; place < kPlaces; ++place) {
      slot += slot->key != key ? 1 : 0;
    }
    if (slot->key != key || (kTask == Task::kCount ? slot->rows : slot->id_plus_one) == 0)
        [[unlikely]] {
      slot = find_slot(key);
    }
    put<kTask>(slot->id_plus_one - 1, i, found);
    if constexpr (counts(kTask)) {
      if (++slot->rows == 0) [[unlikely]] {
        wrapped_.push_back(slot->id_plus_one - 1);
      }
    }
  }

  template <Task kTask>
  static void put(GroupId id, std::size_t i, Found found) {
    if constexpr (finds(kTask)) {
      found.ids[i] = id;
    }
    if constexpr (kTask == Task::kCountAndMark) {
      found.marks.of_groups[id] = found.marks.mark;
    }
  }

  // One multiplication alone leaves keys in arithmetic progression, as ids and times often are, in
  // clusters; the fold between two brings every bit to the top, where the home is taken from. The
  // seed keeps a table that is filled in the slot order of another from long runs.
  std::size_t home(std::int64_t key) const {
    std::uint64_t hash = (static_cast<std::uint64_t>(key) ^ seed_) * 0xD6E8FEB86659FD93ULL;
    hash ^= hash >> 32;
    return (hash * 0x9E3779B97F4A7C15ULL) >> shift_;
  }

  // The key's slot, made where there is none.
  Slot* find_slot(std::int64_t key) {
    Slot* slot = slots_.data() + home(key);
    Slot* const end = slots_.data() + slot_count_;
    while (slot->id_plus_one != 0) {
      if (slot->key == key) {
        return slot;
      }
      if (++slot == end) {
        slot = slots_.data();
      }
    }
    if (is_full(keys_.size(), slot_count_)) [[unlikely]] {
      grow();
      return find_slot(key);
    }
    keys_.push_back(key);
    *slot = {key, 0, size()};
    return slot;
  }

  GroupId find_null() {
    if (null_id_ == kNoGroup) {
      null_id_ = size();
      keys_.push_back(0);
    }
    return null_id_;
  }

  void reset_slots(std::size_t count) {
    slot_count_ = count;
    slots_.grow_to(count + kPlacesTried - 1);  // Those behind the last stay free: see find_one().
    shift_ = 64 - std::countr_zero(count);
  }

  void grow() {
    const std::size_t old_count = slot_count_;
    StateArray<Slot> bigger;
    bigger.replace(slots_, 2 * old_count + kPlacesTried - 1);
    StateArray<Slot> old = std::exchange(slots_, std::move(bigger));
    reset_slots(old_count * 2);
    const std::size_t mask = slot_count_ - 1;
    for (std::size_t i = 0; i < old_count; ++i) {
      if (i % kSlotsPerLetGo == 0) {
        old.let_go(i);
      }
      if (old[i].id_plus_one != 0) {
        std::size_t at = home(old[i].key);
        while (slots_[at].id_plus_one != 0) {
          at = (at + 1) & mask;
        }
        slots_[at] = old[i];
      }
    }
  }

  // Those of few groups.
  void look_up_counts(std::span<const GroupId> ids, std::span<std::int64_t> counts) {
    for (std::size_t i = 0; i < ids.size(); ++i) {
      if (i + kPrefetchAhead < ids.size()) {
        prefetch(keys_[ids[i + kPrefetchAhead]]);
      }
      counts[i] = ids[i] == null_id_ ? null_rows_ : find_slot(keys_[ids[i]])->rows;
      if (!wrapped_.empty()) {
        counts[i] += std::count(wrapped_.begin(), wrapped_.end(), ids[i]) << 32;
      }
    }
  }

  // Brings the counts from the slots into the order of groups.
  void collect_counts() {
    counts_.clear();
    counts_.grow_to(keys_.size());
    for (std::size_t i = 0; i < slot_count_; ++i) {
      if (slots_[i].id_plus_one != 0) {
        counts_[slots_[i].id_plus_one - 1] = slots_[i].rows;
      }
    }
    for (const GroupId id : wrapped_) {
      counts_[id] += std::int64_t{1} << 32;
    }
    if (null_id_ != kNoGroup) {
      counts_[null_id_] = null_rows_;
    }
    counts_stale_ = false;
  }

  template <typename T>
  Column typed_keys(std::span<const GroupId> ids) const {
    const auto count = static_cast<std::uint32_t>(ids.size());
    auto values = Buffer::allocate(ids.size() * sizeof(T));
    T* const out = values->template as<T>();
    bool any_null = false;
    for (std::size_t i = 0; i < ids.size(); ++i) {
      out[i] = static_cast<T>(keys_[ids[i]]);
      any_null |= ids[i] == null_id_;
    }
    Column column(type_, count);
    column.set_values(std::move(values));
    if (any_null) {
      column.set_validity(pack_bits(count, [&](std::uint32_t i) { return ids[i] != null_id_; }));
    }
    return column;
  }

  const Type type_;
  const bool counts_rows_;
  // No result depends on it: groups are numbered in order of appearance.
  const std::uint64_t seed_ = reinterpret_cast<std::uintptr_t>(this) * 0x9E3779B97F4A7C15ULL;
  StateArray<Slot> slots_;
  std::size_t slot_count_ = 0;  // A power of two.
  int shift_ = 0;
  StateArray<std::int64_t> keys_;  // By group.
  GroupId null_id_ = kNoGroup;
  std::int64_t null_rows_ = 0;
  std::vector<GroupId> wrapped_;     // Once for each 2^32 rows of a group.
  StateArray<std::int64_t> counts_;  // By group; filled when asked for.
  bool counts_stale_ = true;
};

}  // namespace

bool is_integer_key(TypeKind kind) {
  return is_integer(kind) || kind == TypeKind::kDate || kind == TypeKind::kTime ||
         kind == TypeKind::kTimestamp || kind == TypeKind::kTimestamptz;
}

std::unique_ptr<KeyIndex> make_integer_key_index(Type type, KeyIndex::RowCounts row_counts) {
  return std::make_unique<IntegerKeyIndex>(std::move(type), row_counts);
}

}  // namespace thalweg
