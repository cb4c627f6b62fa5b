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

// Parts of every field: names and bytes, each behind a byte with its length.
class HostileParts final : public detail::StateParts {
 public:
  explicit HostileParts(std::string_view bytes) {
    const auto take = [&] {
      const std::size_t size = bytes.empty() ? 0 : static_cast<std::uint8_t>(bytes[0]);
      bytes.remove_prefix(bytes.empty() ? 0 : 1);
      std::string taken(bytes.substr(0, size));
      bytes.remove_prefix(taken.size());
      return taken;
    };
    while (!bytes.empty()) {
      const std::string name = take();
      parts_[name] = take();
    }
  }

  std::optional<std::string_view> find(std::uint32_t /*field*/,
                                       std::string_view name) const override {
    const auto found = parts_.find(std::string(name));
    return found == parts_.end() ? std::nullopt : std::optional<std::string_view>(found->second);
  }
  void visit(std::uint32_t /*field*/, const Visit& visit) const override {
    for (const auto& [name, bytes] : parts_) {
      visit(name, bytes);
    }
  }
  std::string_view last_name(std::uint32_t /*field*/) const override {
    return parts_.empty() ? std::string_view() : parts_.rbegin()->first;
  }

 private:
  std::map<std::string, std::string> parts_;
};

// What cannot be read is told by UnreadableState and nothing else.
template <typename T, typename Use>
void try_parts(std::string_view bytes, Use use) {
  const HostileParts parts(bytes);
  try {
    T state;
    detail::begin_call_of_parts(state, parts);
    use(state);
    std::vector<detail::PartChange> changes;
    detail::end_call_of_parts(state, 0, changes);
    T copy = state;
    TW_CHECK(copy.size() == state.size());
  } catch (const detail::UnreadableState&) {
  }
}

void try_parts(std::string_view bytes) {
  try_parts<ListState<Plain>>(bytes, [](auto& list) { list.keep_last(2); });
  try_parts<ListState<std::string, ttl(20us)>>(bytes, [](auto& list) { list.add("added"); });
  try_parts<MapState<std::string, Nested>>(bytes, [](auto& map) {
    map.set("a", {});
    map.remove("b");
  });
  try_parts<MapState<std::int32_t, Letters>>(bytes, [](auto& map) {
    (void)map.find(1);
    map.clear();
  });
}

}  // namespace
}  // namespace thalweg

// The first byte chooses a kind of state or parts of it, the second the time at which it is read.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) {
    return 0;
  }
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 2, size - 2);
  switch (data[0] % 5) {
    case 0:
      thalweg::try_state<thalweg::Plain>(bytes, data[1]);
      break;
    case 1:
      thalweg::try_state<thalweg::Nested>(bytes, data[1]);
      break;
    case 2:
      thalweg::try_state<thalweg::Own>(bytes, data[1]);
      break;
    case 3:
      thalweg::try_state<thalweg::Expiring>(bytes, data[1]);
      break;
    default:
      thalweg::try_parts(bytes);
  }
  return 0;
}
