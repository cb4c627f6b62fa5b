#include <fmt/format.h>

#include <string>
#include <utility>
#include <vector>

#include "base/nearest.h"
#include "kafka/setting_table.h"
#include "thalweg/kafka/connection.h"

namespace thalweg::kafka {
namespace {

Error wrong(std::string message) { return {ErrorKind::kConfiguration, "", std::move(message)}; }

std::string_view name_of(SettingType type) {
  switch (type) {
    case SettingType::kText:
      return "text";
    case SettingType::kBoolean:
      return "boolean";
    case SettingType::kInteger:
      return "integer";
    case SettingType::kChoice:
      return "choice";
    case SettingType::kPath:
      return "path";
    case SettingType::kSecret:
      return "secret";
  }
  return "text";
}

std::string_view name_of(Side side) {
  return side == Side::kConsumer ? "consumer" : side == Side::kProducer ? "producer" : "admin";
}

Error unknown(std::string_view name) {
  std::vector<std::string> known;
  for (const SettingSpec& spec : setting_specs()) {
    known.emplace_back(spec.name);
    known.insert(known.end(), spec.aliases.begin(), spec.aliases.end());
  }
  const std::optional<std::string> near = nearest_name(name, known);
  return wrong(fmt::format("there is no Kafka setting \"{}\"{}", name,
                           near ? fmt::format("; did you mean \"{}\"?", *near)
                                : "; setting_docs() lists what there is"));
}

bool is_reference(const SettingSpec& spec, std::string_view value) {
  return value.starts_with("${") && spec.type != SettingType::kInteger && spec.choices.empty();
}

}  // namespace

std::vector<SettingDoc> setting_docs() {
  std::vector<SettingDoc> docs;
  for (const SettingSpec& spec : setting_specs()) {
    docs.push_back({.name = std::string(spec.name),
                    .aliases = {spec.aliases.begin(), spec.aliases.end()},
                    .side = spec.side,
                    .type = std::string(name_of(spec.type)),
                    .default_value = std::string(spec.default_value),
                    .text = std::string(spec.text),
                    .choices = {spec.choices.begin(), spec.choices.end()},
                    .smallest = spec.smallest,
                    .largest = spec.largest});
  }
  return docs;
}

Error check_setting(std::string_view name, std::string_view value, Side side) {
  const std::string_view bare = without_prefix(name);
  if (const RefusedSetting* const refused = find_refused(bare)) {
    return wrong(fmt::format("{} cannot be set: {}", bare, refused->reason));
  }
  const SettingSpec* const spec = find_setting(bare);
  if (spec == nullptr) {
    return unknown(bare);
  }
  if (spec->side != Side::kBoth && spec->side != side) {
    return wrong(fmt::format("{} is a setting of a {}, and this is {} {}", bare,
                             name_of(spec->side), side == Side::kBoth ? "an" : "a", name_of(side)));
  }
  if (is_reference(*spec, value)) {
    return {};
  }
  const std::string problem = value_problem(*spec, value);
  return problem.empty() ? Error() : wrong(fmt::format("{} {}", bare, problem));
}

}  // namespace thalweg::kafka
