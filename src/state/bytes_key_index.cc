#include <xxhash.h>

#include <cstring>
#include <string_view>
#include <utility>

#include "columnar/builder.h"
#include "columnar/kernels.h"
#include "state/key_index_kinds.h"
#include "state/state_array.h"

namespace thalweg {
namespace {

constexpr std::size_t kSlotsMin = 64;
constexpr std::size_t kPrefetchAhead = 16;

bool is_full(std::size_t size, std::size_t slots) { return size * 10 >= slots * 7; }

// Any key: slots with a fingerprint, canonical bytes in an arena.
class BytesKeyIndex final : public KeyIndex {
 public:
  BytesKeyIndex(std::vector<Type> types, RowCounts row_counts)
      : types_(std::move(types)), counts_rows_(row_counts == RowCounts::kKept) {
    slots_.grow_to(kSlotsMin);
    ends_.push_back(0);
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
    encode(keys, rows, ids.size());
    for (std::size_t i = 0; i < ids.size(); ++i) {
      if (i + kPrefetchAhead < ids.size()) {
        __builtin_prefetch(&slots_[hashes_[i + kPrefetchAhead] & (slots_.size() - 1)], 1);
      }
      ids[i] = find(encoded_.key(static_cast<std::uint32_t>(i)), hashes_[i]);
    }
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

  void row_counts(std::span<const GroupId> ids, std::span<std::int64_t> counts) override {
    for (std::size_t i = 0; i < ids.size(); ++i) {
      counts[i] = row_counts_[ids[i]];
    }
  }

  void clear() override {
    std::size_t slots = slots_.size();
    if (std::size_t{size()} * 32 < slots && slots > kSlotsMin) {
      while (slots > kSlotsMin && std::size_t{size()} * 8 < slots) {
        slots /= 2;
      }
      slots_ = StateArray<Slot>();
    }
    slots_.clear();
    slots_.grow_to(slots);
    arena_.clear();
    ends_.clear();
    ends_.push_back(0);
    row_counts_.clear();
  }

  std::size_t memory_bytes() const override {
    return slots_.memory_bytes() + arena_.memory_bytes() + ends_.memory_bytes() +
           row_counts_.memory_bytes();
  }

 private:
  struct Slot {
    std::uint32_t fingerprint;
    std::uint32_t id_plus_one;  // 0: free.
  };

  static std::uint64_t hash_of(std::string_view key) { return XXH3_64bits(key.data(), key.size()); }
  static std::uint32_t fingerprint_of(std::uint64_t hash) {
    return static_cast<std::uint32_t>(hash >> 32);
  }

  std::string_view bytes_of(GroupId id) const {
    return {arena_.data() + ends_[id], ends_[id + 1] - ends_[id]};
  }

  void encode(std::span<const Column> keys, Rows rows, std::size_t count) {
    std::vector<Column> gathered;
    if (!rows.all) {
      for (const Column& key : keys) {
        gathered.push_back(gather(key, rows.rows));
      }
      keys = gathered;
    }
    encode_keys(keys, static_cast<std::uint32_t>(count), encoded_);
    hashes_.resize(count);
    for (std::uint32_t i = 0; i < count; ++i) {
      hashes_[i] = hash_of(encoded_.key(i));
    }
  }

  GroupId find(std::string_view key, std::uint64_t hash) {
    const std::size_t mask = slots_.size() - 1;
    for (std::size_t at = hash & mask;; at = (at + 1) & mask) {
      const Slot& slot = slots_[at];
      if (slot.id_plus_one == 0) {
        return insert(key, hash, at);
      }
      if (slot.fingerprint == fingerprint_of(hash) && bytes_of(slot.id_plus_one - 1) == key) {
        return slot.id_plus_one - 1;
      }
    }
  }

  GroupId insert(std::string_view key, std::uint64_t hash, std::size_t at) {
    if (is_full(size(), slots_.size())) {
      grow();
      return find(key, hash);
    }
    const GroupId id = size();
    const std::size_t begin = arena_.size();
    arena_.grow_to(begin + key.size());
    if (!key.empty()) {
      std::memcpy(arena_.data() + begin, key.data(), key.size());
    }
    ends_.push_back(arena_.size());
    slots_[at] = {fingerprint_of(hash), id + 1};
    return id;
  }

  void grow() {
    const std::size_t count = slots_.size() * 2;
    slots_ = StateArray<Slot>();
    slots_.grow_to(count);
    for (GroupId id = 0; id < size(); ++id) {
      const std::uint64_t hash = hash_of(bytes_of(id));
      std::size_t at = hash & (count - 1);
      while (slots_[at].id_plus_one != 0) {
        at = (at + 1) & (count - 1);
      }
      slots_[at] = {fingerprint_of(hash), id + 1};
    }
  }

  const std::vector<Type> types_;
  const bool counts_rows_;
  StateArray<Slot> slots_;
  StateArray<char> arena_;
  StateArray<std::uint64_t> ends_;       // Where each key ends in the arena; one more in front.
  StateArray<std::int64_t> row_counts_;  // By group.
  // Of the batch at hand.
  EncodedKeys encoded_;
  std::vector<std::uint64_t> hashes_;
};

}  // namespace

std::unique_ptr<KeyIndex> make_bytes_key_index(std::vector<Type> types,
                                               KeyIndex::RowCounts row_counts) {
  return std::make_unique<BytesKeyIndex>(std::move(types), row_counts);
}

}  // namespace thalweg
