#include "kafka/commit_tracker.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>
#include <vector>

namespace thalweg::kafka {
namespace {

TEST(CommitTrackerTest, NothingHandedOutCommitsTheStart) {
  EXPECT_EQ(CommitTracker(7).committable(), 7);
}

TEST(CommitTrackerTest, OnlyTheContiguousPrefixIsCommitted) {
  CommitTracker tracker(0);
  for (const std::int64_t offset : {0, 1, 2}) {
    tracker.handed_out(offset);
  }
  tracker.done(1);
  EXPECT_EQ(tracker.committable(), 0);
  tracker.done(0);
  EXPECT_EQ(tracker.committable(), 2);
  tracker.done(2);
  EXPECT_EQ(tracker.committable(), 3);
  EXPECT_EQ(tracker.held(), 0U);
}

TEST(CommitTrackerTest, WhatWasNotHandedOutChangesNothing) {
  CommitTracker tracker(5);
  tracker.handed_out(9);
  tracker.done(5);
  tracker.done(10);
  EXPECT_EQ(tracker.committable(), 9);
}

TEST(CommitTrackerTest, AnEmptyStretchIsCommittedBehindTheRecordsBeforeIt) {
  CommitTracker tracker(0);
  tracker.nothing_before(3);
  EXPECT_EQ(tracker.committable(), 3);
  tracker.handed_out(3);
  tracker.nothing_before(6);
  tracker.nothing_before(4);
  EXPECT_EQ(tracker.committable(), 3);
  tracker.done(3);
  EXPECT_EQ(tracker.committable(), 6);
}

// Random offsets with gaps, done in random order, against the rule itself.
TEST(CommitTrackerTest, AnyOrderGivesThePrefix) {
  constexpr int kRounds = 2000;
  for (int seed = 0; seed < kRounds; ++seed) {
    std::mt19937 random(static_cast<unsigned int>(seed));
    CommitTracker tracker(0);
    std::set<std::int64_t> open;  // Handed out and not done.
    std::int64_t next = 0;
    std::vector<std::int64_t> waiting;
    for (int step = 0; step < 60; ++step) {
      const unsigned int what = random() % 5;
      if (what < 2 || waiting.empty()) {
        next += static_cast<std::int64_t>(random() % 3);
        tracker.handed_out(next);
        open.insert(next);
        waiting.push_back(next++);
      } else if (what == 2) {
        next += static_cast<std::int64_t>(random() % 2);
        tracker.nothing_before(next);
      } else {
        const std::size_t one = random() % waiting.size();
        tracker.done(waiting[one]);
        open.erase(waiting[one]);
        if (random() % 4 != 0) {  // Else it is done once more, some time.
          waiting.erase(waiting.begin() + static_cast<std::ptrdiff_t>(one));
        }
      }
      ASSERT_EQ(tracker.committable(), open.empty() ? next : *open.begin())
          << "seed " << seed << ", step " << step;
    }
  }
}

}  // namespace
}  // namespace thalweg::kafka
