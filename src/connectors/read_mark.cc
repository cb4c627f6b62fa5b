#include "connectors/read_mark.h"

#include <fmt/format.h>
#include <xxhash.h>

#include <charconv>
#include <iterator>

namespace thalweg {
namespace {

template <typename Integer>
bool take_number(std::string_view& text, int base, Integer& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out, base);
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return error == std::errc();
}

bool take(std::string_view& text, char expected) {
  const bool found = text.starts_with(expected);
  text.remove_prefix(found ? 1 : 0);
  return found;
}

bool parse(std::string_view text, ReadMark& mark) {
  if (!take_number(text, 10, mark.input.bytes) || !take(text, ':') ||
      !take_number(text, 16, mark.input.hash)) {
    return false;
  }
  mark.input.in_long_row = take(text, '+');
  while (take(text, ' ')) {
    if (!take_number(text, 16, mark.read.emplace_back())) {
      return false;
    }
  }
  return text.empty();
}

}  // namespace

std::uint64_t name_hash(std::string_view name) { return XXH3_64bits(name.data(), name.size()); }

std::string to_text(const ReadMark& mark) {
  std::string text = fmt::format("{}:{:x}", mark.input.bytes, mark.input.hash);
  if (mark.input.in_long_row) {
    text += '+';
  }
  for (const std::uint64_t hash : mark.read) {
    fmt::format_to(std::back_inserter(text), " {:x}", hash);
  }
  return text;
}

Result<ReadMark> parse_read_mark(std::string_view text) {
  ReadMark mark;
  if (!parse(text, mark)) {
    return Status(Code::kCorrupt,
                  fmt::format("\"{}\" is no mark of an input that was read", text.substr(0, 100)));
  }
  return mark;
}

}  // namespace thalweg
