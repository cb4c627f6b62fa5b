#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/diagnostic.h"

// The syntax tree of expressions: plain values, each with the span of the text it was made of.
// Include sql/ast.h rather than this part of it.
namespace thalweg::ast {

struct Expr;
struct Query;
using ExprPtr = std::unique_ptr<Expr>;  // Null where the text has left the part out.
using QueryPtr = std::unique_ptr<Query>;

// A name as it stands in the text, without its quotes.
struct Name {
  std::string text;  // As typed.
  std::string key;   // What it is looked up by: lower case, unless in double quotes.
  bool quoted = false;
  Span span;
};

// `name`, `schema.name`. Never empty.
using QualifiedName = std::vector<Name>;

enum class TypeKind : std::uint8_t {
  kBoolean,
  kSmallint,
  kInt,
  kBigint,
  kReal,
  kDouble,
  kNumeric,
  kText,
  kBytea,
  kDate,
  kTime,
  kTimestamp,
  kTimestamptz,
  kInterval,
  kUuid,
  kJson,
  kArray,   // elements[0]
  kMap,     // elements[0] to elements[1]
  kStruct,  // elements, named by fields.
};

// A type with its aliases resolved: STRING and VARCHAR(9) are both kText.
struct TypeName {
  TypeKind kind = TypeKind::kText;
  std::vector<std::int32_t> arguments;  // NUMERIC(10, 2), TIMESTAMP(3), VARCHAR(9).
  std::vector<TypeName> elements;
  std::vector<Name> fields;  // Of kStruct, one for each element.
  bool not_null = false;     // `ARRAY<INT NOT NULL>`, `ROW<a INT NOT NULL>`.
  Span span;
};

// `a`, `t.a`, `t.a.field`: which part is the table is the binder's to find.
struct ColumnRef {
  std::vector<Name> parts;
};

struct StarReplacement {
  ExprPtr value;
  Name name;
};

// `*`, `t.*`, with EXCLUDE and REPLACE. Only as an item of SELECT.
struct Star {
  QualifiedName table;  // Empty for a bare star.
  std::vector<Name> exclude;
  std::vector<StarReplacement> replace;
};

enum class LiteralKind : std::uint8_t { kNull, kBoolean, kInteger, kDecimal, kText };

// NULL, TRUE, 12, 1.5e3, 'text'. A sign is not part of it.
struct Literal {
  LiteralKind kind = LiteralKind::kNull;
  // Numbers in decimal digits without underscores; text unescaped; "true" or "false".
  std::string text;
};

// INTERVAL '5 minutes', INTERVAL '5' MINUTE: `text` has the unit in it ("5 minute") and is
// what PostgreSQL would take as the text of an interval.
struct IntervalLiteral {
  std::string text;
};

// DATE '2026-01-01', TIMESTAMP '...', or any other type before a string.
struct TypedLiteral {
  TypeName type;
  std::string text;
};

enum class UnaryOp : std::uint8_t { kMinus, kPlus, kNot, kBitNot };

struct Unary {
  UnaryOp op = UnaryOp::kMinus;
  ExprPtr operand;
};

enum class BinaryOp : std::uint8_t {
  kAdd,
  kSubtract,
  kMultiply,
  kDivide,
  kModulo,
  kPower,
  kConcat,
  kEqual,
  kNotEqual,
  kLess,
  kLessEqual,
  kGreater,
  kGreaterEqual,
  kIsDistinctFrom,
  kIsNotDistinctFrom,
  kBitAnd,
  kBitOr,
  kBitXor,
  kShiftLeft,
  kShiftRight,
  kJsonGet,         // ->
  kJsonGetText,     // ->>
  kJsonPath,        // #>
  kJsonPathText,    // #>>
  kContains,        // @>
  kContainedBy,     // <@
  kHasKey,          // ?
  kHasAnyKey,       // ?|
  kHasAllKeys,      // ?&
  kMatch,           // ~
  kMatchNoCase,     // ~*
  kNotMatch,        // !~
  kNotMatchNoCase,  // !~*
};

struct Binary {
  BinaryOp op = BinaryOp::kAdd;
  ExprPtr left;
  ExprPtr right;
  Span op_span;
};

enum class LogicalOp : std::uint8_t { kAnd, kOr };

// A chain of AND, or of OR: two or more operands, so that long chains stay shallow.
struct Logical {
  LogicalOp op = LogicalOp::kAnd;
  std::vector<ExprPtr> operands;
};

enum class TruthTest : std::uint8_t { kNull, kTrue, kFalse, kUnknown };

// IS [NOT] NULL, TRUE, FALSE, UNKNOWN.
struct Is {
  ExprPtr operand;
  TruthTest test = TruthTest::kNull;
  bool negated = false;
};

struct Between {
  ExprPtr operand;
  ExprPtr low;
  ExprPtr high;
  bool negated = false;
  bool symmetric = false;
};

struct InList {
  ExprPtr operand;
  std::vector<ExprPtr> items;
  bool negated = false;
};

struct InQuery {
  ExprPtr operand;
  QueryPtr query;
  bool negated = false;
};

enum class LikeKind : std::uint8_t { kLike, kIlike, kSimilar };

struct Like {
  LikeKind kind = LikeKind::kLike;
  ExprPtr operand;
  ExprPtr pattern;
  ExprPtr escape;
  bool negated = false;
};

// `left op ANY (right)`, with an array or a query on the right.
struct Quantified {
  BinaryOp op = BinaryOp::kEqual;
  bool all = false;
  ExprPtr left;
  ExprPtr right;   // Either this
  QueryPtr query;  // or this.
};

struct WhenClause {
  ExprPtr when;
  ExprPtr then;
};

struct Case {
  ExprPtr operand;  // Null in `CASE WHEN condition`.
  std::vector<WhenClause> whens;
  ExprPtr otherwise;
};

// CAST(x AS t), x::t; TRY_CAST gives NULL where the cast fails.
struct Cast {
  ExprPtr operand;
  TypeName type;
  bool try_cast = false;
};

enum class NullsOrder : std::uint8_t { kDefault, kFirst, kLast };

struct OrderItem {
  ExprPtr value;
  bool descending = false;
  NullsOrder nulls = NullsOrder::kDefault;
};

enum class FrameUnit : std::uint8_t { kRows, kRange, kGroups };
enum class FrameBoundKind : std::uint8_t {
  kUnboundedPreceding,
  kPreceding,
  kCurrentRow,
  kFollowing,
  kUnboundedFollowing,
};

struct FrameBound {
  FrameBoundKind kind = FrameBoundKind::kCurrentRow;
  ExprPtr distance;  // Of kPreceding and kFollowing.
};

struct Frame {
  FrameUnit unit = FrameUnit::kRange;
  FrameBound start;
  FrameBound end;
  Span span;
};

// What stands after OVER, or in the WINDOW clause.
struct WindowSpec {
  std::optional<Name> base;  // `OVER w`, `OVER (w ORDER BY ...)`.
  std::vector<ExprPtr> partition_by;
  std::vector<OrderItem> order_by;
  std::optional<Frame> frame;
  Span span;
};

struct Argument {
  std::optional<Name> name;  // `name => value`.
  ExprPtr value;
};

enum class NullTreatment : std::uint8_t { kDefault, kRespect, kIgnore };

// Special spellings are plain calls too, arguments in the order given here:
// EXTRACT(f FROM x): extract('f', x). SUBSTRING(x FROM a FOR b): substring(x, a, b).
// POSITION(a IN b): position(a, b). TRIM(BOTH c FROM x): btrim(x, c), LEADING ltrim, TRAILING
// rtrim. OVERLAY(x PLACING y FROM a FOR b): overlay(x, y, a, b).
// x AT TIME ZONE z: timezone(z, x). CURRENT_DATE, CURRENT_TIMESTAMP, ...: no arguments.
struct Call {
  QualifiedName name;
  std::vector<Argument> arguments;
  bool star = false;  // count(*)
  bool distinct = false;
  NullTreatment nulls = NullTreatment::kDefault;
  std::vector<OrderItem> order_by;      // Inside the parentheses.
  std::vector<OrderItem> within_group;  // WITHIN GROUP (ORDER BY ...).
  ExprPtr filter;                       // FILTER (WHERE ...).
  std::optional<WindowSpec> over;
};

// ARRAY[a, b].
struct ArrayLiteral {
  std::vector<ExprPtr> items;
};

// ROW(a, b), or (a, b).
struct RowLiteral {
  std::vector<ExprPtr> items;
};

// `(x).field`, `f(x).field`: on anything but a plain column.
struct FieldAccess {
  ExprPtr operand;
  Name field;
};

// `a[i]`, `a[low:high]`.
struct Subscript {
  ExprPtr operand;
  ExprPtr index;  // The lower bound of a slice; may be null there.
  ExprPtr upper;
  bool slice = false;
};

struct ScalarQuery {
  QueryPtr query;
};

struct Exists {
  QueryPtr query;
};

struct Expr {
  using Node =
      std::variant<Literal, ColumnRef, Star, IntervalLiteral, TypedLiteral, Unary, Binary, Logical,
                   Is, Between, InList, InQuery, Like, Quantified, Case, Cast, Call, ArrayLiteral,
                   RowLiteral, FieldAccess, Subscript, ScalarQuery, Exists>;

  Span span;  // With the parentheses around it, if any.
  Node node;
  // Levels of nodes from here down, queries included; the parser keeps it within
  // kNestingMax, so that a recursive walk needs no check of its own.
  int height = 1;

  template <typename T>
  const T* as() const {
    return std::get_if<T>(&node);
  }
};

template <typename T>
ExprPtr make_expr(Span span, T node) {
  auto expr = std::make_unique<Expr>();
  expr->span = span;
  expr->node = std::move(node);
  return expr;
}

}  // namespace thalweg::ast
