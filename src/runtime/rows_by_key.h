#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "columnar/decoded_rows.h"
#include "state/key_index.h"
#include "state/key_table.h"
#include "state/row_store.h"
#include "state/state_array.h"
#include "stream/operator.h"

namespace thalweg {

// The last row that came of each key, for sources whose rows go by their key alone. Reads all rows
// of the source, in order.
class RowsByKey {
 public:
  // What is done about a row that goes without one of its key having come.
  enum class Unknown : std::uint8_t { kRejected, kPassedOver };

  // `key`: which of the columns.
  RowsByKey(const Schema& columns, std::vector<std::uint32_t> key,
            Unknown unknown = Unknown::kRejected);

  // Puts the row that came in place of each that goes, and lets a row go whose key comes again.
  // Requires: changes.
  void complete(DecodedRows& rows);

  Kept kept() const {
    return {.count = index_->size(),
            .bytes = index_->memory_bytes() + rows_.memory_bytes() + slots_.memory_bytes()};
  }

  // The rows as they survive a restart, and what must be called when they are back.
  StateTable& state() { return state_; }
  void restored();

 private:
  class State final : public KeyTable {
   public:
    State(RowsByKey& owner, const Schema& columns);

   protected:
    bool has_row(std::size_t /*part*/, GroupId id) override { return owner_.slots_[id] != 0; }
    std::vector<Column> values_of(std::size_t part, std::span<const GroupId> ids) override;
    Status restore(std::span<const GroupId> ids, std::span<const Column> values) override;

   private:
    RowsByKey& owner_;
  };

  const std::size_t columns_;
  const std::vector<std::uint32_t> key_;
  const Unknown unknown_;
  const std::unique_ptr<KeyIndex> index_;
  RowStore rows_;
  StateArray<RowSlot> slots_;  // By key, plus one; 0: there is no row.
  State state_;
};

}  // namespace thalweg
