#pragma once

#include <absl/container/flat_hash_map.h>
#include <absl/strings/string_view.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "columnar/batch.h"
#include "columnar/kernels.h"
#include "columnar/row_key.h"
#include "state/row_store.h"
#include "thalweg/rows.h"

namespace thalweg {

// The rows of a changing answer that stand, by key, or as often as they are there without one. Rows
// with a key beyond the limit are counted and not kept until there is room again.
class StandingRows {
 public:
  static constexpr std::size_t kRowsMax = 100'000;
  static constexpr std::size_t kBytesMax = 64 << 20;

  explicit StandingRows(const ResultHeader& header, std::size_t rows_max = kRowsMax);

  void apply(const Batch& changes);

  std::uint64_t total() const { return static_cast<std::uint64_t>(total_ > 0 ? total_ : 0); }
  std::uint64_t kept() const { return kept_rows_; }

  // At most `count` of those kept, in order: the first ones, or the last where shows_last(). A row
  // that stands several times is named as often.
  std::vector<RowSlot> first(std::size_t count);
  // Whether rows are in order of time, the newest of which are looked at.
  bool shows_last() const { return shows_last_; }

  // Tells a row from all that ever stood under other keys.
  std::uint64_t serial(RowSlot slot) const { return kept_[slot].serial; }

  std::vector<Column> columns(const std::vector<RowSlot>& slots) const;

 private:
  struct Kept {
    std::uint32_t times = 0;
    std::uint64_t serial = 0;
  };

  void encode_keys_of(const Batch& batch);
  absl::string_view key_of(RowIndex row) const;
  std::optional<RowSlot> slot_for(absl::string_view key);
  void add(absl::string_view key, RowIndex row);
  void replace(absl::string_view key, RowIndex row);
  void take_back(absl::string_view key, RowIndex row);
  void forget_gone();
  bool has_room() const;
  std::vector<Column> order_columns() const;
  bool comes_before(const std::vector<Column>& keys, RowIndex a, RowIndex b) const;
  void put_in_order(std::size_t count);

  const RowKey key_;
  std::vector<SortKey> order_;
  bool shows_last_ = false;
  bool order_follows_values_;  // Not only keys.
  const std::size_t rows_max_;

  std::optional<RowStore> store_;  // From the first rows on, which bring their types.
  absl::flat_hash_map<std::string, RowSlot> slots_;
  std::vector<Kept> kept_;  // By slot.
  std::int64_t total_ = 0;
  std::uint64_t kept_rows_ = 0;
  std::uint64_t serials_ = 0;

  std::vector<RowSlot> in_order_;  // All slots in use, the first `ordered_` of them in order.
  std::size_t ordered_ = 0;
  bool slots_changed_ = true;

  // Of the batch at hand.
  EncodedKeys keys_;
  std::vector<RowIndex> put_rows_;
  std::vector<RowSlot> put_slots_;
  std::vector<RowIndex> gone_rows_;
};

}  // namespace thalweg
