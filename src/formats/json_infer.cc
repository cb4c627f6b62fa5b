#include "formats/json_infer.h"

#include <simdjson.h>

#include <string>

#include "formats/inferred_type.h"

namespace thalweg {
namespace {

namespace dom = simdjson::dom;
using Kind = InferredType::Kind;

// Deeper values are taken as text.
constexpr int kDepthMax = 32;

// Walks one value; its nesting is bounded by kDepthMax.
void add_value(const dom::element& value, int depth, InferredType& type) {
  switch (value.type()) {
    case dom::element_type::NULL_VALUE:
      return;
    case dom::element_type::BOOL:
      return type.add(Kind::kBoolean);
    case dom::element_type::INT64:
      return type.add(Kind::kBigint);
    case dom::element_type::UINT64:
    case dom::element_type::DOUBLE:
      return type.add(Kind::kDouble);
    case dom::element_type::STRING:
      return type.add(kind_of_text(value.get_string().value_unsafe()));
    case dom::element_type::ARRAY:
      type.add(depth < kDepthMax ? Kind::kArray : Kind::kText);
      if (type.kind == Kind::kArray) {
        const dom::array elements = value.get_array();
        for (const dom::element element : elements) {
          add_value(element, depth + 1, type.children.front().type);
        }
      }
      return;
    case dom::element_type::OBJECT:
      type.add(depth < kDepthMax ? Kind::kStruct : Kind::kText);
      if (type.kind == Kind::kStruct) {
        const dom::object members = value.get_object();
        for (const auto& [name, member] : members) {
          add_value(member, depth + 1, type.member(name));
        }
      }
      return;
  }
}

}  // namespace

Result<Schema> infer_json(std::string_view sample) {
  dom::parser parser;
  InferredType row;
  bool array = false;
  bool spread = false;
  if (sample.starts_with("\xef\xbb\xbf")) {
    sample.remove_prefix(3);
  }
  for (std::size_t rows = 0; rows < kInferredRowsMax && !sample.empty();) {
    const std::size_t newline = sample.find('\n');
    const std::string line(sample.substr(0, newline));
    sample.remove_prefix(newline == std::string_view::npos ? sample.size() : newline + 1);
    const std::size_t begin = line.find_first_not_of(" \t\r");
    if (begin == std::string::npos) {
      continue;
    }
    ++rows;
    array = array || (rows == 1 && line[begin] == '[');
    spread =
        spread || (rows == 1 && line.find_first_not_of(" \t\r", begin + 1) == std::string::npos &&
                   line[begin] == '{');
    dom::element value;
    // Lines that are not objects are told of when they are read.
    if (parser.parse(line).get(value) == simdjson::SUCCESS && value.is_object()) {
      add_value(value, 0, row);
    }
  }
  if (row.children.empty()) {
    return invalid_argument(
        array ? "it holds one JSON array; Thalweg reads JSON lines, one object in each: "
                "`jq -c '.[]'` makes them"
        : spread
            ? "its objects stand in several lines each; Thalweg reads JSON lines, one object in "
              "each: `jq -c .` makes them"
            : "there is no JSON object with fields in its first rows");
  }
  Schema schema;
  for (const InferredField& field : row.children) {
    schema.push_back({.name = field.name, .type = to_type(field.type)});
  }
  return schema;
}

}  // namespace thalweg
