#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <map>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "api/engine.h"
#include "base/random_cases.h"
#include "columnar/value.h"
#include "env/fake_env.h"

// Which rows are late, and what becomes of them, against a computation row by row.
namespace thalweg {
namespace {

using Dice = std::mt19937_64;
using Lines = std::map<std::string, int>;  // How often each line stands after all changes.

constexpr std::int64_t kMilli = 1000;
constexpr std::int64_t kSecond = 1'000'000;
constexpr std::int64_t kMinute = 60 * kSecond;
constexpr std::int64_t kHour = 60 * kMinute;

// The answers of a script, by statement, changes applied.
class Folded final : public ResultReceiver {
 public:
  bool rows(const ResultHeader& header, const Rows& rows) override {
    const std::lock_guard lock(mutex_);
    Lines& lines = answers_[header.statement];
    for (std::uint32_t row = 0; row < rows.count(); ++row) {
      std::string line;
      for (std::uint32_t column = 0; column < header.columns.size(); ++column) {
        line += (column == 0 ? "" : ",") +
                (rows.is_null(row, column) ? std::string("NULL") : rows.text(row, column));
      }
      int& times = lines[line];
      times += rows.change(row);
      EXPECT_GE(times, 0) << "taken back without having been there: " << line;
      if (times == 0) {
        lines.erase(line);
      }
    }
    return true;
  }
  // Of the n-th statement that has an answer.
  Lines answer(std::size_t statement) {
    const std::lock_guard lock(mutex_);
    return answers_[statement];
  }

 private:
  std::mutex mutex_;  // Guards the others.
  std::map<std::size_t, Lines> answers_;
};

std::string text_of(std::int64_t micros) {
  return to_string(Value{type_of(TypeKind::kTimestamp), micros});
}

std::string interval(std::int64_t micros) {
  return "INTERVAL '" + std::to_string(micros / kMilli) + " milliseconds'";
}

// One way in which a job may run.
SessionOptions draw_options(Dice& dice) {
  constexpr std::uint32_t kBatches[] = {1, 3, 7, 4096};
  SessionOptions options;
  options.workers = static_cast<std::uint32_t>(1 + dice() % 4);
  options.batch_rows = kBatches[dice() % std::size(kBatches)];
  if (dice() % 4 != 0) {
    options.interleaving_seed = dice();
  }
  return options;
}

struct Row {
  std::int64_t time = 0;  // Microseconds, whole milliseconds.
  int key = 0;
  std::optional<int> value;
};
using Partitions = std::vector<std::vector<Row>>;

Partitions draw_partitions(Dice& dice) {
  Partitions partitions(1 + dice() % 3);
  for (std::vector<Row>& rows : partitions) {
    std::int64_t at = 1'700'000'000 * kSecond;
    rows.resize(5 + dice() % 40);
    for (Row& row : rows) {
      at += static_cast<std::int64_t>(dice() % 8000) * kMilli;
      row.time = at - (dice() % 3 == 0 ? static_cast<std::int64_t>(dice() % 60'000) * kMilli : 0);
      row.key = static_cast<int>(dice() % 3);
      row.value = dice() % 5 == 0 ? std::nullopt : std::optional(static_cast<int>(dice() % 100));
    }
  }
  return partitions;
}

std::string json_of(const std::vector<Row>& rows) {
  std::string text;
  for (const Row& row : rows) {
    text += "{\"ts\":" + std::to_string(row.time / kMilli) + ",\"k\":" + std::to_string(row.key) +
            ",\"v\":" + (row.value ? std::to_string(*row.value) : "null") + "}\n";
  }
  return text;
}

struct Window {
  std::int64_t start;
  std::int64_t end;
  auto operator<=>(const Window&) const = default;
};

// A window function, and its windows by looking at each.
struct Function {
  enum Kind { kTumble, kHop, kCumulate } kind = kTumble;
  std::int64_t size = 0;
  std::int64_t step = 0;

  std::string sql() const {
    switch (kind) {
      case kTumble:
        return "TUMBLE(t, ts, " + interval(size) + ")";
      case kHop:
        return "HOP(t, ts, " + interval(step) + ", " + interval(size) + ")";
      case kCumulate:
        return "CUMULATE(t, ts, " + interval(step) + ", " + interval(size) + ")";
    }
    return "";
  }

  std::vector<Window> around(std::int64_t time) const {
    std::vector<Window> found;
    const std::int64_t unit = kind == kHop ? step : size;
    for (std::int64_t start = time / unit * unit; start > time - size; start -= unit) {
      if (kind != kCumulate) {
        found.push_back({start, start + size});
        continue;
      }
      for (std::int64_t end = start + step; end < start + size + step; end += step) {
        if (time < std::min(end, start + size)) {
          found.push_back({start, std::min(end, start + size)});
        }
      }
    }
    std::erase_if(found, [time](const Window& window) { return time >= window.end; });
    return found;
  }
};

Function draw_function(Dice& dice) {
  const auto kind = static_cast<Function::Kind>(dice() % 3);
  const std::int64_t size = static_cast<std::int64_t>(1 + dice() % 20) * kSecond;
  const std::int64_t most = kind == Function::kHop ? 2 * size : size;
  const std::int64_t step = 250 * kMilli + static_cast<std::int64_t>(dice() % 100) * (most / 125);
  return {kind, size, std::min(step, most)};
}

struct Expected {
  Lines results;
  Lines late;  // One for each window missed.
  std::size_t rows_late = 0;
};

// The rule of the reference pages, applied to one row after the other.
Expected compute(const Partitions& partitions, const Function& function, std::int64_t delay,
                 std::int64_t lateness) {
  struct Group {
    int count = 0;
    std::optional<int> sum;
  };
  std::map<std::pair<Window, int>, Group> groups;
  Expected expected;
  for (const std::vector<Row>& rows : partitions) {
    std::optional<std::int64_t> watermark;
    for (const Row& row : rows) {
      const std::vector<Window> windows = function.around(row.time);
      std::size_t missed = 0;
      for (const Window& window : windows) {
        if (watermark && window.end + lateness <= *watermark) {
          ++missed;
          ++expected.late[text_of(row.time) + "," + std::to_string(row.key) + "," +
                          text_of(window.start) + "," + text_of(window.end) + "," +
                          std::to_string(*watermark - window.end - lateness)];
        } else {
          Group& group = groups[{window, row.key}];
          ++group.count;
          if (row.value) {
            group.sum = group.sum.value_or(0) + *row.value;
          }
        }
      }
      expected.rows_late += !windows.empty() && missed == windows.size() ? 1 : 0;
      watermark = std::max(watermark.value_or(row.time - delay), row.time - delay);
    }
  }
  for (const auto& [name, group] : groups) {
    ++expected.results[text_of(name.first.start) + "," + text_of(name.first.end) + "," +
                       std::to_string(name.second) + "," + std::to_string(group.count) + "," +
                       (group.sum ? std::to_string(*group.sum) : "NULL")];
  }
  return expected;
}

TEST(LatenessTest, ResultsAndLateRowsAreAFunctionOfTheInput) {
  for (std::uint64_t seed = 0; seed < random_cases(250) && !HasFatalFailure(); ++seed) {
    Dice dice(seed);
    const Partitions partitions = draw_partitions(dice);
    const Function function = draw_function(dice);
    const std::int64_t delay = static_cast<std::int64_t>(dice() % 10) * kSecond;
    const bool corrects = dice() % 3 != 0;
    const std::int64_t lateness = corrects ? static_cast<std::int64_t>(dice() % 40) * kSecond : 0;
    constexpr const char* kOthers[] = {"", " EMIT CHANGES", " EMIT EVERY INTERVAL '1 second'"};
    const std::string emit = corrects ? " EMIT ON WINDOW CLOSE WITH LATENESS " + interval(lateness)
                                      : kOthers[dice() % std::size(kOthers)];
    const Expected expected = compute(partitions, function, delay, lateness);
    for (int i = 0; i < 3; ++i) {
      FakeEnv env;
      for (std::size_t part = 0; part < partitions.size(); ++part) {
        env.put("part-" + std::to_string(part), json_of(partitions[part]));
      }
      Engine engine(env, draw_options(dice));
      Folded folded;
      const RunReport report = engine.execute(
          {.name = "test",
           .text = "CREATE TABLE t (ts TIMESTAMP, k INT, v INT, WATERMARK FOR ts AS ts - " +
                   interval(delay) +
                   ") WITH (connector = 'file', path = 'part-*', format = 'json');"
                   "CREATE VIEW w AS SELECT window_start, window_end, k, count(*) AS n, sum(v) AS "
                   "s FROM " +
                   function.sql() + " GROUP BY window_start, window_end, k" + emit +
                   ";"
                   "SELECT * FROM w;"
                   "SELECT ts, k, window_start, window_end,"
                   " CAST(extract(epoch FROM late_by) * 1000000 AS BIGINT) FROM LATE(w);"},
          folded);
      ASSERT_EQ(report.outcome, Outcome::kDone)
          << (report.problems.empty() ? "" : report.problems[0].text);
      ASSERT_EQ(folded.answer(2), expected.results) << "seed " << seed << function.sql() << emit;
      ASSERT_EQ(folded.answer(3), expected.late) << "seed " << seed << function.sql() << emit;
      ASSERT_EQ(report.summary.rows_late, expected.rows_late);
    }
  }
}

// The first number of the only line.
std::int64_t only_number(const Lines& lines) {
  EXPECT_EQ(lines.size(), 1U);
  return lines.empty() || lines.begin()->first == "NULL" ? 0 : std::stoll(lines.begin()->first);
}

TEST(LatenessTest, TheEarthquakesAddUpWhateverTheLateness) {
  std::ifstream file(THALWEG_DATA_DIR "/quakes.jsonl");
  const std::string quakes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  std::int64_t all = std::count(quakes.begin(), quakes.end(), '\n');
  all += quakes.ends_with('\n') ? 0 : 1;
  ASSERT_EQ(all, 1707);
  std::int64_t late_before = all;
  Dice dice(1);
  for (const std::int64_t lateness :
       {std::int64_t{0}, kSecond, 5 * kMinute, kHour, 5 * kHour, 24 * kHour, 31 * 24 * kHour}) {
    std::optional<std::int64_t> late;
    for (int i = 0; i < 6; ++i) {
      FakeEnv env;
      env.put("quakes.jsonl", quakes);
      Engine engine(env, draw_options(dice));
      Folded folded;
      const RunReport report = engine.execute(
          {.name = "test",
           .text = "CREATE TABLE quakes (time TIMESTAMP, WATERMARK FOR time AS time - INTERVAL '10 "
                   "minutes') WITH (connector = 'file', path = 'quakes.jsonl', format = 'json');"
                   "CREATE VIEW hourly AS SELECT window_start, count(*) AS n FROM TUMBLE(quakes, "
                   "time, INTERVAL '1 hour') GROUP BY window_start, window_end EMIT ON WINDOW "
                   "CLOSE WITH LATENESS " +
                   interval(lateness) +
                   ";"
                   "SELECT sum(n) FROM hourly; SELECT count(*) FROM LATE(hourly);"},
          folded);
      ASSERT_EQ(report.outcome, Outcome::kDone);
      const std::int64_t counted = only_number(folded.answer(2));
      const std::int64_t missed = only_number(folded.answer(3));
      EXPECT_EQ(counted + missed, all) << "lateness " << lateness;
      EXPECT_EQ(static_cast<std::int64_t>(report.summary.rows_late), missed);
      EXPECT_EQ(late.value_or(missed), missed) << "the same rows are late, however it runs";
      late = missed;
    }
    EXPECT_LE(*late, late_before);
    late_before = *late;
  }
  EXPECT_EQ(late_before, 0) << "with a month of lateness none is late";
}

// A job over a file that grows, while the test moves the clock.
TEST(LatenessTest, EarlyResultsComeByTheClockAndOnlyWhereTheyHaveChanged) {
  FakeEnv env;
  env.put("live.jsonl", "{\"ts\":1000,\"k\":1}\n{\"ts\":2000,\"k\":2}\n");
  Engine engine(env, SessionOptions{.workers = 2, .interleaving_seed = std::nullopt});
  Folded folded;
  std::thread job([&] {
    engine.execute(
        {.name = "test",
         .text = "CREATE TABLE t (ts TIMESTAMP, k INT, WATERMARK FOR ts AS ts) WITH (connector = "
                 "'file', path = 'live.jsonl', format = 'json', follow = true);"
                 "SELECT k, count(*) FROM TUMBLE(t, ts, INTERVAL '1 hour') GROUP BY window_start, "
                 "window_end, k EMIT EVERY INTERVAL '10 seconds';"},
        folded);
  });
  // Lets the clock go on by `micros` now and then: when a row has come all the way is not known.
  const auto waits_for = [&](const Lines& lines, std::int64_t micros) {
    for (int i = 0; i < 4000; ++i) {
      env.advance_micros(i % 20 == 0 ? micros : 0);
      if (folded.answer(1) == lines) {
        return true;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return false;
  };
  for (int i = 0; i < 4000 && engine.progress().rows_held < 2; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  EXPECT_EQ(folded.answer(1), Lines{}) << "the clock stands still";
  EXPECT_TRUE(waits_for({{"1,1", 1}, {"2,1", 1}}, 10 * kSecond));
  env.append("live.jsonl", "{\"ts\":3000,\"k\":2}\n");
  EXPECT_TRUE(waits_for({{"1,1", 1}, {"2,2", 1}}, 10 * kSecond));
  // Past the window's end everything is told, whatever the clock says.
  env.append("live.jsonl", "{\"ts\":4000,\"k\":1}\n{\"ts\":7200000,\"k\":9}\n");
  EXPECT_TRUE(waits_for({{"1,2", 1}, {"2,2", 1}}, 0));
  engine.request_stop();
  job.join();
}

}  // namespace
}  // namespace thalweg
