#include <algorithm>
#include <deque>
#include <iterator>
#include <map>
#include <utility>

#include "operators/pane_rows.h"
#include "operators/told_rows.h"
#include "operators/window_operators.h"
#include "operators/window_tables.h"

namespace thalweg {
namespace {

WindowAggregateSpec with_whole_windows(WindowAggregateSpec spec) {
  spec.windows.needs_whole_windows = true;
  return spec;
}

// What has been told of the groups of each pane.
using ToldOfPanes = std::map<Pane, ToldRows>;

// It, for a restart.
class ToldTable final : public PaneRows {
 public:
  ToldTable(const AggregationSpec& spec, WindowTables& tables, ToldOfPanes& told)
      : PaneRows({.name = "told",
                  .keys = key_schema(spec),
                  .panes = PaneColumns::kEnd,
                  .other_keys = {},
                  .values = aggregate_schema(spec)}),
        types_(result_types(spec)),
        tables_(tables),
        told_(told) {}

  void note_changes() override {
    notes_changes_ = true;
    for (auto& [pane, told] : told_) {
      told.changed().start();
    }
  }

  // What has been told of a pane's groups so far.
  ToldRows& told_of(const Pane& pane) {
    const auto [found, is_new] = told_.try_emplace(pane, types_);
    if (is_new && notes_changes_) {
      found->second.changed().start();
    }
    return found->second;
  }

 protected:
  Changed take_changed() override {
    Changed changed;
    if (tables_.dropped_to() > dropped_to_) {
      dropped_to_ = tables_.dropped_to();
      changed.dropped_to = dropped_to_;
    }
    panes_.clear();
    for (auto& [pane, told] : told_) {
      if (!told.changed().empty()) {
        changed.parts.push_back({.number = panes_.size(), .ids = told.changed().take()});
        panes_.push_back(pane);
      }
    }
    return changed;
  }

  bool has_row(std::size_t part, GroupId id) override { return told_.at(panes_[part]).has(id); }

  std::vector<Column> keys_of(std::size_t part, std::span<const GroupId> ids) override {
    std::vector<Column> columns = tables_.tables().at(panes_[part])->keys(ids);
    append_pane(panes_[part], ids.size(), columns);
    return columns;
  }

  std::vector<Column> values_of(std::size_t part, std::span<const GroupId> ids) override {
    std::vector<Column> columns = told_.at(panes_[part]).rows(ids);
    columns.erase(columns.begin(), columns.begin() + schema().partition_columns);
    return columns;
  }

  Status put(const Rows& rows) override {
    std::vector<Column> columns(rows.keys.begin(), rows.keys.end());
    columns.insert(columns.end(), rows.others.begin(), rows.others.end());
    told_of(rows.pane).restore(place(rows), rows.rows, columns);
    return {};
  }

  Status erase(const Rows& rows) override {
    for (const GroupId id : place(rows)) {
      told_of(rows.pane).forget(id);
    }
    return {};
  }

  void drop_to(EventTime end) override {
    tables_.drop_to(end);
    std::erase_if(told_, [end](const auto& told) { return told.first.end <= end; });
  }

 private:
  static Schema aggregate_schema(const AggregationSpec& spec) {
    Schema columns;
    for (const AggregateCall& call : spec.aggregates) {
      columns.push_back({call.name + ": told", call.type});
    }
    return columns;
  }

  std::span<const GroupId> place(const Rows& rows) {
    return tables_.table_of(rows.pane).place_groups(rows.keys, {.rows = rows.rows},
                                                    static_cast<std::uint32_t>(rows.rows.size()));
  }

  const std::vector<Type> types_;
  WindowTables& tables_;
  ToldOfPanes& told_;
  bool notes_changes_ = false;
  EventTime dropped_to_ = kStartOfTime;
  std::vector<Pane> panes_;  // With changes, by part.
};

// Windows whose results are told before they are final. It keeps what it has told of each group,
// until no row can change it any more.
class ChangingWindow final : public Operator {
 public:
  explicit ChangingWindow(WindowAggregateSpec spec)
      : emit_(spec.emit),
        every_micros_(spec.every_micros),
        aggregation_(std::move(spec.aggregation)),
        tables_(aggregation_.spec(), std::move(spec.windows)),
        told_table_(aggregation_.spec(), tables_, told_) {
    tables_.list_changes();
  }

  Result<std::vector<StateTable*>> state_tables() override {
    state_ = make_group_state(
        {.aggregation = aggregation_.spec(), .panes = tables_.pane_columns(), .tables = tables_});
    std::vector<StateTable*> tables = borrow_tables(state_);
    tables.push_back(&told_table_);
    return tables;
  }

  // What waited to be told is not known: all groups are compared with what has been told of them.
  void restored(EventTime watermark) override {
    aggregation_.set_time(Clock::kWatermark, watermark);
    watermark_ = watermark;
    tables_.restored();
    for (const auto& [pane, table] : tables_.tables()) {
      if (!is_told_at_once(pane)) {
        tables_.list_all(pane);
      }
    }
    if (emit_ == WindowEmit::kEvery && !tables_.changed().empty()) {
      tick_ = kStartOfTime;
    }
  }

  Result<Progress> process(int /*input*/, Batch batch, Emitter& out) override {
    const AggregateColumns columns = aggregation_.prepare(std::move(batch), out);
    tables_.add_or_reject(columns, watermark_, out);
    queue_changes([this](const Pane& pane) { return is_told_at_once(pane); });
    // As much as the batch has changed, so there is no need to wait for room.
    while (!due_.empty()) {
      tell_some(out);
    }
    tell_held(out);
    return Progress::kDone;
  }

  Result<Progress> on_time(Clock clock, EventTime now, Emitter& out) override {
    aggregation_.set_time(clock, now);
    if (clock == Clock::kWatermark) {
      watermark_ = now;
      queue_changes([now](const Pane& pane) { return pane.end <= now; });
      return resume(out);
    }
    wall_ = now;
    if (now < tick_) {
      return Progress::kDone;
    }
    queue_changes([](const Pane&) { return true; });
    return resume(out);
  }

  Result<Progress> resume(Emitter& out) override {
    while (!due_.empty()) {
      if (!out.has_room()) {
        return Progress::kMore;
      }
      tell_some(out);
    }
    const EventTime gone = tables_.closed_at(watermark_);
    while (!tables_.empty() && tables_.first_pane().end <= gone) {
      tables_.changed().erase(tables_.first_pane());
      told_.erase(tables_.first_pane());
      tables_.drop_first();
    }
    tell_held(out);
    return Progress::kDone;
  }

  EventTime output_watermark(EventTime watermark) const override {
    return tables_.closed_at(watermark);
  }

  Kept kept() const override {
    return {.count = tables_.groups(), .bytes = tables_.memory_bytes() + told_bytes()};
  }

 private:
  // Groups of a window whose results are to be told.
  struct Due {
    Pane pane;
    std::vector<GroupId> ids;
    std::size_t told = 0;
  };

  std::size_t told_bytes() const {
    std::size_t bytes = 0;
    for (const auto& [pane, told] : told_) {
      bytes += told.memory_bytes();
    }
    return bytes;
  }

  bool is_told_at_once(const Pane& pane) const {
    return emit_ == WindowEmit::kChanges || pane.end <= watermark_;
  }

  template <typename Chosen>
  void queue_changes(Chosen chosen) {
    std::map<Pane, GroupSet>& changed = tables_.changed();
    for (auto each = changed.begin(); each != changed.end();) {
      if (chosen(each->first)) {
        due_.push_back({.pane = each->first, .ids = each->second.take()});
        each = changed.erase(each);
      } else {
        ++each;
      }
    }
  }

  void tell_some(Emitter& out) {
    Due& due = due_.front();
    const std::size_t count = std::min<std::size_t>(kResultRows, due.ids.size() - due.told);
    tell(due.pane, {due.ids.data() + due.told, count}, out);
    due.told += count;
    if (due.told == due.ids.size()) {
      due_.pop_front();
    }
  }

  void tell(const Pane& pane, std::span<const GroupId> ids, Emitter& out) {
    GroupTable& table = *tables_.tables().at(pane);
    std::vector<RowIndex> overflow;
    const std::vector<Column> now = table.results(ids, overflow);
    std::vector<RowIndex> rows;
    for (RowIndex row = 0; row < ids.size(); ++row) {
      rows.push_back(table.is_live(ids[row]) ? row : ToldRows::kNoRow);
    }
    for (const RowIndex row : overflow) {
      rows[row] = ToldRows::kNoRow;
    }
    ToldRows::Changes changes = told_table_.told_of(pane).tell(ids, rows, now);
    const TimeWindow window = tables_.bounds_of(pane);
    if (!overflow.empty()) {
      Batch rejected = window_batch(window, static_cast<std::uint32_t>(ids.size()));
      rejected.columns.insert(rejected.columns.end(), now.begin(), now.end());
      out.reject(rejected, overflow, RowError::kOverflow);
    }
    Batch batch = window_batch(window, static_cast<std::uint32_t>(changes.places.size()));
    std::ranges::move(changes.columns, std::back_inserter(batch.columns));
    batch.changes = std::move(changes.changes);
    out.emit(Port::kMain, std::move(batch));
  }

  void tell_held(Emitter& out) {
    // A period begins with the first change that has not been told.
    if (tables_.changed().empty()) {
      tick_ = kEndOfTime;
    } else if (emit_ == WindowEmit::kEvery && tick_ == kEndOfTime) {
      tick_ = {wall_.micros + every_micros_};
    }
    const auto next = tables_.tables().upper_bound(Pane{watermark_, kEndOfTime});
    out.hold({.count = tables_.groups(),
              .due = next == tables_.tables().end() ? kEndOfTime : next->first.end,
              .due_by_wall_clock = tick_});
  }

  const WindowEmit emit_;
  const std::int64_t every_micros_;
  Aggregation aggregation_;
  WindowTables tables_;
  ToldOfPanes told_;
  ToldTable told_table_;
  std::vector<std::unique_ptr<StateTable>> state_;
  EventTime watermark_ = kStartOfTime;
  EventTime wall_ = kStartOfTime;
  EventTime tick_ = kEndOfTime;  // kEvery: when to tell what has changed.
  std::deque<Due> due_;
};

}  // namespace

std::unique_ptr<Operator> make_changing_window(WindowAggregateSpec spec) {
  return std::make_unique<ChangingWindow>(with_whole_windows(std::move(spec)));
}

}  // namespace thalweg
