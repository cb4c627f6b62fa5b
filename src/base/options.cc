#include "base/options.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <limits>
#include <utility>

#include "base/check.h"
#include "base/nearest.h"

namespace thalweg {
namespace {

constexpr std::int64_t kMillis = 1'000;
constexpr std::int64_t kSeconds = 1'000'000;
constexpr std::int64_t kMinutes = 60 * kSeconds;

struct Unit {
  std::string_view name;
  std::int64_t size;
};

// Longer spellings of one unit stand under their own name; a plural's `s` is cut off first.
constexpr std::array<Unit, 17> kDurationUnits = {{
    {"us", 1},
    {"microsecond", 1},
    {"ms", kMillis},
    {"msec", kMillis},
    {"millisecond", kMillis},
    {"s", kSeconds},
    {"sec", kSeconds},
    {"second", kSeconds},
    {"m", kMinutes},
    {"min", kMinutes},
    {"minute", kMinutes},
    {"h", 60 * kMinutes},
    {"hr", 60 * kMinutes},
    {"hour", 60 * kMinutes},
    {"d", 24 * 60 * kMinutes},
    {"day", 24 * 60 * kMinutes},
    {"week", 7 * 24 * 60 * kMinutes},
}};

constexpr std::int64_t kKibi = 1024;
constexpr std::array<Unit, 13> kByteUnits = {{
    {"", 1},
    {"b", 1},
    {"byte", 1},
    {"k", kKibi},
    {"kb", kKibi},
    {"kib", kKibi},
    {"m", kKibi* kKibi},
    {"mb", kKibi* kKibi},
    {"mib", kKibi* kKibi},
    {"g", kKibi* kKibi* kKibi},
    {"gb", kKibi* kKibi* kKibi},
    {"gib", kKibi* kKibi* kKibi},
    {"tb", kKibi* kKibi* kKibi* kKibi},
}};

std::string lower_case(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return lower;
}

std::optional<std::int64_t> find_unit(std::span<const Unit> units, std::string_view name) {
  const auto named = [&](std::string_view wanted) {
    return std::find_if(units.begin(), units.end(),
                        [&](const Unit& unit) { return unit.name == wanted; });
  };
  auto found = named(name);
  if (found == units.end() && name.size() > 2 && name.ends_with('s')) {
    found = named(name.substr(0, name.size() - 1));
  }
  return found == units.end() ? std::nullopt : std::optional(found->size);
}

void skip_spaces(std::string_view& text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.front())) != 0) {
    text.remove_prefix(1);
  }
}

// Digits with at most one point, without an exponent; nothing where there are none or too many.
std::optional<double> take_number(std::string_view& text) {
  constexpr std::size_t kDigitsMax = 18;
  double number = 0;
  double place = 0;  // Of the next digit after the point; 0 before it.
  std::size_t digits = 0;
  std::size_t length = 0;
  for (; length < text.size(); ++length) {
    const char c = text[length];
    if (c == '.' && place == 0) {
      place = 0.1;
    } else if (c < '0' || c > '9' || ++digits > kDigitsMax) {
      break;
    } else if (place == 0) {
      number = number * 10 + (c - '0');
    } else {
      number += place * (c - '0');
      place /= 10;
    }
  }
  if (digits == 0 || digits > kDigitsMax) {
    return std::nullopt;
  }
  text.remove_prefix(length);
  return number;
}

std::string_view take_word(std::string_view& text) {
  std::size_t length = 0;
  while (length < text.size() && std::isalpha(static_cast<unsigned char>(text[length])) != 0) {
    ++length;
  }
  const std::string_view word = text.substr(0, length);
  text.remove_prefix(length);
  return word;
}

bool add_product(double number, std::int64_t unit, std::int64_t& sum) {
  const double product = std::round(number * static_cast<double>(unit));
  if (product + static_cast<double>(sum) >=
      static_cast<double>(std::numeric_limits<std::int64_t>::max())) {
    return false;
  }
  sum += static_cast<std::int64_t>(product);
  return true;
}

std::optional<bool> parse_boolean(std::string_view text) {
  const std::string lower = lower_case(text);
  for (const std::string_view yes : {"true", "t", "on", "yes", "1"}) {
    if (lower == yes) {
      return true;
    }
  }
  for (const std::string_view no : {"false", "f", "off", "no", "0"}) {
    if (lower == no) {
      return false;
    }
  }
  return std::nullopt;
}

std::optional<std::int64_t> parse_integer(std::string_view text) {
  const bool negative = text.starts_with('-');
  text.remove_prefix(negative || text.starts_with('+') ? 1 : 0);
  if (text.empty() || text.size() > 18) {
    return std::nullopt;
  }
  std::int64_t number = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') {
      return std::nullopt;
    }
    number = number * 10 + (c - '0');
  }
  return negative ? -number : number;
}

std::string listed(std::span<const std::string_view> words, std::string_view separator) {
  std::string text;
  for (const std::string_view word : words) {
    text += text.empty() ? "" : separator;
    text += word;
  }
  return text;
}

// What a value of this option looks like, for people.
std::string expected(const OptionSpec& spec) {
  if (spec.accepts != nullptr) {
    return std::string(spec.expects);
  }
  switch (spec.type) {
    case OptionType::kBoolean:
      return "'true' or 'false'";
    case OptionType::kInteger:
      return "a whole number";
    case OptionType::kDuration:
      return "a duration such as '5s', '100ms' or '1h30m'";
    case OptionType::kBytes:
      return "a size such as '64MB' or '1 KiB'";
    case OptionType::kChoice:
      return "one of " + listed(spec.choices, ", ");
    case OptionType::kText:
      break;
  }
  return "text";
}

bool is_of_type(const OptionSpec& spec, std::string_view value) {
  std::int64_t ignored = 0;
  switch (spec.type) {
    case OptionType::kBoolean:
      return parse_boolean(value).has_value();
    case OptionType::kInteger:
      return parse_integer(value).has_value();
    case OptionType::kDuration:
      return parse_duration_micros(value, ignored);
    case OptionType::kBytes:
      return parse_bytes(value, ignored);
    case OptionType::kChoice:
      return std::find(spec.choices.begin(), spec.choices.end(), lower_case(value)) !=
             spec.choices.end();
    case OptionType::kText:
      break;
  }
  return true;
}

bool fits(const OptionSpec& spec, std::string_view value) {
  return is_of_type(spec, value) && (spec.accepts == nullptr || spec.accepts(value));
}

const OptionSpec* find_spec(std::span<const OptionSpec> specs, std::string_view key) {
  for (const OptionSpec& spec : specs) {
    if (spec.name == key ||
        std::find(spec.aliases.begin(), spec.aliases.end(), key) != spec.aliases.end()) {
      return &spec;
    }
  }
  return nullptr;
}

Diagnostic problem(std::string code, std::string message, Span span) {
  return {.severity = Severity::kError,
          .code = std::move(code),
          .message = std::move(message),
          .span = span,
          .label = {},
          .notes = {}};
}

// Options that are a library's own settings are too many to be listed.
constexpr std::string_view kPassedOn = "properties.";
constexpr std::string_view kPassedOnShown = "properties.NAME";

Diagnostic unknown_option(std::string_view key, Span span, std::span<const OptionSpec> specs,
                          std::string_view owner) {
  std::vector<std::string> candidates;
  std::vector<std::string_view> names;
  for (const OptionSpec& spec : specs) {
    candidates.emplace_back(spec.name);
    candidates.insert(candidates.end(), spec.aliases.begin(), spec.aliases.end());
    if (!spec.name.starts_with(kPassedOn)) {
      names.push_back(spec.name);
    } else if (names.empty() || names.back() != kPassedOnShown) {
      names.push_back(kPassedOnShown);
    }
  }
  Diagnostic diagnostic = problem(
      "C0201", "unknown option \"" + std::string(key) + "\" for " + std::string(owner), span);
  if (const std::optional<std::string> nearest = nearest_name(key, candidates)) {
    // Another engine's spelling is answered with ours.
    diagnostic.label = "did you mean \"" + std::string(find_spec(specs, *nearest)->name) + "\"?";
  }
  diagnostic.notes.push_back(names.empty() ? "it has no options"
                                           : "options: " + listed(names, ", "));
  return diagnostic;
}

}  // namespace

const std::string& Options::text(std::string_view name) const {
  const auto found = values_.find(name);
  TW_CHECK(found != values_.end());
  return found->second;
}

bool Options::boolean(std::string_view name) const {
  return has(name) && parse_boolean(text(name)).value_or(false);
}

std::int64_t Options::integer(std::string_view name) const {
  return parse_integer(text(name)).value_or(0);
}

std::int64_t Options::duration_micros(std::string_view name) const {
  std::int64_t micros = 0;
  TW_CHECK(parse_duration_micros(text(name), micros));
  return micros;
}

namespace {

std::string as_kept(const OptionSpec& spec, const std::string& value) {
  return spec.type == OptionType::kChoice ? lower_case(value) : value;
}

}  // namespace

Options check_options(const OptionTexts& texts, std::span<const OptionSpec> specs,
                      std::string_view owner, Span where, Diagnostics& diagnostics) {
  Options options;
  for (const auto& [key, text] : texts) {
    const OptionSpec* const spec = find_spec(specs, key);
    if (spec == nullptr) {
      diagnostics.add(unknown_option(key, text.key_span, specs, owner));
    } else if (options.has(spec->name)) {
      // Other engines have two words for some things that are one here.
      if (options.text(spec->name) != as_kept(*spec, text.value)) {
        diagnostics.add(problem(
            "C0204", "option \"" + std::string(spec->name) + "\" is given twice", text.key_span));
      }
    } else if (!fits(*spec, text.value)) {
      diagnostics.add(problem(
          "C0203",
          "option \"" + key + "\" must be " + expected(*spec) + ", not '" + text.value + "'",
          text.value_span));
      options.set(std::string(spec->name), std::string(spec->default_value));
    } else {
      options.set(std::string(spec->name), as_kept(*spec, text.value));
    }
  }
  for (const OptionSpec& spec : specs) {
    if (options.has(spec.name)) {
      continue;
    }
    if (!spec.default_value.empty()) {
      options.set(std::string(spec.name), std::string(spec.default_value));
    } else if (spec.required) {
      Diagnostic missing = problem(
          "C0202", std::string(owner) + " needs the option \"" + std::string(spec.name) + "\"",
          where);
      missing.notes.push_back(std::string(spec.name) + ": " + std::string(spec.text));
      diagnostics.add(std::move(missing));
    }
  }
  return options;
}

bool parse_duration_micros(std::string_view text, std::int64_t& micros) {
  std::int64_t sum = 0;
  skip_spaces(text);
  if (text.empty()) {
    return false;
  }
  while (!text.empty()) {
    const std::optional<double> number = take_number(text);
    skip_spaces(text);
    const std::string unit = lower_case(take_word(text));
    const bool bare = unit.empty() && text.empty() && sum == 0;
    const std::optional<std::int64_t> size =
        bare ? std::optional(kMillis) : find_unit(kDurationUnits, unit);
    if (!number || !size || !add_product(*number, *size, sum)) {
      return false;
    }
    skip_spaces(text);
  }
  micros = sum;
  return true;
}

bool parse_bytes(std::string_view text, std::int64_t& bytes) {
  skip_spaces(text);
  const std::optional<double> number = take_number(text);
  skip_spaces(text);
  const std::optional<std::int64_t> size = find_unit(kByteUnits, lower_case(take_word(text)));
  skip_spaces(text);
  std::int64_t sum = 0;
  if (!number || !size || !text.empty() || !add_product(*number, *size, sum)) {
    return false;
  }
  bytes = sum;
  return true;
}

bool is_natural(std::string_view text) { return parse_integer(text).value_or(-1) >= 0; }

bool is_positive(std::string_view text) { return parse_integer(text).value_or(0) >= 1; }

bool is_row_size(std::string_view text) {
  constexpr std::int64_t kMax = kKibi * kKibi * kKibi;
  std::int64_t bytes = 0;
  return parse_bytes(text, bytes) && bytes >= 1 && bytes <= kMax;
}

}  // namespace thalweg
