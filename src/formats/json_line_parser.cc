#include "formats/json_line_parser.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <vector>

#include "base/shorten.h"

namespace thalweg {
namespace {

namespace ondemand = simdjson::ondemand;

std::string_view without_spaces_behind(std::string_view text) {
  const std::size_t last = text.find_last_not_of(" \t\r\n");
  return text.substr(0, last == std::string_view::npos ? 0 : last + 1);
}

std::string_view without_spaces_before(std::string_view text) {
  return text.substr(std::min(text.find_first_not_of(" \t\r\n"), text.size()));
}

std::string_view explain_json(simdjson::error_code error) {
  switch (error) {
    case simdjson::UNCLOSED_STRING:
      return "a string without its closing quote";
    case simdjson::UNESCAPED_CHARS:
      return "a control character within a string";
    case simdjson::INCOMPLETE_ARRAY_OR_OBJECT:
      return "a bracket that is not closed";
    case simdjson::STRING_ERROR:
      return "an escape that means nothing";
    case simdjson::INCORRECT_TYPE:
      return "not a JSON object";
    default:
      return "not JSON";
  }
}

// What follows the object that the text begins with: empty where it does not end before the text.
std::string_view behind_object(std::string_view text) {
  int depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string && c == '\\') {
      ++i;
    } else if (c == '"') {
      in_string = !in_string;
    } else if (!in_string && (c == '{' || c == '[')) {
      ++depth;
    } else if (!in_string && (c == '}' || c == ']')) {
      --depth;
    }
    if (depth == 0) {
      return text.starts_with('{') ? text.substr(std::min(i + 1, text.size())) : "";
    }
  }
  return {};
}

std::string describe_malformed(simdjson::error_code error, std::string_view line) {
  // simdjson looks at the last bracket first, and takes one before other text for missing.
  const bool may_be_behind =
      error == simdjson::TRAILING_CONTENT || error == simdjson::INCOMPLETE_ARRAY_OR_OBJECT;
  const std::string_view behind = may_be_behind ? behind_object(line) : std::string_view();
  return behind.empty()
             ? fmt::format("{}: {}", explain_json(error), shorten(line))
             : fmt::format("more after the object's {} bytes: {}", line.size() - behind.size(),
                           shorten(without_spaces_before(behind)));
}

}  // namespace

bool is_valid_utf8(std::string_view text) {
  return simdjson::validate_utf8(text.data(), text.size());
}

class JsonLineParser::Impl {
 public:
  explicit Impl(const JsonFields& fields) : fields_(fields), seen_(fields.schema.size()) {}

  RowError read(std::string_view line, std::span<ColumnBuilder> columns, std::string& detail) {
    field_.clear();
    shown_ = {};
    type_ = nullptr;
    json_error_ = simdjson::SUCCESS;
    const RowError error = read_line(line, columns);
    if (error == RowError::kInvalidUtf8) {
      detail = "not UTF-8";
    } else if (error == RowError::kMalformed && type_ == nullptr) {
      detail = describe_malformed(json_error_, line);
    } else if (error == RowError::kNullNotAllowed && type_ == nullptr) {
      detail = fmt::format("field \"{}\" is missing", field_);
    } else if (error != RowError::kNone) {
      detail = describe_misfit(error, field_, shown_, *type_);
    }
    return error;
  }

 private:
  RowError malformed(simdjson::error_code error) {
    json_error_ = error;
    return RowError::kMalformed;
  }

  // Says which value a row failed at.
  RowError fail(RowError error, std::string_view field, std::string_view shown, const Type& type) {
    field_ = field;
    shown_ = shown;
    type_ = &type;
    return error;
  }

  RowError read_line(std::string_view line, std::span<ColumnBuilder> columns) {
    if (!is_valid_utf8(line)) {
      return RowError::kInvalidUtf8;
    }
    ondemand::document document;
    const simdjson::padded_string_view padded(line.data(), line.size(),
                                              line.size() + simdjson::SIMDJSON_PADDING);
    ondemand::object object;
    simdjson::error_code error = parser_.iterate(padded).get(document);
    if (error == simdjson::SUCCESS) {
      error = document.get_object().get(object);
    }
    if (error != simdjson::SUCCESS) {
      return malformed(error);
    }
    seen_.assign(seen_.size(), false);
    const RowError row_error = read_fields(object, columns);
    if (row_error != RowError::kNone) {
      return row_error;
    }
    // After the last token there is no location.
    if (document.current_location().error() != simdjson::OUT_OF_BOUNDS) {
      return malformed(simdjson::TRAILING_CONTENT);
    }
    return append_missing(columns);
  }

  RowError read_fields(ondemand::object& object, std::span<ColumnBuilder> columns) {
    for (auto result : object) {
      ondemand::field entry;
      std::string_view key;
      simdjson::error_code error = std::move(result).get(entry);
      if (error == simdjson::SUCCESS) {
        error = entry.unescaped_key().get(key);
      }
      if (error != simdjson::SUCCESS) {
        return malformed(error);
      }
      const std::int32_t found = find_field(fields_, key);
      if (found == kUnread || seen_[static_cast<std::size_t>(found)]) {
        continue;
      }
      const auto field = static_cast<std::size_t>(found);
      seen_[field] = true;
      const std::string_view name = fields_.schema[field].name;
      const RowError row_error = read_value(entry.value(), name, columns[field]);
      if (row_error != RowError::kNone) {
        return row_error;
      }
      if (fields_.not_null[field] && was_null_) {
        return fail(RowError::kNullNotAllowed, name, {}, fields_.schema[field].type);
      }
    }
    return RowError::kNone;
  }

  RowError append_missing(std::span<ColumnBuilder> columns) {
    for (std::size_t i = 0; i < columns.size(); ++i) {
      if (seen_[i]) {
        continue;
      }
      if (fields_.not_null[i]) {
        return fail(RowError::kNullNotAllowed, fields_.schema[i].name, {}, fields_.schema[i].type);
      }
      columns[i].append_null();
    }
    return RowError::kNone;
  }

  // `name` is the value's path.
  RowError read_value(ondemand::value value, std::string_view name, ColumnBuilder& column) {
    was_null_ = false;
    const std::string_view token = without_spaces_behind(value.raw_json_token());
    switch (token.empty() ? '\0' : token.front()) {
      case '"':
        return read_string(value, token, name, column);
      case '{':
        return read_object(value, name, column);
      case '[':
        return read_array(value, name, column);
      default:
        break;
    }
    const RowError error = append_json_scalar(token, fields_.unit, column);
    was_null_ = token == "null";
    return error == RowError::kNone ? error : fail(error, name, token, column.type());
  }

  RowError read_string(ondemand::value& value, std::string_view token, std::string_view name,
                       ColumnBuilder& column) {
    std::string_view text;
    if (const auto error = value.get_string().get(text); error != simdjson::SUCCESS) {
      return malformed(error);
    }
    const RowError error = append_from_text(text, column);
    return error == RowError::kNone ? error : fail(error, name, token, column.type());
  }

  RowError read_object(ondemand::value& value, std::string_view name, ColumnBuilder& column) {
    ondemand::object object;
    if (const auto error = value.get_object().get(object); error != simdjson::SUCCESS) {
      return malformed(error);
    }
    if (column.type().kind == TypeKind::kText) {
      return append_raw(object.raw_json(), column);
    }
    if (column.type().kind != TypeKind::kStruct) {
      return fail(RowError::kWrongType, name, "an object", column.type());
    }
    const std::vector<Field>& members = *column.type().fields;
    std::vector<bool> seen(members.size());
    for (auto result : object) {
      ondemand::field entry;
      std::string_view key;
      simdjson::error_code error = std::move(result).get(entry);
      if (error == simdjson::SUCCESS) {
        error = entry.unescaped_key().get(key);
      }
      if (error != simdjson::SUCCESS) {
        return malformed(error);
      }
      for (std::size_t i = 0; i < members.size(); ++i) {
        if (!seen[i] && members[i].name == key) {
          seen[i] = true;
          const std::string path = fmt::format("{}.{}", name, key);
          const RowError row_error = read_value(entry.value(), path, column.child(i));
          if (row_error != RowError::kNone) {
            return row_error;
          }
          break;
        }
      }
    }
    for (std::size_t i = 0; i < members.size(); ++i) {
      if (!seen[i]) {
        if (!fields_.whole_field.empty() && name == fields_.whole_field) {
          field_ = fmt::format("{}.{}", name, members[i].name);
          return RowError::kNullNotAllowed;
        }
        column.child(i).append_null();
      }
    }
    column.close_row();
    was_null_ = false;
    return RowError::kNone;
  }

  RowError read_array(ondemand::value& value, std::string_view name, ColumnBuilder& column) {
    ondemand::array array;
    if (const auto error = value.get_array().get(array); error != simdjson::SUCCESS) {
      return malformed(error);
    }
    if (column.type().kind == TypeKind::kText) {
      return append_raw(array.raw_json(), column);
    }
    if (column.type().kind != TypeKind::kArray) {
      return fail(RowError::kWrongType, name, "an array", column.type());
    }
    for (auto result : array) {
      ondemand::value element;
      if (const auto error = std::move(result).get(element); error != simdjson::SUCCESS) {
        return malformed(error);
      }
      const RowError error = read_value(element, name, column.child(0));
      if (error != RowError::kNone) {
        return error;
      }
    }
    column.close_row();
    was_null_ = false;
    return RowError::kNone;
  }

  RowError append_raw(simdjson::simdjson_result<std::string_view> raw, ColumnBuilder& column) {
    std::string_view text;
    if (const auto error = std::move(raw).get(text); error != simdjson::SUCCESS) {
      return malformed(error);
    }
    column.append_text(without_spaces_behind(text));
    return RowError::kNone;
  }

  const JsonFields& fields_;
  ondemand::parser parser_;
  std::vector<bool> seen_;
  bool was_null_ = false;  // The last value read.

  // Why the line failed. The type is null where no single value is to blame; `shown_` lies in the
  // line.
  std::string field_;
  std::string_view shown_;
  const Type* type_ = nullptr;
  simdjson::error_code json_error_ = simdjson::SUCCESS;
};

JsonLineParser::JsonLineParser(const JsonFields& fields) : impl_(std::make_unique<Impl>(fields)) {}
JsonLineParser::~JsonLineParser() = default;

RowError JsonLineParser::read(std::string_view line, std::span<ColumnBuilder> columns,
                              std::string& detail) {
  return impl_->read(line, columns, detail);
}

}  // namespace thalweg
