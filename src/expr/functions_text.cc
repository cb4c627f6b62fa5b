#include <algorithm>
#include <string>
#include <string_view>

#include "expr/characters.h"
#include "expr/kernel.h"
#include "expr/simple_function.h"

namespace thalweg {
namespace {

using enum TypeKind;

std::int32_t octets_of(std::string_view text) { return static_cast<std::int32_t>(text.size()); }

bool has_character(std::string_view characters, std::string_view character) {
  while (!characters.empty()) {
    if (take_character(characters) == character) {
      return true;
    }
  }
  return false;
}

enum class Ends : std::uint8_t { kLeft, kRight, kBoth };

template <Ends kEnds>
std::string_view trim_characters(std::string_view text, std::string_view characters) {
  while (kEnds != Ends::kRight && !text.empty() &&
         has_character(characters, text.substr(0, character_offset(text, 1)))) {
    take_character(text);
  }
  while (kEnds != Ends::kLeft && !text.empty()) {
    std::size_t last = text.size() - 1;
    while (last > 0 && !begins_character(text[last])) {
      --last;
    }
    if (!has_character(characters, text.substr(last))) {
      break;
    }
    text = text.substr(0, last);
  }
  return text;
}

template <Ends kEnds>
std::string_view trim_spaces(std::string_view text) {
  return trim_characters<kEnds>(text, " ");
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

RowError overlay_part(std::string_view text, std::string_view part, std::int32_t from,
                      std::int32_t count, std::string& out) {
  if (from <= 0) {
    return RowError::kBadArgument;
  }
  out.append(text.substr(0, character_offset(text, std::int64_t{from} - 1)));
  out.append(part);
  out.append(text.substr(character_offset(text, std::int64_t{from} - 1 + count)));
  return RowError::kNone;
}
RowError overlay_from(std::string_view text, std::string_view part, std::int32_t from,
                      std::string& out) {
  return overlay_part(text, part, from, character_count(part), out);
}

std::string_view left_of(std::string_view text, std::int32_t count) {
  const std::int64_t keep = count >= 0 ? count : std::int64_t{character_count(text)} + count;
  return text.substr(0, character_offset(text, std::max<std::int64_t>(keep, 0)));
}

std::string_view right_of(std::string_view text, std::int32_t count) {
  const std::int64_t drop =
      count >= 0 ? std::int64_t{character_count(text)} - count : -std::int64_t{count};
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

// Each character of `from` becomes the one at its place in `to`, or nothing.
void translate_characters(std::string_view text, std::string_view from, std::string_view to,
                          std::string& out) {
  while (!text.empty()) {
    const std::string_view character = take_character(text);
    std::string_view rest_from = from;
    std::string_view rest_to = to;
    std::string_view replacement = character;
    while (!rest_from.empty()) {
      const std::string_view candidate = take_character(rest_from);
      const std::string_view place = rest_to.empty() ? rest_to : take_character(rest_to);
      if (candidate == character) {
        replacement = place;
        break;
      }
    }
    out.append(replacement);
  }
}

std::int32_t position_of(std::string_view part, std::string_view text) {
  const std::size_t found = text.find(part);
  return found == std::string_view::npos ? 0 : character_count(text.substr(0, found)) + 1;
}
std::int32_t position_in(std::string_view text, std::string_view part) {
  return position_of(part, text);
}

std::int64_t parts_of(std::string_view text, std::string_view by) {
  std::int64_t parts = 1;
  for (std::size_t at = 0; !by.empty(); ++parts) {
    at = text.find(by, at);
    if (at == std::string_view::npos) {
      break;
    }
    at += by.size();
  }
  return parts;
}

RowError split_part_of(std::string_view text, std::string_view by, std::int32_t number,
                       std::string_view& out) {
  if (number == 0) {
    return RowError::kBadArgument;
  }
  const std::int64_t wanted = number > 0 ? number : parts_of(text, by) + number + 1;
  out = {};
  std::size_t at = 0;
  for (std::int64_t i = 1; i <= wanted; ++i) {
    const std::size_t end = by.empty() ? std::string_view::npos : text.find(by, at);
    if (i == wanted) {
      out = text.substr(at, end == std::string_view::npos ? end : end - at);
    } else if (end == std::string_view::npos) {
      break;
    }
    at = end + by.size();
  }
  return RowError::kNone;
}

bool starts_with_text(std::string_view text, std::string_view part) {
  return text.starts_with(part);
}
bool ends_with_text(std::string_view text, std::string_view part) { return text.ends_with(part); }
bool contains_text(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

void reversed(std::string_view text, std::string& out) {
  for (std::size_t end = text.size(); end > 0;) {
    std::size_t begin = end - 1;
    while (begin > 0 && !begins_character(text[begin])) {
      --begin;
    }
    out.append(text.substr(begin, end - begin));
    end = begin;
  }
}

RowError repeated(std::string_view text, std::int32_t count, std::string& out) {
  const std::size_t times = count < 0 ? 0 : static_cast<std::size_t>(count);
  if (text.size() * times > kTextBytesMax) {
    return RowError::kOverflow;
  }
  for (std::size_t i = 0; i < times; ++i) {
    out.append(text);
  }
  return RowError::kNone;
}

// The characters of `fill`, over and over, `count` in all.
void append_fill(std::string_view fill, std::int64_t count, std::string& out) {
  std::string_view rest;
  for (; count > 0 && !fill.empty(); --count) {
    rest = rest.empty() ? fill : rest;
    out.append(take_character(rest));
  }
}

template <Ends kEnds>
RowError padded_with(std::string_view text, std::int32_t length, std::string_view fill,
                     std::string& out) {
  const std::int64_t wanted = std::max<std::int64_t>(length, 0);
  if (static_cast<std::size_t>(wanted) > kTextBytesMax / 4) {
    return RowError::kOverflow;
  }
  const std::int64_t missing = wanted - character_count(text);
  if (missing <= 0) {
    out.append(text.substr(0, character_offset(text, wanted)));
    return RowError::kNone;
  }
  if (kEnds == Ends::kLeft) {
    append_fill(fill, missing, out);
  }
  out.append(text);
  if (kEnds == Ends::kRight) {
    append_fill(fill, missing, out);
  }
  return RowError::kNone;
}

template <Ends kEnds>
RowError padded(std::string_view text, std::int32_t length, std::string& out) {
  return padded_with<kEnds>(text, length, " ", out);
}

std::int32_t ascii_of(std::string_view text) {
  return text.empty() ? 0 : code_of(text.substr(0, character_offset(text, 1)));
}

RowError character_of(std::int32_t code, std::string& out) {
  return append_code(code, out) ? RowError::kNone : RowError::kBadArgument;
}

constexpr auto kTextResult = always<kText>;

std::vector<FunctionOverload> of_text(std::string_view name, Type (*result)(std::span<const Type>),
                                      Kernel kernel) {
  return {overload(name, {kText}, result, kernel)};
}
std::vector<FunctionOverload> of_two_texts(std::string_view name,
                                           Type (*result)(std::span<const Type>), Kernel kernel) {
  return {overload(name, {kText, kText}, result, kernel)};
}

template <Ends kEnds>
std::vector<FunctionOverload> trims(std::string_view name) {
  return {overload(name, {kText}, kTextResult, map_rows<trim_spaces<kEnds>>),
          overload(name, {kText, kText}, kTextResult, map_rows<trim_characters<kEnds>>)};
}

template <Ends kEnds>
std::vector<FunctionOverload> pads(std::string_view name) {
  return {overload(name, {kText, kInt}, kTextResult, map_rows<padded<kEnds>>),
          overload(name, {kText, kInt, kText}, kTextResult, map_rows<padded_with<kEnds>>)};
}

using Aliases = std::vector<std::string_view>;

struct Entry {
  std::string_view name;
  Aliases aliases;
  std::string_view signature;
  std::string_view text;
  std::string_view example;
  std::string_view result;
  std::vector<FunctionOverload> overloads;
};

std::vector<Entry> measures_and_cases() {
  return {
      {"length",
       {"char_length", "character_length"},
       "length(text TEXT) -> INT",
       "Characters.",
       "length('Zürich')",
       "6",
       of_text("length", always<kInt>, map_rows<character_count>)},
      {"octet_length",
       {},
       "octet_length(text TEXT | BYTEA) -> INT",
       "Bytes.",
       "octet_length('Zürich')",
       "7",
       {overload("octet_length", {kText}, always<kInt>, map_rows<octets_of>),
        overload("octet_length", {kBytea}, always<kInt>, map_rows<octets_of>)}},
      {"lower",
       {},
       "lower(text TEXT) -> TEXT",
       "In lower case.",
       "lower('ABC')",
       "abc",
       of_text("lower", kTextResult, map_rows<append_lower>)},
      {"upper",
       {},
       "upper(text TEXT) -> TEXT",
       "In upper case.",
       "upper('abc')",
       "ABC",
       of_text("upper", kTextResult, map_rows<append_upper>)},
      {"initcap",
       {},
       "initcap(text TEXT) -> TEXT",
       "The first letter of each word in upper case, the others in lower case.",
       "initcap('hi THERE')",
       "Hi There",
       of_text("initcap", kTextResult, map_rows<append_capitals>)},
      {"reverse",
       {},
       "reverse(text TEXT) -> TEXT",
       "The characters in reverse order.",
       "reverse('abc')",
       "cba",
       of_text("reverse", kTextResult, map_rows<reversed>)},
      {"ascii",
       {},
       "ascii(text TEXT) -> INT",
       "The Unicode number of the first character.",
       "ascii('x')",
       "120",
       of_text("ascii", always<kInt>, map_rows<ascii_of>)},
      {"chr",
       {},
       "chr(code INT) -> TEXT",
       "The character with that Unicode number.",
       "chr(65)",
       "A",
       {overload("chr", {kInt}, kTextResult, map_rows<character_of>)}},
  };
}

std::vector<Entry> paddings() {
  return {
      {"btrim",
       {"trim"},
       "btrim(text TEXT [, characters TEXT]) -> TEXT",
       "Without spaces, or these characters, at both ends. Also written trim(BOTH x FROM text).",
       "btrim('xxaxx', 'x')",
       "a",
       trims<Ends::kBoth>("btrim")},
      {"ltrim",
       {},
       "ltrim(text TEXT [, characters TEXT]) -> TEXT",
       "Without spaces, or these characters, at the front.",
       "ltrim('  a')",
       "a",
       trims<Ends::kLeft>("ltrim")},
      {"rtrim",
       {},
       "rtrim(text TEXT [, characters TEXT]) -> TEXT",
       "Without spaces, or these characters, at the end.",
       "rtrim('a/', '/')",
       "a",
       trims<Ends::kRight>("rtrim")},
      {"lpad",
       {},
       "lpad(text TEXT, length INT [, fill TEXT]) -> TEXT",
       "Filled at the front to that many characters, or cut to them.",
       "lpad('7', 3, '0')",
       "007",
       pads<Ends::kLeft>("lpad")},
      {"rpad",
       {},
       "rpad(text TEXT, length INT [, fill TEXT]) -> TEXT",
       "Filled at the end to that many characters, or cut to them.",
       "rpad('ab', 5, 'xy')",
       "abxyx",
       pads<Ends::kRight>("rpad")},
      {"repeat",
       {},
       "repeat(text TEXT, count INT) -> TEXT",
       "The text so many times.",
       "repeat('ab', 3)",
       "ababab",
       {overload("repeat", {kText, kInt}, kTextResult, map_rows<repeated>)}},
  };
}

std::vector<Entry> parts() {
  return {
      {"substring",
       {"substr"},
       "substring(text TEXT, from INT [, count INT]) -> TEXT",
       "A part, counted in characters from 1. Also written substring(text FROM a FOR b).",
       "substring('thalweg', 3, 2)",
       "al",
       {overload("substring", {kText, kInt}, kTextResult, map_rows<substring_from>),
        overload("substring", {kText, kInt, kInt}, kTextResult, map_rows<substring_part>)}},
      {"left",
       {},
       "left(text TEXT, count INT) -> TEXT",
       "The first characters; all but the last ones for a negative count.",
       "left('thalweg', 4)",
       "thal",
       {overload("left", {kText, kInt}, kTextResult, map_rows<left_of>)}},
      {"right",
       {},
       "right(text TEXT, count INT) -> TEXT",
       "The last characters; all but the first ones for a negative count.",
       "right('thalweg', 3)",
       "weg",
       {overload("right", {kText, kInt}, kTextResult, map_rows<right_of>)}},
      {"split_part",
       {},
       "split_part(text TEXT, by TEXT, number INT) -> TEXT",
       "A part of a text cut at a separator, counted from 1, or from the end below 0.",
       "split_part('a/b/c', '/', 2)",
       "b",
       {overload("split_part", {kText, kText, kInt}, kTextResult, map_rows<split_part_of>)}},
      {"overlay",
       {},
       "overlay(text TEXT, part TEXT, from INT [, count INT]) -> TEXT",
       "The part in place of `count` characters, or of as many as it has.",
       "overlay('Txxxxas', 'hom', 2, 4)",
       "Thomas",
       {overload("overlay", {kText, kText, kInt}, kTextResult, map_rows<overlay_from>),
        overload("overlay", {kText, kText, kInt, kInt}, kTextResult, map_rows<overlay_part>)}},
      {"replace",
       {},
       "replace(text TEXT, from TEXT, to TEXT) -> TEXT",
       "Every `from` replaced by `to`.",
       "replace('a-b-c', '-', '+')",
       "a+b+c",
       {overload("replace", {kText, kText, kText}, kTextResult, map_rows<replace_all>)}},
      {"translate",
       {},
       "translate(text TEXT, from TEXT, to TEXT) -> TEXT",
       "Each character of `from` replaced by the one at its place in `to`, or left out.",
       "translate('12345', '143', 'ax')",
       "a2x5",
       {overload("translate", {kText, kText, kText}, kTextResult, map_rows<translate_characters>)}},
  };
}

std::vector<Entry> searches() {
  return {
      {"position",
       {},
       "position(part TEXT IN text TEXT) -> INT",
       "Where the part begins, counted from 1; 0 when it is not there.",
       "position('w' IN 'thalweg')",
       "5",
       of_two_texts("position", always<kInt>, map_rows<position_of>)},
      {"strpos",
       {"instr"},
       "strpos(text TEXT, part TEXT) -> INT",
       "Where the part begins, counted from 1; 0 when it is not there.",
       "strpos('thalweg', 'w')",
       "5",
       of_two_texts("strpos", always<kInt>, map_rows<position_in>)},
      {"starts_with",
       {},
       "starts_with(text TEXT, part TEXT) -> BOOLEAN",
       "Whether the text begins so.",
       "starts_with('thalweg', 'thal')",
       "t",
       of_two_texts("starts_with", always<kBoolean>, map_rows<starts_with_text>)},
      {"ends_with",
       {},
       "ends_with(text TEXT, part TEXT) -> BOOLEAN",
       "Whether the text ends so.",
       "ends_with('thalweg', 'weg')",
       "t",
       of_two_texts("ends_with", always<kBoolean>, map_rows<ends_with_text>)},
      {"contains",
       {},
       "contains(text TEXT, part TEXT) -> BOOLEAN",
       "Whether the text has the part in it.",
       "contains('thalweg', 'alw')",
       "t",
       of_two_texts("contains", always<kBoolean>, map_rows<contains_text>)},
  };
}

}  // namespace

std::vector<Function> text_functions() {
  std::vector<Function> out;
  for (std::vector<Entry> part : {measures_and_cases(), paddings(), parts(), searches()}) {
    for (Entry& entry : part) {
      out.push_back(
          make_function({entry.name, std::move(entry.aliases), entry.signature, "text", entry.text,
                         entry.example, entry.result, std::move(entry.overloads)}));
    }
  }
  return out;
}

}  // namespace thalweg
