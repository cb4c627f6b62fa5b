// Each call that changes the disk fails once, or is where the machine stops.
#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "checkpoint/epoch_store.h"
#include "checkpoint/inspect.h"
#include "checkpoint/store_fixture.h"
#include "env/fake_env.h"

namespace thalweg {
namespace {

// A base image is made after each epoch, so that all that can happen happens within a few.
constexpr EpochStoreOptions kOptions{.merge = BaseMerge::kAtOnce, .delta_bytes_min = 0};
constexpr std::uint64_t kCallsMax = 1000;

// A job in a world that does terrible things to it, and what is known of its state.
class Job {
 public:
  explicit Job(std::uint64_t seed) : random_(seed) {
    model_.tables.push_back(random_table("a/group#1", "groups", random_));
    model_.tables.push_back(random_table("b/top#1", "rows", random_));
    states_.push_back(model_.tables);
  }

  // One life: recovers and runs epochs until something fails, or so many are done.
  void live(FakeEnv& env, int epochs) {
    const auto opened = EpochStore::open(env, "state", "job", kOptions);
    if (!opened.ok()) {
      return;
    }
    EpochStore& store = *opened.value();
    if (!take_over(env, store)) {
      return;
    }
    bool fine = true;
    for (int i = 0; i < epochs && fine; ++i) {
      fine = run_epoch(store);
    }
    EXPECT_TRUE(fine || !store.prepare(model_.record(store, 2)).ok());
  }

  std::uint64_t epoch() const { return lowest_; }

 private:
  // What is found must be an epoch that may have been decided, and whole; from then on it is the
  // one that holds, for outputs are shown according to it.
  bool take_over(FakeEnv& env, const EpochStore& store) {
    const std::uint64_t found = store.last() ? store.last()->epoch : 0;
    EXPECT_GE(found, lowest_);
    EXPECT_LE(found, highest_);
    if (::testing::Test::HasFailure()) {
      return false;
    }
    states_.resize(found + 1);
    model_.tables = states_.back();
    model_.epoch = found;
    lowest_ = found;
    highest_ = found;
    const auto rows = model_.read(store, 3);
    EXPECT_TRUE(rows.ok()) << rows.status().message();
    EXPECT_TRUE(!rows.ok() || rows.value() == model_.texts());
    EXPECT_TRUE(found == 0 || verify_state(env, "state", "job").empty());
    return !::testing::Test::HasFailure();
  }

  bool run_epoch(EpochStore& store) {
    const bool prepared = model_.prepare(store, 2, random_, 12).ok();
    states_.push_back(model_.tables);
    if (!prepared) {
      return false;
    }
    highest_ = model_.epoch;
    if (!store.decide().ok()) {
      return false;
    }
    lowest_ = model_.epoch;
    return store.settled().ok();
  }

  Random random_;
  ModelJob model_;
  std::vector<std::vector<ModelTable>> states_;  // By epoch.
  std::uint64_t lowest_ = 0;                     // The epoch that has been decided for sure,
  std::uint64_t highest_ = 0;                    // and the last that may have been.
};

constexpr std::array kFaults = {Fault::kError, Fault::kCrash, Fault::kTornWrite};

TEST(EveryStep, OfAnEpochAndABaseImage) {
  for (std::uint64_t seed = 0; seed < 6; ++seed) {
    for (const Fault fault : kFaults) {
      std::uint64_t call = 1;
      for (bool happened = true; happened && call < kCallsMax; ++call) {
        SCOPED_TRACE(::testing::Message() << "seed " << seed << ", fault "
                                          << static_cast<int>(fault) << " at call " << call);
        FakeEnv env;
        Job job(seed);
        env.fail_disk_call(call, fault);
        job.live(env, 3);
        happened = env.disk_calls() >= call;
        if (fault == Fault::kError && call % 2 == 0) {
          // The machine goes on, and another process comes.
          job.live(env, call % 4 == 0 ? 0 : 1);
        }
        env.crash(seed * kCallsMax + call);
        job.live(env, 2);
        env.crash(call);
        job.live(env, 1);
        EXPECT_GE(job.epoch(), 3);
        if (HasFailure()) {
          return;
        }
      }
      EXPECT_GT(call, 40);
      EXPECT_LT(call, kCallsMax);
    }
  }
}

TEST(EveryStep, OfARecovery) {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    Random random(seed);
    const std::uint64_t before = 1 + below(random, 60);
    for (const Fault fault : kFaults) {
      bool happened = true;
      for (std::uint64_t call = 1; happened && call < kCallsMax; ++call) {
        SCOPED_TRACE(::testing::Message()
                     << "seed " << seed << ", stopped at call " << before << ", then fault "
                     << static_cast<int>(fault) << " at call " << call << " of the recovery");
        FakeEnv env;
        Job job(seed);
        env.fail_disk_call(before, Fault::kTornWrite);
        job.live(env, 3);
        env.crash(seed);
        const std::uint64_t calls = env.disk_calls();
        env.fail_disk_call(call, fault);
        job.live(env, 0);
        happened = env.disk_calls() >= calls + call;
        env.crash(seed + call);
        job.live(env, 1);
        env.crash(seed + call + 1);
        job.live(env, 0);
        if (HasFailure()) {
          return;
        }
      }
    }
  }
}

}  // namespace
}  // namespace thalweg
