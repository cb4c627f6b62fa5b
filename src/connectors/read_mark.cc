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

bool take_mark(std::string_view& text, CutMark& mark) {
  if (!take_number(text, 10, mark.bytes) || !take(text, ':') || !take_number(text, 16, mark.hash)) {
    return false;
  }
  mark.in_long_row = take(text, '+');
  return true;
}

bool take_replaced(std::string_view& text, ReplacedInput& replaced) {
  return take_number(text, 10, replaced.bytes) && replaced.bytes > 0 && take(text, ':') &&
         take_mark(text, replaced.mark);
}

bool parse(std::string_view text, ReadMark& mark) {
  if (!take_mark(text, mark.input)) {
    return false;
  }
  while (take(text, ' ')) {
    const bool taken = take(text, '@') ? take_replaced(text, mark.replaced.emplace_back())
                                       : take_number(text, 16, mark.read.emplace_back());
    if (!taken) {
      return false;
    }
  }
  return text.empty();
}

std::string cut_text(const CutMark& mark) {
  return fmt::format("{}:{:x}{}", mark.bytes, mark.hash, mark.in_long_row ? "+" : "");
}

}  // namespace

std::uint64_t name_hash(std::string_view name) { return XXH3_64bits(name.data(), name.size()); }

std::string to_text(const ReadMark& mark) {
  std::string text = cut_text(mark.input);
  for (const std::uint64_t hash : mark.read) {
    fmt::format_to(std::back_inserter(text), " {:x}", hash);
  }
  for (const ReplacedInput& replaced : mark.replaced) {
    fmt::format_to(std::back_inserter(text), " @{}:{}", replaced.bytes, cut_text(replaced.mark));
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
