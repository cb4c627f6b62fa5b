#include "thalweg/detail/keyed_state_codec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <set>
#include <string>
#include <vector>

// The state of a key as bytes, what of it has had its ttl, and bytes that are not state.
namespace thalweg {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

// A type of one's own, of which only even ones are written.
class Even {
 public:
  Even() = default;
  explicit Even(int half) : half_(half) {}
  int value() const { return 2 * half_; }
  void set_half(int half) { half_ = half; }

 private:
  int half_ = 0;
};

}  // namespace

template <>
struct StateEncoding<Even> {
  static constexpr std::string_view kName = "even 1";
  static void encode(const Even& even, std::string& out) { out += std::to_string(even.value()); }
  static bool decode(std::string_view bytes, Even& even) {
    if (bytes.empty() || bytes.size() > 8) {
      return false;
    }
    int value = 0;
    for (const char digit : bytes) {
      if (digit < '0' || digit > '9') {
        return false;
      }
      value = 10 * value + (digit - '0');
    }
    even.set_half(value / 2);
    return value % 2 == 0;
  }
};

namespace {

enum class Colour : std::uint8_t { kRed, kBlue };

struct Everything {
  std::int64_t number = 0;
  bool flag = false;
  Colour colour = Colour::kRed;
  std::optional<std::string> text;
  std::set<std::int32_t> set;
  ValueState<double, ttl(10us)> value;
  ListState<std::string, ttl(20us)> list;
  MapState<std::string, std::int64_t, ttl(30us)> map;
  ListState<std::int16_t> all;
  Even own;
};

Everything example() {
  Everything state;
  state.number = 7;
  state.flag = true;
  state.colour = Colour::kBlue;
  state.text = "seven";
  state.set = {1, 2};
  state.value.set(2.5);
  state.list.add("a");
  state.list.add("b");
  state.map.set("x", 1);
  state.map.set("y", 2);
  state.all.add(3);
  state.own = Even(21);
  return state;
}

std::string written(const Everything& state, std::int64_t now) {
  std::string bytes;
  detail::StateWriter out{.out = bytes, .now_micros = now};
  detail::write_state(state, out);
  return bytes;
}

std::int64_t expiry(const Everything& state, std::int64_t now) {
  std::string bytes;
  detail::StateWriter out{.out = bytes, .now_micros = now};
  detail::write_state(state, out);
  return out.expires_micros;
}

// False: the bytes are not of this state.
bool read(std::string_view bytes, std::int64_t now, Everything& state) {
  state = {};
  detail::StateReader in{.bytes = bytes, .now_micros = now};
  detail::read_state(in, state);
  return !in.failed && in.bytes.empty();
}

Everything read_well(std::string_view bytes, std::int64_t now) {
  Everything state;
  EXPECT_TRUE(read(bytes, now, state));
  return state;
}

TEST(KeyedStateCodecTest, WhatIsReadIsWhatWasWritten) {
  const Everything state = read_well(written(example(), 100), 100);
  EXPECT_EQ(state.number, 7);
  EXPECT_TRUE(state.flag);
  EXPECT_EQ(state.colour, Colour::kBlue);
  EXPECT_EQ(state.text, "seven");
  EXPECT_THAT(state.set, ElementsAre(1, 2));
  EXPECT_EQ(state.value.get(), 2.5);
  EXPECT_THAT(state.list.get(), ElementsAre("a", "b"));
  EXPECT_EQ(state.map.size(), 2U);
  EXPECT_EQ(*state.map.find("y"), 2);
  EXPECT_THAT(state.all.get(), ElementsAre(3));
  EXPECT_EQ(state.own.value(), 42);
}

TEST(KeyedStateCodecTest, EachValueIsThereUntilItsTimeIsOver) {
  const std::string bytes = written(example(), 100);
  EXPECT_TRUE(read_well(bytes, 110).value.has_value());
  EXPECT_FALSE(read_well(bytes, 111).value.has_value());
  EXPECT_EQ(read_well(bytes, 120).list.size(), 2U);
  EXPECT_EQ(read_well(bytes, 121).list.size(), 0U);
  EXPECT_EQ(read_well(bytes, 130).map.size(), 2U);
  EXPECT_EQ(read_well(bytes, 131).map.size(), 0U);
  EXPECT_EQ(read_well(bytes, INT64_MAX).all.size(), 1U);
}

TEST(KeyedStateCodecTest, WritingAgainBeginsItsTimeAnewAndReadingDoesNot) {
  Everything state = read_well(written(example(), 100), 105);
  EXPECT_EQ(state.value.get(), 2.5);
  state.list.add("c");
  state.map.set("x", 3);
  const std::string bytes = written(state, 105);
  EXPECT_FALSE(read_well(bytes, 111).value.has_value());
  EXPECT_THAT(read_well(bytes, 121).list.get(), ElementsAre("c"));
  EXPECT_FALSE(read_well(bytes, 131).map.contains("y"));
  EXPECT_EQ(*read_well(bytes, 135).map.find("x"), 3);
  EXPECT_EQ(read_well(bytes, 136).map.size(), 0U);
}

TEST(KeyedStateCodecTest, TellsWhenTheFirstTimeIsOver) {
  EXPECT_EQ(expiry(Everything{}, 100), INT64_MAX);
  Everything state = example();
  EXPECT_EQ(expiry(state, 100), 110);
  state.value.clear();
  EXPECT_EQ(expiry(state, 100), 120);
  state.list.clear();
  EXPECT_EQ(expiry(state, 100), 130);
  EXPECT_EQ(expiry(state, INT64_MAX - 1), INT64_MAX);
}

TEST(KeyedStateCodecTest, TheLastOfAListKeepTheirTimes) {
  Everything state;
  state.list.add("a");
  state.list.add("b");
  state = read_well(written(state, 100), 110);
  state.list.add("c");
  state.list.keep_last(2);
  EXPECT_THAT(state.list.get(), ElementsAre("b", "c"));
  const std::string bytes = written(state, 110);
  EXPECT_THAT(read_well(bytes, 120).list.get(), ElementsAre("b", "c"));
  EXPECT_THAT(read_well(bytes, 121).list.get(), ElementsAre("c"));
  EXPECT_EQ(read_well(bytes, 131).list.size(), 0U);
}

TEST(KeyedStateCodecTest, NamesTypesAndTtlsAreToldInOneLine) {
  detail::StateText text;
  detail::describe_state<Everything>(text);
  EXPECT_EQ(text.text,
            "{number int64, flag bool, colour enum uint8, text optional text, set set of int32, "
            "value value of float64 ttl 10 us, list list of text ttl 20 us, "
            "map map of (text, int64) ttl 30 us, all list of int16, own \"even 1\"}");
  EXPECT_TRUE(text.expires);
  detail::StateText plain;
  detail::describe_state<std::map<std::string, std::vector<std::pair<float, bool>>>>(plain);
  EXPECT_EQ(plain.text, "map of (text, list of (float32, bool))");
  EXPECT_FALSE(plain.expires);
}

TEST(KeyedStateCodecTest, BytesThatAreCutOrLongerAreNotState) {
  const std::string bytes = written(example(), 100);
  Everything state;
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(read(std::string_view(bytes).substr(0, size), 100, state)) << size;
  }
  EXPECT_FALSE(read(bytes + "x", 100, state));
}

// Sizes of 2^64 - 1 among them: nothing is read beyond the end and no memory taken for them.
TEST(KeyedStateCodecTest, AnyBytesAreReadSafely) {
  const std::string bytes = written(example(), 100);
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    for (const char wrong : {'\0', '\1', '\x7f', '\xff'}) {
      std::string damaged = bytes;
      damaged.replace(at, 8, 8, wrong);
      Everything state;
      if (read(damaged, 100, state)) {
        Everything again;
        EXPECT_TRUE(read(written(state, 100), 100, again));
      }
    }
  }
}

}  // namespace
}  // namespace thalweg
