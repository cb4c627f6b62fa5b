#include "base/diagnostic.h"

#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace thalweg {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD
constexpr std::size_t kTabCells = 4;
// A longer source line is cut to the part around the caret.
constexpr std::size_t kLineCellsMax = 160;
constexpr std::size_t kCellsBeforeCaret = 60;

// One character of a text, made fit to be shown.
struct Glyph {
  std::size_t bytes = 1;   // How many it takes in the text.
  std::string_view shown;  // Never a control character or broken UTF-8.
  std::size_t cells = 1;   // Of the terminal. A combining mark has none.
};

// Requires: offset < text.size().
Glyph glyph_at(std::string_view text, std::size_t offset) {
  const auto* bytes = reinterpret_cast<const utf8proc_uint8_t*>(text.data() + offset);
  utf8proc_int32_t code_point = 0;
  const utf8proc_ssize_t length =
      utf8proc_iterate(bytes, static_cast<utf8proc_ssize_t>(text.size() - offset), &code_point);
  if (length <= 0) {
    return {.bytes = 1, .shown = kReplacement, .cells = 1};
  }
  const auto size = static_cast<std::size_t>(length);
  const utf8proc_category_t category = utf8proc_category(code_point);
  if (category == UTF8PROC_CATEGORY_CC || category == UTF8PROC_CATEGORY_CF) {
    return {.bytes = size, .shown = kReplacement, .cells = 1};
  }
  return {.bytes = size,
          .shown = text.substr(offset, size),
          .cells = static_cast<std::size_t>(utf8proc_charwidth(code_point))};
}

std::size_t line_begin(std::string_view text, std::size_t offset) {
  const std::size_t newline = offset == 0 ? std::string_view::npos : text.rfind('\n', offset - 1);
  return newline == std::string_view::npos ? 0 : newline + 1;
}

std::string_view line_at(std::string_view text, std::size_t begin) {
  std::string_view line = text.substr(begin, text.find('\n', begin) - begin);
  if (line.ends_with('\r')) {
    line.remove_suffix(1);
  }
  return line;
}

// A source line as shown, with the cells that the marked part takes in it.
struct ShownLine {
  std::string text;
  std::size_t mark_begin = 0;
  std::size_t mark_cells = 0;
};

// Whether an option of that name, also one that is written wrong, may hold what nobody is to see.
bool is_secret(std::string_view option) {
  std::string name(option);
  std::ranges::transform(name, name.begin(), [](unsigned char c) { return std::tolower(c); });
  constexpr std::array<std::string_view, 6> kParts{"word",  "secret", "token",
                                                   "jaas.", ".pem",   "credential"};
  return std::ranges::any_of(
      kParts, [&](std::string_view part) { return name.find(part) != std::string::npos; });
}

// The line with stars for the values of such options, as many as they have bytes. References to
// secrets, `${...}`, stay.
std::string without_secrets(std::string_view line) {
  std::string shown(line);
  std::string_view option;  // The last name or text.
  bool is_assigned = false;
  for (std::size_t at = 0; at < line.size();) {
    const char c = line[at];
    const bool is_text = c == '\'';
    const std::size_t begin = at + (is_text ? 1 : 0);
    std::size_t end = begin;
    if (is_text) {
      end = std::min(line.find('\'', begin), line.size());
    } else {
      while (end < line.size() && (std::isalnum(static_cast<unsigned char>(line[end])) != 0 ||
                                   line[end] == '_' || line[end] == '.')) {
        ++end;
      }
    }
    if (is_text || end > begin) {
      const std::string_view value = line.substr(begin, end - begin);
      if (is_text && is_assigned && is_secret(option) && !value.starts_with("${")) {
        shown.replace(begin, value.size(), value.size(), '*');
      }
      option = value;
      is_assigned = false;
      at = end + (is_text ? 1 : 0);
    } else {
      is_assigned |= c == '=';
      ++at;
    }
  }
  return shown;
}

// Marks the bytes [begin, end) of the line. Shows at most kLineCellsMax cells of it.
ShownLine show_line(std::string_view line, std::size_t begin, std::size_t end) {
  ShownLine shown;
  std::size_t cells_to_mark = 0;
  for (std::size_t at = 0; at < std::min(begin, line.size());) {
    const Glyph glyph = glyph_at(line, at);
    cells_to_mark += glyph.cells;
    at += glyph.bytes;
  }
  const bool cut = cells_to_mark > kLineCellsMax - kCellsBeforeCaret;
  const std::size_t first = cut ? cells_to_mark - kCellsBeforeCaret : 0;
  std::size_t skipped = 0;
  std::size_t cells = 0;
  if (cut) {
    shown.text = "…";
    cells = 1;
  }
  std::size_t mark_begin = std::string_view::npos;
  std::size_t at = 0;
  while (at < line.size() && cells < kLineCellsMax) {
    const Glyph glyph = glyph_at(line, at);
    if (skipped < first) {
      skipped += glyph.cells;
      at += glyph.bytes;
      continue;
    }
    if (at >= begin && mark_begin == std::string_view::npos) {
      mark_begin = cells;
    }
    const bool tab = line[at] == '\t';
    const std::size_t width = tab ? kTabCells - cells % kTabCells : glyph.cells;
    tab ? shown.text.append(width, ' ') : shown.text.append(glyph.shown);
    cells += width;
    if (at >= begin && at < end) {
      shown.mark_cells += width;
    }
    at += glyph.bytes;
  }
  if (at < line.size()) {
    shown.text += "…";
  }
  shown.mark_begin = mark_begin == std::string_view::npos ? cells : mark_begin;
  shown.mark_cells = std::max<std::size_t>(shown.mark_cells, 1);
  return shown;
}

// Text of ours that may quote the user's: control characters are not passed on, and further
// lines are indented to stand under the first.
std::string clean(std::string_view text, std::size_t indent) {
  std::string result;
  for (std::size_t at = 0; at < text.size();) {
    const Glyph glyph = glyph_at(text, at);
    if (text[at] == '\n') {
      result += '\n';
      result.append(indent, ' ');
    } else {
      result += text[at] == '\t' ? " " : glyph.shown;
    }
    at += glyph.bytes;
  }
  return result;
}

struct Palette {
  std::string_view severity;
  std::string_view bold;
  std::string_view frame;
  std::string_view reset;
};

Palette palette(Severity severity, bool color) {
  if (!color) {
    return {};
  }
  return {.severity = severity == Severity::kError ? "\x1b[1;31m" : "\x1b[1;33m",
          .bold = "\x1b[1m",
          .frame = "\x1b[34m",
          .reset = "\x1b[0m"};
}

std::string_view severity_name(Severity severity) {
  return severity == Severity::kError ? "error" : "warning";
}

bool has_place(const Diagnostic& diagnostic) {
  return diagnostic.span.begin != 0 || diagnostic.span.end != 0;
}

std::string paint(std::string_view colour, std::string_view text, const Palette& colours) {
  return std::string(colour).append(text).append(colours.reset);
}

// The place, the source line and the mark under it.
std::string render_place(const SourceText& source, const Diagnostic& diagnostic,
                         const Palette& colours) {
  const std::size_t offset = std::min<std::size_t>(diagnostic.span.begin, source.text.size());
  const LineColumn place = locate(source.text, diagnostic.span.begin);
  const std::string number = std::to_string(place.line);
  const std::string margin(number.size() + 1, ' ');
  const std::size_t begin = line_begin(source.text, offset);
  const std::size_t end = std::max<std::size_t>(diagnostic.span.end, offset);
  const ShownLine line =
      show_line(without_secrets(line_at(source.text, begin)), offset - begin, end - begin);

  std::string out = margin + paint(colours.frame, "┌─", colours) + " " + clean(source.name, 0) +
                    ":" + number + ":" + std::to_string(place.column) + "\n";
  out += paint(colours.frame, number + " │", colours) + " " + line.text + "\n";
  std::string mark(line.mark_cells, '^');
  if (!diagnostic.label.empty()) {
    mark += " " + clean(diagnostic.label, 0);
  }
  out += margin + paint(colours.frame, "│", colours) + " " + std::string(line.mark_begin, ' ') +
         paint(colours.severity, mark, colours) + "\n";
  return out;
}

void append_json_text(std::string& out, std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  out += '"';
  for (std::size_t at = 0; at < text.size();) {
    const char c = text[at];
    const Glyph glyph = glyph_at(text, at);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += "\\u00";
      out += kHex[static_cast<unsigned char>(c) >> 4];
      out += kHex[static_cast<unsigned char>(c) & 15];
    } else {
      // Valid characters as they are, even those not shown on a terminal.
      const bool broken = glyph.bytes == 1 && static_cast<unsigned char>(c) >= 0x80;
      out += broken ? kReplacement : text.substr(at, glyph.bytes);
    }
    at += glyph.bytes;
  }
  out += '"';
}

}  // namespace

void Diagnostics::add(Diagnostic diagnostic) {
  // A part that is bound twice (the operand of BETWEEN) is told of once.
  const bool known = std::any_of(all_.begin(), all_.end(), [&](const Diagnostic& other) {
    return other.span.begin == diagnostic.span.begin && other.span.end == diagnostic.span.end &&
           other.span.end > 0 && other.severity == diagnostic.severity &&
           other.code == diagnostic.code && other.message == diagnostic.message;
  });
  if (known) {
    return;
  }
  if (diagnostic.severity == Severity::kError && ++errors_ > kErrorsMax) {
    return;
  }
  all_.push_back(std::move(diagnostic));
}

LineColumn locate(std::string_view text, std::uint32_t offset) {
  const std::size_t end = std::min<std::size_t>(offset, text.size());
  const std::size_t begin = line_begin(text, end);
  LineColumn place;
  place.line += static_cast<std::uint32_t>(
      std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(begin), '\n'));
  for (std::size_t at = begin; at < end;) {
    const Glyph glyph = glyph_at(text, at);
    place.column += glyph.cells > 0 ? 1 : 0;
    at += glyph.bytes;
  }
  return place;
}

std::string render_text(const SourceText& source, const Diagnostic& diagnostic, bool color) {
  const Palette colours = palette(diagnostic.severity, color);
  std::string out =
      paint(colours.severity, std::string(severity_name(diagnostic.severity)) + ":", colours) +
      " " + paint(colours.bold, clean(diagnostic.message, 2), colours) + "\n";
  std::size_t margin = 2;
  if (has_place(diagnostic)) {
    out += render_place(source, diagnostic, colours);
    margin = std::to_string(locate(source.text, diagnostic.span.begin).line).size() + 1;
  }
  const std::string indent(margin, ' ');
  for (const std::string& note : diagnostic.notes) {
    out += indent + paint(colours.frame, "=", colours) + " " + clean(note, margin + 2) + "\n";
  }
  if (!diagnostic.code.empty()) {
    out += indent + paint(colours.frame, "=", colours) + " help: thalweg help " + diagnostic.code +
           "\n";
  }
  return out;
}

std::string render_json(const SourceText& source, const Diagnostic& diagnostic) {
  std::string out = "{\"code\":";
  append_json_text(out, diagnostic.code);
  out.append(",\"severity\":\"").append(severity_name(diagnostic.severity)).append("\"");
  out += ",\"message\":";
  append_json_text(out, diagnostic.message);
  out += ",\"file\":";
  append_json_text(out, source.name);
  if (has_place(diagnostic)) {
    const LineColumn begin = locate(source.text, diagnostic.span.begin);
    const LineColumn end =
        locate(source.text, std::max(diagnostic.span.begin, diagnostic.span.end));
    out += ",\"line\":" + std::to_string(begin.line);
    out += ",\"column\":" + std::to_string(begin.column);
    out += ",\"end_line\":" + std::to_string(end.line);
    out += ",\"end_column\":" + std::to_string(end.column);
  } else {
    out += R"(,"line":null,"column":null,"end_line":null,"end_column":null)";
  }
  out += ",\"hints\":[";
  std::string_view comma;
  if (!diagnostic.label.empty()) {
    append_json_text(out, diagnostic.label);
    comma = ",";
  }
  for (const std::string& note : diagnostic.notes) {
    out += comma;
    append_json_text(out, note);
    comma = ",";
  }
  return out + "]}";
}

}  // namespace thalweg
