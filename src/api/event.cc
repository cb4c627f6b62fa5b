#include "thalweg/event.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <cmath>

#include "formats/value_writer.h"

namespace thalweg {
namespace {

// One parser a thread: its buffers are worth keeping.
simdjson::dom::parser& parser() {
  thread_local simdjson::dom::parser shared;
  return shared;
}

// A field of an object; nothing where there is none or the text is no object.
std::optional<simdjson::dom::element> find(const std::string& object, std::string_view field) {
  simdjson::dom::object fields;
  simdjson::dom::element found;
  if (parser().parse(object).get(fields) != simdjson::SUCCESS ||
      fields.at_key(field).get(found) != simdjson::SUCCESS) {
    return std::nullopt;
  }
  return found;
}

std::optional<std::string> text_of(const std::string& object, std::string_view field) {
  const std::optional<simdjson::dom::element> found = find(object, field);
  if (!found || found->is_null() || found->is_object() || found->is_array()) {
    return std::nullopt;
  }
  std::string_view text;
  return found->get(text) == simdjson::SUCCESS ? std::string(text) : simdjson::minify(*found);
}

// The object with one field set to a piece of JSON; a text that is no object counts as an empty
// one.
std::string with_field(const std::string& object, std::string_view field, std::string_view json) {
  std::string made = "{";
  simdjson::dom::object fields;
  bool replaced = false;
  const auto add = [&](std::string_view name, std::string_view value) {
    made += made.size() == 1 ? "" : ",";
    append_json_string(name, made);
    made += ':';
    made += value;
  };
  if (parser().parse(object).get(fields) == simdjson::SUCCESS) {
    for (const auto& each : fields) {
      const bool same = each.key == field;
      replaced |= same;
      add(each.key, same ? std::string(json) : simdjson::minify(each.value));
    }
  }
  if (!replaced) {
    add(field, json);
  }
  return made + "}";
}

std::string json_text(std::string_view text) {
  std::string json;
  append_json_string(text, json);
  return json;
}

}  // namespace

std::optional<std::string> Event::text(std::string_view field) const {
  return text_of(data, field);
}

std::optional<double> Event::number(std::string_view field) const {
  const std::optional<simdjson::dom::element> found = find(data, field);
  double number = 0;
  return found && found->get(number) == simdjson::SUCCESS ? std::optional(number) : std::nullopt;
}

void Event::set(std::string_view field, std::string_view value) {
  set_json(field, json_text(value));
}

void Event::set(std::string_view field, double value) {
  set_json(field, std::isfinite(value) ? fmt::format("{}", value) : "null");
}

void Event::set_json(std::string_view field, std::string_view json) {
  data = with_field(data, field, json);
}

std::optional<std::string> Event::header(std::string_view name) const {
  return text_of(metadata, name);
}

void Event::set_header(std::string_view name, std::string_view value) {
  metadata = with_field(metadata, name, json_text(value));
}

}  // namespace thalweg
