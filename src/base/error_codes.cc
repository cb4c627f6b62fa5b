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
    {"S0106", "unknown type",
     "No type has this name. There are BOOLEAN, SMALLINT, INT, BIGINT, REAL, DOUBLE, NUMERIC(p, "
     "s), TEXT, BYTEA, DATE, TIME, TIMESTAMP, TIMESTAMPTZ, INTERVAL, STRUCT<...>, ARRAY<...> and "
     "other spellings of these."},
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
    {"S0201", "unknown table", "No table, view or CTE has this name. SHOW TABLES lists them."},
    {"S0202", "declared already",
     "The name is taken by another table, view, CTE or column. CREATE OR REPLACE declares a table "
     "anew."},
    {"S0203", "unknown column",
     "What the query reads has no column of this name. Names without quotes are looked up in lower "
     "case; an alias of the list of SELECT is not known in WHERE."},
    {"S0204", "ambiguous name",
     "Several columns have this name, or several relations of a join. Write table.column, or give "
     "them other names with AS."},
    {"S0205", "unknown function", "No function has this name. SHOW FUNCTIONS lists them."},
    {"S0206", "wrong arguments",
     "The function exists, but not for values of these types, or not for so many."},
    {"S0207", "types do not go together",
     "Two values meet that have no common type. Numbers widen, texts in quotes take the other "
     "side's type, DATE becomes TIMESTAMP; anything else needs a CAST."},
    {"S0208", "malformed value",
     "A text in quotes is read as a value of some type, and does not have its form."},
    {"S0209", "wrong type here",
     "This place needs a value of another type: a condition is BOOLEAN, an event time TIMESTAMP."},
    {"S0210", "no such cast", "Values of the one type cannot be turned into the other."},
    {"S0211", "neither grouped nor aggregated",
     "Where rows are grouped, a column that is not grouped by has many values in a group. Add it "
     "to "
     "GROUP BY, or say which one with an aggregate: first_value, max."},
    {"S0212", "aggregate not allowed here",
     "Aggregates stand in the list of SELECT, in HAVING and in ORDER BY, and not in each other."},
    {"S0213", "no such position",
     "A number in ORDER BY or GROUP BY is the position of a column in the list of SELECT, from 1."},
    {"S0214", "wrong number of columns",
     "Rows that go together, or into a table, need equally many columns."},
    {"S0215", "* not allowed here",
     "* stands for all columns in the list of SELECT, and in count(*)."},
    {"S0216", "number out of range", "The number is larger than its type can be."},
    {"S0217", "not for this function",
     "DISTINCT, FILTER, ORDER BY and * belong to aggregates; functions take values by place."},
    {"S0218", "constant needed", "The value here may not depend on rows, nor be negative."},
    {"S0219", "another kind of thing",
     "The name is of a view where a table is needed, or the other way."},
    {"S0220", "hint without effect",
     "The hint is not known, or does nothing at this place. /*+ id('name') */ after SELECT gives "
     "an "
     "operator its id by hand. /*+ ttl('1 day') */ lets its idle state go."},
    {"S0221", "unknown field", "The value is no STRUCT, or has no field of this name."},
    {"S0222", "column cannot be written so",
     "A computed column takes no value, and a NOT NULL column needs one."},
    {"S0223", "column without a type", "Only computed columns may leave their type out."},
    {"S0224", "wrong constant",
     "An expression over constants fails (1 / 0, 'x'::INT), or a function does not know a constant "
     "that it is given: a pattern, a unit, a time zone, a format. It would fail for every row. "
     "Where "
     "it may not be reached, in CASE, COALESCE, AND and OR, it is a warning."},
    {"S0225", "length without effect",
     "CAST(x AS VARCHAR(n)) cuts to n characters, but TIMESTAMP(p) and TIME(p) keep all "
     "microseconds. In the columns of a table such lengths are not looked at."},
    {"S0226", "no variable of the pattern",
     "DEFINE, SUBSET and AFTER MATCH SKIP TO name variables that stand in PATTERN, each defined "
     "once at most."},
    {"S0301", "comparison with NULL",
     "Nothing equals NULL, nor differs from it: the comparison is NULL. Write IS NULL or IS NOT "
     "DISTINCT FROM."},
    {"S0302", "NOT IN with NULL",
     "x NOT IN (..., NULL) is never true, because x might equal the unknown value."},
    {"P0001", "not supported yet",
     "The statement or clause is understood, but Thalweg cannot run it yet."},
    {"P0101", "no event time",
     "A window needs rows with event time: a table with a WATERMARK, or the result of another "
     "window. Aggregates without a window lose it."},
    {"P0102", "not the event time",
     "A window is taken over the column that WATERMARK names, or over window_start, window_end or "
     "window_time of a windowed aggregate."},
    {"P0103", "wrong window size",
     "A window's size, slide, step and offset are constant intervals; size, slide and step are "
     "more "
     "than zero. Months are possible as the size of TUMBLE, and a row may be in 100,000 windows."},
    {"P0104", "input never ends",
     "ORDER BY, LIMIT and OFFSET count on rows that stay in their place. In a stream without end "
     "only rows in order of event time do, and in one that changes rows it has given none."},
    {"P0105", "no window to close",
     "EMIT ON WINDOW CLOSE, WITH LATENESS and EMIT EVERY are about windows of a table's rows, and "
     "the "
     "query has none."},
    {"P0106", "changes into a sink that cannot take them",
     "An aggregate without a window over endless input gives a new result whenever a row comes. A "
     "sink that can only be added to needs final rows: close windows, read input that ends, or let "
     "the sink take changes with mode = 'upsert', mode = 'changelog' or format = "
     "'debezium-json'."},
    {"P0107", "state without bound",
     "An aggregate without a window keeps a row for every key, and an endless input has ever "
     "more. A join whose rows may be apart as long as they like in one direction keeps every "
     "row of one side, one of equal keys alone every row of both, and one with the nearest row a "
     "row of every key."},
    {"P0108", "endless rows into memory", "A table without WITH is kept in memory, whole."},
    {"P0109", "windows that cannot be told apart",
     "The windows of CUMULATE that belong together begin at the same time, so that only their ends "
     "tell them apart. Windows of so many rows are told apart by window_number."},
    {"P0110", "no key to replace rows by",
     "In a table with mode = 'upsert' a row replaces the one of its key. The key is the table's "
     "PRIMARY KEY, else the columns that the query groups by, where it selects them all."},
    {"P0111", "volatile over rows that change",
     "A row is taken back by the values it had. What is another value at each call, such as "
     "random() "
     "or now(), would not be found again."},
    {"P0112", "no late rows there",
     "LATE(view) lists the rows that came too late for the one step of the view that judges rows: "
     "a "
     "window, or an order by event time. Where it judges rows of several sources, LATE(view, "
     "source) "
     "names one."},
    {"P0113", "late rows that nobody reads",
     "The table says late = 'output', so its late rows have to be written out beside the results "
     "they miss: INSERT INTO ... SELECT * FROM LATE(view) in the same script."},
    {"P0114", "results that come mixed",
     "What stands behind a query without end runs beside it, and JSON and CSV cannot tell the rows "
     "of two results apart."},
    {"P0115", "pattern too large",
     "A pattern is written out place by place: A{2,4} has four. It may have 10,000 places and 64 "
     "variables, and PERMUTE six parts."},
    {"P0116", "not as of a time",
     "ASOF JOIN gives each left row the one right row that is nearest in time: ON has equal "
     "columns "
     "and one comparison of the event times of both sides, with <=, <, >= or >. FOR SYSTEM_TIME AS "
     "OF names the left side's event time, and ON asks that the whole primary key of the table be "
     "equal. Anything else is for WHERE."},
    {"C0101", "unknown connector", "`thalweg connectors` lists the connectors there are."},
    {"C0102", "unknown format", "No format has this name."},
    {"C0103", "cannot be read or written",
     "Some connectors only read, some only write; a SOURCE is not written to, a SINK not read. A "
     "path with * ? or [] stands for files to read."},
    {"C0104", "no connector named", "WITH (...) has to say connector = '...'."},
    {"C0107", "columns not known",
     "The table is declared without columns, and its connector cannot tell them."},
    {"C0108", "no metadata", "The connector has no such metadata of its rows."},
    {"C0109", "no format needed", "The connector's rows are typed already: leave format out."},
    {"C0110", "cannot be looked at",
     "A file or standard input that stands for a table cannot be opened, or its first rows tell no "
     "columns."},
    {"C0111", "a script that cannot be read",
     "The file that should hold the SQL is not there, or may not be read."},
    {"C0112", "not a column of the connector",
     "The connector makes its rows itself. A table may declare some of its columns, by their names "
     "and with their types, or none, which means all."},
    {"P0901", "a pipeline built wrongly",
     "A step of a C++ pipeline names a column that the stream does not have, a window where there "
     "is no event time, or a type that another cannot become."},
    {"C0201", "unknown option",
     "The connector, or its format, has no option of this name. `thalweg connectors NAME` lists "
     "them with what they mean."},
    {"C0202", "option missing", "The connector cannot work without this option."},
    {"C0203", "wrong option value",
     "The option takes another kind of value: true or false, a whole number, perhaps of a least "
     "size, a duration such as '5s', a size such as '64MB', one character, a time, or one of a few "
     "words."},
    {"C0204", "option given twice",
     "The option is there twice with different values, perhaps under another engine's name too."},
    {"C0205", "option without effect",
     "The option is about event time, and the table declares none: WATERMARK FOR its time column "
     "makes it count."},
    {"C0206", "watermark that cannot follow the clock",
     "advance_when_idle moves the watermark to the wall clock minus the delay, so the watermark "
     "must "
     "be the time column minus a constant interval."},
    {"C0207", "setting of another engine",
     "Scripts for Flink set how Flink runs them. Here that says nothing, and the script runs on."},
    {"C0301", "cannot be read or written",
     "What a connector stands for is not there, does not answer, or may not be used: a file that "
     "does not exist, a folder without permission."},
    {"R0001", "the run failed",
     "Something went wrong while rows were flowing: a row was refused under on_error = 'fail' or "
     "came too late under late = 'fail', a "
     "disk is full, an input went away. What had been written may be partial, unless the pipeline "
     "keeps its state: then the same command goes on from its last epoch."},
    {"R0002", "memory_limit is reached",
     "The program has taken as much memory as it may, and pausing its sources has not helped. The "
     "message names what takes most. Smaller windows, a ttl or fewer columns let it keep less; "
     "memory_limit gives it more. A pipeline that keeps its state goes on from its last epoch."},
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
