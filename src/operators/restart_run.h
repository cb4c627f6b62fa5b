#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/random_cases.h"
#include "operators/random_rows.h"
#include "operators/state_fixture.h"

namespace thalweg::fixture {

struct RestartCase {
  std::string name;
  MakeOperator make;
  std::vector<std::uint32_t> keys;  // Columns of random_columns() by which rows are dealt out.
  bool updating = false;            // Rows are taken back too.
  std::int64_t disorder = 0;        // How far rows are out of order, at most.
  // What comes out in between may differ, only not where it leads.
  bool only_in_the_end = false;
};

// Feeds random batches to an operator and, now and then, to what is made anew from its state, on
// one worker or several, and compares what comes out.
class RestartRun {
 public:
  RestartRun(RestartCase kind, std::uint64_t seed)
      : kind_(std::move(kind)),
        random_(seed),
        workers_(kind_.keys.empty() ? 1 : 1 + static_cast<std::uint32_t>(random_() % 3)),
        original_(start(kind_.make)),
        twin_(start(kind_.make)) {}

  void run() {
    for (int step = 0; step < 40; ++step) {
      feed_all();
      if (random_() % 3 != 0) {
        now_ += static_cast<std::int64_t>(random_() % 12);
        on_time_all(Clock::kWatermark, EventTime{now_ - kind_.disorder / 2});
        watermark_ = {now_ - kind_.disorder / 2};
      }
      if (kind_.only_in_the_end && random_() % 3 == 0) {
        wall_ += static_cast<std::int64_t>(random_() % 30);
        on_time_all(Clock::kWall, EventTime{wall_});
      }
      if (random_() % 3 == 0) {
        saved_.save_some_waiting(original_, 1 + static_cast<std::uint32_t>(random_() % 20));
      } else if (random_() % 3 == 0) {
        end_epoch();
      }
      if (random_() % 4 == 0) {
        end_epoch();
        end_waiting();
        if (random_() % 3 == 0) {
          saved_.merge(original_.tables);
        }
        if (random_() % 2 == 0) {
          restore();
        }
      }
    }
    on_time_all(Clock::kWatermark, kEndOfTime);
    if (kind_.only_in_the_end && !restored_.empty()) {
      expect_same_folded();
    }
  }

 private:
  // What waits is taken in pieces while the operator goes on, and at once of its twin.
  void end_epoch() {
    end_waiting();
    saved_.begin_to_save(original_, 1 + static_cast<std::uint32_t>(random_() % 20));
    if (twin_) {
      twin_saved_.save(*twin_, 1000);
    }
  }
  void end_waiting() {
    saved_.save_waiting(original_, 1 + static_cast<std::uint32_t>(random_() % 20));
    for (std::size_t i = 0; twin_ && i < original_.tables.size(); ++i) {
      EXPECT_EQ(saved_.text(*original_.tables[i]), twin_saved_.text(*twin_->tables[i]));
    }
  }

  void restore() {
    restored_.clear();
    for (std::uint32_t worker = 0; worker < workers_; ++worker) {
      restored_.push_back(saved_.restore(kind_.make, watermark_, worker, workers_));
    }
    all_restored_.batches = all_.batches;
    if (random_() % 2 == 0 && workers_ == 1) {  // Goes on from there, as after a second restart.
      original_ = std::move(restored_[0]);
      restored_.clear();
      twin_.reset();
    }
    if (random_() % 2 == 0) {
      on_time_all(Clock::kWatermark, watermark_);
    }
  }

  void expect_same_folded() const {
    std::map<TextRow, int> difference = folded(all_restored_);
    for (const auto& [row, count] : folded(all_)) {
      if ((difference[row] -= count) == 0) {
        difference.erase(row);
      }
    }
    EXPECT_EQ(difference, (std::map<TextRow, int>()));
  }

  void feed_all() {
    std::vector<std::int64_t> micros(1 + random_() % 6);
    for (std::int64_t& time : micros) {
      time = now_;
      if (kind_.disorder > 0) {
        time += static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(kind_.disorder)) -
                kind_.disorder * 2 / 3;
      }
    }
    const Batch batch =
        kind_.updating ? random_changes(random_, micros, there_) : random_batch(random_, micros);
    CollectingEmitter out;
    if (twin_) {
      feed(*twin_->op, batch, out);
      out = {};
    }
    feed(*original_.op, batch, out);
    std::vector<CollectingEmitter> outs(restored_.size());
    std::vector<Column> keys;
    for (const std::uint32_t key : kind_.keys) {
      keys.push_back(batch.columns[key]);
    }
    for (std::uint32_t worker = 0; worker < restored_.size(); ++worker) {
      const Batch own = gather(batch, rows_of_worker(keys, batch.length, worker,
                                                     static_cast<std::uint32_t>(restored_.size())));
      if (own.length > 0) {
        feed(*restored_[worker].op, own, outs[worker]);
      }
    }
    expect_same(out, outs);
  }

  void on_time_all(Clock clock, EventTime now) {
    CollectingEmitter out;
    if (twin_) {
      on_time(*twin_->op, clock, now, out);
      out = {};
    }
    on_time(*original_.op, clock, now, out);
    std::vector<CollectingEmitter> outs(restored_.size());
    std::uint64_t expired = 0;
    for (std::size_t i = 0; i < restored_.size(); ++i) {
      on_time(*restored_[i].op, clock, now, outs[i]);
      expired += outs[i].expired;
    }
    if (!restored_.empty()) {
      EXPECT_EQ(expired, out.expired);
    }
    expect_same(out, outs);
  }

  static void on_time(Operator& op, Clock clock, EventTime now, CollectingEmitter& out) {
    Result<Progress> progress = op.on_time(clock, now, out);
    ASSERT_TRUE(progress.ok());
    while (progress.value() == Progress::kMore) {
      out.room = 1;
      progress = op.resume(out);
    }
  }

  void expect_same(const CollectingEmitter& out, const std::vector<CollectingEmitter>& outs) {
    std::vector<const CollectingEmitter*> all;
    all_.batches.insert(all_.batches.end(), out.batches.begin(), out.batches.end());
    for (const CollectingEmitter& each : outs) {
      all.push_back(&each);
      all_restored_.batches.insert(all_restored_.batches.end(), each.batches.begin(),
                                   each.batches.end());
    }
    if (!outs.empty() && !kind_.only_in_the_end) {
      EXPECT_EQ(sorted_rows(all), sorted_rows({&out}));
    }
  }

  const RestartCase kind_;
  Dice random_;
  const std::uint32_t workers_;
  KeptOperator original_;
  std::optional<KeptOperator> twin_;  // Fed the same, until the original is another.
  std::vector<KeptOperator> restored_;
  SavedState saved_;
  SavedState twin_saved_;
  std::vector<Batch> there_;
  std::int64_t now_ = 0;
  std::int64_t wall_ = 0;
  EventTime watermark_ = kStartOfTime;
  CollectingEmitter all_;           // All that the original has put out.
  CollectingEmitter all_restored_;  // What it had before the restart, and came out after it.
};

inline void expect_that_restarts_change_nothing(const std::vector<RestartCase>& cases,
                                                std::uint64_t seeds) {
  for (const RestartCase& kind : cases) {
    for (std::uint64_t seed = 0; seed < random_cases(seeds); ++seed) {
      SCOPED_TRACE(kind.name + ", seed " + std::to_string(seed));
      RestartRun(kind, seed).run();
      if (testing::Test::HasFailure()) {
        return;
      }
    }
  }
}

}  // namespace thalweg::fixture
