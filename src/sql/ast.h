#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "sql/ast_expr.h"
#include "sql/ast_query.h"

// The syntax tree of a script: what the text says, before any name in it is looked up.
namespace thalweg::ast {

struct Statement;

// `METADATA [FROM 'key'] [VIRTUAL]` after a column's type.
struct Metadata {
  std::optional<std::string> key;  // The column's own name when left out.
  Span span;
};

struct Column {
  Name name;
  std::optional<TypeName> type;  // May be left out for a computed column.
  bool not_null = false;
  bool primary_key = false;
  ExprPtr computed;       // `col AS (expr)`, `col type GENERATED ALWAYS AS (expr)`.
  ExprPtr default_value;  // DEFAULT expr.
  std::optional<Metadata> metadata;
  Span span;
};

struct Watermark {
  Name column;
  ExprPtr value;  // Null in `WATERMARK FOR c`.
  Span span;
};

struct PrimaryKey {
  std::vector<Name> columns;
  Span span;
};

enum class TableRole : std::uint8_t { kTable, kSource, kSink };

// CREATE TABLE | SOURCE | SINK.
struct CreateTable {
  TableRole role = TableRole::kTable;
  bool or_replace = false;
  bool temporary = false;
  bool if_not_exists = false;
  QualifiedName name;
  std::vector<Column> columns;
  std::optional<Watermark> watermark;
  std::optional<PrimaryKey> primary_key;  // The table's; a column's stands at the column.
  std::vector<Name> partitioned_by;
  bool has_with = false;  // Without it a table is kept in memory.
  std::vector<Option> options;
  Span options_span;
  QueryPtr query;  // CREATE SINK ... AS query.
};

struct CreateView {
  bool or_replace = false;
  bool temporary = false;
  bool materialized = false;
  bool if_not_exists = false;
  QualifiedName name;
  std::vector<Name> columns;
  QueryPtr query;
};

struct Insert {
  QualifiedName table;
  std::vector<Name> columns;
  bool by_name = false;
  QueryPtr query;  // VALUES too.
  std::vector<Hint> hints;
  Span span;
};

struct Explain {
  bool analyze = false;
  std::vector<Option> options;  // (FORMAT json)
  std::unique_ptr<Statement> statement;
};

// DESCRIBE t, DESCRIBE 'file.jsonl', DESCRIBE SELECT ...
struct Describe {
  TableRefPtr target;
};

enum class ShowKind : std::uint8_t {
  kTables,
  kViews,
  kSources,
  kSinks,
  kFunctions,
  kConnectors,
  kColumns,  // SHOW COLUMNS FROM name.
  kCreate,   // SHOW CREATE TABLE name.
  kSettings,
};

struct Show {
  ShowKind kind = ShowKind::kTables;
  QualifiedName name;  // Of kColumns and kCreate; else empty.
};

// SET k = v, and RESET k, which has no value.
struct Set {
  Option option;
  bool reset = false;
};

enum class DropKind : std::uint8_t { kTable, kView, kSource, kSink };

struct Drop {
  DropKind kind = DropKind::kTable;
  bool if_exists = false;
  bool cascade = false;
  QualifiedName name;
};

// BEGIN STATEMENT SET; ... END: inserts that run as one pipeline.
struct StatementSet {
  std::vector<Insert> inserts;
};

struct Statement {
  using Node = std::variant<QueryPtr, CreateTable, CreateView, Insert, Explain, Describe, Show, Set,
                            Drop, StatementSet>;

  std::string_view text;  // All of the script, which outlives the statement.
  Span span;              // Without the semicolon.
  Node node;              // A QueryPtr is a query by itself, whose rows are shown.

  template <typename T>
  const T* as() const {
    return std::get_if<T>(&node);
  }
};

}  // namespace thalweg::ast
