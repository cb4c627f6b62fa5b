#include "formats/value_writer.h"

#include <absl/strings/escaping.h>
#include <fmt/format.h>

#include <array>
#include <cmath>

#include "columnar/calendar.h"
#include "columnar/value.h"

namespace thalweg {
namespace {

void append_integer(std::int64_t value, std::string& out) {
  const fmt::format_int digits(value);
  out.append(digits.data(), digits.size());
}

bool append_if_integer(const Column& column, RowIndex row, std::string& out) {
  switch (column.type().kind) {
    case TypeKind::kSmallint:
      append_integer(column.values<std::int16_t>()[row], out);
      return true;
    case TypeKind::kInt:
      append_integer(column.values<std::int32_t>()[row], out);
      return true;
    case TypeKind::kBigint:
      append_integer(column.values<std::int64_t>()[row], out);
      return true;
    default:
      return false;
  }
}

// The escape of each character that cannot stand in a JSON string by itself; 'u' for \u00xx.
constexpr std::array<char, 256> make_escapes() {
  std::array<char, 256> table{};
  for (std::size_t i = 0; i < 0x20; ++i) {
    table[i] = 'u';
  }
  table['"'] = '"';
  table['\\'] = '\\';
  table['\b'] = 'b';
  table['\f'] = 'f';
  table['\n'] = 'n';
  table['\r'] = 'r';
  table['\t'] = 't';
  return table;
}
constexpr std::array<char, 256> kEscapes = make_escapes();

void append_json_time(std::int64_t micros, std::string& out) {
  std::string text = format_timestamp(micros);
  text[text.find(' ')] = 'T';
  out += text;
  out += 'Z';
}

void append_json_floating(double value, const Column& column, RowIndex row, std::string& out) {
  if (std::isfinite(value)) {
    append_plain(column, row, out);
  } else {
    out += '"';
    append_plain(column, row, out);
    out += '"';
  }
}

void append_json_struct(const Column& column, RowIndex row, std::string& out) {
  out += '{';
  for (std::size_t i = 0; i < column.children().size(); ++i) {
    out += i == 0 ? "" : ",";
    append_json_string((*column.type().fields)[i].name, out);
    out += ':';
    append_json(column.children()[i], row, out);
  }
  out += '}';
}

void append_json_array(const Column& column, RowIndex row, std::string& out) {
  out += '[';
  const std::int32_t begin = column.offsets()[row];
  for (std::int32_t i = begin; i < column.offsets()[row + 1]; ++i) {
    out += i == begin ? "" : ",";
    append_json(column.children().front(), static_cast<RowIndex>(i), out);
  }
  out += ']';
}

}  // namespace

void append_plain(const Column& column, RowIndex row, std::string& out) {
  if (column.type().kind == TypeKind::kText) {
    out += column.text(row);
  } else if (!append_if_integer(column, row, out)) {
    out += to_string(value_at(column, row));
  }
}

void append_json_string(std::string_view text, std::string& out) {
  out += '"';
  std::size_t written = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char escape = kEscapes[static_cast<unsigned char>(text[i])];
    if (escape == 0) {
      continue;
    }
    out += text.substr(written, i - written);
    written = i + 1;
    if (escape == 'u') {
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned>(text[i]));
    } else {
      out += '\\';
      out += escape;
    }
  }
  out += text.substr(written);
  out += '"';
}

void append_json(const Column& column, RowIndex row, std::string& out) {
  if (!column.is_valid(row)) {
    out += "null";
    return;
  }
  switch (column.type().kind) {
    case TypeKind::kNull:
      out += "null";
      return;
    case TypeKind::kBoolean:
      out += column.bit(row) ? "true" : "false";
      return;
    case TypeKind::kSmallint:
    case TypeKind::kInt:
    case TypeKind::kBigint:
    case TypeKind::kNumeric:
      append_plain(column, row, out);
      return;
    case TypeKind::kReal:
      append_json_floating(double{column.values<float>()[row]}, column, row, out);
      return;
    case TypeKind::kDouble:
      append_json_floating(column.values<double>()[row], column, row, out);
      return;
    case TypeKind::kText:
      append_json_string(column.text(row), out);
      return;
    case TypeKind::kBytea: {
      const std::string_view bytes = column.text(row);
      out += '"' + absl::Base64Escape({bytes.data(), bytes.size()}) + '"';
      return;
    }
    case TypeKind::kDate:
    case TypeKind::kTime:
    case TypeKind::kInterval:
      out += '"';
      append_plain(column, row, out);
      out += '"';
      return;
    case TypeKind::kTimestamp:
    case TypeKind::kTimestamptz:
      out += '"';
      append_json_time(column.values<std::int64_t>()[row], out);
      out += '"';
      return;
    case TypeKind::kStruct:
      append_json_struct(column, row, out);
      return;
    case TypeKind::kArray:
      append_json_array(column, row, out);
      return;
  }
}

}  // namespace thalweg
