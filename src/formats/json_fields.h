#pragma once

#include <absl/container/flat_hash_map.h>
#include <absl/strings/string_view.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "columnar/builder.h"
#include "formats/field_text.h"
#include "formats/format.h"

namespace thalweg {

// The fields that a query reads from each JSON object, in the order of their columns.
struct JsonFields {
  Schema schema;
  std::vector<bool> not_null;
  EpochUnit unit;
  std::string whole_field;  // As DecoderSpec has it.
  absl::flat_hash_map<std::string, std::int32_t> by_name;
};

// Names are found as they are declared, letter by letter: -1 where nobody reads the field.
inline constexpr std::int32_t kUnread = -1;
inline std::int32_t find_field(const JsonFields& fields, std::string_view name) {
  const auto found = fields.by_name.find(absl::string_view(name.data(), name.size()));
  return found == fields.by_name.end() ? kUnread : found->second;
}

// What a JSON value that is neither text nor nested gives: a number, true, false or null. Nothing
// is appended where it does not fit; kMalformed where it is none of these.
RowError append_json_scalar(std::string_view token, EpochUnit unit, ColumnBuilder& out);

}  // namespace thalweg
