#include "api/table_text.h"

#include <fmt/format.h>
#include <utf8proc.h>

#include <algorithm>
#include <array>

#include "formats/change_ops.h"

namespace thalweg {
namespace {

constexpr std::string_view kNull = "NULL";
constexpr std::string_view kGap = "  ";

bool is_number(std::string_view type) {
  constexpr std::array<std::string_view, 6> kNames = {"SMALLINT", "INT",    "BIGINT",
                                                      "REAL",     "DOUBLE", "DOUBLE PRECISION"};
  return std::find(kNames.begin(), kNames.end(), type) != kNames.end() ||
         (type.starts_with("NUMERIC") && !type.ends_with("[]"));
}

void trim_right(std::string& text) {
  while (!text.empty() && text.back() == ' ') {
    text.pop_back();
  }
}

}  // namespace

std::size_t display_width(std::string_view text) {
  const auto* bytes = reinterpret_cast<const utf8proc_uint8_t*>(text.data());
  auto left = static_cast<utf8proc_ssize_t>(text.size());
  std::size_t width = 0;
  while (left > 0) {
    utf8proc_int32_t character = 0;
    const utf8proc_ssize_t length =
        std::max<utf8proc_ssize_t>(1, utf8proc_iterate(bytes, left, &character));
    width += static_cast<std::size_t>(character < 0 ? 1 : utf8proc_charwidth(character));
    bytes += length;
    left -= length;
  }
  return width;
}

std::string printable(std::string_view text) {
  std::string shown;
  for (const char c : text) {
    if (c == '\n') {
      shown += "\\n";
    } else if (c == '\t') {
      shown += "\\t";
    } else if (c == '\r') {
      shown += "\\r";
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      shown += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    } else {
      shown += c;
    }
  }
  return shown;
}

TableText::TableText(const ResultHeader& header) : updating_(header.updating), key_(header.key) {
  if (updating_) {
    columns_.push_back({.name = "op", .right = false, .width = 2});
  }
  for (const ResultHeader::Column& column : header.columns) {
    const std::string name = printable(column.name);
    columns_.push_back(
        {.name = name, .right = is_number(column.type), .width = display_width(name)});
  }
}

void TableText::add(const Rows& rows) {
  const std::uint32_t first = updating_ ? 1 : 0;
  const std::vector<ChangeOp> ops = change_ops(rows.batch(), key_);
  for (std::uint32_t row = 0; row < rows.count(); ++row) {
    std::vector<std::string> cells;
    if (updating_) {
      cells.emplace_back(to_string(ops[row]));
    }
    for (std::uint32_t column = 0; column + first < columns_.size(); ++column) {
      cells.push_back(rows.is_null(row, column) ? std::string(kNull)
                                                : printable(rows.text(row, column)));
      ColumnLayout& layout = columns_[column + first];
      const std::size_t width = display_width(cells.back());
      if (width > layout.width) {
        layout.width = width;
        header_due_ = true;
      }
    }
    waiting_.push_back(std::move(cells));
  }
  rows_ += rows.count();
}

std::string TableText::take(bool ends) {
  std::string text;
  if (header_due_ && (!waiting_.empty() || rows_ == 0)) {
    text += header_line();
    header_due_ = false;
  }
  for (const std::vector<std::string>& cells : waiting_) {
    text += line(cells);
  }
  waiting_.clear();
  if (ends) {
    text += fmt::format("({} row{})\n", rows_, rows_ == 1 ? "" : "s");
  }
  return text;
}

std::string TableText::header_line() const {
  std::vector<std::string> names;
  std::string rule;
  for (const ColumnLayout& column : columns_) {
    names.push_back(column.name);
    rule += rule.empty() ? "" : std::string(kGap);
    for (std::size_t i = 0; i < column.width; ++i) {
      rule += "─";
    }
  }
  return line(names) + rule + "\n";
}

std::string TableText::line(const std::vector<std::string>& cells) const {
  std::string text;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const std::string padding(
        columns_[i].width - std::min(columns_[i].width, display_width(cells[i])), ' ');
    text += i == 0 ? "" : std::string(kGap);
    text += columns_[i].right ? padding + cells[i] : cells[i] + padding;
  }
  trim_right(text);
  return text + "\n";
}

}  // namespace thalweg
