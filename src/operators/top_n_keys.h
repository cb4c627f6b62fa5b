#pragma once

#include <memory>
#include <span>
#include <vector>

#include "columnar/batch.h"
#include "operators/top_n_spec.h"
#include "state/key_index.h"

namespace thalweg {

// The keys of a top-N, by number.
class TopNKeys {
 public:
  explicit TopNKeys(const TopNSpec& spec)
      : columns_(spec.keys), types_(key_types(spec)), index_(KeyIndex::make(types_)) {}

  // The numbers of the keys of a batch's rows, valid until the next call.
  std::span<const GroupId> find(const Batch& batch) {
    KeyIndex::Rows rows{.rows = {}, .all = batch.selection == nullptr};
    if (!rows.all) {
      rows.rows = *batch.selection;
    }
    std::vector<Column> keys;
    for (const std::uint32_t column : columns_) {
      keys.push_back(batch.columns[column]);
    }
    ids_.resize(batch.num_rows());
    index_->find_or_insert(keys, rows, ids_);
    return ids_;
  }

  const std::vector<Type>& types() const { return types_; }
  const std::unique_ptr<KeyIndex>& index() const { return index_; }

  // One column per key column.
  std::vector<Column> columns(std::span<const GroupId> ids) const { return index_->keys(ids); }
  std::span<const GroupId> found() const { return ids_; }

  std::uint32_t size() const { return index_->size(); }
  // Leaves only these keys, ascending, numbered anew from 0.
  void keep_only(std::span<const GroupId> kept) { keep_only_keys(index_, kept, types_); }
  void clear() { index_->clear(); }
  std::size_t memory_bytes() const { return index_->memory_bytes(); }

 private:
  static std::vector<Type> key_types(const TopNSpec& spec) {
    std::vector<Type> types;
    for (const std::uint32_t column : spec.keys) {
      types.push_back(spec.types[column]);
    }
    return types;
  }

  const std::vector<std::uint32_t> columns_;
  const std::vector<Type> types_;
  std::unique_ptr<KeyIndex> index_;
  std::vector<GroupId> ids_;
};

}  // namespace thalweg
