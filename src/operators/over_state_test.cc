#include <cmath>
#include <limits>

#include "base/random_cases.h"
#include "operators/lives_fixture.h"
#include "operators/over.h"

// What calls answer is checked in tests/sql/over_*.cases.
namespace thalweg {
namespace {

using namespace fixture;
using Dice = std::mt19937_64;

// Columns: key, BIGINT, DOUBLE, TEXT, NUMERIC, time.
const std::vector<Type> kTypes{bigint_type(),
                               bigint_type(),
                               type_of(TypeKind::kDouble),
                               type_of(TypeKind::kText),
                               numeric_type(20, 4),
                               type_of(TypeKind::kTimestamp)};
constexpr std::uint32_t kTime = 5;

OverFrame draw_frame(Dice& dice) {
  OverFrame frame;
  frame.unit = dice() % 2 == 0 ? FrameUnit::kRows : FrameUnit::kRange;
  frame.start.reset();
  if (dice() % 3 != 0) {
    frame.start = static_cast<std::int64_t>(dice() % 6) - 4;
  }
  frame.end.reset();
  if (dice() % 8 != 0) {
    frame.end = frame.start.value_or(-2) + static_cast<std::int64_t>(dice() % 5);
  }
  return frame;
}

OverCall draw_call(Dice& dice) {
  constexpr AggregateKind kAggregates[] = {
      AggregateKind::kCountStar, AggregateKind::kCount,   AggregateKind::kSum,
      AggregateKind::kAvg,       AggregateKind::kMin,     AggregateKind::kMax,
      AggregateKind::kStddevPop, AggregateKind::kVarSamp, AggregateKind::kArrayAgg};
  OverCall call;
  call.kind = static_cast<OverKind>(dice() % 9);
  call.type = bigint_type();
  if (call.kind == OverKind::kPercentRank || call.kind == OverKind::kCumeDist) {
    call.type = type_of(TypeKind::kDouble);
  }
  call.number = 1 + static_cast<std::int64_t>(dice() % 3);
  if (!call.has_frame()) {
    return call;
  }
  call.frame = draw_frame(dice);
  call.arg = 1 + static_cast<std::uint32_t>(dice() % 4);
  call.type = kTypes[*call.arg];
  if (call.kind == OverKind::kAggregate) {
    call.aggregate = kAggregates[dice() % std::size(kAggregates)];
    const bool of_any =
        call.aggregate == AggregateKind::kCount || call.aggregate == AggregateKind::kMin ||
        call.aggregate == AggregateKind::kMax || call.aggregate == AggregateKind::kArrayAgg;
    if (call.aggregate == AggregateKind::kCountStar) {
      call.arg.reset();
    } else if (!of_any && call.arg == 3U) {
      call.arg = 2;
    }
    std::vector<Type> args;
    if (call.arg) {
      args.push_back(kTypes[*call.arg]);
    }
    // A sum of BIGINT as BIGINT does not always fit.
    call.type = call.aggregate == AggregateKind::kSum && call.arg == 1U
                    ? bigint_type()
                    : *aggregate_type(call.aggregate, args);
  }
  return call;
}

class Input {
 public:
  explicit Input(Dice& dice) : dice_(dice) {}

  Batch draw(std::int64_t watermark, bool has_origin) {
    constexpr double kDoubles[] = {0.1,  1e17, -1e17,
                                   -0.3, 7e-5, std::numeric_limits<double>::infinity()};
    std::vector<ColumnBuilder> builders;
    for (const Type& type : kTypes) {
      builders.emplace_back(type);
    }
    ColumnBuilder partitions(type_of(TypeKind::kInt));
    ColumnBuilder positions(bigint_type());
    for (std::uint64_t count = 1 + dice_() % 12; count > 0; --count) {
      builders[0].append(static_cast<std::int64_t>(dice_() % 3));
      for (std::size_t i = 1; i < kTime; ++i) {
        if (dice_() % 6 == 0) {
          builders[i].append_null();
        } else if (i == 1) {
          builders[i].append(dice_() % 20 == 0 ? std::numeric_limits<std::int64_t>::max()
                                               : static_cast<std::int64_t>(dice_() % 100) - 50);
        } else if (i == 2) {
          builders[i].append(kDoubles[dice_() % (dice_() % 20 == 0 ? 6 : 5)]);
        } else if (i == 3) {
          builders[i].append_text(std::string(1, static_cast<char>('a' + dice_() % 6)));
        } else {
          builders[i].append(Int128{static_cast<std::int64_t>(dice_() % 100'000)} - 50'000);
        }
      }
      builders[kTime].append(watermark + static_cast<std::int64_t>(dice_() % 12) - 1);
      partitions.append(static_cast<std::int32_t>(dice_() % 2));
      positions.append(position_++);
    }
    std::vector<Column> columns;
    for (ColumnBuilder& builder : builders) {
      columns.push_back(builder.finish());
    }
    Batch made = timed(std::move(columns));
    if (has_origin) {
      made.partition = partitions.finish();
      made.position = positions.finish();
    }
    return made;
  }

 private:
  Dice& dice_;
  std::int64_t position_ = 0;
};

TEST(OverStateTest, RowsFramesAndStatesOfCallsSurviveToTheLastBit) {
  std::uint64_t said = 0;
  std::uint64_t expired = 0;
  for (std::uint64_t seed = 0; seed < random_cases(100) && !HasFailure(); ++seed) {
    SCOPED_TRACE(seed);
    Dice dice(seed);
    OverSpec spec;
    spec.rows = {
        .types = kTypes, .keys = {}, .order = {{.column = kTime}}, .has_origin = dice() % 4 != 0};
    if (dice() % 4 != 0) {
      spec.rows.keys = {0};
    }
    for (std::uint64_t count = 1 + dice() % 4; count > 0; --count) {
      spec.calls.push_back(draw_call(dice));
    }
    spec.emit = dice() % 8 != 0 ? OverEmit::kBehindWatermark : OverEmit::kAtEnd;
    if (spec.emit == OverEmit::kBehindWatermark && !spec.rows.keys.empty() && seed % 3 == 0) {
      spec.ttl = {.micros = 1 + static_cast<std::int64_t>(seed % 20)};
    }
    Lives lives([&] { return make_over(spec); }, spec.rows.keys, seed);
    Input input(dice);
    std::int64_t watermark = 0;
    for (int step = 0; step < 25 && !HasFailure(); ++step) {
      lives.feed(input.draw(watermark, spec.rows.has_origin));
      lives.meddle();
      if (dice() % 2 == 0) {
        watermark += static_cast<std::int64_t>(dice() % 10);
        lives.advance(EventTime{watermark});
        lives.meddle();
      }
    }
    lives.advance(kEndOfTime);
    lives.restart(2);
    lives.advance(kEndOfTime);
    said += lives.rows_said();
    expired += lives.keys_expired();
  }
  EXPECT_GT(said, 10'000U);
  EXPECT_GT(expired, 100U);
}

// Rows that come, and some of them again and again, and go, now and then without having come.
class ChangingInput {
 public:
  explicit ChangingInput(Dice& dice) : dice_(dice), input_(dice) {}

  Batch draw(std::int64_t watermark) {
    std::vector<std::vector<Column>> rows;
    std::vector<int> changes;
    const Batch fresh = input_.draw(watermark, /*has_origin=*/false);
    for (RowIndex row = 0; row < fresh.length; ++row) {
      const std::size_t at = standing_.empty() ? 0 : dice_() % standing_.size();
      const std::uint64_t kind = standing_.empty() ? 9 : dice_() % 10;
      if (kind < 4) {
        rows.push_back(standing_[at]);
        changes.push_back(-1);
        if (kind > 0 || dice_() % 4 != 0) {  // Else it is taken back once more.
          standing_.erase(standing_.begin() + static_cast<std::ptrdiff_t>(at));
        }
        continue;
      }
      std::vector<Column>& one = rows.emplace_back();
      for (const Column& column : fresh.columns) {
        one.push_back(column.slice(row, 1));
      }
      one = kind == 4 ? standing_[at] : one;
      standing_.push_back(one);
      changes.push_back(1);
    }
    std::vector<Column> columns;
    for (std::size_t i = 0; i < kTypes.size(); ++i) {
      std::vector<Column> parts;
      for (const std::vector<Column>& row : rows) {
        parts.push_back(row[i]);
      }
      columns.push_back(concat_columns(parts));
    }
    Batch made = timed(std::move(columns));
    set_changes(made, changes);
    return made;
  }

 private:
  Dice& dice_;
  Input input_;
  std::vector<std::vector<Column>> standing_;
};

TEST(OverStateTest, RowsThatMayBeTakenBackAndWhatWasToldOfThemSurvive) {
  std::uint64_t said = 0;
  for (std::uint64_t seed = 0; seed < random_cases(300) && !HasFailure(); ++seed) {
    SCOPED_TRACE(seed);
    Dice dice(seed);
    OverSpec spec;
    spec.rows = {.types = kTypes, .keys = {}, .order = {}, .has_origin = false};
    constexpr std::uint32_t kOrders[] = {1, kTime, kTime};
    spec.rows.order = {{.column = kOrders[dice() % 3], .descending = dice() % 3 == 0}};
    if (dice() % 4 != 0) {
      spec.rows.keys = {0};
    }
    for (std::uint64_t count = 1 + dice() % 4; count > 0; --count) {
      spec.calls.push_back(draw_call(dice));
    }
    spec.updating_input = true;
    spec.emit = dice() % 4 != 0 ? OverEmit::kChanges : OverEmit::kAtEnd;
    if (spec.emit == OverEmit::kChanges && dice() % 3 == 0) {
      spec.ttl = {.micros = 20};
    }
    Lives lives([&] { return make_over(spec); }, spec.rows.keys, seed);
    ChangingInput input(dice);
    std::int64_t watermark = 0;
    for (int step = 0; step < 20 && !HasFailure(); ++step) {
      lives.feed(input.draw(watermark));
      lives.meddle();
      if (dice() % 2 == 0) {
        watermark += static_cast<std::int64_t>(dice() % 10);
        lives.advance(EventTime{watermark});
        lives.meddle();
      }
    }
    lives.advance(kEndOfTime);
    lives.restart(2);
    lives.advance(kEndOfTime);
    said += lives.rows_said();
  }
  EXPECT_GT(said, 10'000U);
}

}  // namespace
}  // namespace thalweg
