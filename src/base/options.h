#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/diagnostic.h"

namespace thalweg {

enum class OptionType : std::uint8_t { kText, kBoolean, kInteger, kDuration, kBytes, kChoice };

// One option of a connector or a format: what validation, did-you-mean and the reference are made
// from.
struct OptionSpec {
  std::string_view name;
  OptionType type = OptionType::kText;
  bool required = false;
  std::string_view default_value;         // As written in SQL; empty: none.
  std::string_view text;                  // One line.
  std::vector<std::string_view> choices;  // kChoice.
  std::vector<std::string_view> aliases;  // Other engines' spellings.
  // Whether a value of the type is one that can be meant; absent: all are.
  bool (*accepts)(std::string_view value) = nullptr;
  std::string_view expects =
      {};  // With `accepts`, what a value must be: "a whole number, 1 or more".
};

// Options as the user wrote them: key (lower case) to value, with where they stand.
struct OptionText {
  std::string value;
  Span key_span;
  Span value_span;
};
using OptionTexts = std::map<std::string, OptionText>;

// Validated options under their own names, defaults filled in.
class Options {
 public:
  bool has(std::string_view name) const { return values_.find(name) != values_.end(); }
  const std::string& text(std::string_view name) const;       // Requires: has(name).
  bool boolean(std::string_view name) const;                  // Absent: false.
  std::int64_t integer(std::string_view name) const;          // Requires: has(name).
  std::int64_t duration_micros(std::string_view name) const;  // Requires: has(name).
  void set(std::string name, std::string value) { values_[std::move(name)] = std::move(value); }

 private:
  std::map<std::string, std::string, std::less<>> values_;
};

// Checks `texts` against the schemas (a connector's and its format's together): unknown names with
// the nearest one, wrong types, missing ones; each problem is added to `diagnostics`. `owner` names
// the connector in messages: "connector file".
Options check_options(const OptionTexts& texts, std::span<const OptionSpec> specs,
                      std::string_view owner, Span where, Diagnostics& diagnostics);

// "5s", "100ms", "1 hour", "1h30m" or bare milliseconds; nothing when it is not a duration.
bool parse_duration_micros(std::string_view text, std::int64_t& micros);
// "64MB", "1 KiB", "100".
bool parse_bytes(std::string_view text, std::int64_t& bytes);

// For OptionSpec::accepts.
bool is_natural(std::string_view text);   // kInteger: 0 or more.
bool is_positive(std::string_view text);  // kInteger: 1 or more.
bool is_row_size(std::string_view text);  // kBytes: 1 byte to 1 GiB.
constexpr std::string_view kNaturalExpected = "a whole number, 0 or more";
constexpr std::string_view kPositiveExpected = "a whole number, 1 or more";
constexpr std::string_view kRowSizeExpected =
    "a size from 1 byte to 1 GiB, such as '64MB' or '1 KiB'";

}  // namespace thalweg
