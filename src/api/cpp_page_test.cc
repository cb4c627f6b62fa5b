#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "thalweg/thalweg.h"

// What docs/reference/cpp.md shows: each of its blocks stands here, which tests/check_docs.py sees
// to, and here it is compiled and run.
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;
using testing::UnorderedElementsAre;
using namespace std::chrono_literals;

struct Order {
  std::int64_t id;
  std::string customer;
  std::optional<double> amount;
  thalweg::Timestamp time;
};

struct Total {
  std::string customer;
  std::int64_t orders;
  double amount;
};

struct Line {
  std::string text;
};
struct Word {
  std::string word;
};

class Words final : public thalweg::Processor<Line, Word> {
 public:
  void process(const Line& line, thalweg::Output<Word>& out) override {
    if (line.text.empty()) {
      throw std::invalid_argument("an empty line");
    }
    for (std::size_t begin = 0; begin <= line.text.size();) {
      const std::size_t end = std::min(line.text.find(' ', begin), line.text.size());
      out.emit({line.text.substr(begin, end - begin)});
      begin = end + 1;
    }
  }
};

struct Basket {
  std::int64_t orders = 0;
  double amount = 0;
  std::optional<thalweg::Timestamp> closes;
};
struct Bill {
  std::string customer;
  std::int64_t orders;
  double amount;
};

// A bill for each customer who has ordered nothing for an hour.
class Billing final : public thalweg::KeyedProcessor<std::string, Order, Basket, Bill> {
 public:
  void process(const Order& order, Basket& basket, Context& context) override {
    ++basket.orders;
    basket.amount += order.amount.value_or(0);
    if (basket.closes) {
      context.remove_timer(*basket.closes);
    }
    basket.closes = context.time() + 1h;
    context.set_timer(*basket.closes);
  }
  void on_timer(const thalweg::Timer&, Basket& basket, Context& context) override {
    context.emit({context.key(), basket.orders, basket.amount});
    basket = {};
  }
};

struct Limit {
  std::string customer;
  double amount;
  thalweg::Timestamp time;
};
using Limits = std::map<std::string, double>;

// Orders above the limit that their customer had when they came.
class CheckLimits final
    : public thalweg::KeyedBroadcastProcessor<std::string, Order, Basket, Limit, Limits, Bill> {
 public:
  void process(const Order& order, Basket& basket, Context& context) override {
    const Limits& limits = context.broadcast_state();
    const auto limit = limits.find(order.customer);
    basket.amount += order.amount.value_or(0);
    if (limit != limits.end() && basket.amount > limit->second) {
      context.emit({order.customer, ++basket.orders, basket.amount});
    }
  }
  void process_broadcast(const Limit& limit, Limits& limits,
                         const thalweg::BroadcastContext&) override {
    limits[limit.customer] = limit.amount;
  }
};

struct Waiting {
  std::int64_t orders = 0;
  thalweg::Timestamp due;
};

// How many orders have come, a millisecond after the first of them or when there are a hundred.
class Report final : public thalweg::KeyedProcessor<std::string, Order, Waiting, Bill> {
 public:
  void process(const Order&, Waiting& waiting, Context& context) override {
    if (++waiting.orders == 1) {
      waiting.due = context.now() + 1ms;
      context.set_wall_timer(waiting.due);
    }
    if (waiting.orders == 100) {
      context.remove_wall_timer(waiting.due);
      tell(waiting, context);
    }
  }
  void on_timer(const thalweg::Timer&, Waiting& waiting, Context& context) override {
    tell(waiting, context);
  }

 private:
  static void tell(Waiting& waiting, Context& context) {
    context.emit({context.key(), waiting.orders, 0});
    waiting = {};
  }
};

thalweg::Timestamp at(std::int64_t minute) { return thalweg::Timestamp{} + minute * 1min; }

std::vector<Order> some_orders() {
  return {{1, "ann", 5, at(0)},
          {2, "bob", std::nullopt, at(10)},
          {3, "ann", 20, at(30)},
          {4, "bob", 7, at(150)},
          {5, "ann", 1, at(20)}};
}

class CppPageTest : public testing::Test {
 protected:
  thalweg::SourceStream<Order> timed() {
    return pipeline.source(some_orders(), "orders")
        .event_time<&Order::time>(thalweg::bounded_out_of_order(3h));
  }
  void run() {
    const thalweg::RunReport report = pipeline.run({.workers = 2});
    ASSERT_EQ(report.outcome, thalweg::Outcome::kDone) << report.problems[0].text;
  }

  thalweg::Pipeline pipeline{"page"};
};

TEST_F(CppPageTest, Sources) {
  const thalweg::Input<Order> input;
  std::size_t rows = 0;
  const auto see = [&](const Order&) { ++rows; };

  auto from_vector = pipeline.source(some_orders(), "orders");
  auto from_function = pipeline.source<Order>([n = 0]() mutable -> std::optional<Order> {
    return n < 3 ? std::optional(Order{.id = ++n, .customer = "cid", .amount = 1, .time = {}})
                 : std::nullopt;
  });
  auto from_program = pipeline.source(input, "pushed");  // input.push(order), input.close()

  std::thread pusher([&] {
    input.push({6, "dan", 3, at(0)});
    input.close();
  });
  from_vector.sink(see);
  from_function.sink(see);
  from_program.sink(see);
  run();
  pusher.join();
  EXPECT_EQ(rows, 5U + 3U + 1U);
}

TEST_F(CppPageTest, Watermarks) {
  const auto orders = pipeline.source(some_orders());
  std::size_t rows = 0;
  const auto see = [&](const Order&) { ++rows; };

  auto a = orders.event_time<&Order::time>(thalweg::bounded_out_of_order(10s));
  auto b = orders.event_time<&Order::time>(thalweg::ascending());
  auto c = orders.event_time<&Order::time>(thalweg::watermark("time - INTERVAL '10 seconds'"));
  auto d = orders.event_time<&Order::time>(thalweg::bounded_out_of_order(10s)
                                               .idle_timeout(5s)
                                               .advance_when_idle()
                                               .max_future_skew(1h)
                                               .max_drift(10min));

  for (const auto& each : {a, b, c, d}) {
    each.sink(see);
  }
  run();
  EXPECT_EQ(rows, 20U);
}

TEST_F(CppPageTest, Steps) {
  const auto orders = pipeline.source(some_orders(), "orders");
  const auto lines = pipeline.source(std::vector<Line>{{"a bc"}, {""}, {"d"}}, "lines");
  std::multiset<std::string> words;
  std::int64_t rows = 0;

  auto large = orders.filter("amount > 4 AND customer <> 'bob'");
  auto known = orders.filter([](const Order& order) { return order.amount.has_value(); });
  auto [first, others] = orders.split([](const Order& order) { return order.id == 1; });
  auto names = orders.map([](const Order& order) { return Word{order.customer}; });
  auto twice = orders.flat_map(
      [](const Order& order) { return std::vector<Word>{{order.customer}, {order.customer}}; });
  auto parted = lines.process(Words());
  auto all = names.merge(parted);

  const auto count = [&](const auto&) { ++rows; };
  large.sink(count);
  known.sink(count);
  first.sink(count);
  others.sink(count);
  twice.sink(count);
  all.sink([&](const Word& word) { words.insert(word.word); });
  run();
  EXPECT_EQ(rows, 2 + 4 + 1 + 4 + 10);
  EXPECT_THAT(words, UnorderedElementsAre("ann", "bob", "ann", "bob", "ann", "a", "bc", "d"));
}

TEST_F(CppPageTest, Aggregates) {
  const auto orders = pipeline.source(some_orders(), "orders");
  std::map<std::string, double> totals;
  std::map<std::string, std::string> all;
  std::int64_t rows = 0;

  orders.key_by<&Order::customer>()
      .aggregate(thalweg::count().as("orders"), thalweg::sum<&Order::amount>().as("amount"))
      .as<Total>()
      .sink([&](const Total& total) { totals[total.customer] = total.amount; });

  orders.key_by({"customer"})
      .aggregate(thalweg::count<&Order::amount>(), thalweg::avg<&Order::amount>(),
                 thalweg::min<&Order::amount>(), thalweg::max<&Order::amount>(),
                 thalweg::first<&Order::id>(), thalweg::last<&Order::id>(),
                 thalweg::of("array_agg", "id").as("ids"))
      .sink([&](const thalweg::Record& row) { all[row.text("customer")] = row.text("ids"); });

  orders.aggregate(thalweg::count().as("n")).sink([&](const thalweg::Record& row) {
    rows = row.integer("n");
  });

  run();
  EXPECT_THAT(totals, ElementsAre(Pair("ann", 26), Pair("bob", 7)));
  EXPECT_THAT(all, ElementsAre(Pair("ann", "{1,3,5}"), Pair("bob", "{2,4}")));
  EXPECT_EQ(rows, 5);
}

TEST_F(CppPageTest, FirstRowsOfEachKey) {
  const auto orders = timed();
  const auto by_customer = orders.key_by<&Order::customer>();
  std::multiset<std::int64_t> ids;
  const auto see = [&](const Order& order, int change) {
    change > 0 ? void(ids.insert(order.id)) : void(ids.erase(ids.find(order.id)));
  };
  std::multiset<std::string> ranks;
  const auto see_rank = [&](const thalweg::Record& row) {
    ranks.insert(row.text("rank") + ": " + row.text("id"));
  };

  by_customer.top(2, thalweg::largest<&Order::amount>(), thalweg::smallest<&Order::id>()).sink(see);
  by_customer.top(thalweg::with_ties(1), thalweg::largest("amount")).sink(see);
  by_customer.top(thalweg::distinct_values(1), thalweg::smallest("amount")).sink(see);
  by_customer.ranked("rank", 1, thalweg::largest<&Order::amount>()).sink(see_rank);
  by_customer.deduplicate().sink(see);                      // The first by event time.
  by_customer.deduplicate(thalweg::Keep::kLast).sink(see);  // The last so far.

  run();
  EXPECT_THAT(ids, UnorderedElementsAre(1, 3, 2, 4, 3, 4, 5, 4, 1, 2, 3, 4));
  EXPECT_THAT(ranks, UnorderedElementsAre("1: 3", "1: 4"));
}

TEST_F(CppPageTest, RowsWithTheirNeighbours) {
  const auto orders = timed();
  const auto by_customer = orders.key_by<&Order::customer>();
  std::map<std::int64_t, std::string> recent;
  std::map<std::int64_t, std::string> around;
  std::map<std::int64_t, std::string> so_far;
  const auto put = [](auto& rows, const thalweg::Record& row, auto... columns) {
    std::string text;
    for (const std::string column : {columns...}) {
      text += (text.empty() ? "" : " ") + (row.is_null(column) ? "-" : row.text(column));
    }
    EXPECT_TRUE(rows.emplace(row.integer("id"), text).second);
  };
  const auto see = [&](const thalweg::Record& row) {
    put(recent, row, "recent", "before", "row_number");
  };
  const auto see_around = [&](const thalweg::Record& row) {
    put(around, row, "around", "nth_value_id");
  };
  const auto see_so_far = [&](const thalweg::Record& row) {
    put(so_far, row, "so_far", "rank", "dense_rank", "next_but_one");
  };

  by_customer
      .over(thalweg::rows_frame({.preceding = 9}), thalweg::avg<&Order::amount>().as("recent"),
            thalweg::lag<&Order::amount>().as("before"), thalweg::row_number())
      .sink(see);
  orders
      .over(thalweg::range_frame({.preceding = 20min, .following = 10min}),
            thalweg::count().as("around"), thalweg::nth<&Order::id>(2))
      .sink(see_around);
  orders
      .over(thalweg::rows_frame({.preceding = thalweg::kUnbounded}),
            thalweg::sum<&Order::amount>().as("so_far"), thalweg::rank(), thalweg::dense_rank(),
            thalweg::lead("customer", 2).as("next_but_one"))
      .sink(see_so_far);

  run();
  // In order of time: 1 at 0 (ann, 5), 2 at 10 (bob), 5 at 20 (ann, 1), 3 at 30 (ann, 20), 4.
  EXPECT_THAT(recent,
              ElementsAre(Pair(1, "5 - 1"), Pair(2, "- - 1"), Pair(3, "8.666666666666666 1 3"),
                          Pair(4, "7 - 2"), Pair(5, "3 5 2")));
  EXPECT_THAT(around, ElementsAre(Pair(1, "2 2"), Pair(2, "3 2"), Pair(3, "3 5"), Pair(4, "1 -"),
                                  Pair(5, "4 2")));
  EXPECT_THAT(so_far, ElementsAre(Pair(1, "5 1 1 ann"), Pair(2, "5 2 2 ann"), Pair(3, "26 4 4 -"),
                                  Pair(4, "33 5 5 -"), Pair(5, "6 3 3 bob")));
}

TEST_F(CppPageTest, Patterns) {
  const auto orders = timed();
  const auto by_customer = orders.key_by<&Order::customer>();
  std::vector<std::string> totals;
  const auto see = [&](const Total& total) {
    totals.push_back(total.customer + " " + std::to_string(total.orders) + " " +
                     std::to_string(std::lround(total.amount)));
  };

  const auto small_then_large = thalweg::pattern<Order>()
                                    .begin("small")
                                    .where([](const Order& order) { return order.amount < 10; })
                                    .times(2)
                                    .followed_by("large")
                                    .where([](const Order& order) { return order.amount >= 10; })
                                    .within(1h);
  by_customer
      .match(small_then_large,
             [](const thalweg::Match<Order>& match) {
               return Total{.customer = match.first("small").customer,
                            .orders = static_cast<std::int64_t>(match.rows().size()),
                            .amount = match.last("large").amount.value_or(0)};
             })
      .sink(see);

  const auto up_to_ten = [](const Order& order) { return order.amount <= 10; };
  const auto visit = thalweg::pattern<Order>()
                         .begin("first")
                         .then("small")  // The very next order of the customer.
                         .where(up_to_ten)
                         .times(1, 3)
                         .consecutive()
                         .optional()
                         .followed_by("last")
                         .within(30min);
  const auto pairs = visit.skip_to_next_row();
  const auto chains = visit.skip_to_last("last");
  const auto few = thalweg::pattern<Order>().begin("few").one_or_more().reluctant();
  const auto many = few.then("many").times_or_more(2).skip_to_first("many");

  std::multiset<std::size_t> sizes;
  const auto size_of = [](const thalweg::Match<Order>& match) {
    return Total{.customer = match.has("small") ? "some" : "none",
                 .orders = static_cast<std::int64_t>(match.rows("last").size()),
                 .amount = static_cast<double>(match.rows().size())};
  };
  for (const auto& each : {visit, pairs, chains}) {
    by_customer.match(each, size_of).sink([&](const Total& total) {
      sizes.insert(static_cast<std::size_t>(total.amount));
    });
  }
  orders
      .match(many,
             [](const thalweg::Match<Order>& match) {
               return Total{
                   .customer = "", .orders = 0, .amount = double(match.rows("many").size())};
             })
      .sink([&](const Total& total) { sizes.insert(static_cast<std::size_t>(total.amount)); });
  run();
  EXPECT_THAT(totals, ElementsAre("ann 3 20"));
  // Of ann's at 0, 20 and 30 minutes the last is too late for the first: one pair, or two that
  // overlap. Of all five: one and four, one and three, one and two.
  EXPECT_THAT(sizes, UnorderedElementsAre(2U, 2U, 2U, 2U, 2U, 4U, 3U, 2U));
}

TEST_F(CppPageTest, Windows) {
  const auto orders = timed();
  std::multiset<std::string> rows;
  const auto see = [&](const thalweg::Record& row) {
    rows.insert(row.text("window_start").substr(11, 5) + " " + row.text("n"));
  };
  std::size_t many = 0;
  const auto count = [&](const thalweg::Record&) { ++many; };

  auto hours = orders.window(thalweg::tumbling(1h));
  auto by_customer = orders.key_by<&Order::customer>();
  auto sliding = by_customer.window(thalweg::sliding({.size = 1h, .slide = 10min}));
  auto hops = by_customer.window(thalweg::hopping({.size = 1h, .slide = 2h}));
  auto so_far = orders.window(thalweg::cumulating({.size = 24h, .step = 12h}));
  auto visits = by_customer.window(thalweg::session(30min));
  auto pairs = by_customer.window(thalweg::tumbling_rows(2));
  auto last_two = by_customer.window(thalweg::hopping_rows({.rows = 2, .slide = 1}));

  hours.aggregate(thalweg::count().as("n")).sink(see);
  visits.aggregate(thalweg::count().as("n")).sink(see);
  hours.top(1, thalweg::largest<&Order::amount>()).sink(count);
  hours.ranked("rank", 1, thalweg::largest<&Order::amount>()).sink(count);
  hops.rows().sink(count);

  sliding.rows().sink(count);
  so_far.rows().sink(count);
  pairs.aggregate(thalweg::count().as("n")).sink(count);
  last_two.aggregate(thalweg::count().as("n")).sink(count);
  run();
  EXPECT_THAT(rows, UnorderedElementsAre("00:00 4", "02:00 1", "00:00 3", "00:10 1", "02:30 1"));
  EXPECT_EQ(many, 2U + 2U + 5U + 30U + 10U + 3U + 5U);
}

TEST_F(CppPageTest, EarlyAndLate) {
  const auto orders =
      pipeline.source(some_orders(), "orders").event_time<&Order::time>(thalweg::ascending());
  std::multiset<std::string> late;
  std::map<std::string, std::int64_t> standing;
  const auto see = [&](const thalweg::Record& row, int change) {
    EXPECT_EQ(row.change(), change);
    standing[row.text("window_start").substr(11, 5)] += change * row.integer("n");
  };

  auto corrected = orders.window(thalweg::tumbling(1h)).allowed_lateness(3h);
  corrected.aggregate(thalweg::count().as("n")).sink(see);

  auto early = orders.window(thalweg::tumbling(1h)).emit_every(10s);  // Or emit_changes().
  early.aggregate(thalweg::count().as("n")).sink(see);

  early.late_rows().sink([&](const thalweg::Record& row) {
    late.insert(row.text("id") + " by " + std::to_string(row.integer("late_by_micros") / 60000000));
  });

  orders.window(thalweg::tumbling(1h)).emit_changes().aggregate(thalweg::count().as("n")).sink(see);
  run();
  EXPECT_THAT(standing, ElementsAre(Pair("00:00", 4 + 3 + 3), Pair("02:00", 3)));
  EXPECT_THAT(late, ElementsAre("5 by 90"));
}

TEST_F(CppPageTest, KeyedProcess) {
  std::map<std::string, std::vector<std::int64_t>> bills;
  const auto orders = timed();

  orders.key_by<&Order::customer>().process(Billing()).sink(
      [&](const Bill& bill) { bills[bill.customer].push_back(bill.orders); });

  run();
  EXPECT_THAT(bills, ElementsAre(Pair("ann", ElementsAre(3)), Pair("bob", ElementsAre(1, 1))));
}

TEST_F(CppPageTest, Broadcast) {
  std::set<std::pair<std::string, double>> above;
  const auto some_limits = [] {
    return std::vector<Limit>{{"ann", 1, at(0)}, {"bob", 1'000'000, at(0)}};
  };
  const auto orders = timed();

  const auto limits = pipeline.source(some_limits()).event_time<&Limit::time>(thalweg::ascending());
  orders.key_by<&Order::customer>().process(CheckLimits(), limits).sink([&](const Bill& bill) {
    above.insert({bill.customer, bill.amount});
  });

  run();
  EXPECT_FALSE(above.empty());
  for (const auto& [customer, amount] : above) {
    EXPECT_EQ(customer, "ann");
    EXPECT_GT(amount, 1);
  }
}

TEST_F(CppPageTest, WallClock) {
  std::int64_t orders = 0;
  const thalweg::Input<Order> input;
  for (std::int64_t id = 0; id < 102; ++id) {
    input.push({id, "ann", 5, at(0)});
  }
  pipeline.source(input, "orders")
      .key_by<&Order::customer>()
      .process(Report())
      .sink([&](const Bill& bill) {
        if ((orders += bill.orders) == 102) {
          input.close();
        }
      });
  run();
  EXPECT_EQ(orders, 102);
}

TEST_F(CppPageTest, Sql) {
  std::multiset<std::string> rows;

  pipeline.source(some_orders(), "orders")
      .filter([](const Order& order) { return order.amount.has_value(); })
      .as_table("known_orders");
  pipeline
      .sql(
          "CREATE VIEW large AS SELECT * FROM known_orders WHERE amount >= 5;"
          "SELECT customer, count(*) AS orders, sum(amount) AS amount FROM large GROUP BY customer")
      .as<Total>()
      .sink([&](const Total& total) {
        rows.insert(total.customer + " " + std::to_string(total.orders));
      });

  run();
  EXPECT_THAT(rows, ElementsAre("ann 2", "bob 1"));
}

TEST_F(CppPageTest, Connectors) {
  const std::filesystem::path folder = testing::TempDir() + "thalweg-cpp-page";
  std::filesystem::create_directories(folder);
  std::filesystem::remove(folder / "out.jsonl");
  const std::string path = folder / "out.jsonl";
  {
    thalweg::Pipeline writing("writing");
    writing.source(some_orders(), "orders")
        .sink(thalweg::connector("file", {{"path", path}, {"format", "json"}}));
    ASSERT_EQ(writing.run().outcome, thalweg::Outcome::kDone);
  }
  std::int64_t rows = 0;
  pipeline.source<Order>(thalweg::connector("file", {{"path", path}, {"format", "json"}}), "again")
      .sink([&](const Order&) { ++rows; });
  pipeline.execute(
      "CREATE TABLE copy (id BIGINT) WITH (connector = 'blackhole');"
      "INSERT INTO copy SELECT id FROM again");
  run();
  EXPECT_EQ(rows, 5);
}

TEST_F(CppPageTest, Running) {
  pipeline.source(some_orders(), "orders").filter("amount > 'five'").sink([](const Order&) {});

  const thalweg::RunReport report = pipeline.run({.workers = 4});
  if (report.outcome != thalweg::Outcome::kDone) {
    for (const thalweg::Problem& problem : report.problems) {
      std::fputs(problem.text.c_str(), stderr);
    }
  }

  EXPECT_EQ(report.outcome, thalweg::Outcome::kInvalid);
}

TEST_F(CppPageTest, WatchingARun) {
  std::optional<thalweg::RunProgress> seen;
  std::int64_t rows = 0;
  pipeline
      .source<Order>(
          [n = 0]() mutable {
            return std::optional(Order{.id = ++n, .customer = "", .amount = {}, .time = {}});
          },
          "endless")
      .sink([&](const Order&) {
        if (++rows == 1000) {
          seen = pipeline.progress();  // Also from another thread.
          pipeline.request_stop();
        }
      });
  const std::string plan = pipeline.explain().text;
  const thalweg::RunReport report = pipeline.run();

  EXPECT_EQ(report.outcome, thalweg::Outcome::kStopped);
  EXPECT_EQ(pipeline.name(), "page");
  EXPECT_THAT(plan, HasSubstr("endless"));
  ASSERT_TRUE(seen);
  EXPECT_THAT(thalweg::summarize(report.summary), HasSubstr("in "));
  EXPECT_FALSE(thalweg::explain_watermarks(*seen).empty());
}

TEST_F(CppPageTest, Sessions) {
  std::string text;

  thalweg::Session session({.workers = 2});
  const auto receiver =
      thalweg::make_text_receiver(thalweg::OutputFormat::kCsv, [&](std::string_view part) {
        text += part;
        return true;
      });
  const thalweg::RunReport report =
      session.execute({"<program>", "SELECT 1 + 1 AS two"}, *receiver);

  EXPECT_EQ(report.outcome, thalweg::Outcome::kDone);
  EXPECT_EQ(text, "two\n2\n");
  EXPECT_EQ(session.validate({"<program>", "SELECT a"}).size(), 1U);
}

TEST(CppPageEventTest, EventsAreRowsWithoutAStruct) {
  thalweg::Event event{.id = "7", .time = {}, .key = "ann"};
  event.set("amount", 12.5);
  event.set_header("source", "shop");
  const double amount = event.number("amount").value_or(0);
  const std::string customer = event.text("customer").value_or("nobody");

  EXPECT_EQ(amount, 12.5);
  EXPECT_EQ(customer, "nobody");
  EXPECT_EQ(event.header("source"), "shop");
}

}  // namespace
