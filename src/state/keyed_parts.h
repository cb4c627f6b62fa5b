#pragma once

#include <absl/container/btree_map.h>
#include <absl/container/btree_set.h>

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/event_time.h"
#include "state/key_index.h"
#include "state/state_table.h"

namespace thalweg {

// Which keys there are, as a table beside others of the same keys knows it.
class KeyNumbers {
 public:
  virtual ~KeyNumbers() = default;
  virtual std::vector<Column> keys_of(std::span<const GroupId> ids) const = 0;
  virtual void number(std::span<const Column> keys, std::span<GroupId> ids) = 0;
};

// Which part of which key.
template <typename Text>
struct PartNameOf {
  GroupId id;
  std::uint32_t field;
  Text name;
};

// By key, field and the bytes of names; behind a time in a pair, first by that.
struct PartBefore {
  using is_transparent = void;
  template <typename A, typename B>
  bool operator()(const PartNameOf<A>& a, const PartNameOf<B>& b) const {
    return a.id != b.id         ? a.id < b.id
           : a.field != b.field ? a.field < b.field
                                : std::string_view(a.name) < std::string_view(b.name);
  }
  template <typename A, typename B>
  bool operator()(const std::pair<std::int64_t, PartNameOf<A>>& a,
                  const std::pair<std::int64_t, PartNameOf<B>>& b) const {
    return a.first != b.first ? a.first < b.first : (*this)(a.second, b.second);
  }
};

// Parts of what is known of keys, each with the number of a field and a name that tells it from the
// others of the field: put, found and gone by itself, and written down by itself as a StateTable. A
// part may have a time after which it is not there.
class KeyedParts final : public StateTable {
 public:
  // Hears of a key that has one part more or less.
  using Count = std::function<void(GroupId id, int more)>;

  // Borrows `numbers`.
  KeyedParts(const std::vector<Type>& key_types, KeyNumbers& numbers, Count count);

  // Valid until the key's parts change. `now`: what has had its time by then is not there.
  std::optional<std::string_view> find(GroupId id, std::uint32_t field, std::string_view name,
                                       EventTime now) const;
  using Visit = std::function<void(std::string_view name, std::string_view bytes)>;
  void visit(GroupId id, std::uint32_t field, EventTime now, const Visit& visit) const;
  // Whatever its time; empty: there is none.
  std::string_view last_name(GroupId id, std::uint32_t field) const;

  // Putting what is there, and erasing what is not, change nothing.
  void put(GroupId id, std::uint32_t field, std::string_view name, std::string_view bytes,
           EventTime expires);
  void erase(GroupId id, std::uint32_t field, std::string_view name);

  // kEndOfTime: none has one.
  EventTime first_expiry() const {
    return expiries_.empty() ? kEndOfTime : EventTime{expiries_.begin()->first};
  }
  // Erases the one that has had its time first, and says whose it was; none: none has by `now`.
  std::optional<GroupId> expire_one(EventTime now);

  // The keys of those that next_changes() has to give.
  std::vector<GroupId> noted_keys() const;
  void renumber(std::span<const GroupId> new_ids);

  std::size_t memory_bytes() const;

  const StateSchema& schema() const override { return schema_; }
  void note_changes() override { notes_ = true; }
  bool next_changes(std::uint32_t rows_max, StateChanges& out) override;
  Status apply(const StateChanges& changes) override;

 private:
  using Name = PartNameOf<std::string>;
  using NameView = PartNameOf<std::string_view>;
  using Before = PartBefore;
  struct Part {
    std::string bytes;
    EventTime expires = kEndOfTime;
  };
  using Parts = absl::btree_map<Name, Part, Before>;

  void erase(Parts::iterator part);
  void note(const Name& name);
  std::vector<Column> keys_of(std::span<const Name* const> names) const;

  KeyNumbers& numbers_;
  const Count count_;
  const StateSchema schema_;
  bool notes_ = false;
  Parts parts_;
  std::size_t text_bytes_ = 0;  // Of names and parts.
  absl::btree_set<std::pair<std::int64_t, Name>, Before> expiries_;
  absl::btree_set<Name, Before> noted_;
};

}  // namespace thalweg
