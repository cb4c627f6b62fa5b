#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "sql/ast_expr.h"

// The syntax tree of queries. Include sql/ast.h rather than this part of it.
namespace thalweg::ast {

struct TableRef;
using TableRefPtr = std::unique_ptr<TableRef>;

// One `key = value` of WITH (...), SET, EXPLAIN (...) or a hint.
struct Option {
  std::string key;  // As typed, quoted or dotted alike: "properties.group.id".
  Span key_span;
  LiteralKind kind = LiteralKind::kText;  // Of the value. A bare word is kText.
  std::string value;                      // A sign included: "-2".
  Span value_span;
};

// One hint of `/*+ id('x'), options('k' = 'v') */`.
struct Hint {
  Name name;
  std::vector<Option> options;  // With an empty key where only a value stands.
  Span span;
};

struct TableAlias {
  Name name;
  std::vector<Name> columns;
};

struct NamedTable {
  QualifiedName name;
  ExprPtr as_of;  // FOR SYSTEM_TIME AS OF.
};

// 'file.jsonl'
struct FileTable {
  std::string path;
};

struct QueryTable {
  QueryPtr query;
  bool lateral = false;
};

// UNNEST(x), LATE(view), or any other call that gives a table.
struct CallTable {
  ExprPtr call;  // A Call.
  bool with_ordinality = false;
  bool lateral = false;
};

enum class WindowKind : std::uint8_t {
  kTumble,
  kHop,
  kCumulate,
  kSession,
  kTumbleRows,
  kHopRows,
};

// A window table function in any of its spellings, its arguments found by place or by name.
// Where one is required and missing the parser has reported it.
struct WindowTable {
  WindowKind kind = WindowKind::kTumble;
  TableRefPtr input;
  std::vector<ExprPtr> partition_by;  // Of SESSION, TUMBLE_ROWS and HOP_ROWS.
  ExprPtr time;                       // A ColumnRef, with or without DESCRIPTOR around it.
  ExprPtr size;                       // All but SESSION.
  ExprPtr step;                       // HOP's and HOP_ROWS' slide, CUMULATE's step.
  ExprPtr gap;                        // SESSION.
  ExprPtr offset;                     // Optional.
};

enum class JoinKind : std::uint8_t { kInner, kLeft, kRight, kFull, kCross, kSemi, kAnti };

struct Join {
  JoinKind kind = JoinKind::kInner;
  bool asof = false;
  bool natural = false;
  TableRefPtr left;
  TableRefPtr right;
  ExprPtr on;
  std::vector<Name> using_columns;
  Span keywords;  // `LEFT JOIN`, or the comma.
};

// PATTERN (...) of MATCH_RECOGNIZE, or a part of it.
struct RowPattern {
  enum class Kind : std::uint8_t {
    kVariable,
    kSequence,  // Without parts: ().
    kChoice,    // a | b
    kPermute,   // PERMUTE(a, b): all of them in any order.
    kRepeat,    // Of the one part.
    kExcluded,  // {- a -}, the one part.
    kStart,     // ^
    kEnd,       // $
  };
  Kind kind = Kind::kSequence;
  Name variable;
  std::vector<RowPattern> parts;
  std::uint64_t least = 1;
  std::optional<std::uint64_t> most = 1;  // Absent: any number.
  bool reluctant = false;
  Span span;
};

struct MatchMeasure {
  ExprPtr value;
  Name name;
};

// DEFINE variable AS condition.
struct MatchDefinition {
  Name variable;
  ExprPtr condition;
};

// SUBSET name = (members).
struct MatchSubset {
  Name name;
  std::vector<Name> members;
};

enum class RowsPerMatch : std::uint8_t { kOne, kAll, kAllWithoutEmpty, kAllWithUnmatched };
enum class AfterMatch : std::uint8_t { kPastLastRow, kToNextRow, kToFirst, kToLast };

// `input` MATCH_RECOGNIZE (...).
struct MatchTable {
  TableRefPtr input;
  std::vector<ExprPtr> partition_by;
  std::vector<OrderItem> order_by;
  std::vector<MatchMeasure> measures;
  RowsPerMatch rows = RowsPerMatch::kOne;
  AfterMatch after = AfterMatch::kPastLastRow;
  std::optional<Name> skip_to;  // Of kToFirst and kToLast.
  RowPattern pattern;
  ExprPtr within;  // WITHIN INTERVAL '...'; or null.
  std::vector<MatchSubset> subsets;
  std::vector<MatchDefinition> definitions;
  Span rows_span;     // What stands for `rows`.
  Span keyword_span;  // MATCH_RECOGNIZE.
};

struct TableRef {
  using Node =
      std::variant<NamedTable, FileTable, QueryTable, CallTable, WindowTable, MatchTable, Join>;

  Span span;
  Node node;
  std::optional<TableAlias> alias;
  std::vector<Hint> hints;

  template <typename T>
  const T* as() const {
    return std::get_if<T>(&node);
  }
};

struct SelectItem {
  ExprPtr value;
  std::optional<Name> alias;
};

enum class GroupingKind : std::uint8_t { kExprs, kSets, kRollup, kCube };

// `a`, `(a, b)` and `()` are kExprs; GROUPING SETS, ROLLUP and CUBE hold elements.
struct GroupingElement {
  GroupingKind kind = GroupingKind::kExprs;
  std::vector<ExprPtr> exprs;
  std::vector<GroupingElement> elements;
  Span span;
};

struct GroupBy {
  bool all = false;  // GROUP BY ALL.
  std::vector<GroupingElement> elements;
  Span span;
};

struct NamedWindow {
  Name name;
  WindowSpec window;
};

enum class SelectQuantifier : std::uint8_t { kAll, kDistinct, kDistinctOn };

struct Select {
  SelectQuantifier quantifier = SelectQuantifier::kAll;
  std::vector<ExprPtr> distinct_on;
  std::vector<SelectItem> items;
  TableRefPtr from;
  ExprPtr where;
  std::optional<GroupBy> group_by;
  ExprPtr having;
  std::vector<NamedWindow> windows;
  ExprPtr qualify;
  std::vector<Hint> hints;
};

// VALUES (1, 'a'), (2, 'b').
struct Values {
  std::vector<std::vector<ExprPtr>> rows;
};

enum class SetOp : std::uint8_t { kUnion, kIntersect, kExcept };

struct SetOperation {
  SetOp op = SetOp::kUnion;
  bool all = false;
  QueryPtr left;
  QueryPtr right;
  Span op_span;
};

struct Cte {
  Name name;
  std::vector<Name> columns;
  QueryPtr query;
};

enum class EmitKind : std::uint8_t { kOnWindowClose, kChanges, kEvery };

struct Emit {
  EmitKind kind = EmitKind::kOnWindowClose;
  ExprPtr interval;  // EVERY's period, or the lateness of WITH LATENESS; else null.
  Span span;
};

struct Query {
  using Body = std::variant<Select, Values, SetOperation>;

  Span span;
  bool recursive = false;  // WITH RECURSIVE.
  std::vector<Cte> ctes;
  Body body;
  std::vector<OrderItem> order_by;
  ExprPtr limit;
  ExprPtr offset;
  std::optional<Emit> emit;
  int height = 1;  // As Expr::height.
};

}  // namespace thalweg::ast
