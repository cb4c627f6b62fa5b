#include "runtime/operator_step.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/runtime_fixture.h"

namespace thalweg {
namespace {

using namespace fixture;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

Batch number(std::int64_t value) {
  ColumnBuilder builder(type_of(TypeKind::kBigint));
  builder.append(value);
  return batch({builder.finish()});
}

// Passes rows on, notes what it is told, and says kMore as often as asked.
class Scripted final : public Operator {
 public:
  struct Log {
    std::vector<std::string> calls;
    int more = 0;  // So many next calls are not done.
    bool fails = false;
    bool notes_wall_clock = false;
    std::int64_t held_back = 0;
  };
  explicit Scripted(Log& log) : log_(log) {}

  Result<Progress> process(int input, Batch batch, Emitter& out) override {
    log_.calls.push_back("row " + std::to_string(input) + ":" +
                         std::to_string(batch.columns[0].values<std::int64_t>()[0]));
    if (log_.fails) {
      return invalid_argument("the operator broke");
    }
    out.emit(Port::kMain, std::move(batch));
    return progress();
  }
  Result<Progress> on_time(Clock clock, EventTime now, Emitter& /*out*/) override {
    if (clock == Clock::kWall) {
      if (log_.notes_wall_clock) {
        log_.calls.emplace_back("wall clock");
      }
      return Progress::kDone;
    }
    log_.calls.push_back(now == kEndOfTime ? "end" : "time " + std::to_string(now.micros));
    return progress();
  }
  Result<Progress> resume(Emitter& /*out*/) override {
    log_.calls.emplace_back("resume");
    return progress();
  }
  EventTime output_watermark(EventTime watermark) const override {
    return {watermark.micros - log_.held_back};
  }

 private:
  Progress progress() {
    if (log_.more > 0) {
      --log_.more;
      return Progress::kMore;
    }
    return Progress::kDone;
  }

  Log& log_;
};

class OperatorStepTest : public ::testing::Test {
 protected:
  OperatorStepTest() : step_(context_, std::make_unique<Scripted>(log_)) {
    step_.add_outlet(std::make_unique<RecordingOutlet>(sent_, room_));
  }

  // What went out, as text.
  std::vector<std::string> sent() const {
    std::vector<std::string> texts;
    for (const Message& message : sent_) {
      if (const auto* rows = std::get_if<Batch>(&message)) {
        texts.push_back("row " + std::to_string(rows->columns[0].values<std::int64_t>()[0]));
      } else if (const auto* watermark = std::get_if<WatermarkMessage>(&message)) {
        texts.push_back((watermark->idle ? "idle " : "time ") +
                        std::to_string(watermark->time.micros));
      } else if (const auto* barrier = std::get_if<BarrierMessage>(&message)) {
        texts.push_back("barrier " + std::to_string(barrier->epoch));
      } else {
        texts.emplace_back(std::get<EndMessage>(message).stopped ? "stopped" : "end");
      }
    }
    return texts;
  }
  void run_until_idle() {
    while (step_.run_once()) {
    }
  }

  FakeEnv env_;
  WorkerContext context_{.env = env_, .dice = {}, .failure = {}};
  Scripted::Log log_;
  std::vector<Message> sent_;
  bool room_ = true;
  OperatorStep step_;
};

TEST_F(OperatorStepTest, TheWatermarkIsTheLowestOfAllChannelsAndNeverMovesBack) {
  const std::size_t a = step_.add_channel(0);
  const std::size_t b = step_.add_channel(0);
  step_.deliver(a, WatermarkMessage{EventTime{10}});
  EXPECT_THAT(sent(), IsEmpty());
  step_.deliver(b, WatermarkMessage{EventTime{5}});
  step_.deliver(b, WatermarkMessage{EventTime{3}});
  step_.deliver(b, WatermarkMessage{EventTime{20}});
  EXPECT_THAT(sent(), ElementsAre("time 5", "time 10"));
}

TEST_F(OperatorStepTest, AChannelThatHasEndedHoldsNothingBack) {
  const std::size_t a = step_.add_channel(0);
  const std::size_t b = step_.add_channel(0);
  step_.deliver(a, WatermarkMessage{EventTime{10}});
  step_.deliver(b, EndMessage{});
  EXPECT_THAT(sent(), ElementsAre("time 10"));
  EXPECT_FALSE(step_.finished());
  step_.deliver(a, EndMessage{});
  EXPECT_THAT(sent(), ElementsAre("time 10", "end"));
  EXPECT_THAT(log_.calls, ElementsAre("time 10", "end"));
  EXPECT_TRUE(step_.finished());
}

TEST_F(OperatorStepTest, TheHighestWatermarkIsPassedBeforeTheEndWhicheverChannelEndsLast) {
  for (const bool turned : {false, true}) {
    Scripted::Log log;
    log.more = 1;
    OperatorStep step(context_, std::make_unique<Scripted>(log));
    const std::size_t a = step.add_channel(0);
    const std::size_t b = step.add_channel(0);
    step.deliver(turned ? b : a, EndMessage{.stopped = false, .reached = EventTime{20}});
    step.deliver(turned ? a : b, EndMessage{.stopped = false, .reached = EventTime{10}});
    while (step.run_once()) {
    }
    EXPECT_THAT(log.calls, ElementsAre("time 20", "resume", "end"));
    EXPECT_TRUE(step.finished());
  }
}

TEST_F(OperatorStepTest, ChannelsOfOneInputStandAsideOnlyTogether) {
  const std::size_t a = step_.add_channel(0);
  const std::size_t b = step_.add_channel(0);
  step_.deliver(a, WatermarkMessage{.time = EventTime{10}, .idle = true});
  EXPECT_THAT(sent(), IsEmpty());
  step_.deliver(b, WatermarkMessage{.time = EventTime{8}, .idle = true});
  EXPECT_THAT(sent(), ElementsAre("time 8", "idle 8"));
  sent_.clear();
  // The other one may still bring rows of before.
  step_.deliver(a, WatermarkMessage{.time = EventTime{20}});
  EXPECT_THAT(sent(), ElementsAre("time 8"));
  step_.deliver(b, number(1));
  step_.deliver(b, WatermarkMessage{.time = EventTime{20}});
  EXPECT_THAT(sent(), ElementsAre("time 8", "row 1", "time 20"));
}

TEST_F(OperatorStepTest, AnIdleInputHoldsNothingBackUntilItSpeaks) {
  const std::size_t a = step_.add_channel(0);
  const std::size_t b = step_.add_channel(1);
  step_.deliver(b, WatermarkMessage{.time = EventTime{5}, .idle = true});
  step_.deliver(a, WatermarkMessage{.time = EventTime{10}});
  EXPECT_THAT(sent(), ElementsAre("time 10"));
  step_.deliver(b, number(1));
  step_.deliver(a, WatermarkMessage{.time = EventTime{30}});
  EXPECT_THAT(sent(), ElementsAre("time 10", "row 1"));
  step_.deliver(b, WatermarkMessage{.time = EventTime{20}});
  EXPECT_THAT(sent(), ElementsAre("time 10", "row 1", "time 20"));
}

TEST_F(OperatorStepTest, RowsBehindABarrierWaitUntilItHasComeEverywhere) {
  const std::size_t a = step_.add_channel(0);
  const std::size_t b = step_.add_channel(1);
  step_.deliver(a, BarrierMessage{1});
  step_.deliver(a, number(2));
  step_.deliver(a, WatermarkMessage{EventTime{9}});
  step_.deliver(b, number(1));
  run_until_idle();
  EXPECT_THAT(sent(), ElementsAre("row 1"));
  step_.deliver(b, BarrierMessage{1});
  EXPECT_EQ(step_.epoch(), 1u);
  run_until_idle();
  step_.deliver(b, WatermarkMessage{EventTime{8}});
  EXPECT_THAT(sent(), ElementsAre("row 1", "barrier 1", "row 2", "time 8"));
}

TEST_F(OperatorStepTest, ABarrierDoesNotWaitForAChannelThatHasEnded) {
  const std::size_t a = step_.add_channel(0);
  const std::size_t b = step_.add_channel(0);
  const std::size_t c = step_.add_channel(0);
  step_.deliver(a, EndMessage{});
  step_.deliver(b, BarrierMessage{1});
  EXPECT_THAT(sent(), IsEmpty());
  step_.deliver(c, EndMessage{});
  EXPECT_THAT(sent(), ElementsAre("barrier 1"));
  step_.deliver(b, number(1));
  EXPECT_THAT(sent(), ElementsAre("barrier 1", "row 1"));
}

TEST_F(OperatorStepTest, NothingIsHandledUntilTheOperatorIsDone) {
  const std::size_t a = step_.add_channel(0);
  log_.more = 2;
  step_.deliver(a, WatermarkMessage{EventTime{10}});
  step_.deliver(a, number(1));
  EXPECT_FALSE(step_.accepts(0));
  EXPECT_THAT(sent(), IsEmpty());
  run_until_idle();
  EXPECT_THAT(log_.calls, ElementsAre("time 10", "resume", "resume", "row 0:1"));
  EXPECT_THAT(sent(), ElementsAre("time 10", "row 1"));
}

// What was due by the wall clock while the job was down would else wait for the next row.
TEST_F(OperatorStepTest, AfterARestartTheWallClockComesBeforeAnyRow) {
  const std::size_t a = step_.add_channel(0);
  log_.notes_wall_clock = true;
  step_.restored(EventTime{10});
  step_.deliver(a, number(1));
  EXPECT_THAT(log_.calls, IsEmpty());
  run_until_idle();
  EXPECT_THAT(log_.calls, ElementsAre("wall clock", "wall clock", "row 0:1"));
  EXPECT_THAT(sent(), ElementsAre("time 10", "row 1"));
}

TEST_F(OperatorStepTest, WhatHasEndedIsToldNoWallClockAfterARestart) {
  const std::size_t a = step_.add_channel(0);
  log_.notes_wall_clock = true;
  step_.restored(kEndOfTime);
  step_.deliver(a, EndMessage{});
  run_until_idle();
  EXPECT_THAT(log_.calls, IsEmpty());
  EXPECT_THAT(sent(), ElementsAre("end"));
}

TEST_F(OperatorStepTest, WithoutRoomBehindItItTakesNothingAndDoesNotGoOn) {
  MessageQueue queue(8);
  step_.add_channel(0, &queue);
  std::optional<Message> message(number(1));
  ASSERT_TRUE(queue.push(message));
  room_ = false;
  EXPECT_FALSE(step_.run_once());
  EXPECT_FALSE(step_.accepts(0));
  EXPECT_THAT(log_.calls, IsEmpty());
  room_ = true;
  EXPECT_TRUE(step_.run_once());
  EXPECT_THAT(sent(), ElementsAre("row 1"));
  EXPECT_FALSE(step_.run_once());
}

TEST_F(OperatorStepTest, QueuesAreServedInTurn) {
  MessageQueue first(8);
  MessageQueue second(8);
  step_.add_channel(0, &first);
  step_.add_channel(1, &second);
  for (const std::int64_t value : {1, 2}) {
    std::optional<Message> message(number(value));
    ASSERT_TRUE(first.push(message));
    message = number(value + 10);
    ASSERT_TRUE(second.push(message));
  }
  run_until_idle();
  EXPECT_THAT(sent(), ElementsAre("row 1", "row 11", "row 2", "row 12"));
}

TEST_F(OperatorStepTest, AStopEndsWithoutClosingWhatIsOpen) {
  const std::size_t a = step_.add_channel(0);
  const std::size_t b = step_.add_channel(0);
  step_.deliver(a, WatermarkMessage{EventTime{5}});
  step_.deliver(b, WatermarkMessage{EventTime{5}});
  step_.deliver(a, EndMessage{.stopped = true});
  EXPECT_FALSE(step_.finished());
  step_.deliver(b, EndMessage{.stopped = true});
  EXPECT_THAT(log_.calls, ElementsAre("time 5"));
  EXPECT_THAT(sent(), ElementsAre("time 5", "stopped"));
  EXPECT_TRUE(step_.finished());
}

// What a stopped input has not read comes in a later run, which must not find it late.
TEST_F(OperatorStepTest, AChannelThatStopsStillHoldsTheOthersBack) {
  const std::size_t a = step_.add_channel(0);
  const std::size_t b = step_.add_channel(1);
  step_.deliver(a, WatermarkMessage{EventTime{5}});
  step_.deliver(a, EndMessage{.stopped = true});
  step_.deliver(b, WatermarkMessage{EventTime{9}});
  step_.deliver(b, EndMessage{.stopped = true});
  EXPECT_THAT(log_.calls, ElementsAre("time 5"));
  EXPECT_THAT(sent(), ElementsAre("time 5", "stopped"));
}

TEST_F(OperatorStepTest, AnOperatorMayHoldTheWatermarkBack) {
  log_.held_back = 7;
  const std::size_t a = step_.add_channel(0);
  step_.deliver(a, WatermarkMessage{EventTime{10}});
  step_.deliver(a, WatermarkMessage{EventTime{12}});
  EXPECT_THAT(log_.calls, ElementsAre("time 10", "time 12"));
  EXPECT_THAT(sent(), ElementsAre("time 3", "time 5"));
}

TEST_F(OperatorStepTest, AFailingOperatorFailsTheWorker) {
  const std::size_t a = step_.add_channel(0);
  log_.fails = true;
  step_.deliver(a, number(1));
  EXPECT_EQ(context_.failure.message(), "the operator broke");
}

TEST_F(OperatorStepTest, InterleavedByDiceTheOrderOfAChannelHolds) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    context_.dice.emplace(seed);
    Scripted::Log log;
    OperatorStep step(context_, std::make_unique<Scripted>(log));
    const std::size_t a = step.add_channel(0);
    const std::size_t b = step.add_channel(1);
    for (std::int64_t i = 0; i < 20; ++i) {
      step.deliver(i % 3 == 0 ? a : b, number(i));
    }
    while (step.run_once()) {
    }
    ASSERT_EQ(log.calls.size(), 20u);
    std::int64_t last[2] = {-1, -1};
    for (const std::string& call : log.calls) {
      const std::size_t input = static_cast<std::size_t>(call[4] - '0');
      const std::int64_t value = std::stoll(call.substr(6));
      ASSERT_GT(value, last[input]) << "seed " << seed;
      last[input] = value;
    }
  }
}

}  // namespace
}  // namespace thalweg
