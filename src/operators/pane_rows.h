#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "operators/pane.h"
#include "state/changed_rows_table.h"

namespace thalweg {

// A table of state whose rows belong to keys and panes: those that its parts are.
class PaneRows : public ChangedRowsTable {
 public:
  Status apply(const StateChanges& changes) final;

 protected:
  struct Columns {
    std::string name;
    Schema keys;  // Of the exchange.
    PaneColumns panes = PaneColumns::kNone;
    Schema other_keys;
    Schema values;
  };

  explicit PaneRows(const Columns& columns);

  // The columns of a pane, so many rows long.
  void append_pane(const Pane& pane, std::size_t count, std::vector<Column>& columns) const;

  // Rows of one pane, as apply() gets them.
  struct Rows {
    Pane pane;
    std::span<const Column> keys;
    std::span<const Column> others;  // The columns behind the pane's; of rows to erase, the keys.
    const std::vector<RowIndex>& rows;
  };
  virtual Status put(const Rows& rows) = 0;
  virtual Status erase(const Rows& rows) = 0;
  virtual void drop_to(EventTime end) = 0;

 private:
  std::map<Pane, std::vector<RowIndex>> rows_by_pane(std::span<const Column> columns) const;
  template <typename Use>
  Status for_each_pane(std::span<const Column> columns, Use use) const;

  const PaneColumns panes_;
};

}  // namespace thalweg
