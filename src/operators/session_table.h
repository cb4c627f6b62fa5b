#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "operators/pane_rows.h"
#include "operators/told_rows.h"
#include "state/changed_groups.h"
#include "state/session_index.h"
#include "state/state_array.h"

namespace thalweg {

// A table of state with one row for each session number that has one, under the session's key and a
// time that may change: it then goes and comes again under the other.
class SessionRowsTable : public PaneRows {
 public:
  void note_changes() override;

  // These have changed, or are no more.
  void mark(std::span<const GroupId> ids) { changed_.mark(ids); }
  // The same of rows that have come, and of sessions that became one.
  void mark(std::span<const GroupId> ids, std::span<const SessionIndex::Merge> merges) {
    changed_.mark(ids);
    for (const SessionIndex::Merge& merge : merges) {
      const GroupId both[] = {merge.from, merge.into};
      changed_.mark(both);
    }
  }

  // Before and after SessionIndex::compact(), whose numbers these are.
  void before_compact();
  void after_compact(std::span<const GroupId> old_numbers);

 protected:
  struct Form {
    std::string name;
    Schema keys;
    std::string time;  // The column's name.
    Schema values;
  };
  SessionRowsTable(const Form& form, SessionIndex& index);

  virtual std::int64_t time_of(GroupId id) = 0;

  Changed take_changed() override;
  std::vector<Column> keys_of(std::size_t part, std::span<const GroupId> ids) override;
  void drop_to(EventTime /*end*/) override {}

  SessionIndex& index() { return index_; }

 private:
  static constexpr std::int64_t kUnsaved = INT64_MIN;

  void note_erased(std::span<const GroupId> ids);
  std::vector<Column> keys_at(std::span<const GroupId> ids, std::span<const std::int64_t> times);
  std::int64_t& saved_time(GroupId id);

  SessionIndex& index_;
  ChangedGroups changed_;
  StateArray<std::int64_t> saved_;           // By session: under what time the state has it.
  std::vector<std::vector<Column>> erased_;  // Keys of rows that had another time, or are gone.
};

// What sessions keep by number besides their bounds.
class SessionContents {
 public:
  virtual ~SessionContents() = default;
  virtual void grow_to(std::uint32_t sessions) = 0;
  // To the last bit, for a restart; see Accumulator::restore_state().
  virtual Schema state_columns() const = 0;
  virtual std::vector<Column> state(std::span<const GroupId> ids) = 0;
  virtual Status restore(std::span<const GroupId> ids, std::span<const Column> state) = 0;
};

// The open sessions and what they keep.
class SessionTable final : public SessionRowsTable {
 public:
  SessionTable(const Schema& keys, SessionIndex& index, SessionContents& contents);

 protected:
  std::int64_t time_of(GroupId id) override { return index().first(id).micros; }
  bool has_row(std::size_t part, GroupId id) override;
  std::vector<Column> values_of(std::size_t part, std::span<const GroupId> ids) override;
  Status put(const Rows& rows) override;
  Status erase(const Rows& rows) override;

 private:
  SessionContents& contents_;
};

}  // namespace thalweg
