#include "state/key_index.h"

#include <xxhash.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>
#include <utility>

#include "columnar/builder.h"
#include "columnar/kernels.h"
#include "state/state_array.h"

namespace thalweg {
namespace {

constexpr GroupId kNoGroup = std::numeric_limits<GroupId>::max();
constexpr std::size_t kSlotsMin = 64;

// Above this the slots do not fit a core's own cache and are fetched ahead.
constexpr std::size_t kPrefetchBytesMin = 512 * 1024;
constexpr std::size_t kPrefetchAhead = 24;

// Slots are full at 7 in 10.
bool is_full(std::size_t size, std::size_t slots) { return size * 10 >= slots * 7; }

bool is_fast_key(TypeKind kind) {
  return is_integer(kind) || kind == TypeKind::kDate || kind == TypeKind::kTime ||
         kind == TypeKind::kTimestamp || kind == TypeKind::kTimestamptz;
}

// No key columns: everything is one group.
class NoKeyIndex final : public KeyIndex {
 public:
  void find_or_insert(std::span<const Column> /*keys*/, Rows /*rows*/,
                      std::span<GroupId> ids) override {
    std::fill(ids.begin(), ids.end(), 0);
    seen_ |= !ids.empty();
  }
  std::uint32_t size() const override { return seen_ ? 1 : 0; }
  std::vector<Column> keys(std::span<const GroupId> /*ids*/) const override { return {}; }
  void clear() override { seen_ = false; }
  std::size_t memory_bytes() const override { return 0; }

 private:
  bool seen_ = false;
};

// One integer-like key: open addressing with the key in the slot.
class IntegerKeyIndex final : public KeyIndex {
 public:
  explicit IntegerKeyIndex(Type type) : type_(std::move(type)) { reset_slots(kSlotsMin); }

  void find_or_insert(std::span<const Column> keys, Rows rows, std::span<GroupId> ids) override {
    switch (value_width(type_.kind)) {
      case 2:
        find_typed<std::int16_t>(keys[0], rows, ids);
        break;
      case 4:
        find_typed<std::int32_t>(keys[0], rows, ids);
        break;
      default:
        find_typed<std::int64_t>(keys[0], rows, ids);
    }
  }

  std::uint32_t size() const override { return static_cast<std::uint32_t>(keys_.size()); }

  std::vector<Column> keys(std::span<const GroupId> ids) const override {
    ColumnBuilder builder(type_, static_cast<std::uint32_t>(ids.size()));
    for (const GroupId id : ids) {
      append_key(builder, id);
    }
    std::vector<Column> columns;
    columns.push_back(builder.finish());
    return columns;
  }

  void clear() override {
    keys_.clear();
    null_id_ = kNoGroup;
    const std::size_t slots = slots_.size();
    slots_.clear();
    reset_slots(slots);
  }

  std::size_t memory_bytes() const override { return slots_.memory_bytes() + keys_.memory_bytes(); }

 private:
  struct Slot {
    std::int64_t key;
    std::uint64_t id_plus_one;  // 0: free.
  };

  template <typename T>
  void find_typed(const Column& column, Rows rows, std::span<GroupId> ids) {
    const T* values = column.values<T>().data();
    if (column.may_have_nulls()) {
      for (std::size_t i = 0; i < ids.size(); ++i) {
        ids[i] = column.is_valid(rows[i]) ? find(values[rows[i]]) : find_null();
      }
    } else if (rows.all) {
      find_all(ids, [values](std::size_t i) { return std::int64_t{values[i]}; });
    } else {
      find_all(ids, [values, rows](std::size_t i) { return std::int64_t{values[rows.rows[i]]}; });
    }
  }

  template <typename KeyAt>
  void find_all(std::span<GroupId> ids, KeyAt key_at) {
    std::size_t i = 0;
    if (slots_.memory_bytes() >= kPrefetchBytesMin && ids.size() > kPrefetchAhead) {
      for (; i + kPrefetchAhead < ids.size(); ++i) {
        __builtin_prefetch(&slots_[home(key_at(i + kPrefetchAhead))], 1);
        ids[i] = find(key_at(i));
      }
    }
    for (; i < ids.size(); ++i) {
      ids[i] = find(key_at(i));
    }
  }

  std::size_t home(std::int64_t key) const {
    // Multiplications spread keys that follow one another; the fold brings high bits down between.
    auto hash = static_cast<std::uint64_t>(key) * 0xD6E8FEB86659FD93ULL;
    hash ^= hash >> 32;
    return (hash * 0x9E3779B97F4A7C15ULL) >> shift_;
  }

  GroupId find(std::int64_t key) {
    for (std::size_t at = home(key);; at = (at + 1) & mask_) {
      const Slot& slot = slots_[at];
      if (slot.key == key && slot.id_plus_one != 0) [[likely]] {
        return static_cast<GroupId>(slot.id_plus_one - 1);
      }
      if (slot.id_plus_one == 0) {
        return insert(key, at);
      }
    }
  }

  GroupId insert(std::int64_t key, std::size_t at) {
    if (is_full(keys_.size(), slots_.size())) [[unlikely]] {
      grow();
      return find(key);
    }
    const auto id = static_cast<GroupId>(keys_.size());
    keys_.push_back(key);
    slots_[at] = {key, std::uint64_t{id} + 1};
    return id;
  }

  GroupId find_null() {
    if (null_id_ == kNoGroup) {
      null_id_ = static_cast<GroupId>(keys_.size());
      keys_.push_back(0);
    }
    return null_id_;
  }

  void append_key(ColumnBuilder& builder, GroupId id) const {
    if (id == null_id_) {
      builder.append_null();
      return;
    }
    switch (value_width(type_.kind)) {
      case 2:
        builder.append(static_cast<std::int16_t>(keys_[id]));
        break;
      case 4:
        builder.append(static_cast<std::int32_t>(keys_[id]));
        break;
      default:
        builder.append(keys_[id]);
    }
  }

  void reset_slots(std::size_t count) {
    slots_.grow_to(count);
    mask_ = count - 1;
    shift_ = 64 - std::countr_zero(count);
  }

  void grow() {
    const std::size_t count = slots_.size() * 2;
    slots_ = StateArray<Slot>();
    reset_slots(count);
    for (std::size_t id = 0; id < keys_.size(); ++id) {
      if (id == null_id_) {
        continue;
      }
      std::size_t at = home(keys_[id]);
      while (slots_[at].id_plus_one != 0) {
        at = (at + 1) & mask_;
      }
      slots_[at] = {keys_[id], id + 1};
    }
  }

  const Type type_;
  StateArray<Slot> slots_;
  StateArray<std::int64_t> keys_;  // By group.
  std::size_t mask_ = 0;
  int shift_ = 0;
  GroupId null_id_ = kNoGroup;
};

// Any key: slots with a fingerprint, canonical bytes in an arena.
class BytesKeyIndex final : public KeyIndex {
 public:
  explicit BytesKeyIndex(std::vector<Type> types) : types_(std::move(types)) {
    slots_.grow_to(kSlotsMin);
    ends_.push_back(0);
  }

  void find_or_insert(std::span<const Column> keys, Rows rows, std::span<GroupId> ids) override {
    std::vector<Column> gathered;
    if (!rows.all) {
      for (const Column& key : keys) {
        gathered.push_back(gather(key, rows.rows));
      }
      keys = gathered;
    }
    encode_keys(keys, static_cast<std::uint32_t>(ids.size()), encoded_);
    for (std::uint32_t i = 0; i < ids.size(); ++i) {
      ids[i] = find(encoded_.key(i));
    }
  }

  std::uint32_t size() const override { return static_cast<std::uint32_t>(ends_.size() - 1); }

  std::vector<Column> keys(std::span<const GroupId> ids) const override {
    std::vector<ColumnBuilder> builders;
    for (const Type& type : types_) {
      builders.emplace_back(type, static_cast<std::uint32_t>(ids.size()));
    }
    for (const GroupId id : ids) {
      decode_key(bytes_of(id), builders);
    }
    std::vector<Column> columns;
    for (ColumnBuilder& builder : builders) {
      columns.push_back(builder.finish());
    }
    return columns;
  }

  void clear() override {
    const std::size_t slots = slots_.size();
    slots_.clear();
    slots_.grow_to(slots);
    arena_.clear();
    ends_.clear();
    ends_.push_back(0);
  }

  std::size_t memory_bytes() const override {
    return slots_.memory_bytes() + arena_.memory_bytes() + ends_.memory_bytes();
  }

 private:
  struct Slot {
    std::uint32_t fingerprint;
    std::uint32_t id_plus_one;  // 0: free.
  };

  std::string_view bytes_of(GroupId id) const {
    return {arena_.data() + ends_[id], ends_[id + 1] - ends_[id]};
  }

  GroupId find(std::string_view key) {
    const std::uint64_t hash = XXH3_64bits(key.data(), key.size());
    const auto fingerprint = static_cast<std::uint32_t>(hash >> 32);
    const std::size_t mask = slots_.size() - 1;
    for (std::size_t at = hash & mask;; at = (at + 1) & mask) {
      const Slot& slot = slots_[at];
      if (slot.id_plus_one == 0) {
        return insert(key, hash, at);
      }
      if (slot.fingerprint == fingerprint && bytes_of(slot.id_plus_one - 1) == key) {
        return slot.id_plus_one - 1;
      }
    }
  }

  GroupId insert(std::string_view key, std::uint64_t hash, std::size_t at) {
    if (is_full(size(), slots_.size())) {
      grow();
      return find(key);
    }
    const GroupId id = size();
    const std::size_t begin = arena_.size();
    arena_.grow_to(begin + key.size());
    if (!key.empty()) {
      std::memcpy(arena_.data() + begin, key.data(), key.size());
    }
    ends_.push_back(arena_.size());
    slots_[at] = {static_cast<std::uint32_t>(hash >> 32), id + 1};
    return id;
  }

  void grow() {
    const std::size_t count = slots_.size() * 2;
    slots_ = StateArray<Slot>();
    slots_.grow_to(count);
    for (GroupId id = 0; id < size(); ++id) {
      const std::string_view key = bytes_of(id);
      const std::uint64_t hash = XXH3_64bits(key.data(), key.size());
      std::size_t at = hash & (count - 1);
      while (slots_[at].id_plus_one != 0) {
        at = (at + 1) & (count - 1);
      }
      slots_[at] = {static_cast<std::uint32_t>(hash >> 32), id + 1};
    }
  }

  const std::vector<Type> types_;
  StateArray<Slot> slots_;
  StateArray<char> arena_;
  StateArray<std::uint64_t> ends_;  // Where each key ends in the arena; one more in front.
  EncodedKeys encoded_;
};

}  // namespace

std::unique_ptr<KeyIndex> KeyIndex::make(std::vector<Type> key_types) {
  if (key_types.empty()) {
    return std::make_unique<NoKeyIndex>();
  }
  if (key_types.size() == 1 && is_fast_key(key_types[0].kind)) {
    return std::make_unique<IntegerKeyIndex>(std::move(key_types[0]));
  }
  return std::make_unique<BytesKeyIndex>(std::move(key_types));
}

}  // namespace thalweg
