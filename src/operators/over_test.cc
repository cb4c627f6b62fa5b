// Answers OVER frames, against row by row, while keys come, fall silent and come again.
#include "operators/over.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <string>

#include "base/random_cases.h"
#include "operators/operator_fixture.h"

namespace thalweg {
namespace {

using namespace fixture;

struct Row {
  int key = 0;
  std::optional<std::int64_t> value;
  std::int64_t time = 0;
  std::int64_t id = 0;  // Later rows have greater ones.
};

enum Columns : std::uint32_t { kKey, kValue, kText, kId, kTime };

std::string text_of(std::int64_t value) { return "v" + std::to_string(value); }

Batch batch_of(const std::vector<Row>& rows) {
  std::vector<std::optional<std::int64_t>> keys;
  std::vector<std::optional<std::int64_t>> values;
  ColumnBuilder texts(type_of(TypeKind::kText));
  std::vector<std::optional<std::int64_t>> ids;
  std::vector<std::int64_t> micros;
  for (const Row& row : rows) {
    keys.emplace_back(row.key);
    values.push_back(row.value);
    row.value ? texts.append_text(text_of(*row.value)) : texts.append_null();
    ids.emplace_back(row.id);
    micros.push_back(row.time);
  }
  Batch made = batch({bigints(keys), bigints(values), texts.finish(), bigints(ids), times(micros)});
  set_event_time(made, made.columns[kTime]);
  made.position = made.columns[kId];
  ColumnBuilder partitions(type_of(TypeKind::kInt));
  for (std::size_t i = 0; i < rows.size(); ++i) {
    partitions.append(std::int32_t{0});
  }
  made.partition = partitions.finish();
  return made;
}

OverCall call_of(OverKind kind, AggregateKind aggregate, std::optional<std::uint32_t> arg,
                 OverFrame frame) {
  OverCall call{.kind = kind,
                .aggregate = aggregate,
                .arg = arg,
                .filter = {},
                .number = 1,
                .frame = frame,
                .type = arg == kText ? type_of(TypeKind::kText) : bigint_type(),
                .name = {}};
  if (kind == OverKind::kAggregate && arg) {
    call.type =
        *aggregate_type(aggregate, std::vector<Type>{*arg == kText ? call.type : bigint_type()});
  }
  return call;
}

OverCall any_call(std::mt19937& dice, OverFrame frame) {
  switch (dice() % 9) {
    case 0:
      return call_of(OverKind::kAggregate, AggregateKind::kCountStar, {}, frame);
    case 1:
      return call_of(OverKind::kAggregate, AggregateKind::kCount, kValue, frame);
    case 2:
      return call_of(OverKind::kAggregate, AggregateKind::kSum, kValue, frame);
    case 3:
      return call_of(OverKind::kAggregate, AggregateKind::kMin, kValue, frame);
    case 4:
      return call_of(OverKind::kAggregate, AggregateKind::kMax, kText, frame);
    case 5:
      return call_of(OverKind::kAggregate, AggregateKind::kArrayAgg, kValue, frame);
    case 6:
      return call_of(OverKind::kNthValue, AggregateKind::kCountStar, kValue, frame);
    case 7:
      return call_of(OverKind::kLastValue, AggregateKind::kCountStar, kText, frame);
    default:
      return call_of(OverKind::kAggregate, AggregateKind::kBitXor, kValue, frame);
  }
}

// What a call answers over these rows.
std::string answer_of(const OverCall& call, const std::vector<Row>& frame) {
  const auto shown = [&](const std::optional<std::int64_t>& value) -> std::string {
    return !value ? "NULL" : call.arg == kText ? text_of(*value) : std::to_string(*value);
  };
  if (call.kind != OverKind::kAggregate) {
    const bool last = call.kind == OverKind::kLastValue;
    return frame.empty() ? "NULL" : shown(last ? frame.back().value : frame.front().value);
  }
  std::vector<std::int64_t> values;
  std::string list;
  for (const Row& row : frame) {
    list += (list.empty() ? "" : ",") + shown(row.value);
    if (row.value) {
      values.push_back(*row.value);
    }
  }
  switch (call.aggregate) {
    case AggregateKind::kCountStar:
      return std::to_string(frame.size());
    case AggregateKind::kCount:
      return std::to_string(values.size());
    case AggregateKind::kArrayAgg:
      return frame.empty() ? "NULL" : '{' + list + '}';
    default:
      break;
  }
  if (values.empty()) {
    return "NULL";
  }
  std::int64_t folded = 0;
  for (const std::int64_t value : values) {
    folded = call.aggregate == AggregateKind::kSum ? folded + value : folded ^ value;
  }
  const auto [least, most] = std::minmax_element(values.begin(), values.end());
  return shown(call.aggregate == AggregateKind::kMin   ? *least
               : call.aggregate == AggregateKind::kMax ? *most
                                                       : folded);
}

// The rows of the frame of row `at`, of one key's in order.
std::vector<Row> frame_of(const std::vector<Row>& rows, std::size_t at, const OverFrame& frame) {
  std::vector<Row> found;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const std::int64_t apart = frame.unit == FrameUnit::kRows
                                   ? static_cast<std::int64_t>(i) - static_cast<std::int64_t>(at)
                                   : rows[i].time - rows[at].time;
    if ((!frame.start || apart >= *frame.start) && (!frame.end || apart <= *frame.end)) {
      found.push_back(rows[i]);
    }
  }
  return found;
}

using Answers = std::map<std::int64_t, std::vector<std::string>>;  // By the row's id.

// A key's lives: a pause of more than `ttl` ends one; 0: none does.
std::vector<std::vector<Row>> lives_of(const std::vector<Row>& rows, std::int64_t ttl) {
  std::map<int, std::vector<Row>> by_key;
  for (const Row& row : rows) {
    by_key[row.key].push_back(row);
  }
  std::vector<std::vector<Row>> lives;
  for (auto& [key, own] : by_key) {
    std::stable_sort(own.begin(), own.end(),
                     [](const Row& a, const Row& b) { return a.time < b.time; });
    lives.emplace_back();
    for (const Row& row : own) {
      if (ttl > 0 && !lives.back().empty() && row.time - lives.back().back().time > ttl) {
        lives.emplace_back();
      }
      lives.back().push_back(row);
    }
  }
  return lives;
}

Answers expected_answers(const std::vector<Row>& rows, const std::vector<OverCall>& calls,
                         std::int64_t ttl) {
  Answers answers;
  for (const std::vector<Row>& own : lives_of(rows, ttl)) {
    for (std::size_t at = 0; at < own.size(); ++at) {
      for (const OverCall& call : calls) {
        answers[own[at].id].push_back(answer_of(call, frame_of(own, at, call.frame)));
      }
    }
  }
  return answers;
}

Answers answers_in(const CollectingEmitter& out) {
  Answers answers;
  for (const std::vector<Value>& row : out.rows()) {
    std::vector<std::string>& texts = answers[std::stoll(to_string(row[kId]))];
    EXPECT_TRUE(texts.empty());
    for (std::size_t i = kTime + 1; i < row.size(); ++i) {
      texts.push_back(row[i].is_null() ? "NULL" : to_string(row[i]));
    }
  }
  return answers;
}

OverFrame any_frame(std::mt19937& dice, FrameUnit unit, bool bounded) {
  const auto pick = [&](int low, int high) {
    return static_cast<std::int64_t>(low + static_cast<int>(dice() % (high - low + 1)));
  };
  const std::int64_t start = pick(-6, 2);
  OverFrame frame{.unit = unit, .start = start, .end = start + pick(0, 7)};
  if (!bounded && dice() % 4 == 0) {
    frame.start.reset();
    frame.end = pick(-2, 3);
  }
  return frame;
}

std::unique_ptr<Operator> make(const std::vector<OverCall>& calls, std::int64_t ttl) {
  return make_over({.rows = {.types = {bigint_type(), bigint_type(), type_of(TypeKind::kText),
                                       bigint_type(), type_of(TypeKind::kTimestamp)},
                             .keys = {kKey},
                             .order = {{.column = kTime}},
                             .has_origin = true},
                    .calls = calls,
                    .emit = OverEmit::kBehindWatermark,
                    .ttl = {.micros = ttl}});
}

// `unit`: of all frames, which then begin a distance before their row; nothing: of any kind.
void check(std::uint32_t seed, std::optional<FrameUnit> unit, std::int64_t ttl = 0) {
  std::mt19937 dice(seed);
  std::vector<OverCall> calls;
  for (std::uint32_t i = 0; i <= dice() % 3; ++i) {
    const FrameUnit each = unit.value_or(dice() % 2 == 0 ? FrameUnit::kRows : FrameUnit::kRange);
    calls.push_back(any_call(dice, any_frame(dice, each, unit.has_value())));
  }
  const auto op = make(calls, ttl);
  CollectingEmitter out;
  std::vector<Row> all;
  std::int64_t watermark = 0;
  for (int step = 0; step < 60; ++step) {
    std::vector<Row> rows;
    for (std::uint32_t i = dice() % 120; i > 0; --i) {
      // Most keys are about for some steps only; some of the old ones come again.
      const int key =
          static_cast<int>(dice() % 8 == 0 ? dice() % (1 + step * 25) : step * 25 + dice() % 60);
      Row row{.key = key,
              .value = {},
              .time = watermark + static_cast<std::int64_t>(dice() % 6),
              .id = static_cast<std::int64_t>(all.size() + rows.size())};
      if (dice() % 5 != 0) {
        row.value = static_cast<std::int64_t>(dice() % 9);
      }
      rows.push_back(row);
    }
    all.insert(all.end(), rows.begin(), rows.end());
    feed(*op, batch_of(rows), out);
    if (dice() % 3 != 0) {
      watermark += static_cast<std::int64_t>(dice() % 5);
      advance(*op, EventTime{watermark}, out);
    }
  }
  advance(*op, kEndOfTime, out);
  ASSERT_EQ(answers_in(out), expected_answers(all, calls, ttl)) << "seed " << seed;
}

TEST(OverTest, KeysAreForgottenWithoutATrace) {
  for (std::uint32_t seed = 0; seed < random_cases(75) && !HasFailure(); ++seed) {
    check(seed, FrameUnit::kRange);
  }
}

TEST(OverTest, FramesOfRowsSeeThoseOfLongAgo) {
  for (std::uint32_t seed = 0; seed < random_cases(50) && !HasFailure(); ++seed) {
    check(seed, FrameUnit::kRows);
  }
}

TEST(OverTest, FramesOfAllKindsGoTogether) {
  for (std::uint32_t seed = 0; seed < random_cases(75) && !HasFailure(); ++seed) {
    check(seed, {});
  }
}

TEST(OverTest, KeysBeginAnewAfterAPause) {
  for (std::uint32_t seed = 0; seed < random_cases(60) && !HasFailure(); ++seed) {
    check(seed, {}, 1 + seed % 9);
    check(seed, FrameUnit::kRows, 1 + seed % 25);
  }
}

TEST(OverTest, KeysThatBeginAnewAreCounted) {
  OverCall number;
  number.kind = OverKind::kRowNumber;
  number.type = bigint_type();
  const auto op = make({number}, 10);
  CollectingEmitter out;
  const auto feed_at = [&](int key, std::int64_t time, std::int64_t id) {
    feed(*op, batch_of({{.key = key, .value = {}, .time = time, .id = id}}), out);
  };
  feed_at(1, 0, 0);
  feed_at(2, 0, 1);
  feed_at(1, 10, 2);
  advance(*op, EventTime{11}, out);
  EXPECT_EQ(out.expired, 1U);  // 2, which is idle.
  feed_at(1, 30, 3);
  advance(*op, EventTime{31}, out);
  EXPECT_EQ(out.expired, 2U);  // 1, for the row of after the pause.
  advance(*op, EventTime{60}, out);
  EXPECT_EQ(out.expired, 3U);
  advance(*op, kEndOfTime, out);
  EXPECT_EQ(out.expired, 3U);
}

}  // namespace
}  // namespace thalweg
