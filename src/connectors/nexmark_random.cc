#include "connectors/nexmark_random.h"

#include <cmath>

namespace thalweg::nexmark {
namespace {

constexpr std::uint64_t kSpecialOneIn = 13;
constexpr std::size_t kLettersSize = 1 << 20;

// Padding is cut out of these letters, which is faster than to draw each.
const std::string& letters() {
  static const std::string text = [] {
    std::string made(kLettersSize, 'a');
    Random random(0, 0, 0);
    for (char& letter : made) {
      letter = static_cast<char>('a' + random.below(26));
    }
    return made;
  }();
  return text;
}

}  // namespace

void append_random_text(Random& random, std::uint64_t length_max, char special, std::string& out) {
  const std::size_t begin = out.size();
  const std::uint64_t length = 3 + random.below(length_max - 3);
  for (std::uint64_t i = 0; i < length; ++i) {
    const std::uint64_t draw = random.below(kSpecialOneIn * 26);
    out.push_back(draw < 26 ? special : static_cast<char>('a' + draw % 26));
  }
  std::size_t leading = begin;
  while (leading < out.size() && out[leading] == ' ') {
    ++leading;
  }
  out.erase(begin, leading - begin);
  while (out.size() > begin && out.back() == ' ') {
    out.pop_back();
  }
}

void append_padding(Random& random, std::int64_t size, std::int64_t size_wanted, std::string& out) {
  if (size >= size_wanted) {
    return;
  }
  const std::int64_t missing = size_wanted - size;
  const std::int64_t delta = std::llround(static_cast<double>(missing) * 0.2);
  const std::int64_t spread =
      delta == 0 ? 0
                 : static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(2 * delta)));
  const auto length = static_cast<std::size_t>(missing - delta + spread);
  out.append(letters(), random.below(kLettersSize - length), length);
}

std::int64_t random_price(Random& random) {
  return std::llround(std::pow(10.0, random.unit() * 6.0) * 100.0);
}

}  // namespace thalweg::nexmark
