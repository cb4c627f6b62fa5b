#include "thalweg/event.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "thalweg/thalweg.h"

namespace thalweg {
namespace {

TEST(EventTest, ReadsFieldsOfItsData) {
  const Event event{.data =
                        R"({"city":"K\u00f6ln","n":12,"x":0.5,"ok":true,"no":null,"in":{"a":1}})"};
  EXPECT_EQ(event.text("city"), "K\xc3\xb6ln");
  EXPECT_EQ(event.text("n"), "12");
  EXPECT_EQ(event.text("ok"), "true");
  EXPECT_EQ(event.number("n"), 12);
  EXPECT_EQ(event.number("x"), 0.5);
  EXPECT_EQ(event.number("city"), std::nullopt);
  EXPECT_EQ(event.text("no"), std::nullopt);
  EXPECT_EQ(event.text("in"), std::nullopt);
  EXPECT_EQ(event.text("missing"), std::nullopt);
}

TEST(EventTest, DataThatIsNoObjectHasNoFields) {
  for (const char* const data : {"", "{", "[1]", "null", "{\"a\":}"}) {
    Event event{.data = data};
    EXPECT_EQ(event.text("a"), std::nullopt) << data;
    event.set("a", 1);
    EXPECT_EQ(event.data, R"({"a":1})") << data;
  }
}

TEST(EventTest, SetsAndReplacesFields) {
  Event event;
  event.set("text", "say \"hi\"\n");
  event.set("whole", 3);
  event.set("nought", 0);
  event.set("large", std::int64_t{9007199254740993});
  event.set("part", 2.5);
  event.set("flag", true);
  event.set("nan", std::nan(""));
  event.set_json("list", "[1,2]");
  EXPECT_EQ(event.data, R"({"text":"say \"hi\"\n","whole":3,"nought":0,"large":9007199254740993,)"
                        R"("part":2.5,"flag":true,"nan":null,"list":[1,2]})");
  event.set("whole", "four");
  EXPECT_EQ(event.text("whole"), "four");
  EXPECT_EQ(event.text("text"), "say \"hi\"\n");
  EXPECT_EQ(event.text("large"), "9007199254740993");
}

TEST(EventTest, HeadersAreMetadata) {
  Event event;
  EXPECT_EQ(event.header("trace"), std::nullopt);
  event.set_header("trace", "abc");
  event.set_header("trace", "def");
  EXPECT_EQ(event.header("trace"), "def");
  EXPECT_EQ(event.data, "{}");
}

TEST(EventTest, FlowsThroughAPipeline) {
  std::vector<Event> events;
  for (int i = 0; i < 60; ++i) {
    Event event{.id = std::to_string(i),
                .time = {std::int64_t{i} * 1'000'000},
                .key = i % 2 == 0 ? "even" : "odd"};
    event.set("value", i);
    events.push_back(event);
  }
  std::vector<std::string> seen;
  Pipeline pipeline("events");
  pipeline.source(events)
      .event_time<&Event::time>(bounded_out_of_order(std::chrono::seconds(0)))
      .filter([](const Event& event) { return event.number("value").value() >= 30; })
      .map([](Event event) {
        event.set_header("seen", "yes");
        return event;
      })
      .key_by<&Event::key>()
      .window(tumbling(std::chrono::seconds(20)))
      .aggregate(count().as("n"))
      .sink([&](const Record& row) {
        seen.push_back(row.text("window_start") + " " + row.text("key") + " " + row.text("n"));
      });
  ASSERT_EQ(pipeline.run({.workers = 1}).outcome, Outcome::kDone);
  std::sort(seen.begin(), seen.end());
  EXPECT_EQ(seen, (std::vector<std::string>{
                      "1970-01-01 00:00:20 even 5", "1970-01-01 00:00:20 odd 5",
                      "1970-01-01 00:00:40 even 10", "1970-01-01 00:00:40 odd 10"}));
}

}  // namespace
}  // namespace thalweg
