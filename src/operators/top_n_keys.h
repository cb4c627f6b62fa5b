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
      : columns_(spec.keys), index_(KeyIndex::make(key_types(spec))) {}

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

  // One column per key column.
  std::vector<Column> columns(std::span<const GroupId> ids) const { return index_->keys(ids); }

  std::uint32_t size() const { return index_->size(); }
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
  const std::unique_ptr<KeyIndex> index_;
  std::vector<GroupId> ids_;
};

}  // namespace thalweg
