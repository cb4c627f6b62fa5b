#include <utf8proc.h>

#include <algorithm>
#include <string>
#include <string_view>

#include "expr/kernel.h"
#include "expr/simple_function.h"

namespace thalweg {
namespace {

using enum TypeKind;

// Where the character number `count` (from 0) begins; the end when there are fewer.
std::size_t character_offset(std::string_view text, std::int64_t count) {
  std::size_t at = 0;
  while (count > 0 && at < text.size()) {
    ++at;
    while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80) {
      ++at;
    }
    --count;
  }
  return at;
}

std::int32_t length_of(std::string_view text) {
  return static_cast<std::int32_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

std::int32_t octets_of(std::string_view text) { return static_cast<std::int32_t>(text.size()); }

template <utf8proc_int32_t (*kConvert)(utf8proc_int32_t)>
void convert(std::string_view text, std::string& out) {
  const auto* bytes = reinterpret_cast<const utf8proc_uint8_t*>(text.data());
  auto left = static_cast<utf8proc_ssize_t>(text.size());
  while (left > 0) {
    utf8proc_int32_t code = 0;
    const utf8proc_ssize_t size = utf8proc_iterate(bytes, left, &code);
    if (size <= 0) {
      out.push_back(static_cast<char>(*bytes));
      ++bytes;
      --left;
      continue;
    }
    utf8proc_uint8_t encoded[4];
    const utf8proc_ssize_t written = utf8proc_encode_char(kConvert(code), encoded);
    out.append(reinterpret_cast<const char*>(encoded), static_cast<std::size_t>(written));
    bytes += size;
    left -= size;
  }
}

std::string_view trim_spaces(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(' ');
  return begin == std::string_view::npos
             ? std::string_view()
             : text.substr(begin, text.find_last_not_of(' ') - begin + 1);
}

std::string_view substring_from(std::string_view text, std::int32_t from) {
  return text.substr(character_offset(text, std::int64_t{from} - 1));
}

RowError substring_part(std::string_view text, std::int32_t from, std::int32_t count,
                        std::string_view& out) {
  if (count < 0) {
    return RowError::kBadArgument;
  }
  const std::int64_t end = std::int64_t{from} - 1 + count;
  const std::size_t begin = character_offset(text, std::int64_t{from} - 1);
  const std::size_t stop = character_offset(text, std::max<std::int64_t>(end, 0));
  out = stop > begin ? text.substr(begin, stop - begin) : std::string_view();
  return RowError::kNone;
}

std::string_view left_of(std::string_view text, std::int32_t count) {
  const std::int64_t keep = count >= 0 ? count : std::int64_t{length_of(text)} + count;
  return text.substr(0, character_offset(text, std::max<std::int64_t>(keep, 0)));
}

std::string_view right_of(std::string_view text, std::int32_t count) {
  const std::int64_t drop = count >= 0 ? std::int64_t{length_of(text)} - count : -count;
  return text.substr(character_offset(text, std::max<std::int64_t>(drop, 0)));
}

void replace_all(std::string_view text, std::string_view from, std::string_view to,
                 std::string& out) {
  std::size_t at = 0;
  while (!from.empty()) {
    const std::size_t found = text.find(from, at);
    if (found == std::string_view::npos) {
      break;
    }
    out.append(text.substr(at, found - at));
    out.append(to);
    at = found + from.size();
  }
  out.append(text.substr(at));
}

std::int32_t position_of(std::string_view part, std::string_view text) {
  const std::size_t found = text.find(part);
  return found == std::string_view::npos ? 0 : length_of(text.substr(0, found)) + 1;
}

RowError split_part_of(std::string_view text, std::string_view by, std::int32_t number,
                       std::string_view& out) {
  if (number <= 0) {
    return RowError::kBadArgument;
  }
  out = {};
  std::size_t at = 0;
  for (std::int32_t i = 1;; ++i) {
    const std::size_t end = by.empty() ? std::string_view::npos : text.find(by, at);
    if (i == number) {
      out = text.substr(at, end == std::string_view::npos ? end : end - at);
      return RowError::kNone;
    }
    if (end == std::string_view::npos) {
      return RowError::kNone;
    }
    at = end + by.size();
  }
}

void concat_two(std::string_view a, std::string_view b, std::string& out) {
  out.append(a);
  out.append(b);
}

bool starts_with_text(std::string_view text, std::string_view part) {
  return text.starts_with(part);
}

void reversed(std::string_view text, std::string& out) {
  for (std::size_t end = text.size(); end > 0;) {
    std::size_t begin = end - 1;
    while (begin > 0 && (static_cast<unsigned char>(text[begin]) & 0xC0) == 0x80) {
      --begin;
    }
    out.append(text.substr(begin, end - begin));
    end = begin;
  }
}

// Matches by going back to the last % when what follows it fails: linear in practice, and at worst
// text times pattern.
bool like_match(std::string_view text, std::string_view pattern) {
  std::size_t t = 0;
  std::size_t p = 0;
  std::size_t retry_text = 0;
  std::size_t retry_pattern = std::string_view::npos;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '%') {
      retry_pattern = ++p;
      retry_text = t;
      continue;
    }
    if (p < pattern.size() && pattern[p] == '_') {
      t += character_offset(text.substr(t), 1);
      ++p;
      continue;
    }
    const bool escaped = p + 1 < pattern.size() && pattern[p] == '\\';
    const std::size_t at = escaped ? p + 1 : p;
    if (at < pattern.size() && text[t] == pattern[at]) {
      ++t;
      p = at + 1;
      continue;
    }
    if (retry_pattern == std::string_view::npos) {
      return false;
    }
    p = retry_pattern;
    retry_text += character_offset(text.substr(retry_text), 1);
    t = retry_text;
  }
  while (p < pattern.size() && pattern[p] == '%') {
    ++p;
  }
  return p == pattern.size();
}

bool ilike_match(std::string_view text, std::string_view pattern) {
  std::string lower_text;
  std::string lower_pattern;
  convert<utf8proc_tolower>(text, lower_text);
  convert<utf8proc_tolower>(pattern, lower_pattern);
  return like_match(lower_text, lower_pattern);
}

}  // namespace

std::vector<Function> text_functions() {
  std::vector<Function> out;
  const auto add = [&out](std::string_view name, std::vector<std::string_view> aliases,
                          std::string_view signature, std::string_view text,
                          std::string_view example, std::string_view result,
                          std::vector<FunctionOverload> overloads) {
    out.push_back(make_function({name, std::move(aliases), signature, "text", text, example, result,
                                 std::move(overloads)}));
  };
  const auto text_result = always<kText>;
  add("length", {"char_length", "character_length"}, "length(text TEXT) -> INT", "Characters.",
      "length('Zürich')", "6", {overload("length", {kText}, always<kInt>, map_rows<length_of>)});
  add("octet_length", {}, "octet_length(text TEXT) -> INT", "Bytes.", "octet_length('Zürich')", "7",
      {overload("octet_length", {kText}, always<kInt>, map_rows<octets_of>)});
  add("lower", {}, "lower(text TEXT) -> TEXT", "In lower case.", "lower('ABC')", "abc",
      {overload("lower", {kText}, text_result, map_rows<convert<utf8proc_tolower>>)});
  add("upper", {}, "upper(text TEXT) -> TEXT", "In upper case.", "upper('abc')", "ABC",
      {overload("upper", {kText}, text_result, map_rows<convert<utf8proc_toupper>>)});
  add("btrim", {"trim"}, "btrim(text TEXT) -> TEXT", "Without spaces at both ends.",
      "btrim('  a ')", "a", {overload("btrim", {kText}, text_result, map_rows<trim_spaces>)});
  add("substring", {"substr"}, "substring(text TEXT, from INT [, count INT]) -> TEXT",
      "A part, counted in characters from 1.", "substring('thalweg', 3, 2)", "al",
      {overload("substring", {kText, kInt}, text_result, map_rows<substring_from>),
       overload("substring", {kText, kInt, kInt}, text_result, map_rows<substring_part>)});
  add("left", {}, "left(text TEXT, count INT) -> TEXT",
      "The first characters; all but the last ones for a negative count.", "left('thalweg', 4)",
      "thal", {overload("left", {kText, kInt}, text_result, map_rows<left_of>)});
  add("right", {}, "right(text TEXT, count INT) -> TEXT",
      "The last characters; all but the first ones for a negative count.", "right('thalweg', 3)",
      "weg", {overload("right", {kText, kInt}, text_result, map_rows<right_of>)});
  add("replace", {}, "replace(text TEXT, from TEXT, to TEXT) -> TEXT",
      "Every `from` replaced by `to`.", "replace('a-b-c', '-', '+')", "a+b+c",
      {overload("replace", {kText, kText, kText}, text_result, map_rows<replace_all>)});
  add("position", {}, "position(part TEXT IN text TEXT) -> INT",
      "Where the part begins, counted from 1; 0 when it is not there.",
      "position('w' IN 'thalweg')", "5",
      {overload("position", {kText, kText}, always<kInt>, map_rows<position_of>)});
  add("split_part", {}, "split_part(text TEXT, by TEXT, number INT) -> TEXT",
      "A part of a text cut at a separator, counted from 1.", "split_part('a/b/c', '/', 2)", "b",
      {overload("split_part", {kText, kText, kInt}, text_result, map_rows<split_part_of>)});
  add("||", {}, "a || b -> TEXT", "One text behind the other.", "'thal' || 'weg'", "thalweg",
      {overload("||", {kText, kText}, text_result, map_rows<concat_two>)});
  add("starts_with", {}, "starts_with(text TEXT, part TEXT) -> BOOLEAN",
      "Whether the text begins so.", "starts_with('thalweg', 'thal')", "t",
      {overload("starts_with", {kText, kText}, always<kBoolean>, map_rows<starts_with_text>)});
  add("reverse", {}, "reverse(text TEXT) -> TEXT", "The characters in reverse order.",
      "reverse('abc')", "cba", {overload("reverse", {kText}, text_result, map_rows<reversed>)});
  add("like", {}, "text LIKE pattern -> BOOLEAN",
      "Whether the pattern fits: % is any text, _ one character, \\ takes the next as it is.",
      "'thalweg' LIKE 'th%g'", "t",
      {overload("like", {kText, kText}, always<kBoolean>, map_rows<like_match>)});
  add("ilike", {}, "text ILIKE pattern -> BOOLEAN", "LIKE, case aside.", "'Thalweg' ILIKE 'th%'",
      "t", {overload("ilike", {kText, kText}, always<kBoolean>, map_rows<ilike_match>)});
  return out;
}

}  // namespace thalweg
