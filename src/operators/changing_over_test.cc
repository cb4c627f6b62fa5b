#include <algorithm>
#include <random>

#include "base/random_cases.h"
#include "operators/operator_fixture.h"
#include "operators/over.h"

// Calls OVER windows of rows that are taken back, against a plain computation of all that stands.
namespace thalweg {
namespace {

using namespace fixture;

using Number = std::optional<std::int64_t>;
struct Row {
  std::int64_t key;
  Number order;
  Number value;
};

constexpr int kUnbounded = 1000;

// A frame of sum(value), and what it says of the frame's rows.
struct Frame {
  FrameUnit unit = FrameUnit::kRange;
  int start = -kUnbounded;
  int end = 0;
};

OverFrame over_frame(const Frame& frame) {
  OverFrame over{.unit = frame.unit, .start = frame.start, .end = frame.end};
  if (frame.start == -kUnbounded) {
    over.start.reset();
  }
  if (frame.end == kUnbounded) {
    over.end.reset();
  }
  return over;
}

OverCall call_of(OverKind kind, AggregateKind aggregate, const Frame& frame) {
  OverCall call;
  call.kind = kind;
  call.aggregate = aggregate;
  if (call.has_frame()) {
    call.arg = 2;
    call.frame = over_frame(frame);
  }
  call.type = bigint_type();
  return call;
}

OverSpec spec_of(std::vector<OverCall> calls, OverEmit emit, bool descending = false) {
  OverSpec spec;
  spec.rows.types = {bigint_type(), bigint_type(), bigint_type()};
  spec.rows.keys = {0};
  spec.rows.order = {{.column = 1, .descending = descending, .nulls_first = descending}};
  spec.calls = std::move(calls);
  spec.emit = emit;
  spec.updating_input = true;
  return spec;
}

Batch batch_of(const std::vector<Row>& rows, const std::vector<int>& changes) {
  std::vector<Number> keys;
  std::vector<Number> orders;
  std::vector<Number> values;
  for (const Row& row : rows) {
    keys.emplace_back(row.key);
    orders.push_back(row.order);
    values.push_back(row.value);
  }
  Batch made = batch({bigints(keys), bigints(orders), bigints(values)});
  set_changes(made, changes);
  return made;
}

std::string text_of(const Number& value) { return value ? std::to_string(*value) : "NULL"; }

// A case: calls of each kind, and the answers that they must give.
class Case {
 public:
  explicit Case(std::uint64_t seed) : random_(seed) {
    descending_ = random_() % 2 == 0;
    for (int count = 1 + static_cast<int>(random_() % 3); count > 0; --count) {
      kinds_.push_back(static_cast<int>(random_() % 7));
      frames_.push_back(random_frame());
    }
  }

  OverSpec spec(OverEmit emit) const {
    std::vector<OverCall> calls;
    for (std::size_t i = 0; i < kinds_.size(); ++i) {
      calls.push_back(call(i));
    }
    return spec_of(std::move(calls), emit, descending_);
  }

  Row random_row() {
    const auto some = [this](std::uint64_t of) {
      return random_() % 8 == 0 ? Number() : Number(static_cast<std::int64_t>(random_() % of));
    };
    const auto key = static_cast<std::int64_t>(random_() % 3);
    const Number order = some(many_orders_ ? 1000 : 6);
    return {.key = key, .order = order, .value = some(5)};
  }

  std::uint64_t draw() { return random_(); }

  std::map<TextRow, int> expected(std::vector<Row> rows) const {
    std::sort(rows.begin(), rows.end(),
              [this](const Row& a, const Row& b) { return place_of(a) < place_of(b); });
    std::map<TextRow, int> answers;
    for (std::int64_t key = 0; key < 3; ++key) {
      std::vector<Row> own;
      std::copy_if(rows.begin(), rows.end(), std::back_inserter(own),
                   [key](const Row& row) { return row.key == key; });
      for (std::size_t at = 0; at < own.size(); ++at) {
        TextRow text{std::to_string(key), text_of(own[at].order), text_of(own[at].value)};
        for (std::size_t i = 0; i < kinds_.size(); ++i) {
          text.push_back(answer(i, own, at));
        }
        ++answers[text];
      }
    }
    return answers;
  }

 private:
  Frame random_frame() {
    const int bounds[] = {-kUnbounded, -5, -2, -1, 0, 0, 1, 3, kUnbounded};
    Frame frame;
    do {
      frame.unit = random_() % 2 == 0 ? FrameUnit::kRows : FrameUnit::kRange;
      frame.start = bounds[random_() % 9];
      frame.end = bounds[random_() % 9];
    } while (frame.start > frame.end || frame.start == kUnbounded || frame.end == -kUnbounded);
    return frame;
  }

  OverCall call(std::size_t i) const {
    switch (kinds_[i]) {
      case 0:
        return call_of(OverKind::kRowNumber, {}, {});
      case 1:
        return call_of(OverKind::kRank, {}, {});
      case 2:
        return call_of(OverKind::kDenseRank, {}, {});
      case 3: {
        OverCall ntile = call_of(OverKind::kNtile, {}, {});
        ntile.number = 3;
        return ntile;
      }
      case 4:
        return call_of(OverKind::kLastValue, {}, frames_[i]);
      case 5:
        return call_of(OverKind::kAggregate, AggregateKind::kMax, frames_[i]);
      default:
        return call_of(OverKind::kAggregate, AggregateKind::kCount, frames_[i]);
    }
  }

  using Place = std::tuple<int, std::int64_t, int, std::int64_t>;
  Place place_of(const Row& row) const {
    const int null_side = descending_ ? -1 : 1;
    const std::int64_t order = row.order.value_or(0);
    return {row.order ? 0 : null_side, descending_ ? -order : order, row.value ? 0 : 1,
            row.value.value_or(0)};
  }

  std::string answer(std::size_t i, const std::vector<Row>& own, std::size_t at) const {
    std::size_t before = 0;
    std::size_t groups = 1;
    for (std::size_t row = 0; row < at; ++row) {
      before += own[row].order == own[at].order ? 0 : 1;
      groups += own[row].order == own[row + 1].order ? 0 : 1;
    }
    switch (kinds_[i]) {
      case 0:
        return std::to_string(at + 1);
      case 1:
        return std::to_string(before + 1);
      case 2:
        return std::to_string(groups);
      case 3: {
        std::size_t bucket = 0;
        for (std::size_t end = 0; end <= at; ++bucket) {
          end += own.size() / 3 + (bucket < own.size() % 3 ? 1 : 0);
        }
        return std::to_string(bucket);
      }
      default:
        break;
    }
    std::vector<Number> values;
    for (std::size_t row = 0; row < own.size(); ++row) {
      if (is_in_frame(frames_[i], own, at, row)) {
        values.push_back(own[row].value);
      }
    }
    if (kinds_[i] == 4) {
      return values.empty() ? "NULL" : text_of(values.back());
    }
    std::erase(values, std::nullopt);
    return kinds_[i] == 6   ? std::to_string(values.size())
           : values.empty() ? "NULL"
                            : text_of(*std::max_element(values.begin(), values.end()));
  }

  bool is_in_frame(const Frame& frame, const std::vector<Row>& own, std::size_t at,
                   std::size_t row) const {
    std::int64_t distance = static_cast<std::int64_t>(row) - static_cast<std::int64_t>(at);
    if (frame.unit == FrameUnit::kRange) {
      const Number& mine = own[at].order;
      const Number& other = own[row].order;
      if (!mine || !other) {
        const bool is_peer = mine == other;
        return is_peer || (row < at ? frame.start == -kUnbounded : frame.end == kUnbounded);
      }
      distance = descending_ ? *mine - *other : *other - *mine;
    }
    return (frame.start == -kUnbounded || distance >= frame.start) &&
           (frame.end == kUnbounded || distance <= frame.end);
  }

  std::mt19937_64 random_;
  bool descending_ = false;
  bool many_orders_ = random_() % 2 == 0;
  std::vector<int> kinds_;
  std::vector<Frame> frames_;
};

// Feeds random batches of rows that come and go, and compares what came out after each.
void run_case(std::uint64_t seed) {
  Case made(seed);
  const OverEmit emit = made.draw() % 4 == 0 ? OverEmit::kAtEnd : OverEmit::kChanges;
  const std::unique_ptr<Operator> op = make_over(made.spec(emit));
  CollectingEmitter out;
  std::vector<Row> standing;
  const std::uint64_t most = made.draw() % 2 == 0 ? 3 : 40;
  for (int count = 0; count < 8; ++count) {
    std::vector<Row> rows;
    std::vector<int> changes;
    for (std::uint64_t left = 1 + made.draw() % most; left > 0; --left) {
      const bool goes = !standing.empty() && made.draw() % 5 < 2;
      if (goes) {
        const auto gone =
            standing.begin() + static_cast<std::ptrdiff_t>(made.draw() % standing.size());
        rows.push_back(*gone);
        standing.erase(gone);
      } else {
        rows.push_back(made.random_row());
        standing.push_back(rows.back());
      }
      changes.push_back(goes ? -1 : 1);
    }
    feed(*op, batch_of(rows, changes), out);
    if (emit == OverEmit::kChanges) {
      ASSERT_EQ(folded(out), made.expected(standing)) << "seed " << seed;
    }
  }
  advance(*op, kEndOfTime, out);
  ASSERT_EQ(folded(out), made.expected(standing)) << "seed " << seed;
  ASSERT_TRUE(out.rejected.empty()) << "seed " << seed;
}

TEST(ChangingOverTest, EqualsWhatStandsComputedAnew) {
  for (std::uint64_t seed = 1; seed <= random_cases(500); ++seed) {
    run_case(seed);
    if (::testing::Test::HasFailure()) {
      return;
    }
  }
}

OverCall sum_of_two() {
  return call_of(OverKind::kAggregate, AggregateKind::kSum,
                 {.unit = FrameUnit::kRows, .start = -1, .end = 0});
}

TEST(ChangingOverTest, OnlyAnswersThatChangeAreToldAnew) {
  const std::unique_ptr<Operator> op = make_over(spec_of({sum_of_two()}, OverEmit::kChanges));
  CollectingEmitter out;
  feed(*op, batch_of({{1, 1, 5}, {1, 2, 6}, {1, 3, 7}, {2, 1, 1}}, {1, 1, 1, 1}), out);
  EXPECT_EQ(text_rows(out), (std::vector<TextRow>{{"1", "1", "5", "5"},
                                                  {"1", "2", "6", "11"},
                                                  {"1", "3", "7", "13"},
                                                  {"2", "1", "1", "1"}}));
  out.batches.clear();
  // An update of a row, old and new side by side, then the one row that sees it.
  feed(*op, batch_of({{1, 1, 5}, {1, 1, 8}}, {-1, 1}), out);
  EXPECT_EQ(text_rows(out), (std::vector<TextRow>{{"1", "1", "5", "5"},
                                                  {"1", "1", "8", "8"},
                                                  {"1", "2", "6", "11"},
                                                  {"1", "2", "6", "14"}}));
  out.batches.clear();
  feed(*op, batch_of({{1, 2, 6}, {1, 2, 6}, {2, 9, 1}, {2, 9, 1}}, {-1, 1, 1, -1}), out);
  EXPECT_TRUE(out.batches.empty()) << "nothing has changed";
}

TEST(ChangingOverTest, WhatTakesBackWhatIsNotThereIsRejected) {
  const std::unique_ptr<Operator> op = make_over(spec_of({sum_of_two()}, OverEmit::kChanges));
  CollectingEmitter out;
  feed(*op, batch_of({{1, 1, 5}, {1, 1, 6}, {1, 1, 5}}, {-1, 1, 1}), out);
  EXPECT_EQ(rejected_rows(out, RowError::kNotThere), (std::vector<TextRow>{{"1", "1", "5"}}));
  EXPECT_EQ(folded(out).size(), 2U);
}

TEST(ChangingOverTest, ARowWhoseAnswerDoesNotFitIsLeftOutUntilItDoes) {
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
  const std::unique_ptr<Operator> op = make_over(spec_of({sum_of_two()}, OverEmit::kChanges));
  CollectingEmitter out;
  feed(*op, batch_of({{1, 1, 4}, {1, 3, kMost}}, {1, 1}), out);
  EXPECT_EQ(rejected_rows(out, RowError::kOverflow),
            (std::vector<TextRow>{{"1", "3", std::to_string(kMost)}}));
  feed(*op, batch_of({{1, 2, -1}}, {1}), out);
  EXPECT_EQ(out.rejected.size(), 1U);
  EXPECT_EQ(folded(out), (std::map<TextRow, int>{
                             {{"1", "1", "4", "4"}, 1},
                             {{"1", "2", "-1", "3"}, 1},
                             {{"1", "3", std::to_string(kMost), std::to_string(kMost - 1)}, 1}}));
  feed(*op, batch_of({{1, 2, -1}}, {-1}), out);
  EXPECT_EQ(out.rejected.size(), 2U);
  EXPECT_EQ(folded(out), (std::map<TextRow, int>{{{"1", "1", "4", "4"}, 1}}));
  feed(*op, batch_of({{1, 3, kMost}}, {-1}), out);
  EXPECT_EQ(folded(out), (std::map<TextRow, int>{{{"1", "1", "4", "4"}, 1}}));
}

TEST(ChangingOverTest, ManyChangesComeInPartsThatKeepPairsTogether) {
  OverCall place = call_of(OverKind::kRowNumber, {}, {});
  const std::unique_ptr<Operator> op = make_over(spec_of({place}, OverEmit::kChanges));
  CollectingEmitter out;
  std::vector<Row> rows;
  for (std::int64_t i = 1; i <= 5000; ++i) {
    rows.push_back({1, i, i});
  }
  feed(*op, batch_of(rows, std::vector<int>(rows.size(), 1)), out);
  out.batches.clear();
  out.room = 1;
  feed(*op, batch_of({{1, 0, 0}}, {1}), out);
  EXPECT_GT(out.batches.size(), 1U);
  std::size_t seen = 0;
  for (const Batch& batch : out.batches) {
    const auto changes = batch.changes->values<std::int16_t>();
    EXPECT_GT(changes[batch.length - 1], 0);
    seen += batch.length;
  }
  EXPECT_EQ(seen, 10001U);
}

TEST(ChangingOverTest, IdleKeysGoAndTheirAnswersStay) {
  OverSpec spec = spec_of({sum_of_two()}, OverEmit::kChanges);
  spec.ttl = {.micros = 800, .clock = Clock::kWatermark};
  const std::unique_ptr<Operator> op = make_over(std::move(spec));
  CollectingEmitter out;
  const auto at = [](std::vector<Row> rows, std::int64_t micros) {
    Batch made = batch_of(rows, std::vector<int>(rows.size(), 1));
    set_event_time(made, times(std::vector<std::int64_t>(rows.size(), micros)));
    return made;
  };
  feed(*op, at({{1, 1, 5}, {2, 1, 6}}, 1000), out);
  feed(*op, at({{2, 2, 7}}, 2000), out);
  advance(*op, EventTime{2000}, out);
  EXPECT_EQ(out.expired, 1U);
  feed(*op, at({{1, 2, 1}, {2, 3, 1}}, 2100), out);
  EXPECT_EQ(folded(out), (std::map<TextRow, int>{{{"1", "1", "5", "5"}, 1},
                                                 {{"1", "2", "1", "1"}, 1},
                                                 {{"2", "1", "6", "6"}, 1},
                                                 {{"2", "2", "7", "13"}, 1},
                                                 {{"2", "3", "1", "8"}, 1}}));
}

}  // namespace
}  // namespace thalweg
