#include "case_file.h"

#include <charconv>
#include <utility>

namespace thalweg::tests {
namespace {

std::vector<std::string_view> split_lines(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    lines.push_back(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return lines;
}

// The word before the first space; `rest` is what stands after it.
std::string_view first_word(std::string_view text, std::string_view& rest) {
  const std::size_t space = text.find(' ');
  rest = space == std::string_view::npos ? std::string_view() : text.substr(space + 1);
  return text.substr(0, space);
}

struct Section {
  std::string_view kind;
  std::string_view argument;
  std::vector<std::string_view> body;  // Without the empty lines at its end.
};

std::string join(const std::vector<std::string_view>& lines) {
  std::string text;
  for (const std::string_view line : lines) {
    text.append(line).push_back('\n');
  }
  return text;
}

// Every `\xHH` becomes the byte it names.
std::string unescape(const std::string& text) {
  std::string bytes;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned value = 0;
    const char* digits = text.data() + i + 2;
    if (text[i] == '\\' && i + 3 < text.size() && text[i + 1] == 'x' &&
        std::from_chars(digits, digits + 2, value, 16).ptr == digits + 2) {
      bytes.push_back(static_cast<char>(value));
      i += 3;
    } else {
      bytes.push_back(text[i]);
    }
  }
  return bytes;
}

void add_input(const Section& section, Case& into) {
  std::string_view flag;
  const std::string name(first_word(section.argument, flag));
  const std::string content = join(section.body);
  into.inputs[name] = flag == "escaped" ? unescape(content) : content;
}

bool add_counts(const Section& section, Case& into) {
  for (const std::string_view line : section.body) {
    std::string_view number;
    const std::string reason(first_word(line, number));
    std::size_t rows = 0;
    if (std::from_chars(number.data(), number.data() + number.size(), rows).ec != std::errc()) {
      return false;
    }
    into.rejected[reason] = rows;
  }
  return true;
}

// False when the section is of no known kind or malformed.
bool add_section(const Section& section, Case& into) {
  if (section.kind == "sql") {
    into.sql = join(section.body);
  } else if (section.kind == "rows") {
    into.rows.push_back(
        {{section.body.begin(), section.body.end()}, section.argument == "ordered"});
  } else if (section.kind == "error") {
    into.error = join(section.body);
  } else if (section.kind == "warning") {
    into.warning = join(section.body);
  } else if (section.kind == "input") {
    add_input(section, into);
  } else if (section.kind == "data") {
    into.data.emplace_back(section.argument);
  } else if (section.kind == "counts") {
    return add_counts(section, into);
  } else {
    return section.kind == "oracle";
  }
  return true;
}

}  // namespace

std::vector<Case> parse_cases(std::string_view text, std::string& problem) {
  std::vector<Case> cases;
  Section section;
  std::size_t number = 0;
  const auto close_section = [&] {
    while (!section.body.empty() && section.body.back().empty()) {
      section.body.pop_back();
    }
    if (!section.kind.empty() && !add_section(section, cases.back())) {
      problem = "section \"" + std::string(section.kind) + "\" of case \"" + cases.back().name +
                "\" is unknown or malformed";
    }
    section = {};
  };
  for (const std::string_view line : split_lines(text)) {
    ++number;
    if (line.starts_with("=== ")) {
      close_section();
      Case next;
      next.name = std::string(line.substr(4));
      next.line = number;
      cases.push_back(std::move(next));
    } else if (line.starts_with("--- ") && !cases.empty()) {
      close_section();
      section.kind = first_word(line.substr(4), section.argument);
    } else if (!section.kind.empty()) {
      section.body.push_back(line);
    }
  }
  close_section();
  return cases;
}

}  // namespace thalweg::tests
