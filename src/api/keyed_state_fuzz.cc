#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/check.h"
#include "thalweg/detail/keyed_state_codec.h"
#include "thalweg/timestamp.h"

namespace thalweg {
namespace {

using namespace std::chrono_literals;

// A type of one's own: any number of letters.
struct Letters {
  Letters() = default;
  explicit Letters(std::string_view of) : text(of) {}
  std::string text;
};

}  // namespace

template <>
struct StateEncoding<Letters> {
  static constexpr std::string_view kName = "letters 1";
  static void encode(const Letters& letters, std::string& out) { out += letters.text; }
  static bool decode(std::string_view bytes, Letters& letters) {
    letters = Letters(bytes);
    return bytes.find_first_not_of("abc") == std::string_view::npos;
  }
};

namespace {

enum class Colour : std::uint8_t { kRed, kBlue };

struct Plain {
  std::int64_t number = 0;
  float real = 0;
  bool flag = false;
  Colour colour = Colour::kRed;
  std::optional<std::string> text;
  Timestamp time;
};

struct Nested {
  std::vector<Plain> plain;
  std::map<std::string, std::vector<std::pair<std::int16_t, std::optional<bool>>>> map;
  std::set<std::string> set;
  std::vector<std::vector<std::uint8_t>> lists;
};

struct Own {
  Letters letters;
  ListState<Letters> list;
  MapState<std::string, Nested> map;
};

struct Expiring {
  ValueState<Plain, ttl(10us)> value;
  ListState<std::string, ttl(20us)> list;
  MapState<std::int32_t, std::vector<bool>, ttl(30us)> map;
  ValueState<std::optional<double>> kept;
};

template <typename T>
bool read(std::string_view bytes, std::int64_t now, T& state) {
  detail::StateReader in{.bytes = bytes, .now_micros = now};
  detail::read_state(in, state);
  return !in.failed && in.bytes.empty();
}

template <typename T>
std::string written(const T& state, std::int64_t now) {
  std::string bytes;
  detail::StateWriter out{.out = bytes, .now_micros = now};
  detail::write_state(state, out);
  return bytes;
}

// What can be read is written as bytes that read back as the same.
template <typename T>
void try_state(std::string_view bytes, std::int64_t now) {
  T state{};
  if (read(bytes, now, state)) {
    const std::string once = written(state, now);
    T again{};
    TW_CHECK(once.size() <= bytes.size() && read(once, now, again));
    TW_CHECK(written(again, now) == once);
  }
}

}  // namespace
}  // namespace thalweg

// The first byte chooses a kind of state, the second the time at which it is read.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) {
    return 0;
  }
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 2, size - 2);
  switch (data[0] % 4) {
    case 0:
      thalweg::try_state<thalweg::Plain>(bytes, data[1]);
      break;
    case 1:
      thalweg::try_state<thalweg::Nested>(bytes, data[1]);
      break;
    case 2:
      thalweg::try_state<thalweg::Own>(bytes, data[1]);
      break;
    default:
      thalweg::try_state<thalweg::Expiring>(bytes, data[1]);
  }
  return 0;
}
