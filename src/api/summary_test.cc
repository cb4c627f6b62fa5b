#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>
#include <vector>

#include "thalweg/run_progress.h"

namespace thalweg {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(SummaryTest, LateRowsOfIdlePartitionsAreToldApart) {
  RunProgress progress;
  progress.rows_late = 1'203;
  EXPECT_THAT(summarize(progress), HasSubstr(" · late 1 203 · "));

  progress.rows_late_after_idle = 3;
  EXPECT_THAT(summarize(progress), HasSubstr(" · late 1 203 (3 after idle) · "));
  EXPECT_THAT(explain_watermarks(progress), HasSubstr("late: 1 203 (3 after idle)\n"));
}

// A run that was stopped before any window closed, over these partitions.
RunProgress stopped_over(std::vector<RunProgress::Partition> partitions) {
  RunProgress progress;
  progress.stopped = true;
  progress.rows_in = 2;
  progress.rows_held = 2;
  progress.partitions = std::move(partitions);
  return progress;
}

TEST(SummaryTest, AnEmptyAnswerNamesWhoHeldTheWatermarkBack) {
  RunProgress progress = stopped_over(
      {{.source = "t", .name = "ahead", .watermark_micros = 5'000'000, .timed = true},
       {.source = "t", .name = "silent", .watermark_micros = 0, .timed = true, .holds_back = true},
       {.source = "u", .name = "done", .ended = true, .timed = true},
       {.source = "v", .name = "other"}});
  progress.watermark_micros = 0;
  EXPECT_THAT(explain_empty(progress),
              HasSubstr(" (the watermark stood at 1970-01-01 00:00:00, held "
                        "back by t \"silent\")"));
  progress.partitions[0].idle_micros = 40'000'000;
  EXPECT_EQ(held_back_by(progress), "t \"silent\"");
}

TEST(SummaryTest, NobodyIsHeldBackWhereNobodyIsFurther) {
  RunProgress progress =
      stopped_over({{.source = "t", .name = "only", .timed = true, .holds_back = true},
                    {.source = "u", .name = "done", .ended = true, .timed = true}});
  progress.watermark_micros = 0;
  EXPECT_EQ(held_back_by(progress), "");
  EXPECT_THAT(explain_empty(progress), HasSubstr(" (the watermark stood at 1970-01-01 00:00:00)"));
}

TEST(SummaryTest, AnEmptyAnswerSaysThatAllAreIdle) {
  RunProgress progress =
      stopped_over({{.source = "t", .name = "a", .timed = true, .idle_micros = 1},
                    {.source = "t", .name = "b", .timed = true, .idle_micros = 1},
                    {.source = "u", .name = "done", .ended = true, .timed = true}});
  EXPECT_THAT(explain_empty(progress), HasSubstr("(every partition is idle, and only the option "
                                                 "advance_when_idle moves the watermark then)"));
  progress.partitions[0].idle_micros.reset();
  EXPECT_THAT(explain_empty(progress), Not(HasSubstr("idle")));
}

TEST(SummaryTest, WhatIsHeldIsOneOrMany) {
  RunProgress progress;
  progress.stopped = true;
  progress.rows_held = 1;
  EXPECT_THAT(summarize(progress), HasSubstr(" · still held 1 row or group · "));
  progress.rows_held = 2'000;
  EXPECT_THAT(summarize(progress), HasSubstr(" · still held 2 000 rows or groups · "));
}

TEST(SummaryTest, EachReasonHasAnExample) {
  RunProgress progress;
  for (const char* reason :
       {"wrong_type", "wrong_type", "overflow", "null_time", "overflow", "too_far_ahead"}) {
    progress.samples.push_back({.origin = "x.jsonl, byte 0", .reason = reason, .detail = "why"});
  }
  EXPECT_THAT(summarize(progress), HasSubstr("\n  wrong_type: x.jsonl, byte 0: why"
                                             "\n  overflow: x.jsonl, byte 0: why"
                                             "\n  null_time: x.jsonl, byte 0: why"
                                             "\n  too_far_ahead: x.jsonl, byte 0: why\n"));
}

TEST(SummaryTest, OneReasonHasAFewExamples) {
  RunProgress progress;
  for (const char* detail : {"first", "second", "third", "fourth"}) {
    progress.samples.push_back({.origin = "", .reason = "overflow", .detail = detail});
  }
  EXPECT_THAT(summarize(progress),
              HasSubstr("\n  overflow: first\n  overflow: second\n  overflow: third\n"));
  EXPECT_THAT(summarize(progress), Not(HasSubstr("fourth")));
}

TEST(SummaryTest, RowsThatWereInTimeAreNotHeld) {
  RunProgress progress;
  progress.rows_in = 7;
  progress.stopped = true;
  progress.operators.push_back(
      {.description = "LATE for TUMBLE 10 seconds", .explain_line = {}, .rows_in = 7});
  EXPECT_EQ(explain_empty(progress), "7 rows read, all in time for their windows");
}

}  // namespace
}  // namespace thalweg
