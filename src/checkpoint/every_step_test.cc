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

// A job of two operators, of which another query has one, under another name and with another
// column.
class ChangedJob {
 public:
  explicit ChangedJob(std::uint64_t seed) : random_(seed) {
    before_.tables.push_back(random_table("a/group#1", "groups", random_));
    before_.tables.push_back(random_table("b/top#1", "rows", random_));
  }

  // Epochs of the first query.
  void begin(FakeEnv& env) {
    const auto store = EpochStore::open(env, "state", "job", kOptions);
    ASSERT_TRUE(store.ok() && before_.run_epochs(2, *store.value(), 2, random_, 12).ok());
    after_ = before_;
    after_.tables.pop_back();
    ModelTable& table = after_.tables[0];
    table.operator_id = "c/group#1";
    table.schema.columns.push_back({"total", type_of(TypeKind::kText)});
    for (auto& [key, row] : table.rows) {
      row.push_back(null_value(type_of(TypeKind::kText)));
    }
  }

  // A start under the second query.
  Status convert(FakeEnv& env) {
    const auto store = EpochStore::open(env, "state", "job", kOptions);
    if (!store.ok()) {
      return store.status();
    }
    check(env, *store.value());
    return is_converted(*store.value()) ? Status() : store.value()->convert({conversion()});
  }

  // All of one query or all of the other: never some of both, nor less.
  void check(FakeEnv& env, const EpochStore& store) {
    ASSERT_TRUE(store.last());
    EXPECT_EQ(store.last()->epoch, before_.epoch);
    const ModelJob& expected = is_converted(store) ? after_ : before_;
    const auto rows = expected.read(store, 3);
    ASSERT_TRUE(rows.ok()) << rows.status().message();
    EXPECT_EQ(rows.value(), expected.texts());
    EXPECT_TRUE(verify_state(env, "state", "job").empty());
  }

  // The second query goes on from it.
  void go_on(FakeEnv& env) {
    const auto store = EpochStore::open(env, "state", "job", kOptions);
    ASSERT_TRUE(store.ok()) << store.status().message();
    EXPECT_TRUE(is_converted(*store.value()));
    check(env, *store.value());
    ModelJob job = after_;
    EXPECT_TRUE(job.run_epochs(2, *store.value(), 3, random_, 12).ok());
    env.crash(job.epoch);
    const auto again = EpochStore::open(env, "state", "job", kOptions);
    ASSERT_TRUE(again.ok()) << again.status().message();
    EXPECT_EQ(again.value()->last()->epoch, job.epoch);
    EXPECT_EQ(job.read(*again.value(), 2).value(), job.texts());
  }

 private:
  static bool is_converted(const EpochStore& store) {
    return store.last()->operators.size() == 1 && store.last()->operators[0].id == "c/group#1";
  }

  StateConversion conversion() const {
    const StateSchema& schema = after_.tables[0].schema;
    StateConversion conversion{.from = "a/group#1",
                               .to = {.id = "c/group#1", .tables = {schema}},
                               .tables = {{.from = 0, .columns = {}}}};
    for (std::uint32_t i = 0; i + 1 < schema.columns.size(); ++i) {
      conversion.tables[0].columns.emplace_back(i);
    }
    conversion.tables[0].columns.emplace_back();
    return conversion;
  }

  Random random_;
  ModelJob before_;
  ModelJob after_;
};

TEST(EveryStep, OfAConversionToAnotherQuery) {
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    for (const Fault fault : kFaults) {
      std::uint64_t call = 1;
      for (bool happened = true; happened && call < kCallsMax; ++call) {
        SCOPED_TRACE(::testing::Message() << "seed " << seed << ", fault "
                                          << static_cast<int>(fault) << " at call " << call);
        FakeEnv env;
        ChangedJob job(seed);
        job.begin(env);
        const std::uint64_t calls = env.disk_calls();
        env.fail_disk_call(call, fault);
        const bool converted = job.convert(env).ok();
        happened = env.disk_calls() >= calls + call;
        EXPECT_TRUE(converted || happened);
        if (!happened) {
          break;  // The fault would come later.
        }
        if (fault != Fault::kError || call % 2 == 0) {
          env.crash(seed * kCallsMax + call);
        }
        const Status again = job.convert(env);
        EXPECT_TRUE(again.ok()) << again.message();
        env.crash(call);
        job.go_on(env);
        if (HasFailure()) {
          return;
        }
      }
      EXPECT_GT(call, 8);
      EXPECT_LT(call, kCallsMax);
    }
  }
}

}  // namespace
}  // namespace thalweg
