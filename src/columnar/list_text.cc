#include "columnar/list_text.h"

#include <fmt/format.h>

#include <algorithm>

namespace thalweg {
namespace {

constexpr std::string_view kSpaces = " \t\n\r\f\v";

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = std::min(text.find_first_not_of(kSpaces), text.size());
  return text.substr(begin, text.find_last_not_of(kSpaces) + 1 - begin);
}

bool is_null_word(std::string_view word) {
  constexpr std::string_view kNull = "null";
  return std::equal(word.begin(), word.end(), kNull.begin(), kNull.end(),
                    [](char a, char b) { return (a | 0x20) == b; });
}

struct Brackets {
  char open;
  char close;
  std::string_view quoted;  // Characters for which an element stands in quotes.
};
constexpr Brackets kArrayBrackets{'{', '}', "{},\"\\ \t\n\r\f\v"};
constexpr Brackets kStructBrackets{'(', ')', "(),\"\\ \t\n\r\f\v"};

const Brackets& brackets_of(const Type& type) {
  return type.kind == TypeKind::kArray ? kArrayBrackets : kStructBrackets;
}

std::string format_element(const Value& value, const Type& list) {
  const bool in_array = list.kind == TypeKind::kArray;
  if (value.is_null()) {
    return in_array ? "NULL" : "";
  }
  const std::string text = to_string(value);
  if (in_array && value.type.kind == TypeKind::kArray) {
    return text;
  }
  const bool quote = text.empty() || (in_array && is_null_word(text)) ||
                     text.find_first_of(brackets_of(list).quoted) != std::string::npos;
  if (!quote) {
    return text;
  }
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += in_array ? '\\' : c;
    }
    out += c;
  }
  return out + '"';
}

class ListParser {
 public:
  ListParser(std::string_view text, const Type& type) : all_(text), text_(text), type_(type) {}

  Result<Value> parse() {
    TW_TRY_ASSIGN(Value value, parse_nested(type_));
    skip_spaces();
    return text_.empty() ? Result<Value>{std::move(value)} : not_a_list();
  }

 private:
  // As deep as the type is nested.
  Result<Value> parse_nested(const Type& type) {
    const Brackets& brackets = brackets_of(type);
    skip_spaces();
    if (!take(brackets.open)) {
      return not_a_list();
    }
    Value::List list;
    if (type.kind == TypeKind::kArray) {
      skip_spaces();
      if (take(brackets.close)) {
        return Value{type, std::move(list)};
      }
    }
    do {
      const std::size_t field = type.kind == TypeKind::kArray ? 0 : list.size();
      if (field == type.fields->size()) {
        return not_a_list();
      }
      TW_TRY_ASSIGN(Value value, parse_element((*type.fields)[field].type, type));
      list.push_back(std::move(value));
    } while (take(','));
    if (!take(brackets.close) ||
        (type.kind == TypeKind::kStruct && list.size() != type.fields->size())) {
      return not_a_list();
    }
    return Value{type, std::move(list)};
  }

  Result<Value> parse_element(const Type& type, const Type& list) {
    const bool in_array = list.kind == TypeKind::kArray;
    if (in_array && type.kind == TypeKind::kArray) {
      TW_TRY_ASSIGN(Value nested, parse_nested(type));
      skip_spaces();
      return nested;
    }
    const Word word = take_word(brackets_of(list).close);
    if (word.quoted) {
      return parse_value(word.text, type);
    }
    if (in_array) {
      const std::string_view element = trimmed(word.text);
      if (element.empty()) {
        return not_a_list();
      }
      return is_null_word(element) ? null_value(type) : parse_value(element, type);
    }
    return word.text.empty() ? null_value(type) : parse_value(word.text, type);
  }

  struct Word {
    std::string text;
    bool quoted = false;
  };

  // Up to the next comma or `close` that is not in quotes.
  Word take_word(char close) {
    Word word;
    bool inside = false;
    if (const std::size_t spaces = text_.find_first_not_of(kSpaces);
        spaces != std::string_view::npos && text_[spaces] == '"') {
      text_.remove_prefix(spaces);
    }
    while (!text_.empty() && (inside || (text_.front() != ',' && text_.front() != close))) {
      const char c = text_.front();
      text_.remove_prefix(1);
      if (c == '\\' && !text_.empty()) {
        word.text += text_.front();
        text_.remove_prefix(1);
      } else if (c == '"') {
        // Inside quotes, two of them are one of the text.
        if (inside && take('"')) {
          word.text += c;
        } else {
          inside = !inside;
          word.quoted = true;
        }
      } else if (inside || !word.quoted || kSpaces.find(c) == std::string_view::npos) {
        word.text += c;
      }
    }
    return word;
  }

  bool take(char wanted) {
    if (!text_.starts_with(wanted)) {
      return false;
    }
    text_.remove_prefix(1);
    return true;
  }

  void skip_spaces() {
    text_.remove_prefix(std::min(text_.find_first_not_of(kSpaces), text_.size()));
  }

  Status not_a_list() const {
    return invalid_argument(fmt::format("\"{}\" is not a {}", all_, to_string(type_)));
  }

  std::string_view all_;
  std::string_view text_;  // What is left of it.
  const Type& type_;
};

}  // namespace

std::string format_list(const Value& value) {
  const Brackets& brackets = brackets_of(value.type);
  std::string out{brackets.open};
  std::string_view separator;
  for (const Value& element : std::get<Value::List>(value.data)) {
    out += separator;
    out += format_element(element, value.type);
    separator = ",";
  }
  return out + brackets.close;
}

Result<Value> parse_list(std::string_view text, const Type& type) {
  return ListParser(text, type).parse();
}

}  // namespace thalweg
