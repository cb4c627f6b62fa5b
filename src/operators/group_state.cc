#include "operators/group_state.h"

#include <algorithm>
#include <string>
#include <utility>

#include "columnar/kernels.h"
#include "operators/aggregation.h"
#include "operators/pane_rows.h"

namespace thalweg {
namespace {

// What is common to the tables of groups and of their values.
class RowsOfGroups : public PaneRows {
 public:
  RowsOfGroups(const GroupStateSpec& spec, const Columns& columns)
      : PaneRows(columns), tables_(spec.tables) {}

  void note_changes() override { tables_.note_changes(); }

 protected:
  // Requires: the part is one of the last take_changed(), and its table has not gone.
  const TablesOfGroups::Table& table(std::size_t part) const { return changed_tables_[part]; }
  GroupTable& groups(std::size_t part) const { return *table(part).groups; }
  TablesOfGroups& tables() { return tables_; }

  Changed take_changed() final {
    changed_tables_.clear();
    tables_.append_tables(changed_tables_);
    Changed changed;
    if (tables_.dropped_to() > dropped_to_) {
      dropped_to_ = tables_.dropped_to();
      changed.dropped_to = dropped_to_;
    }
    waits_.assign(changed_tables_.size(), 0);
    for (std::size_t i = 0; i < changed_tables_.size(); ++i) {
      std::ranges::move(take_erased(i), std::back_inserter(changed.erased));
    }
    changed.all_wait = changed.erased.empty();
    for (std::size_t i = 0; i < changed_tables_.size(); ++i) {
      if (ChangedGroups& ids = changed_of(i); !ids.empty()) {
        changed.parts.push_back({.number = i, .ids = {}});
        if (changed.all_wait) {
          let_wait(i, ids);
        } else {
          changed.parts.back().ids = ids.take();
        }
      }
    }
    return changed;
  }

  std::vector<GroupId> take_waiting(std::size_t part, std::size_t count_max) final {
    return waits_[part] != 0 ? changed_of(part).take_waiting(count_max) : std::vector<GroupId>();
  }

  // What has changed of a part, and keys of rows of it that have gone, once.
  virtual ChangedGroups& changed_of(std::size_t part) = 0;
  virtual std::vector<std::vector<Column>> take_erased(std::size_t part) = 0;

  void drop_to(EventTime end) override { tables_.drop_to(end); }

 private:
  // The part's table may go as soon as nothing in it waits.
  void let_wait(std::size_t part, ChangedGroups& changed) {
    waits_[part] = 1;
    changed.let_wait([this, part, &changed](std::span<const GroupId> ids) {
      save_rows(part, ids);
      waits_[part] = changed.waits() ? 1 : 0;
    });
  }

  TablesOfGroups& tables_;
  std::vector<TablesOfGroups::Table> changed_tables_;
  std::vector<char> waits_;              // By part.
  EventTime dropped_to_ = kStartOfTime;  // As told last.
};

class GroupRows final : public RowsOfGroups {
 public:
  explicit GroupRows(const GroupStateSpec& spec)
      : RowsOfGroups(spec, columns_of(spec)),
        has_keys_(!spec.aggregation.keys.empty()),
        can_go_(spec.idle != nullptr || spec.aggregation.updating_input),
        idle_(spec.idle) {}

 protected:
  ChangedGroups& changed_of(std::size_t part) override { return groups(part).changed_groups(); }
  std::vector<std::vector<Column>> take_erased(std::size_t part) override {
    return groups(part).take_erased();
  }

  bool rows_can_go() const override { return has_keys_ && can_go_ && idle_ == nullptr; }
  // The one group without keys has a result without rows too. Groups that go after a while may be
  // asked to take back rows from before they went: what that has made of them stays until they go.
  bool has_row(std::size_t part, GroupId id) override {
    return !has_keys_ || idle_ != nullptr || groups(part).is_live(id);
  }

  std::vector<Column> keys_of(std::size_t part, std::span<const GroupId> ids) override {
    std::vector<Column> columns = groups(part).keys(ids);
    append_pane(table(part).pane, ids.size(), columns);
    return columns;
  }

  std::vector<Column> values_of(std::size_t part, std::span<const GroupId> ids) override {
    std::vector<Column> columns = groups(part).state(ids);
    if (idle_ != nullptr) {
      columns.push_back(idle_->since(ids));
    }
    return columns;
  }

  Status put(const Rows& rows) override {
    GroupTable& groups = tables().table_of(rows.pane);
    const std::span<const GroupId> ids = place(groups, rows);
    if (idle_ != nullptr) {
      idle_->restore(ids, {.rows = rows.rows}, rows.others.back());
    }
    return groups.restore({.ids = ids, .rows = {.rows = rows.rows}}, rows.others);
  }

  Status erase(const Rows& rows) override {
    if (!can_go_) {
      return wrong("groups that stay have been erased");
    }
    GroupTable& groups = tables().table_of(rows.pane);
    const std::span<const GroupId> ids = place(groups, rows);
    groups.reset(ids);
    if (idle_ != nullptr) {
      idle_->restore_as_gone(ids);
    }
    return {};
  }

 private:
  static Columns columns_of(const GroupStateSpec& spec) {
    Columns columns{.name = "groups",
                    .keys = key_schema(spec.aggregation),
                    .panes = spec.panes,
                    .other_keys = {},
                    .values = GroupTable(spec.aggregation).state_columns()};
    if (spec.idle != nullptr) {
      columns.values.push_back({"idle since", type_of(TypeKind::kBigint)});
    }
    return columns;
  }

  static std::span<const GroupId> place(GroupTable& groups, const Rows& rows) {
    return groups.place_groups(rows.keys, {.rows = rows.rows},
                               static_cast<std::uint32_t>(rows.rows.size()));
  }

  const bool has_keys_;
  const bool can_go_;
  IdleKeys* const idle_;
};

class DistinctRows final : public RowsOfGroups {
 public:
  DistinctRows(const GroupStateSpec& spec, std::size_t argument)
      : RowsOfGroups(spec, columns_of(spec, argument)), argument_(argument) {}

 protected:
  ChangedGroups& changed_of(std::size_t part) override { return values(part).changed(); }
  std::vector<std::vector<Column>> take_erased(std::size_t part) override {
    return groups(part).take_erased_values(argument_);
  }

  bool has_row(std::size_t part, GroupId id) override { return values(part).has(id); }

  std::vector<Column> keys_of(std::size_t part, std::span<const GroupId> ids) override {
    std::vector<Column> columns = groups(part).keys(values(part).groups_of(ids));
    append_pane(table(part).pane, ids.size(), columns);
    columns.push_back(values(part).values(ids));
    return columns;
  }

  std::vector<Column> values_of(std::size_t part, std::span<const GroupId> ids) override {
    return values(part).users_of(ids);
  }

  Status put(const Rows& rows) override { return restore(rows); }
  Status erase(const Rows& rows) override { return restore(rows); }

 private:
  DistinctValues& values(std::size_t part) const { return groups(part).distinct_values(argument_); }

  static Columns columns_of(const GroupStateSpec& spec, std::size_t argument) {
    GroupTable table(spec.aggregation);
    const DistinctValues& values = table.distinct_values(argument);
    return {.name = name_of(table, argument),
            .keys = key_schema(spec.aggregation),
            .panes = spec.panes,
            .other_keys = {{"value", values.type()}},
            .values = values.users_columns()};
  }

  // Those of the aggregates it is for; there may be two of them where these are volatile.
  static std::string name_of(const GroupTable& table, std::size_t argument) {
    const std::string names = table.names_of_distinct(argument);
    int before = 0;
    for (std::size_t i = 0; i < argument; ++i) {
      before += table.names_of_distinct(i) == names ? 1 : 0;
    }
    return names + ": values" + (before == 0 ? "" : " " + std::to_string(before + 1));
  }

  Status restore(const Rows& rows) {
    GroupTable& groups = tables().table_of(rows.pane);
    const std::span<const GroupId> ids = groups.place_groups(
        rows.keys, {.rows = rows.rows}, static_cast<std::uint32_t>(rows.rows.size()));
    const std::vector<Column> columns = gather(rows.others, rows.rows);
    return groups.distinct_values(argument_).restore(ids, columns[0],
                                                     std::span(columns).subspan(1));
  }

  const std::size_t argument_;
};

}  // namespace

Schema key_schema(const AggregationSpec& spec) {
  Schema keys;
  for (const ExprPtr& key : spec.keys) {
    keys.push_back({to_string(*key), key->type});
  }
  return keys;
}

std::vector<std::unique_ptr<StateTable>> make_group_state(const GroupStateSpec& spec) {
  std::vector<std::unique_ptr<StateTable>> tables;
  tables.push_back(std::make_unique<GroupRows>(spec));
  const std::size_t arguments = GroupTable(spec.aggregation).distinct_arguments();
  for (std::size_t argument = 0; argument < arguments; ++argument) {
    tables.push_back(std::make_unique<DistinctRows>(spec, argument));
  }
  return tables;
}

std::vector<StateTable*> borrow_tables(const std::vector<std::unique_ptr<StateTable>>& tables) {
  std::vector<StateTable*> borrowed;
  for (const std::unique_ptr<StateTable>& table : tables) {
    borrowed.push_back(table.get());
  }
  return borrowed;
}

}  // namespace thalweg
