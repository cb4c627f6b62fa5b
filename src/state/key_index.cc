#include "state/key_index.h"

#include <algorithm>
#include <utility>

#include "state/key_index_kinds.h"

namespace thalweg {
namespace {

// No key columns: everything is one group, there as soon as it was asked for, also by no rows.
class NoKeyIndex final : public KeyIndex {
 public:
  void find_or_insert(std::span<const Column> keys, Rows rows, std::span<GroupId> ids) override {
    place(keys, rows, ids);
    rows_ += static_cast<std::int64_t>(ids.size());
  }
  void place(std::span<const Column> /*keys*/, Rows /*rows*/, std::span<GroupId> ids) override {
    std::fill(ids.begin(), ids.end(), 0);
    seen_ = true;
  }
  void set_row_counts(std::span<const GroupId> /*ids*/,
                      std::span<const std::int64_t> counts) override {
    rows_ = counts.empty() ? rows_ : counts.back();
  }
  std::uint32_t size() const override { return seen_ ? 1 : 0; }
  std::vector<Column> keys(std::span<const GroupId> /*ids*/) const override { return {}; }
  void row_counts(std::span<const GroupId> /*ids*/, std::span<std::int64_t> counts) override {
    std::fill(counts.begin(), counts.end(), rows_);
  }
  void clear() override {
    rows_ = 0;
    seen_ = false;
  }
  std::size_t memory_bytes() const override { return 0; }

 private:
  std::int64_t rows_ = 0;
  bool seen_ = false;
};

}  // namespace

std::unique_ptr<KeyIndex> KeyIndex::make(std::vector<Type> key_types, RowCounts row_counts) {
  if (key_types.empty()) {
    return std::make_unique<NoKeyIndex>();
  }
  if (key_types.size() == 1 && is_integer_key(key_types[0].kind)) {
    return make_integer_key_index(std::move(key_types[0]), row_counts);
  }
  if (key_types.size() <= kWordKeysMax &&
      std::all_of(key_types.begin(), key_types.end(),
                  [](const Type& type) { return is_word_key(type.kind); })) {
    return make_words_key_index(std::move(key_types), row_counts);
  }
  return make_bytes_key_index(std::move(key_types), row_counts);
}

void add_new_keys(std::span<const Column> keys, std::uint32_t length, KeyIndex& index,
                  std::vector<RowIndex>& rows) {
  std::uint32_t known = index.size();
  std::vector<GroupId> ids(length);
  index.find_or_insert(keys, {.rows = {}, .all = true}, ids);
  for (RowIndex row = 0; row < length; ++row) {
    if (ids[row] == known) {
      rows.push_back(row);
      ++known;
    }
  }
}

}  // namespace thalweg
