#include "base/error_codes.h"

#include <cstddef>

namespace thalweg {
namespace {

constexpr ErrorCode kCodes[] = {
    {"S0001", "script too long", "A script may have up to 1 MiB of text. Split it into several."},
    {"S0002", "nested too deep",
     "Expressions, queries and types may stand in each other up to 256 deep, and so may chains "
     "of one operator, which nest to the left. Give parts of a long one a name, in a WITH clause "
     "or a view; many texts are joined by concat(a, b, ...) rather than by a chain of ||."},
    {"S0003", "unexpected character",
     "The text has a character that no part of SQL begins with, or is not UTF-8. It often comes "
     "with text copied from a page: a space that is none, or curly quotation marks."},
    {"S0004", "text never closed",
     "A text in quotes, or between dollar signs, has no end. A quote inside of it is written "
     "twice: 'it''s'."},
    {"S0005", "quoted name never closed",
     "A name in double quotes or backticks has no end, or nothing in it. The quote itself is "
     "written twice inside of it."},
    {"S0006", "comment never closed",
     "A comment that was opened with /* has no */. Comments stand in each other: each /* needs "
     "its own."},
    {"S0007", "malformed number",
     "A number goes over into letters, or has an underscore or exponent without digits."},
    {"S0008", "malformed escape",
     "In E'...' a backslash begins an escape: \\n, \\t, \\\\, \\', \\x41, \\u00e9 and the like. "
     "Write '...' without the E to have backslashes as they are."},
    {"S0101", "syntax error", "The statement does not go on as SQL allows at this place."},
    {"S0102", "keyword misspelt",
     "The word at this place is none that SQL knows, but is close to one."},
    {"S0103", "reserved word as a name",
     "The word has a meaning in SQL and can be a name only in double quotes: \"order\"."},
    {"S0104", "unknown statement",
     "The statement begins with a word that no statement begins with."},
    {"S0105", "bracket never closed", "A parenthesis or bracket was opened and has no end."},
    {"S0106", "unknown type", "No type has this name. `thalweg help types` lists them."},
    {"S0107", "said twice",
     "A clause, option or property that may stand once stands twice in this place."},
    {"S0108", "wrong arguments of a window",
     "A window table function lacks an argument, or has one that it does not know: "
     "TUMBLE(t, ts, size), HOP(t, ts, slide, size), CUMULATE(t, ts, step, size), "
     "SESSION(t, ts, gap)."},
    {"S0109", "clause out of order",
     "The clauses of a query stand in this order: WITH, SELECT, FROM, WHERE, GROUP BY, HAVING, "
     "WINDOW, QUALIFY, ORDER BY, LIMIT, OFFSET, EMIT."},
    {"S0110", "malformed interval",
     "An interval is written INTERVAL '5 minutes' or INTERVAL '5' MINUTE, with the units year, "
     "quarter, month, week, day, hour, minute, second, millisecond, microsecond."},
    {"S0111", "comparisons in a chain",
     "A comparison cannot be compared again without parentheses. Write a < b AND b < c."},
    {"S0112", "hint without effect",
     "A hint /*+ ... */ works after SELECT, after INSERT INTO and a table's name, and after a "
     "table in FROM. This one stands elsewhere and is taken as a comment."},
    {"P0001", "not supported yet",
     "The statement or clause is understood, but Thalweg cannot run it yet."},
    {"C0201", "unknown option",
     "The connector, or its format, has no option of this name. `thalweg connectors NAME` lists "
     "them with what they mean."},
    {"C0202", "option missing", "The connector cannot work without this option."},
    {"C0203", "wrong option value",
     "The option takes another kind of value: true or false, a whole number, a duration such as "
     "'5s', a size such as '64MB', or one of a few words."},
    {"C0204", "option given twice",
     "The option is there twice, perhaps under another engine's name too."},
    {"C0301", "cannot be read or written",
     "What a connector stands for is not there, does not answer, or may not be used: a file that "
     "does not exist, a folder without permission."},
    {"R0001", "the run failed",
     "Something went wrong while rows were flowing: a row was refused under on_error = 'fail', a "
     "disk is full, an input went away. What had been written may be partial."},
};

bool same_code(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) {
    return false;
  }
  for (std::size_t i = 0; i < a.size(); ++i) {
    const char c = b[i] >= 'a' && b[i] <= 'z' ? static_cast<char>(b[i] - 'a' + 'A') : b[i];
    if (a[i] != c) {
      return false;
    }
  }
  return true;
}

}  // namespace

std::span<const ErrorCode> error_codes() { return kCodes; }

const ErrorCode* find_error_code(std::string_view code) {
  for (const ErrorCode& known : kCodes) {
    if (same_code(known.code, code)) {
      return &known;
    }
  }
  return nullptr;
}

}  // namespace thalweg
