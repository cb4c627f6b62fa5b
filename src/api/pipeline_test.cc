#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <list>
#include <map>
#include <set>
#include <stdexcept>
#include <string>

#include "thalweg/thalweg.h"

namespace thalweg {
namespace {

using testing::HasSubstr;
using testing::UnorderedElementsAreArray;
using namespace std::chrono_literals;

struct Number {
  std::int64_t value;
  friend bool operator==(const Number&, const Number&) = default;
};

struct Pair {
  std::int64_t value;
  std::string text;
  friend bool operator==(const Pair&, const Pair&) = default;
};

std::vector<Number> numbers(std::int64_t count) {
  std::vector<Number> rows;
  for (std::int64_t i = 0; i < count; ++i) {
    rows.push_back({i});
  }
  return rows;
}

Pair pair_of(const Number& number) { return {number.value, "n" + std::to_string(number.value)}; }

// Where the rows of a stream are put, whatever thread brings them.
template <typename T>
struct Collected {
  std::vector<T> rows;
  auto sink() {
    return [this](const T& row) { rows.push_back(row); };
  }
};

class PipelineTest : public testing::TestWithParam<std::uint32_t> {
 protected:
  SessionOptions options() const { return {.workers = GetParam(), .batch_rows = 64}; }
};
INSTANTIATE_TEST_SUITE_P(Workers, PipelineTest, testing::Values(1U, 4U));

TEST_P(PipelineTest, FiltersMapsAndFlatMaps) {
  Collected<Pair> out;
  Pipeline pipeline("steps");
  pipeline.source(numbers(1000))
      .filter([](const Number& row) { return row.value % 3 != 0; })
      .filter("value < 900 AND value <> 500")
      .map(pair_of)
      .flat_map([](const Pair& row) {
        std::list<Pair> rows;
        for (std::int64_t i = 0; i < row.value % 4; ++i) {
          rows.push_back({i, row.text});
        }
        return rows;
      })
      .sink(out.sink());
  const RunReport report = pipeline.run(options());
  ASSERT_EQ(report.outcome, Outcome::kDone);
  std::vector<Pair> expected;
  for (std::int64_t value = 0; value < 900; ++value) {
    for (std::int64_t i = 0; value % 3 != 0 && value != 500 && i < value % 4; ++i) {
      expected.push_back({i, "n" + std::to_string(value)});
    }
  }
  EXPECT_THAT(out.rows, UnorderedElementsAreArray(expected));
  EXPECT_EQ(report.summary.rows_in, 1000U);
  EXPECT_EQ(report.summary.rows_out, expected.size());
  EXPECT_TRUE(report.summary.rejected.empty());
}

// Two rows for each even number, none for the others; a copy for each worker.
class EvenTwice final : public Processor<Number, Pair> {
 public:
  void process(const Number& row, Output<Pair>& out) override {
    ++calls_;
    if (row.value % 2 == 0) {
      out.emit({row.value, "first"});
      out.emit({row.value, "second"});
    }
  }

 private:
  std::int64_t calls_ = 0;
};

TEST_P(PipelineTest, ProcessorsGiveNoneOneOrManyRows) {
  Collected<Pair> out;
  Pipeline pipeline("processor");
  pipeline.source(numbers(500)).process(EvenTwice()).sink(out.sink());
  ASSERT_EQ(pipeline.run(options()).outcome, Outcome::kDone);
  std::vector<Pair> expected;
  for (std::int64_t value = 0; value < 500; value += 2) {
    expected.push_back({value, "first"});
    expected.push_back({value, "second"});
  }
  EXPECT_THAT(out.rows, UnorderedElementsAreArray(expected));
}

TEST_P(PipelineTest, SplitsAndMerges) {
  Collected<Number> small;
  Collected<Number> large;
  Collected<Number> all;
  Pipeline pipeline("split");
  const auto [below, above] =
      pipeline.source(numbers(300)).split([](const Number& row) { return row.value < 100; });
  below.sink(small.sink());
  above.sink(large.sink());
  below.merge(above).sink(all.sink());
  ASSERT_EQ(pipeline.run(options()).outcome, Outcome::kDone);
  EXPECT_EQ(small.rows.size(), 100U);
  EXPECT_EQ(large.rows.size(), 200U);
  EXPECT_THAT(all.rows, UnorderedElementsAreArray(numbers(300)));
}

TEST_P(PipelineTest, SinksShareASourceWhichIsReadOnce) {
  int generated = 0;
  Collected<Number> first;
  Collected<Number> second;
  Collected<Pair> third;
  Pipeline pipeline("shared");
  const auto source = pipeline.source<Number>(
      [&generated, next = std::int64_t{0}]() mutable -> std::optional<Number> {
        ++generated;
        return next < 5000 ? std::optional(Number{next++}) : std::nullopt;
      });
  source.sink(first.sink());
  source.filter([](const Number& row) { return row.value >= 4990; }).sink(second.sink());
  source.map(pair_of).sink(third.sink());
  const RunReport report = pipeline.run(options());
  ASSERT_EQ(report.outcome, Outcome::kDone);
  EXPECT_EQ(generated, 5001);
  EXPECT_THAT(first.rows, UnorderedElementsAreArray(numbers(5000)));
  EXPECT_EQ(second.rows.size(), 10U);
  EXPECT_EQ(third.rows.size(), 5000U);
  EXPECT_EQ(report.summary.rows_in, 5000U);
  EXPECT_EQ(report.summary.rows_out, 10'010U);
}

TEST_P(PipelineTest, RunsAgainFromTheBeginning) {
  Collected<Number> out;
  Pipeline pipeline("again");
  pipeline.source(numbers(10)).sink(out.sink());
  EXPECT_EQ(pipeline.run(options()).outcome, Outcome::kDone);
  EXPECT_EQ(pipeline.run(options()).outcome, Outcome::kDone);
  EXPECT_EQ(out.rows.size(), 20U);
}

TEST_P(PipelineTest, AFunctionThatThrowsRejectsTheRowAlone) {
  Collected<Pair> out;
  Pipeline pipeline("throwing");
  pipeline.source(numbers(1000))
      .filter([](const Number& row) {
        if (row.value % 100 == 7) {
          throw std::runtime_error("seven");
        }
        return true;
      })
      .map([](const Number& row) {
        if (row.value % 100 == 8) {
          throw 8;  // NOLINT: users may.
        }
        return pair_of(row);
      })
      .sink(out.sink());
  const RunReport report = pipeline.run(options());
  ASSERT_EQ(report.outcome, Outcome::kDone);
  EXPECT_EQ(out.rows.size(), 980U);
  ASSERT_EQ(report.summary.rejected.size(), 1U);
  EXPECT_EQ(report.summary.rejected[0].reason, "function_failed");
  EXPECT_EQ(report.summary.rejected[0].rows, 20U);
  std::set<std::string> said;
  for (const RunProgress::Sample& sample : report.summary.samples) {
    said.insert(sample.origin + ": " + sample.detail);
  }
  EXPECT_TRUE(said.contains("filter: seven")) << testing::PrintToString(said);
  EXPECT_TRUE(said.contains("map to Pair: an exception that is no std::exception"))
      << testing::PrintToString(said);
}

// Fails after the first of two rows, on every third.
class HalfWay final : public Processor<Number, Pair> {
 public:
  void process(const Number& row, Output<Pair>& out) override {
    out.emit({row.value, std::string(static_cast<std::size_t>(row.value % 5), 'x')});
    if (row.value % 3 == 0) {
      throw std::out_of_range("half way");
    }
    out.emit({-row.value, "end"});
  }
};

TEST_P(PipelineTest, RowsOfAFailedCallAreTakenBack) {
  Collected<Pair> out;
  Pipeline pipeline("half-way");
  pipeline.source(numbers(200)).process(HalfWay()).sink(out.sink());
  const RunReport report = pipeline.run(options());
  std::vector<Pair> expected;
  for (std::int64_t value = 0; value < 200; ++value) {
    if (value % 3 != 0) {
      expected.push_back({value, std::string(static_cast<std::size_t>(value % 5), 'x')});
      expected.push_back({-value, "end"});
    }
  }
  EXPECT_THAT(out.rows, UnorderedElementsAreArray(expected));
  EXPECT_EQ(report.summary.rows_rejected(), 67U);
}

TEST_P(PipelineTest, ASinkThatThrowsEndsTheRunAsFailed) {
  Pipeline pipeline("bad-sink");
  int calls = 0;
  pipeline.source(numbers(1000)).sink([&](const Number& row) {
    ++calls;
    if (row.value == 3) {
      throw std::runtime_error("disk on fire");
    }
  });
  const RunReport report = pipeline.run(options());
  EXPECT_EQ(report.outcome, Outcome::kFailed);
  ASSERT_EQ(report.problems.size(), 1U);
  EXPECT_THAT(report.problems[0].text, HasSubstr("disk on fire"));
  EXPECT_LT(calls, 1000);
}

TEST_P(PipelineTest, AGeneratorThatThrowsEndsTheRunAsFailed) {
  Pipeline pipeline("bad-source");
  pipeline
      .source<Number>([next = std::int64_t{0}]() mutable -> std::optional<Number> {
        if (next == 100) {
          throw std::runtime_error("the sensor is gone");
        }
        return Number{next++};
      })
      .sink([](const Number&) {});
  const RunReport report = pipeline.run(options());
  EXPECT_EQ(report.outcome, Outcome::kFailed);
  ASSERT_EQ(report.problems.size(), 1U);
  EXPECT_THAT(report.problems[0].text,
              HasSubstr("the function that makes the rows of \"Number\" threw an exception: the "
                        "sensor is gone"));
}

// A folder that is gone when the test is.
class Folder {
 public:
  Folder() {
    std::string pattern = testing::TempDir() + "thalweg-api-XXXXXX";
    path_ = ::mkdtemp(pattern.data());
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  std::string file(const std::string& name, const std::string& text = {}) const {
    if (!text.empty()) {
      std::ofstream(path_ / name) << text;
    }
    return path_ / name;
  }
  std::vector<std::string> lines(const std::string& name) const {
    std::ifstream in(path_ / name);
    std::vector<std::string> lines;
    for (std::string line; std::getline(in, line);) {
      lines.push_back(line);
    }
    return lines;
  }

 private:
  std::filesystem::path path_;
};

TEST_P(PipelineTest, ConnectorsReadAndWrite) {
  const Folder folder;
  const std::string in = folder.file("in.jsonl",
                                     "{\"value\":1,\"text\":\"a\",\"more\":0}\n"
                                     "{\"text\":\"no value\"}\n"
                                     "{\"value\":\"x\",\"text\":\"no number\"}\n"
                                     "not JSON\n"
                                     "{\"value\":2,\"text\":\"b\"}\n");
  Pipeline pipeline("files");
  pipeline.source<Pair>(connector("file", {{"path", in}, {"format", "json"}}))
      .map([](const Pair& row) { return Pair{row.value * 10, row.text + row.text}; })
      .sink(connector("file", {{"path", folder.file("out.jsonl")}, {"format", "json"}}));
  const RunReport report = pipeline.run(options());
  ASSERT_EQ(report.outcome, Outcome::kDone)
      << (report.problems.empty() ? "" : report.problems[0].text);
  EXPECT_THAT(
      folder.lines("out.jsonl"),
      UnorderedElementsAreArray({R"({"value":10,"text":"aa"})", R"({"value":20,"text":"bb"})"}));
  EXPECT_EQ(report.summary.rows_in, 5U);
  std::map<std::string, std::uint64_t> rejected;
  for (const RunProgress::Rejected& each : report.summary.rejected) {
    rejected[each.reason] = each.rows;
  }
  EXPECT_EQ(rejected, (std::map<std::string, std::uint64_t>{
                          {"malformed", 1}, {"null_not_allowed", 1}, {"wrong_type", 1}}));
}

struct Reading {
  std::string sensor;
  std::optional<double> value;
};
struct Measured {
  std::string sensor;
  double value;
};

TEST_P(PipelineTest, NullIsRejectedWhereAFieldMustHaveAValue) {
  Collected<Measured> out;
  std::vector<Reading> readings;
  for (int i = 0; i < 100; ++i) {
    readings.push_back(
        {"s" + std::to_string(i), i % 10 == 0 ? std::nullopt : std::optional<double>(i)});
  }
  Pipeline pipeline("nulls");
  pipeline.source(readings).as<Measured>().sink(out.sink());
  const RunReport report = pipeline.run(options());
  ASSERT_EQ(report.outcome, Outcome::kDone);
  EXPECT_EQ(out.rows.size(), 90U);
  for (const Measured& row : out.rows) {
    EXPECT_EQ("s" + std::to_string(static_cast<int>(row.value)), row.sensor);
  }
  ASSERT_EQ(report.summary.rejected.size(), 1U);
  EXPECT_EQ(report.summary.rejected[0].reason, "null_not_allowed");
  EXPECT_EQ(report.summary.rejected[0].rows, 10U);
  ASSERT_FALSE(report.summary.samples.empty());
  EXPECT_EQ(report.summary.samples[0].origin, "as<Measured>");
  EXPECT_EQ(report.summary.samples[0].detail, "field value has no value, and is not std::optional");
}

// What the user sees of mistakes made while building, all at once.
std::string problems_of(Pipeline& pipeline) {
  const RunReport report = pipeline.run({.workers = 1});
  EXPECT_EQ(report.outcome, Outcome::kInvalid);
  std::string text;
  for (const Problem& problem : report.problems) {
    text += problem.text;
  }
  return text;
}

TEST(PipelineErrorTest, WindowWithoutEventTime) {
  Pipeline pipeline("no-time");
  pipeline.source(numbers(3)).window(tumbling(1min)).aggregate(count()).sink([](const Record&) {});
  const std::string text = problems_of(pipeline);
  EXPECT_THAT(text, HasSubstr("P0901"));
  EXPECT_THAT(text, HasSubstr("window: the stream has no event time"));
  EXPECT_THAT(text, HasSubstr("event_time<&T::field>(bounded_out_of_order(5s))"));
}

TEST(PipelineErrorTest, AWindowOfNothing) {
  struct Tick {
    Timestamp time;
  };
  Pipeline pipeline("empty-window");
  pipeline.source(std::vector<Tick>{{}})
      .event_time<&Tick::time>(bounded_out_of_order(0s))
      .window(tumbling(0s))
      .aggregate(count())
      .sink([](const Record&) {});
  EXPECT_THAT(problems_of(pipeline), HasSubstr("the size of a window is more than nothing"));
}

TEST(PipelineErrorTest, ColumnsThatAreNotThere) {
  Pipeline pipeline("names");
  const auto source = pipeline.source(numbers(3));
  source.key_by({"valeu"}).aggregate(count()).sink([](const Record&) {});
  source.aggregate(of("max", "text")).sink([](const Record&) {});
  source.as<Pair>().sink([](const Pair&) {});
  const std::string text = problems_of(pipeline);
  EXPECT_THAT(text, HasSubstr("aggregate: the stream has no column \"valeu\""));
  EXPECT_THAT(text, HasSubstr("as<Pair>: the stream has no column \"text\""));
  EXPECT_THAT(text, HasSubstr("its columns: value"));
}

TEST(PipelineErrorTest, AggregatesThatAreNotThere) {
  struct Word {
    std::string text;
  };
  Pipeline pipeline("aggregates");
  const auto source = pipeline.source(std::vector<Word>{{"a"}});
  source.aggregate(of("sum", "text")).sink([](const Record&) {});
  source.aggregate(of("maxx", "text")).sink([](const Record&) {});
  source.aggregate(of("max", "")).sink([](const Record&) {});
  const std::string text = problems_of(pipeline);
  EXPECT_THAT(text, HasSubstr("there is no aggregate sum(TEXT)"));
  EXPECT_THAT(text, HasSubstr("there is no aggregate maxx(TEXT)"));
  EXPECT_THAT(text, HasSubstr("there is no aggregate max()"));
}

TEST(PipelineErrorTest, AConditionThatIsWrongIsShownAsTyped) {
  Pipeline pipeline("condition");
  pipeline.source(numbers(3)).filter("value > 3 AND valu < 9").sink([](const Number&) {});
  const std::string text = problems_of(pipeline);
  EXPECT_THAT(text, HasSubstr("condition, filter:1:15"));
  EXPECT_THAT(text, HasSubstr("value > 3 AND valu < 9"));
  EXPECT_THAT(text, HasSubstr("did you mean"));
  EXPECT_THAT(text, testing::Not(HasSubstr("thalweg_filtered")));
}

TEST(PipelineErrorTest, OptionsOfConnectorsAreCheckedAndToldOnce) {
  struct Tick {
    Timestamp time;
  };
  Pipeline pipeline("options");
  pipeline.source<Tick>(connector("file", {{"paht", "x.jsonl"}, {"format", "json"}}))
      .event_time<&Tick::time>(bounded_out_of_order(0s))
      .sink(connector("flie", {{"path", "y"}}));
  const std::string text = problems_of(pipeline);
  const std::size_t at = text.find("paht");
  EXPECT_NE(at, std::string::npos) << text;
  EXPECT_EQ(pipeline.run().problems.size(), pipeline.explain().report.problems.size());
  std::size_t errors = 0;
  for (const Problem& problem : pipeline.run().problems) {
    errors += problem.message.find("\"paht\"") != std::string::npos ? 1U : 0U;
  }
  EXPECT_EQ(errors, 1U) << text;
}

TEST(PipelineErrorTest, NoSink) {
  Pipeline pipeline("endless");
  (void)pipeline.source(numbers(3)).map(pair_of);
  EXPECT_THAT(problems_of(pipeline), HasSubstr("the pipeline has no sink"));
}

TEST(PipelineErrorTest, AMissingFileIsUnavailable) {
  Pipeline pipeline("missing");
  pipeline.source<Number>(connector("file", {{"path", "/no/such/file.jsonl"}, {"format", "json"}}))
      .sink([](const Number&) {});
  const RunReport report = pipeline.run();
  EXPECT_EQ(report.outcome, Outcome::kUnavailable);
  ASSERT_EQ(report.problems.size(), 1U);
  EXPECT_THAT(report.problems[0].text, HasSubstr("/no/such/file.jsonl"));
}

// A generator has no end that could be known before, so its totals change with each row.
TEST(PipelineErrorTest, ChangesNeedASinkThatIsTold) {
  const auto endless = [] { return std::optional<Number>(); };
  Pipeline pipeline("changes");
  struct Total {
    std::int64_t n;
  };
  const auto totals = pipeline.source<Number>(endless).aggregate(count().as("n")).as<Total>();
  totals.sink([](const Total&) {});
  totals.sink(connector("file", {{"path", "/tmp/never-written"}, {"format", "json"}}));
  const std::string text = problems_of(pipeline);
  EXPECT_THAT(text, HasSubstr("the function is not told so"));
  EXPECT_THAT(text, HasSubstr("it can only be added to"));
}

TEST_P(PipelineTest, ChangesFoldToTheTotals) {
  std::map<std::int64_t, std::int64_t> totals;
  struct Total {
    std::int64_t value;
    std::int64_t n;
  };
  Pipeline pipeline("changelog");
  pipeline
      .source<Number>([next = std::int64_t{0}]() mutable -> std::optional<Number> {
        return next < 3000 ? std::optional(Number{next++ % 7}) : std::nullopt;
      })
      .key_by<&Number::value>()
      .aggregate(count().as("n"))
      .as<Total>()
      .sink([&](const Total& row, int change) { totals[row.value] += change * row.n; });
  ASSERT_EQ(pipeline.run(options()).outcome, Outcome::kDone);
  std::map<std::int64_t, std::int64_t> expected;
  for (std::int64_t i = 0; i < 3000; ++i) {
    ++expected[i % 7];
  }
  EXPECT_EQ(totals, expected);
}

TEST(PipelineExplainTest, ShowsStepsInTheUsersWords) {
  Pipeline pipeline("explained");
  pipeline.source(numbers(3))
      .filter([](const Number&) { return true; })
      .map(pair_of)
      .key_by<&Pair::text>()
      .aggregate(count().as("n"), max<&Pair::value>())
      .sink([](const Record&) {});
  const Explanation explanation = pipeline.explain();
  EXPECT_EQ(explanation.report.outcome, Outcome::kDone);
  EXPECT_THAT(explanation.text, HasSubstr("map to Pair"));
  EXPECT_THAT(explanation.text, HasSubstr("filter"));
  EXPECT_THAT(explanation.text, HasSubstr("Number"));
}

TEST(PipelineMoveTest, StreamsGoOnWhenThePipelineIsMoved) {
  Collected<Number> out;
  Pipeline first("moved");
  const auto source = first.source(numbers(5));
  Pipeline second = std::move(first);
  source.sink(out.sink());
  EXPECT_EQ(second.run({.workers = 1}).outcome, Outcome::kDone);
  EXPECT_EQ(out.rows, numbers(5));
}

}  // namespace
}  // namespace thalweg
