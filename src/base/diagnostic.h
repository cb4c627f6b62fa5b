#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace thalweg {

// A half-open range of bytes in one source text.
struct Span {
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
};

enum class Severity : std::uint8_t { kError, kWarning };

// One thing that is wrong with a query or an option, told so that the user can mend it.
// Codes are stable: S.... syntax and names, P.... planner and streaming limits,
// C.... connectors and options, R.... run time.
struct Diagnostic {
  Severity severity = Severity::kError;
  std::string code;                // "S0203"
  std::string message;             // What is wrong, with the names and values.
  Span span;                       // Where, in the source text; empty at 0 when nowhere.
  std::string label;               // Beside the caret: `did you mean "user"?`. May be empty.
  std::vector<std::string> notes;  // Further lines: what there is, the cure. May be empty.
};

// The errors and warnings of one text, in the order found. Keeps the first kErrorsMax errors.
class Diagnostics {
 public:
  static constexpr int kErrorsMax = 10;

  void add(Diagnostic diagnostic);
  bool has_errors() const { return errors_ > 0; }
  const std::vector<Diagnostic>& all() const { return all_; }

 private:
  std::vector<Diagnostic> all_;
  int errors_ = 0;
};

// A text with the name it is shown under: a file's path, or "<command line>".
struct SourceText {
  std::string name;
  std::string text;
};

struct LineColumn {
  std::uint32_t line = 1;    // From 1.
  std::uint32_t column = 1;  // From 1, in characters as displayed.
};
LineColumn locate(std::string_view text, std::uint32_t offset);

// The form people read: error, place, source line, caret and label, notes.
// `color`: with terminal colours.
std::string render_text(const SourceText& source, const Diagnostic& diagnostic, bool color);

// One JSON object: {code,severity,message,file,line,column,end_line,end_column,hints[]}.
std::string render_json(const SourceText& source, const Diagnostic& diagnostic);

}  // namespace thalweg
