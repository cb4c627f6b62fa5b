#pragma once

#include <memory>
#include <vector>

#include "operators/aggregation_spec.h"
#include "operators/group_table.h"
#include "operators/idle_keys.h"
#include "operators/pane.h"
#include "state/state_table.h"

namespace thalweg {

// The tables of groups that an operator has: one, or one for each pane.
class TablesOfGroups {
 public:
  virtual ~TablesOfGroups() = default;

  struct Table {
    Pane pane;
    GroupTable* groups = nullptr;
  };
  // All that may have changed since the last epoch.
  virtual void append_tables(std::vector<Table>& tables) = 0;
  // The pane's table, made where there is none.
  virtual GroupTable& table_of(const Pane& pane) = 0;
  virtual void note_changes() = 0;

  // Panes that end by this time are gone for good; they go, after a restart.
  virtual EventTime dropped_to() const { return kStartOfTime; }
  virtual void drop_to(EventTime /*end*/) {}
};

// The state of such tables: their groups, and the values of each argument that is taken DISTINCT.
// `spec` and `tables` outlive it.
struct GroupStateSpec {
  const AggregationSpec& aggregation;
  PaneColumns panes = PaneColumns::kNone;
  TablesOfGroups& tables;
  IdleKeys* idle = nullptr;  // Of the one table's groups; where they do not stay for ever.
};
std::vector<std::unique_ptr<StateTable>> make_group_state(const GroupStateSpec& spec);

// The columns of the keys, as tables of state have them.
Schema key_schema(const AggregationSpec& spec);

// Borrowed, as Operator::state_tables() gives them.
std::vector<StateTable*> borrow_tables(const std::vector<std::unique_ptr<StateTable>>& tables);

}  // namespace thalweg
