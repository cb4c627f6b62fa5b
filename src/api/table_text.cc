#include "api/table_text.h"

#include <fmt/format.h>
#include <utf8proc.h>

#include <algorithm>
#include <array>

#include "formats/change_ops.h"
#include "formats/value_writer.h"

namespace thalweg {
namespace {

constexpr std::string_view kNull = "NULL";
constexpr std::string_view kGap = "  ";

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

bool is_plain_ascii(char c) { return !is_control(c) && static_cast<unsigned char>(c) < 0x80; }

// What terminals obey beside the controls of ASCII: those of ISO 6429, of which U+009B begins a
// command, ends of lines, and turns of the direction of writing.
bool is_wide_control(utf8proc_int32_t character) {
  return (character >= 0x80 && character < 0xa0) || (character >= 0x2028 && character <= 0x202e) ||
         (character >= 0x2066 && character <= 0x2069);
}

// Whether a byte is a control or may begin one of those.
bool may_begin_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return is_control(c) || byte == 0xc2 || byte == 0xe2;
}

struct Decoded {
  std::size_t bytes;
  utf8proc_int32_t character;  // Negative: no UTF-8.
};

Decoded decode_first(std::string_view text) {
  utf8proc_int32_t character = 0;
  const utf8proc_ssize_t length =
      utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                       static_cast<utf8proc_ssize_t>(text.size()), &character);
  return {static_cast<std::size_t>(std::max<utf8proc_ssize_t>(1, length)), character};
}

// Takes away the spaces at the end, not further than to `begin`.
void trim_right(std::string& text, std::size_t begin) {
  const std::size_t last = text.find_last_not_of(' ');
  text.resize(std::max(begin, last == std::string::npos ? 0 : last + 1));
}

}  // namespace

bool is_number_type(std::string_view type) {
  constexpr std::array<std::string_view, 6> kNames = {"SMALLINT", "INT",    "BIGINT",
                                                      "REAL",     "DOUBLE", "DOUBLE PRECISION"};
  return std::find(kNames.begin(), kNames.end(), type) != kNames.end() ||
         (type.starts_with("NUMERIC") && !type.ends_with("[]"));
}

DisplayedCharacter first_character(std::string_view text) {
  const Decoded first = decode_first(text);
  return {first.bytes,
          static_cast<std::size_t>(first.character < 0 ? 1 : utf8proc_charwidth(first.character))};
}

std::size_t display_width(std::string_view text) {
  if (std::all_of(text.begin(), text.end(), is_plain_ascii)) {
    return text.size();
  }
  std::size_t width = 0;
  while (!text.empty()) {
    const DisplayedCharacter character = first_character(text);
    width += character.width;
    text.remove_prefix(character.bytes);
  }
  return width;
}

std::string printable(std::string_view text) {
  std::string shown;
  while (!text.empty()) {
    const char c = text.front();
    const Decoded first = decode_first(text);
    if (c == '\n') {
      shown += "\\n";
    } else if (c == '\t') {
      shown += "\\t";
    } else if (c == '\r') {
      shown += "\\r";
    } else if (is_control(c)) {
      shown += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    } else if (is_wide_control(first.character)) {
      shown += fmt::format("\\u{:04x}", static_cast<unsigned>(first.character));
    } else {
      shown += text.substr(0, first.bytes);
    }
    text.remove_prefix(first.bytes);
  }
  return shown;
}

void append_printable(const Rows& rows, std::uint32_t row, std::uint32_t column, std::string& out) {
  const std::size_t begin = out.size();
  append_plain(rows.batch().columns[column], rows.batch().row(row), out);
  if (std::any_of(out.begin() + static_cast<std::ptrdiff_t>(begin), out.end(), may_begin_control)) {
    const std::string shown = printable(std::string_view(out).substr(begin));
    out.replace(begin, std::string::npos, shown);
  }
}

void append_cell(const Rows& rows, std::uint32_t row, std::uint32_t column, std::string& out) {
  if (rows.is_null(row, column)) {
    out += kNull;
  } else {
    append_printable(rows, row, column, out);
  }
}

TableText::TableText(const ResultHeader& header) : updating_(header.updating), key_(header.key) {
  if (updating_) {
    columns_.push_back({.name = "op", .right = false, .width = 2});
  }
  for (const ResultHeader::Column& column : header.columns) {
    const std::string name = printable(column.name);
    columns_.push_back(
        {.name = name, .right = is_number_type(column.type), .width = display_width(name)});
  }
}

void TableText::add(const Rows& rows) {
  const std::uint32_t first = updating_ ? 1 : 0;
  const std::vector<ChangeOp> ops = change_ops(rows.batch(), key_);
  for (std::uint32_t row = 0; row < rows.count(); ++row) {
    if (updating_) {
      const std::size_t begin = waiting_text_.size();
      waiting_text_ += to_string(ops[row]);
      end_cell(begin);
    }
    for (std::uint32_t column = 0; column + first < columns_.size(); ++column) {
      const std::size_t begin = waiting_text_.size();
      append_cell(rows, row, column, waiting_text_);
      end_cell(begin);
    }
  }
  rows_ += rows.count();
}

void TableText::end_cell(std::size_t begin) {
  const std::size_t width = display_width(std::string_view(waiting_text_).substr(begin));
  ColumnLayout& layout = columns_[waiting_.size() % columns_.size()];
  waiting_.push_back({.end = waiting_text_.size(), .width = width});
  if (width > layout.width) {
    layout.width = width;
    header_due_ = true;
  }
}

std::string TableText::take(bool ends) {
  std::string text;
  if (header_due_ && (!waiting_.empty() || rows_ == 0 || ends)) {
    text += header_line();
    header_due_ = false;
  }
  std::size_t begin = 0;
  std::size_t line_begin = text.size();
  for (std::size_t i = 0; i < waiting_.size(); ++i) {
    const std::size_t column = i % columns_.size();
    const Cell& cell = waiting_[i];
    add_cell(text, column, std::string_view(waiting_text_).substr(begin, cell.end - begin),
             cell.width);
    begin = cell.end;
    if (column + 1 == columns_.size()) {
      trim_right(text, line_begin);
      text += '\n';
      line_begin = text.size();
    }
  }
  waiting_.clear();
  waiting_text_.clear();
  if (ends) {
    text += fmt::format("({} row{})\n", rows_, rows_ == 1 ? "" : "s");
  }
  return text;
}

std::string TableText::header_line() const {
  std::string names;
  std::string rule;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    add_cell(names, i, columns_[i].name, display_width(columns_[i].name));
    rule += i == 0 ? "" : std::string(kGap);
    for (std::size_t cell = 0; cell < columns_[i].width; ++cell) {
      rule += "─";
    }
  }
  trim_right(names, 0);
  return names + '\n' + rule + '\n';
}

void TableText::add_cell(std::string& text, std::size_t column, std::string_view cell,
                         std::size_t width) const {
  const ColumnLayout& layout = columns_[column];
  const std::size_t padding = layout.width - std::min(layout.width, width);
  text += column == 0 ? "" : kGap;
  text.append(layout.right ? padding : 0, ' ');
  text += cell;
  text.append(layout.right ? 0 : padding, ' ');
}

}  // namespace thalweg
