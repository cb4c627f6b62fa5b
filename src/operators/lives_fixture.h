#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "columnar/kernels.h"
#include "operators/operator_fixture.h"
#include "state/state_table.h"

// Lets an operator live through restarts beside one that never ends.
namespace thalweg::fixture {

// Feeds the same to an operator and to one that is ended and made again, on one worker or more,
// from what its tables have told. Both must say the same after every call.
class Lives {
 public:
  using Make = std::function<std::unique_ptr<Operator>()>;

  // `keys`: the columns of the input by which rows are dealt out to workers; none: to one.
  Lives(Make make, std::vector<std::uint32_t> keys, std::uint64_t seed)
      : make_(std::move(make)), keys_(std::move(keys)), dice_(seed), whole_(make_()) {
    EXPECT_TRUE(whole_->open().ok());
    begin(1);
  }

  // The positions given to the rows put out may be others, as keys take turns.
  void ignore_positions() { compares_positions_ = false; }

  void feed(const Batch& batch, int input = 0) {
    run(
        *whole_, [&](Operator& op, Emitter& out) { return op.process(input, batch, out); },
        expected_);
    for (std::size_t i = 0; i < workers_.size(); ++i) {
      Batch mine = batch;
      if (workers_.size() > 1) {
        mine = std::move(mine).select(rows_of(i, batch));
      }
      if (!mine.empty()) {
        run(
            *workers_[i].op,
            [&](Operator& op, Emitter& out) { return op.process(input, mine, out); }, said_);
      }
    }
    compare();
  }

  void advance(EventTime now, Clock clock = Clock::kWatermark) {
    (clock == Clock::kWatermark ? watermark_ : wall_) = now;
    const auto call = [&](Operator& op, Emitter& out) { return op.on_time(clock, now, out); };
    run(*whole_, call, expected_);
    for (Worker& worker : workers_) {
      run(*worker.op, call, said_);
    }
    compare();
  }

  // Ends an epoch: what has changed is written down, but for what waits.
  void begin_to_end_epoch() {
    take_waiting(kAll);
    for (Worker& worker : workers_) {
      run(
          *worker.op,
          [](Operator& op, Emitter& out) -> Result<Progress> {
            TW_TRY(op.before_epoch(out));
            return Progress::kDone;
          },
          said_);
      log_.resize(worker.tables.size());
      worker.waits.assign(worker.tables.size(), 1);
      for (std::size_t table = 0; table < worker.tables.size(); ++table) {
        do {
          take_some(worker, table);
        } while (worker.waits[table] != 0 && !worker.tables[table]->can_wait());
      }
    }
  }
  void end_epoch() {
    begin_to_end_epoch();
    take_waiting(kAll);
  }

  // So many pieces of what waits are written down.
  static constexpr std::size_t kAll = SIZE_MAX;
  void take_waiting(std::size_t pieces) {
    for (Worker& worker : workers_) {
      std::size_t left = pieces;
      for (std::size_t table = 0; table < worker.waits.size(); ++table) {
        for (; left > 0 && worker.waits[table] != 0; --left) {
          take_some(worker, table);
        }
      }
    }
  }

  // Ends an epoch, and goes on from what is written down.
  void restart(std::size_t workers) {
    end_epoch();
    begin(keys_.empty() ? 1 : workers);
  }

  // As often as not something of the above.
  void meddle() {
    if (dice_() % 3 == 0) {
      end_epoch();
    } else if (dice_() % 3 == 0) {
      restart(1 + dice_() % 3);
    } else if (dice_() % 2 == 0) {
      begin_to_end_epoch();
    } else {
      take_waiting(1);
    }
  }

  std::uint64_t rows_put() const {
    std::uint64_t rows = 0;
    for (const auto& table : log_) {
      for (const StateChanges& changes : table) {
        rows += changes.put_rows();
      }
    }
    return rows;
  }
  // How many changes the last epoch had, of all tables.
  std::size_t changes() const {
    std::size_t count = 0;
    for (const auto& table : log_) {
      count += table.size();
    }
    return count;
  }

 private:
  struct Worker {
    std::unique_ptr<Operator> op;
    std::vector<StateTable*> tables;
    std::vector<char> waits;  // By table: something of the last epoch may.
  };

  void take_some(Worker& worker, std::size_t table) {
    StateChanges changes;
    const auto rows_max = 1 + static_cast<std::uint32_t>(dice_() % 20);
    worker.waits[table] = worker.tables[table]->next_changes(rows_max, changes) ? 1 : 0;
    ASSERT_EQ(changes.empty(), worker.waits[table] == 0);
    if (!changes.empty()) {
      log_[table].push_back(changes);
    }
  }

  template <typename Call>
  static void run(Operator& op, Call call, CollectingEmitter& out) {
    Result<Progress> progress = call(op, out);
    ASSERT_TRUE(progress.ok()) << progress.status().message();
    while (progress.value() == Progress::kMore) {
      out.room = 1'000'000;
      progress = op.resume(out);
      ASSERT_TRUE(progress.ok());
    }
  }

  // What it has been told before, which makes it say nothing.
  void tell(Operator& op, Clock clock, EventTime now) {
    run(op, [=](Operator& told, Emitter& out) { return told.on_time(clock, now, out); }, said_);
  }

  std::size_t worker_of(std::uint64_t hash) const { return hash % workers_.size(); }

  static std::vector<std::uint64_t> hashes(std::vector<Column> keys) {
    std::vector<std::uint64_t> hashes(keys[0].length());
    hash_keys(keys, keys[0].length(), hashes);
    return hashes;
  }

  std::vector<RowIndex> rows_of(std::size_t worker, const Batch& batch) const {
    std::vector<Column> keys;
    for (const std::uint32_t key : keys_) {
      keys.push_back(batch.columns[key]);
    }
    const std::vector<std::uint64_t> all = hashes(keys);
    std::vector<RowIndex> rows;
    for (std::uint32_t i = 0; i < batch.num_rows(); ++i) {
      if (worker_of(all[batch.row(i)]) == worker) {
        rows.push_back(batch.row(i));
      }
    }
    return rows;
  }

  void begin(std::size_t workers) {
    workers_.clear();
    for (std::size_t i = 0; i < workers; ++i) {
      Worker& worker = workers_.emplace_back(Worker{.op = make_(), .tables = {}, .waits = {}});
      ASSERT_TRUE(worker.op->open().ok());
      Result<std::vector<StateTable*>> tables = worker.op->state_tables();
      ASSERT_TRUE(tables.ok()) << tables.status().message();
      worker.tables = std::move(tables).take();
    }
    for (std::size_t table = 0; table < log_.size(); ++table) {
      for (const StateChanges& changes : log_[table]) {
        for (std::size_t i = 0; i < workers; ++i) {
          StateTable& to = *workers_[i].tables[table];
          const Status applied = to.apply(part_of(i, changes, to.schema()));
          ASSERT_TRUE(applied.ok()) << applied.message();
        }
      }
    }
    for (const Worker& worker : workers_) {
      for (StateTable* table : worker.tables) {
        check_schema(table->schema());
        table->note_changes();
      }
      if (restarted_) {
        worker.op->restored(watermark_);
      }
      if (wall_ != kStartOfTime) {
        tell(*worker.op, Clock::kWall, wall_);
      }
      if (restarted_ && dice_() % 2 == 0) {
        tell(*worker.op, Clock::kWatermark, watermark_);
      }
    }
    restarted_ = true;
  }

  void check_schema(const StateSchema& schema) const {
    ASSERT_EQ(schema.partition_columns, keys_.size());
    ASSERT_GE(schema.key_columns, schema.partition_columns);
    ASSERT_LE(schema.key_columns, schema.columns.size());
  }

  StateChanges part_of(std::size_t worker, const StateChanges& changes,
                       const StateSchema& schema) const {
    if (workers_.size() == 1) {
      return changes;
    }
    StateChanges part;
    part.dropped_to = changes.dropped_to;
    for (auto rows : {&StateChanges::erased, &StateChanges::puts}) {
      const std::vector<Column>& columns = changes.*rows;
      if (columns.empty()) {
        continue;
      }
      const std::vector<std::uint64_t> all =
          hashes({columns.begin(), columns.begin() + schema.partition_columns});
      std::vector<RowIndex> mine;
      for (RowIndex row = 0; row < all.size(); ++row) {
        if (worker_of(all[row]) == worker) {
          mine.push_back(row);
        }
      }
      for (const Column& column : mine.empty() ? std::vector<Column>() : columns) {
        (part.*rows).push_back(gather(column, mine));
      }
    }
    return part;
  }

  std::vector<TextRow> all_of(const CollectingEmitter& out) const {
    std::vector<TextRow> rows;
    for (const Batch& batch : out.batches) {
      for (std::uint32_t i = 0; i < batch.num_rows(); ++i) {
        const RowIndex row = batch.row(i);
        TextRow text = text_row(CollectingEmitter::row_values(batch, row));
        for (const auto* column :
             {&batch.event_time, &batch.changes, &batch.partition, &batch.position}) {
          const bool compared = *column && (column != &batch.position || compares_positions_);
          text.push_back(compared ? to_string(value_at(**column, row)) : "");
        }
        rows.push_back(std::move(text));
      }
    }
    for (const CollectingEmitter::Rejected& rejected : out.rejected) {
      rows.push_back(text_row(rejected.row));
      rows.back().push_back("rejected " + std::to_string(static_cast<int>(rejected.error)));
    }
    return rows;
  }

  void compare() {
    std::vector<TextRow> expected = all_of(expected_);
    std::vector<TextRow> said = all_of(said_);
    if (!keys_.empty()) {
      // Keys may take turns in any way.
      std::sort(expected.begin(), expected.end());
      std::sort(said.begin(), said.end());
    }
    ASSERT_EQ(said, expected);
    ASSERT_EQ(said_.expired, expected_.expired);
    rows_said_ += said.size();
    keys_expired_ += said_.expired;
    expected_ = CollectingEmitter();
    said_ = CollectingEmitter();
  }

 public:
  std::uint64_t rows_said() const { return rows_said_; }
  std::uint64_t keys_expired() const { return keys_expired_; }

 private:
  const Make make_;
  const std::vector<std::uint32_t> keys_;
  std::mt19937_64 dice_;
  std::unique_ptr<Operator> whole_;
  std::vector<Worker> workers_;
  std::vector<std::vector<StateChanges>> log_;  // By table.
  bool restarted_ = false;
  bool compares_positions_ = true;
  EventTime watermark_ = kStartOfTime;
  EventTime wall_ = kStartOfTime;
  CollectingEmitter expected_;
  CollectingEmitter said_;
  std::uint64_t rows_said_ = 0;
  std::uint64_t keys_expired_ = 0;
};

}  // namespace thalweg::fixture
