#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "base/event_time.h"
#include "operators/top_n_table.h"
#include "state/state_table.h"

namespace thalweg {

// A TopNTable for each open window. As a StateTable it has their rows, each under its window's end,
// by which they are dropped.
class TopNWindows final : public StateTable {
 public:
  // Borrows `spec`, which outlives this.
  explicit TopNWindows(const TopNSpec& spec);

  bool empty() const { return open_.empty(); }
  // The window with this end, opened if it is not.
  TopNTable& at(EventTime end);
  // The open window that ends first. Requires: not empty.
  EventTime first_end() const { return open_.begin()->first; }
  TopNTable& first() { return *open_.begin()->second; }
  void close_first();
  std::uint64_t rows() const;
  std::size_t memory_bytes() const;

  // All is back.
  void restored();

  const StateSchema& schema() const override { return schema_; }
  void note_changes() override;
  bool next_changes(std::uint32_t rows_max, StateChanges& out) override;
  Status apply(const StateChanges& changes) override;

 private:
  std::map<EventTime, std::vector<RowIndex>> rows_by_end(const Column& ends) const;

  const TopNSpec& spec_;
  const StateSchema schema_;
  std::map<EventTime, std::unique_ptr<TopNTable>> open_;  // By window end.
  std::vector<std::unique_ptr<TopNTable>> spare_;

  bool notes_ = false;
  std::optional<EventTime> closed_to_;  // Since the last next_changes().
  EventTime next_end_ = kStartOfTime;   // For next_changes(): windows before it are done.
};

}  // namespace thalweg
