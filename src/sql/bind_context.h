#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/diagnostic.h"
#include "sql/ast.h"
#include "sql/catalog_names.h"

namespace thalweg::sql {

// What a query asks of the rows of its one sub-query or join, which may answer some of it itself.
struct OuterCondition {
  const ast::Expr* where = nullptr;
  std::string alias;                       // Of the sub-query, folded.
  std::vector<const ast::Expr*> answered;  // Parts of `where` that need not be asked again.
};

// An EMIT, its interval worked out.
struct EmitRule {
  const ast::Emit& written;
  std::int64_t micros = 0;   // Of EVERY, or the lateness.
  bool used = false;         // Some step of the query goes by it.
  bool over_judged = false;  // Of windows of rows none of which can be late.
};

// The CTEs in force at some place, those of the queries around it after its own.
struct CteScope {
  const CteScope* outer = nullptr;
  std::map<std::string, plan::NodePtr> ctes;  // By folded name.
  // Those that rank rows are bound where they are read, since the condition there may cut them off.
  std::map<std::string, const ast::Cte*> ranked;
};

// What the binder knows while it walks one statement. Lives as long as the statement is bound.
class BindContext {
 public:
  BindContext(Catalog::Names& names, Diagnostics& diagnostics, std::string_view text)
      : names_(names), diagnostics_(diagnostics), text_(text) {}

  Catalog::Names& names() { return names_; }
  // How long operators keep state that no row touches; 0: for ever.
  std::int64_t ttl_micros() const { return hinted_ttl.value_or(names_.ttl_micros); }
  Diagnostics& diagnostics() { return diagnostics_; }

  void error(std::string code, std::string message, Span span, std::string label = "",
             std::vector<std::string> notes = {});
  void warn(std::string code, std::string message, Span span, std::string label = "",
            std::vector<std::string> notes = {});
  // P0001: `what` ("a join") is understood but cannot run yet; `notes` say what can be done
  // instead.
  void not_supported(const std::string& what, Span span, std::vector<std::string> notes = {});

  // The id of the next operator of this kind under the name in force: NAME/kind#n, or the one that
  // a hint gives by hand. The second SELECT by itself has the name query2, and so on.
  std::string next_id(const std::string& kind);

  // A part of the statement as it was typed, in one line.
  std::string written(Span span) const;

  // What the statement's parts inherit from what they stand in; see Inherited.
  const CteScope* ctes = nullptr;
  std::string name = "query";            // The view, CTE, alias or sink that operators stand under.
  EmitRule* emit = nullptr;              // The nearest EMIT.
  bool emit_is_own = false;              // It stands at this very query.
  bool may_not_run = false;              // What is bound now need not be evaluated for every row.
  std::optional<std::string> hinted_id;  // Of the next operator.
  // Of the operators of the SELECT at hand, where a hint says it.
  std::optional<std::int64_t> hinted_ttl;
  OuterCondition* outer = nullptr;             // For the next query.
  const ast::NamedTable* versioned = nullptr;  // A join takes the versions of this one.
  // The types that the next query's columns go to: texts and NULLs in it are read as them.
  const std::vector<Type>* wanted = nullptr;

 private:
  Catalog::Names& names_;
  Diagnostics& diagnostics_;
  std::string_view text_;
  std::map<std::string, int> own_operators_;  // Of a query by itself, whose numbers begin anew.
};

// Gives the context back what it had when this goes out of scope.
class Inherited {
 public:
  explicit Inherited(BindContext& context)
      : context_(context),
        ctes_(context.ctes),
        name_(context.name),
        emit_(context.emit),
        emit_is_own_(context.emit_is_own),
        outer_(context.outer),
        wanted_(context.wanted) {}
  ~Inherited() {
    context_.wanted = wanted_;
    context_.outer = outer_;
    context_.ctes = ctes_;
    context_.name = name_;
    context_.emit = emit_;
    context_.emit_is_own = emit_is_own_;
  }
  Inherited(const Inherited&) = delete;
  Inherited& operator=(const Inherited&) = delete;

 private:
  BindContext& context_;
  const CteScope* ctes_;
  std::string name_;
  EmitRule* emit_;
  bool emit_is_own_;
  OuterCondition* outer_;
  const std::vector<Type>* wanted_;
};

// While it lives, what is bound stands behind something that may decide without it: in a branch of
// CASE, behind the first of COALESCE, AND and OR. Errors there are warned of only.
class MayNotRun {
 public:
  explicit MayNotRun(BindContext& context) : context_(context), outer_(context.may_not_run) {}
  ~MayNotRun() { context_.may_not_run = outer_; }
  MayNotRun(const MayNotRun&) = delete;
  MayNotRun& operator=(const MayNotRun&) = delete;

  // From here on.
  void begin() { context_.may_not_run = true; }

 private:
  BindContext& context_;
  bool outer_;
};

// `did you mean "x"?`, or nothing.
std::string did_you_mean(const std::string& name, const std::vector<std::string>& candidates);

// "a, b, c", cut short where there are many.
std::string list_names(const std::vector<std::string>& names);

}  // namespace thalweg::sql
