#include "checkpoint/decided_outside.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>
#include <vector>

#include "checkpoint/epoch_store.h"
#include "env/fake_env.h"

namespace thalweg {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class FakeDecider final : public EpochDecider {
 public:
  std::string name() const override { return "the ledger"; }
  Result<std::optional<EpochName>> decided() override { return outside; }
  Result<std::optional<EpochName>> seen() override { return outside; }
  Status decide(const EpochName& epoch) override {
    decisions.push_back(epoch);
    return {};
  }

  std::optional<EpochName> outside;
  std::vector<EpochName> decisions;
};

// The state of a job without operators, whose epochs a ledger decides.
class DecidedOutside : public ::testing::Test {
 protected:
  Result<std::unique_ptr<EpochStore>> open(bool replaces_beginning = false) {
    return EpochStore::open(env_, "state", "job",
                            {.decider = &ledger_, .replaces_beginning = replaces_beginning});
  }
  std::unique_ptr<EpochStore> open_well(bool replaces_beginning = false) {
    auto store = open(replaces_beginning);
    EXPECT_TRUE(store.ok()) << store.status().message();
    return std::move(store).take();
  }
  std::string refusal() {
    const auto store = open();
    EXPECT_EQ(store.status().code(), Code::kCorrupt);
    return store.status().message();
  }

  static std::uint64_t last_epoch(const EpochStore& store) {
    return store.last() ? store.last()->epoch : 0;
  }

  void prepare(EpochStore& store, std::uint64_t epoch, std::string decided_by = "the ledger") {
    incarnation_ = store.incarnation();
    const Status status = store.prepare({.epoch = epoch,
                                         .incarnation = incarnation_,
                                         .workers = 1,
                                         .decided_by = std::move(decided_by)});
    ASSERT_TRUE(status.ok()) << status.message();
  }

  // Epochs 1 to `decided` count, and the one after is prepared.
  void live(std::uint64_t decided, const std::string& decided_by = "the ledger") {
    const auto store = open_well();
    for (std::uint64_t epoch = 1; epoch <= decided; ++epoch) {
      prepare(*store, epoch, decided_by);
      ASSERT_TRUE(store->decide().ok());
      ASSERT_TRUE(store->settled().ok());
    }
    prepare(*store, decided + 1, decided_by);
  }

  EpochName named(std::uint64_t epoch) const {
    return {.incarnation = incarnation_, .epoch = epoch};
  }

  FakeEnv env_;
  FakeDecider ledger_;
  std::string incarnation_;
};

TEST_F(DecidedOutside, WhatIsPreparedCountsWhenItCountsThere) {
  live(2);
  ledger_.outside = named(3);
  EXPECT_EQ(last_epoch(*open_well()), 3);
  EXPECT_EQ(last_epoch(*open_well()), 3);  // Nor is it asked of what was prepared any more.
}

TEST_F(DecidedOutside, WhatIsPreparedGoesWhenItDoesNotCountThere) {
  live(2);
  ledger_.outside = named(2);
  const auto store = open_well();
  EXPECT_EQ(last_epoch(*store), 2);
  prepare(*store, 3);
  EXPECT_TRUE(store->decide().ok());
}

TEST_F(DecidedOutside, TheFirstEpochToo) {
  live(0);
  ledger_.outside = named(1);
  EXPECT_EQ(last_epoch(*open_well()), 1);
}

TEST_F(DecidedOutside, AFirstEpochThatWasNeverDecidedLeavesNothing) {
  live(0);
  EXPECT_EQ(last_epoch(*open_well()), 0);
}

TEST_F(DecidedOutside, AnEpochBeforeOrAfterIsRefused) {
  live(2);
  ledger_.outside = named(1);
  EXPECT_THAT(refusal(),
              AllOf(HasSubstr("the ledger"), HasSubstr("epoch 1"), HasSubstr("state/job"),
                    HasSubstr("epoch 2"), HasSubstr("--from-scratch")));
  ledger_.outside = named(4);
  EXPECT_THAT(refusal(), HasSubstr("epoch 4"));
}

TEST_F(DecidedOutside, APreparedEpochThatDoesNotReadBackIsRefusedWhenItCounts) {
  live(2);
  std::string bytes = env_.get("state/job/MANIFEST.prepared");
  bytes[20] ^= 1;
  env_.put("state/job/MANIFEST.prepared", bytes);
  ledger_.outside = named(3);
  EXPECT_THAT(refusal(), HasSubstr("epoch 3"));
  ledger_.outside = named(2);
  EXPECT_EQ(last_epoch(*open_well()), 2);
}

TEST_F(DecidedOutside, WhatIsForgottenThereIsKnownHere) {
  live(2);
  EXPECT_THAT(refusal(), HasSubstr("forgotten"));  // Of the third nothing is known.
  ledger_.outside = named(2);
  open_well();
  ledger_.outside.reset();
  EXPECT_EQ(last_epoch(*open_well()), 2);
}

TEST_F(DecidedOutside, AnotherBeginningIsRefused) {
  ledger_.outside = EpochName{.incarnation = "0123456789abcdef", .epoch = 7};
  EXPECT_THAT(refusal(), AllOf(HasSubstr("another beginning"), HasSubstr("epoch 7")));
}

TEST_F(DecidedOutside, UnlessItsPlaceIsTaken) {
  ledger_.outside = EpochName{.incarnation = "0123456789abcdef", .epoch = 7};
  EXPECT_EQ(last_epoch(*open_well(/*replaces_beginning=*/true)), 0);
  // Nothing counts: whoever opens it next, a crash later, need not take a place again.
  EXPECT_THAT(ledger_.decisions, ElementsAre(EpochName()));
  ledger_.outside = EpochName();
  EXPECT_EQ(last_epoch(*open_well()), 0);

  ledger_.outside.reset();
  ledger_.decisions.clear();
  live(1);
  ledger_.outside = EpochName{.incarnation = "0123456789abcdef", .epoch = 7};
  EXPECT_EQ(last_epoch(*open_well(/*replaces_beginning=*/true)), 1);
  EXPECT_THAT(ledger_.decisions, ElementsAre(named(1)));
}

TEST_F(DecidedOutside, ItMayHaveHadNoPartInTheLastEpochs) {
  live(2, /*decided_by=*/"");
  ledger_.outside = named(1);
  EXPECT_EQ(last_epoch(*open_well()), 2);
}

TEST_F(DecidedOutside, BeforeAnotherIsShutOutTheStateMustGoWithIt) {
  const auto goes_on = [&] { return check_goes_on(env_, "state/job", ledger_); };
  EXPECT_TRUE(goes_on().ok());  // Nothing counts yet.
  ledger_.outside = {{.incarnation = "another", .epoch = 4}};
  EXPECT_EQ(goes_on().code(), Code::kInvalidArgument);
  EXPECT_THAT(goes_on().message(),
              AllOf(HasSubstr("epoch 4"), HasSubstr("has no state"), HasSubstr("--state-dir")));
  ledger_.outside.reset();
  live(2);
  for (const std::uint64_t epoch : {1, 2, 3}) {  // Whoever has it may be an epoch further by now.
    ledger_.outside = named(epoch);
    EXPECT_TRUE(goes_on().ok()) << epoch;
  }
  ledger_.outside = named(4);
  EXPECT_THAT(goes_on().message(), AllOf(HasSubstr("epoch 4"), HasSubstr("has epoch 2")));
  ledger_.outside = {{.incarnation = "another", .epoch = 2}};
  EXPECT_THAT(goes_on().message(), HasSubstr("another beginning"));
  EXPECT_THAT(ledger_.decisions, IsEmpty());
}

TEST_F(DecidedOutside, NothingIsChangedWhileItDoesNotAnswer) {
  live(2);
  struct Silent final : EpochDecider {
    std::string name() const override { return "the ledger"; }
    Result<std::optional<EpochName>> decided() override { return unavailable("no answer"); }
    Result<std::optional<EpochName>> seen() override { return unavailable("no answer"); }
    Status decide(const EpochName&) override { return unavailable("no answer"); }
  } silent;
  EXPECT_EQ(EpochStore::open(env_, "state", "job", {.decider = &silent}).status().message(),
            "no answer");
  ledger_.outside = named(3);
  EXPECT_EQ(last_epoch(*open_well()), 3);
}

}  // namespace
}  // namespace thalweg
