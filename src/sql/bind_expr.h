#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "expr/aggregate.h"
#include "sql/match_uses.h"
#include "sql/over_uses.h"
#include "sql/scope.h"

namespace thalweg::sql {

// A bound expression; `expr` is null when it was in error, which has then been reported.
struct Bound {
  ExprPtr expr;
  bool text_literal = false;  // A text in quotes, that still takes any type that reads text.

  explicit operator bool() const { return expr != nullptr; }
  ArgumentType argument() const;
};

// The aggregates of one SELECT, each once. In expressions of it, column number `input_columns` + i
// stands for the i-th.
struct AggregateUses {
  std::uint32_t input_columns = 0;
  // GROUP BY TUMBLE(...), HOP(...) or SESSION(...): the first of the last three input columns,
  // which are the bounds of the window, for TUMBLE_START and its kin.
  std::optional<std::uint32_t> window_columns;
  ast::WindowKind window = ast::WindowKind::kTumble;
  std::vector<ExprPtr> window_arguments;
  std::string window_written;
  std::vector<AggregateCall> calls;
  // The arguments of each GROUPING(...), and where it stands.
  struct Grouping {
    std::vector<ExprPtr> keys;
    Span span;
  };
  std::vector<Grouping> groupings;
};

// In expressions of one SELECT, the column that stands for the rank of its rows.
inline constexpr std::uint32_t kRankColumn = 1U << 30;
// From here on: columns that stand for each GROUPING(...).
inline constexpr std::uint32_t kGroupingColumn = 1U << 29;

// Gives names and types to expressions over the columns of one scope.
class ExprBinder {
 public:
  // `clause` is where the expressions stand, for messages: "WHERE". Aggregates are entered into
  // `aggregates`, calls OVER windows into `overs`; where that is null there may be none.
  ExprBinder(BindContext& context, const Scope& scope, std::string clause,
             AggregateUses* aggregates = nullptr, OverUses* overs = nullptr)
      : context_(context),
        scope_(scope),
        clause_(std::move(clause)),
        aggregates_(aggregates),
        overs_(overs) {}

  Bound bind(const ast::Expr& expr);

  // The same, in the type that it has when nothing around it asks for another: TEXT for texts and
  // bare NULLs. Null in error.
  ExprPtr bind_value(const ast::Expr& expr);

  // A condition: BOOLEAN or NULL. Null in error.
  ExprPtr bind_condition(const ast::Expr& expr);

  // Whether two bound values are equal: BOOLEAN.
  Bound equal(Bound left, Span left_span, Bound right, Span right_span) {
    return resolve("=", {std::move(left), std::move(right)}, {left_span, right_span}, left_span);
  }

  // Where what is bound next stands.
  void set_clause(std::string clause) { clause_ = std::move(clause); }

  // A name that no column has stands for the expression of this name, from now on.
  struct Alias {
    std::string name;
    ExprPtr expr;
  };
  void set_aliases(std::vector<Alias> aliases) { aliases_ = std::move(aliases); }

  // What is bound next stands in MEASURES or DEFINE of MATCH_RECOGNIZE: the scope is its input, and
  // what is told of matches is entered into `match`.
  void set_match(MatchUses* match) { match_ = match; }

  // What is written so stands for this column.
  void set_rank(std::string written) { rank_ = std::move(written); }

  // Where in the text a column reference among the bound expressions stands.
  Span span_of(const Expr& column) const;

 private:
  Bound bind_node(const ast::Literal& literal, const ast::Expr& expr);
  Bound bind_node(const ast::ColumnRef& reference, const ast::Expr& expr);
  Bound bind_node(const ast::Star& star, const ast::Expr& expr);
  Bound bind_node(const ast::IntervalLiteral& literal, const ast::Expr& expr);
  Bound bind_node(const ast::TypedLiteral& literal, const ast::Expr& expr);
  Bound bind_node(const ast::Unary& unary, const ast::Expr& expr);
  Bound bind_node(const ast::Binary& binary, const ast::Expr& expr);
  Bound bind_node(const ast::Logical& logical, const ast::Expr& expr);
  Bound bind_node(const ast::Is& is, const ast::Expr& expr);
  Bound bind_node(const ast::Between& between, const ast::Expr& expr);
  Bound bind_node(const ast::InList& in, const ast::Expr& expr);
  Bound bind_node(const ast::InQuery& in, const ast::Expr& expr);
  Bound bind_node(const ast::Like& like, const ast::Expr& expr);
  Bound bind_node(const ast::Quantified& quantified, const ast::Expr& expr);
  Bound bind_node(const ast::Case& branches, const ast::Expr& expr);
  Bound bind_node(const ast::Cast& cast, const ast::Expr& expr);
  Bound bind_node(const ast::Call& call, const ast::Expr& expr);
  Bound bind_node(const ast::ArrayLiteral& array, const ast::Expr& expr);
  Bound bind_node(const ast::RowLiteral& row, const ast::Expr& expr);
  Bound bind_node(const ast::FieldAccess& access, const ast::Expr& expr);
  Bound bind_node(const ast::Subscript& subscript, const ast::Expr& expr);
  Bound bind_node(const ast::ScalarQuery& query, const ast::Expr& expr);
  Bound bind_node(const ast::Exists& exists, const ast::Expr& expr);

  Bound bind_column(const ast::ColumnRef& reference, const ast::Expr& expr);
  // What an alias stands for; null where the reference is none.
  ExprPtr find_alias(const ast::ColumnRef& reference) const;
  Bound bind_number(const ast::Literal& literal, bool negative, Span span);
  Bound bind_operator(std::string_view name, const ast::Expr& left, const ast::Expr& right,
                      Span span);
  Bound bind_distinct_from(const ast::Binary& binary, Span span);
  Bound bind_aggregate(const ast::Call& call, const AggregateFunction& function,
                       const ast::Expr& expr);
  std::optional<AggregateCall> bind_aggregate_parts(const ast::Call& call,
                                                    const AggregateFunction& function, Span span);
  Bound enter_aggregate(AggregateCall call);
  // TUMBLE_START, TUMBLE_END, TUMBLE_ROWTIME and their kin. Nothing: it is none of them.
  std::optional<Bound> bind_window_bound(const ast::Call& call, const ast::Expr& expr);
  // GROUPING(keys): which of them the row's grouping set has not.
  Bound bind_grouping(const ast::Call& call, const ast::Expr& expr);
  // In bind_over_call.cc.
  Bound bind_over(const ast::Call& call, const ast::Expr& expr);
  bool bind_over_parts(const ast::Call& call, Span span, OverUse& use);
  bool bind_ranking(const ast::Call& call, Span span, OverUse& use);
  bool bind_picking(const ast::Call& call, Span span, OverUse& use);
  bool bind_over_aggregate(const ast::Call& call, Span span, OverUse& use);
  std::optional<std::int64_t> bind_row_count(const ast::Expr& expr, const std::string& what,
                                             std::int64_t least);
  Bound enter_over(OverUse use);
  // In bind_match_value.cc. Nothing: it means what it means elsewhere.
  std::optional<Bound> bind_match_call(const ast::Call& call, const ast::Expr& expr);
  Bound bind_match_column(const ast::ColumnRef& reference, const ast::Expr& expr);
  Bound bind_match_aggregate(const ast::Call& call, Span span);
  Bound bind_match_step(const ast::Call& call, Span span);
  Bound enter_match_row(MatchUse use, const ast::Expr& row, Span span);
  Bound enter_match(MatchUse use, Span span);
  bool check_term(const MatchValue& value, Span span);
  Bound enter_rewritten(AggregateCall call, Span span);
  Bound enter_string_agg(AggregateCall call, Span span);
  // Conditional forms that are spelled as calls: COALESCE, NULLIF, IF. Nothing: it is none of them.
  std::optional<Bound> bind_conditional_call(const ast::Call& call, const ast::Expr& expr);
  Bound bind_nullif(const ast::Call& call, Span span);
  Bound cut_to_length(Bound value, const ast::TypeName& type, Span span);
  Bound bind_field(ExprPtr value, const ast::Name& field);

  // A call of a function of the table. `spans` are the arguments'.
  Bound resolve(const std::string& name, std::vector<Bound> args, const std::vector<Span>& spans,
                Span span);
  void report_unknown_function(const ast::Call& call, Span span);
  std::optional<std::vector<Bound>> bind_all(const std::vector<const ast::Expr*>& exprs);
  // All in their common type; reports when they have none. `what`: "CASE branches".
  bool unify(std::vector<Bound>& values, const std::vector<Span>& spans, const std::string& what,
             Type& type);
  Bound negated_if(bool negated, Bound condition);

  BindContext& context_;
  const Scope& scope_;
  std::string clause_;
  AggregateUses* aggregates_;
  OverUses* overs_;
  MatchUses* match_ = nullptr;
  bool in_aggregate_ = false;
  bool in_over_ = false;
  std::string rank_;
  std::vector<Alias> aliases_;
  // Bound references, kept so that their addresses tell where each stands.
  std::vector<ExprPtr> references_;
  std::map<const Expr*, Span> spans_;
};

}  // namespace thalweg::sql
