#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "thalweg/kafka/connection.h"

namespace thalweg::kafka {

enum class SettingType : std::uint8_t {
  kText,
  kBoolean,
  kInteger,
  kChoice,
  kPath,    // Of a file that the client reads.
  kSecret,  // Never shown.
};

// Ours, of which librdkafka knows nothing: Security::token_file.
constexpr std::string_view kTokenFileSetting = "sasl.oauthbearer.token.file";

// A setting that may be given: librdkafka's, or the one above.
struct SettingSpec {
  std::string_view name;
  Side side = Side::kBoth;
  SettingType type = SettingType::kText;
  std::string_view default_value;
  std::string_view text;
  std::vector<std::string_view> choices = {};
  std::vector<std::string_view> aliases = {};
  std::int64_t smallest = 0;
  std::int64_t largest = 0;
  // Whether the default is ours, so that librdkafka is told.
  bool is_our_default = false;
};

// One that may not, and what to do instead. A name that ends with a dot stands for all that begin
// with it.
struct RefusedSetting {
  std::string_view name;
  std::string_view reason;
};

// Together every setting that librdkafka 2.0.2 has; of one that a newer one brings nothing is known
// and it is refused.
std::span<const SettingSpec> setting_specs();
std::span<const RefusedSetting> refused_settings();

// By name or alias, "properties." before it or not. Null: there is none.
const SettingSpec* find_setting(std::string_view name);
const RefusedSetting* find_refused(std::string_view name);

std::string_view without_prefix(std::string_view name);  // "properties.linger.ms": "linger.ms"

// Why the value is not one of the setting's, without showing a secret; empty: it is.
std::string value_problem(const SettingSpec& spec, std::string_view value);

}  // namespace thalweg::kafka
