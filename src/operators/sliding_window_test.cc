#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <vector>

#include "base/random_cases.h"
#include "columnar/builder.h"
#include "columnar/value.h"
#include "operators/late_filter.h"
#include "operators/partial_aggregate.h"
#include "operators/window_aggregate.h"
#include "stream/collecting_emitter.h"

// Windows that overlap, against a computation that looks at each row for each window.
namespace thalweg {
namespace {

struct Row {
  std::int64_t time = 0;
  std::int64_t key = 0;
  std::optional<std::int64_t> value;
  std::int64_t stamp = kStartOfTime.micros;
};

struct Case {
  WindowGrid grid;
  std::int64_t lateness = 0;
  bool partial = false;
  bool distinct = false;                 // An aggregate that slices cannot have.
  std::vector<Row> rows;                 // In the order they come.
  std::vector<std::int64_t> watermarks;  // Before each row.
};

using Results = std::multiset<std::string>;

// count(*), sum, max, min, avg or count(DISTINCT value) of each window and key.
Results brute_force(const Case& test) {
  struct Group {
    std::int64_t count = 0;
    std::int64_t sum = 0;
    std::vector<std::int64_t> values;
  };
  std::map<std::tuple<std::int64_t, std::int64_t, std::int64_t>, Group> groups;
  for (const Row& row : test.rows) {
    for (auto window = test.grid.first_window({row.time}); window;
         window = test.grid.first_window({row.time}, window->end)) {
      if (row.stamp != kStartOfTime.micros && window->end.micros + test.lateness <= row.stamp) {
        continue;
      }
      Group& group = groups[{window->start.micros, window->end.micros, row.key}];
      ++group.count;
      if (row.value) {
        group.values.push_back(*row.value);
      }
    }
  }
  Results results;
  for (const auto& [key, group] : groups) {
    const auto& [start, end, k] = key;
    std::int64_t sum = 0;
    for (const std::int64_t value : group.values) {
      sum += value;
    }
    const std::set<std::int64_t> distinct(group.values.begin(), group.values.end());
    const auto text = [&](std::int64_t value) {
      return group.values.empty() ? std::string("NULL") : std::to_string(value);
    };
    results.insert(std::to_string(start) + ' ' + std::to_string(end) + ' ' + std::to_string(k) +
                   ' ' + std::to_string(group.count) + ' ' + text(sum) + ' ' +
                   text(distinct.empty() ? 0 : *distinct.rbegin()) + ' ' +
                   (test.distinct ? std::to_string(distinct.size())
                                  : text(distinct.empty() ? 0 : *distinct.begin())));
  }
  return results;
}

std::string difference(const Results& came, const Results& expected) {
  Results surplus;
  Results missing;
  std::set_difference(came.begin(), came.end(), expected.begin(), expected.end(),
                      std::inserter(surplus, surplus.end()));
  std::set_difference(expected.begin(), expected.end(), came.begin(), came.end(),
                      std::inserter(missing, missing.end()));
  std::string text;
  for (const std::string& row : surplus) {
    text += "surplus: " + row + '\n';
  }
  for (const std::string& row : missing) {
    text += "missing: " + row + '\n';
  }
  return text;
}

AggregationSpec spec_of(const Case& test) {
  const ExprPtr value = column_expr(1, type_of(TypeKind::kBigint), "value");
  const auto call = [&](AggregateKind kind) {
    AggregateCall made;
    made.kind = kind;
    if (kind != AggregateKind::kCountStar) {
      made.args = {value};
    }
    std::vector<Type> types;
    for (const ExprPtr& arg : made.args) {
      types.push_back(arg->type);
    }
    made.type = *aggregate_type(kind, types);
    return made;
  };
  AggregationSpec spec;
  spec.keys = {column_expr(0, type_of(TypeKind::kBigint), "key")};
  spec.aggregates = {call(AggregateKind::kCountStar), call(AggregateKind::kSum),
                     call(AggregateKind::kMax), call(AggregateKind::kMin)};
  if (test.distinct) {
    spec.aggregates[3] = call(AggregateKind::kCount);
    spec.aggregates[3].distinct = true;
  }
  return spec;
}

Batch batch_of(const std::vector<Row>& rows) {
  ColumnBuilder keys(type_of(TypeKind::kBigint));
  ColumnBuilder values(type_of(TypeKind::kBigint));
  ColumnBuilder times(type_of(TypeKind::kTimestamp));
  ColumnBuilder stamps(type_of(TypeKind::kBigint));
  bool any_older = false;
  for (const Row& row : rows) {
    keys.append(row.key);
    row.value ? values.append(*row.value) : values.append_null();
    times.append(row.time);
    stamps.append(row.stamp);
    any_older |= row.time < row.stamp;
  }
  Batch batch;
  batch.length = static_cast<std::uint32_t>(rows.size());
  batch.columns = {keys.finish(), values.finish()};
  set_event_time(batch, times.finish());
  if (any_older) {
    batch.stamps = stamps.finish();
  }
  return batch;
}

// Hands what one operator puts out to the next.
class Chain {
 public:
  void add(std::unique_ptr<Operator> op) { operators_.push_back(std::move(op)); }

  void process(Batch batch, std::size_t from = 0) {
    if (from == operators_.size()) {
      for (std::uint32_t i = 0; i < batch.num_rows(); ++i) {
        std::string text;
        for (const Value& value : CollectingEmitter::row_values(batch, batch.row(i))) {
          if (value.type.kind == TypeKind::kTimestamp) {
            if (text.empty() || std::count(text.begin(), text.end(), ' ') < 2) {
              text += std::to_string(std::get<std::int64_t>(value.data)) + ' ';
            }
          } else {
            text += (value.is_null() ? "NULL" : to_string(value)) + ' ';
          }
        }
        text.pop_back();
        results.insert(text);
      }
      return;
    }
    CollectingEmitter out;
    ASSERT_TRUE(operators_[from]->process(0, std::move(batch), out).ok());
    pass_on(out, from);
  }

  void on_watermark(EventTime now) {
    for (std::size_t i = 0; i < operators_.size(); ++i) {
      CollectingEmitter out;
      out.room = room_at_a_time;
      Progress progress = operators_[i]->on_time(Clock::kWatermark, now, out).value();
      pass_on(out, i);
      while (progress == Progress::kMore) {
        CollectingEmitter more;
        more.room = room_at_a_time;
        progress = operators_[i]->resume(more).value();
        pass_on(more, i);
      }
    }
  }

  Results results;
  std::uint32_t room_at_a_time = 1'000'000;
  std::size_t late_after_idle = 0;

 private:
  void pass_on(CollectingEmitter& out, std::size_t from) {
    for (const CollectingEmitter::Rejected& row : out.rejected) {
      late_after_idle += row.error == RowError::kLateAfterIdle ? 1 : 0;
    }
    for (Batch& batch : out.batches) {
      process(std::move(batch), from + 1);
    }
  }

  std::vector<std::unique_ptr<Operator>> operators_;
};

Chain chain_of(const Case& test) {
  Chain chain;
  const WindowInput windows{.grid = test.grid, .lateness_micros = test.lateness};
  AggregationSpec spec = spec_of(test);
  chain.add(make_late_filter({.windows = windows}));
  if (test.partial && is_mergeable(spec.aggregates)) {
    chain.add(make_partial_aggregate({.aggregation = spec, .windows = windows, .groups_max = 20}));
    spec.input = AggregateInput::kPartials;
  }
  chain.add(make_window_aggregate({.aggregation = spec, .windows = windows}));
  return chain;
}

WindowGrid any_grid(std::mt19937& dice) {
  const std::int64_t size = 1 + dice() % 40;
  const std::int64_t offset = dice() % 20;
  switch (dice() % 5) {
    case 0:
      return {size, offset};
    case 1:
      return WindowGrid::cumulate(1 + dice() % size, size, offset);
    default:
      return WindowGrid::hop(1 + dice() % 25, size, offset);
  }
}

// Rows of several partitions, drawn in any order, each stamped by its own.
Case any_case(std::mt19937& dice) {
  Case test{.grid = any_grid(dice)};
  test.partial = dice() % 2 == 0;
  test.distinct = dice() % 4 == 0;
  const std::size_t partitions = 1 + dice() % 3;
  const std::int64_t delay = dice() % 10;
  const std::int64_t disorder = dice() % 60;
  const int keys = 1 + static_cast<int>(dice() % 8);
  std::vector<std::int64_t> reached(partitions, kStartOfTime.micros);
  std::vector<std::int64_t> clocks(partitions, 0);
  const int rows = static_cast<int>(dice() % 200);
  for (int i = 0; i < rows; ++i) {
    const std::size_t partition = dice() % partitions;
    clocks[partition] += dice() % 50 == 0 ? 500 : dice() % 4;
    Row row;
    row.time = clocks[partition] - static_cast<std::int64_t>(disorder == 0 ? 0 : dice() % disorder);
    row.key = dice() % keys;
    row.stamp = reached[partition];
    if (dice() % 5 != 0) {
      row.value = static_cast<std::int64_t>(dice() % 100) - 50;
    }
    test.watermarks.push_back(*std::min_element(reached.begin(), reached.end()));
    reached[partition] = std::max(reached[partition], row.time - delay);
    test.rows.push_back(row);
  }
  return test;
}

TEST(SlidingWindowTest, EqualsAComputationRowByRow) {
  for (unsigned seed = 0; seed < random_cases(500); ++seed) {
    std::mt19937 dice(seed);
    const Case test = any_case(dice);
    Chain chain = chain_of(test);
    chain.room_at_a_time = 1 + dice() % 3;
    std::vector<Row> waiting;
    for (std::size_t i = 0; i < test.rows.size(); ++i) {
      if (dice() % 6 == 0 && !waiting.empty()) {
        chain.process(batch_of(waiting));
        waiting.clear();
        if (test.watermarks[i] != kStartOfTime.micros) {
          chain.on_watermark({test.watermarks[i]});
        }
      }
      waiting.push_back(test.rows[i]);
    }
    if (!waiting.empty()) {
      chain.process(batch_of(waiting));
    }
    chain.on_watermark(kEndOfTime);
    ASSERT_EQ(chain.late_after_idle, 0U) << "seed " << seed;
    ASSERT_EQ(difference(chain.results, brute_force(test)), "")
        << "seed " << seed << (test.partial ? " partial" : "")
        << (test.distinct ? " distinct" : "");
  }
}

// Many keys that come and go, so that groups are renumbered.
TEST(SlidingWindowTest, KeysThatNoWindowHasAreForgotten) {
  Case test{.grid = WindowGrid::hop(3, 10, 0)};
  for (std::int64_t i = 0; i < 20'000; ++i) {
    test.rows.push_back({.time = i / 100, .key = i / 2, .value = i % 1000});
  }
  Chain chain = chain_of(test);
  for (std::size_t begin = 0; begin < test.rows.size(); begin += 500) {
    chain.process(batch_of({test.rows.begin() + static_cast<std::ptrdiff_t>(begin),
                            test.rows.begin() + static_cast<std::ptrdiff_t>(begin + 500)}));
    chain.on_watermark({test.rows[begin + 499].time});
  }
  chain.on_watermark(kEndOfTime);
  EXPECT_EQ(difference(chain.results, brute_force(test)), "");
}

TEST(SlidingWindowTest, LateRowsComeOutOnceForEachWindowTheyMissed) {
  for (unsigned seed = 0; seed < random_cases(200); ++seed) {
    std::mt19937 dice(seed);
    Case test = any_case(dice);
    test.lateness = dice() % 2 == 0 ? 0 : dice() % 15;
    const auto late_rows = make_late_rows(
        {.windows = WindowInput{.grid = test.grid, .lateness_micros = test.lateness}});
    std::size_t expected = 0;
    for (const Row& row : test.rows) {
      for (auto window = test.grid.first_window({row.time}); window;
           window = test.grid.first_window({row.time}, window->end)) {
        expected +=
            row.stamp != kStartOfTime.micros && window->end.micros + test.lateness <= row.stamp;
      }
    }
    CollectingEmitter out;
    if (!test.rows.empty()) {
      ASSERT_TRUE(late_rows->process(0, batch_of(test.rows), out).ok());
    }
    ASSERT_EQ(out.rows().size(), expected) << "seed " << seed;
  }
}

}  // namespace
}  // namespace thalweg
