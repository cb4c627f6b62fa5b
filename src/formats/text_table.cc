#include "formats/text_table.h"

#include <fmt/format.h>
#include <utf8proc.h>

#include <algorithm>
#include <utility>

#include "formats/value_writer.h"

namespace thalweg {
namespace {

// Not a character of UTF-8, so no text is taken for it.
constexpr std::string_view kNull = "\xff";
constexpr std::string_view kNullShown = "NULL";
constexpr std::string_view kDim = "\x1b[2m";
constexpr std::string_view kPlain = "\x1b[0m";

// The next character of the text and its width; bytes that are no character count one each.
struct Character {
  std::size_t size = 1;
  std::uint32_t width = 1;
};
Character first_character(std::string_view text) {
  utf8proc_int32_t code = 0;
  const utf8proc_ssize_t size =
      utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                       static_cast<utf8proc_ssize_t>(text.size()), &code);
  if (size <= 0) {
    return {};
  }
  return {.size = static_cast<std::size_t>(size),
          .width = static_cast<std::uint32_t>(std::max(utf8proc_charwidth(code), 0))};
}

// One line, whatever the text holds.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (c == '\r') {
      out += "\\r";
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      out += fmt::format("\\x{:02x}", static_cast<unsigned>(c));
    } else {
      out += c;
    }
  }
  return out;
}

// At most `width` columns of the text; one more for the mark where it was cut.
std::string_view head_of(std::string_view text, std::uint32_t width) {
  std::size_t size = 0;
  for (std::uint32_t used = 0; size < text.size();) {
    const Character next = first_character(text.substr(size));
    if (used + next.width > width) {
      break;
    }
    used += next.width;
    size += next.size;
  }
  return text.substr(0, size);
}

void append_times(std::string_view text, std::size_t times, std::string& out) {
  for (std::size_t i = 0; i < times; ++i) {
    out += text;
  }
}

}  // namespace

std::uint32_t display_width(std::string_view text) {
  std::uint32_t width = 0;
  while (!text.empty()) {
    const Character next = first_character(text);
    width += next.width;
    text.remove_prefix(next.size);
  }
  return width;
}

TextTable::TextTable(const Schema& schema, const TableStyle& style) : style_(style) {
  if (style.changes == ShowChanges::kYes) {
    names_.emplace_back("op");
    right_.push_back(false);
  }
  for (const Field& field : schema) {
    names_.push_back(escaped(field.name));
    right_.push_back(is_numeric(field.type.kind));
  }
}

TextTable::Row TextTable::cells(const Batch& batch, RowIndex row) const {
  Row out;
  if (style_.changes == ShowChanges::kYes) {
    out.emplace_back(change_word(batch.changes ? batch.changes->values<std::int16_t>()[row] : 1));
  }
  std::string text;
  for (const Column& column : batch.columns) {
    if (!column.is_valid(row)) {
      out.emplace_back(kNull);
      continue;
    }
    text.clear();
    append_plain(column, row, text);
    out.push_back(escaped(text));
  }
  return out;
}

void TextTable::add(const Batch& batch, std::string& out) {
  for (std::uint32_t i = 0; i < batch.num_rows(); ++i) {
    Row row = cells(batch, batch.row(i));
    if (shown_) {
      append_row(row, out);
      continue;
    }
    waiting_.push_back(std::move(row));
    if (waiting_.size() >= style_.rows_first) {
      show(out);
    }
  }
}

void TextTable::show(std::string& out) {
  if (shown_) {
    return;
  }
  shown_ = true;
  for (std::size_t i = 0; i < names_.size(); ++i) {
    std::uint32_t width = display_width(names_[i]);
    for (const Row& row : waiting_) {
      width = std::max(width, display_width(row[i] == kNull ? kNullShown : row[i]));
    }
    widths_.push_back(std::max(std::min(width, style_.cell_width_max), std::uint32_t{1}));
  }
  append_rule("┌", "┬", "┐", out);
  append_row(names_, out);
  append_rule("├", "┼", "┤", out);
  for (const Row& row : std::exchange(waiting_, {})) {
    append_row(row, out);
  }
}

void TextTable::end(std::string& out) {
  show(out);
  append_rule("└", "┴", "┘", out);
}

void TextTable::append_row(const Row& row, std::string& out) const {
  for (std::size_t i = 0; i < row.size(); ++i) {
    out += "│ ";
    const bool null = row[i] == kNull;
    std::string_view text = null ? kNullShown : std::string_view(row[i]);
    std::uint32_t width = display_width(text);
    const bool cut = width > widths_[i];
    if (cut) {
      text = head_of(text, widths_[i] - 1);
      width = display_width(text) + 1;
    }
    const std::uint32_t padding = widths_[i] - width;
    out.append(right_[i] ? padding : 0, ' ');
    out += null && style_.color ? kDim : "";
    out += text;
    out += null && style_.color ? kPlain : "";
    out += cut ? "…" : "";
    out.append(right_[i] ? 0 : padding, ' ');
    out += ' ';
  }
  out += "│\n";
}

void TextTable::append_rule(std::string_view left, std::string_view middle, std::string_view right,
                            std::string& out) const {
  for (std::size_t i = 0; i < widths_.size(); ++i) {
    out += i == 0 ? left : middle;
    append_times("─", widths_[i] + 2, out);
  }
  out += right;
  out += '\n';
}

std::string render_table(const Schema& schema, std::span<const Batch> batches, TableStyle style) {
  style.rows_first = UINT32_MAX;
  TextTable table(schema, style);
  std::string out;
  for (const Batch& batch : batches) {
    table.add(batch, out);
  }
  table.end(out);
  return out;
}

}  // namespace thalweg
