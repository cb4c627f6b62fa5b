#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sql/binder.h"

// For tests: binds scripts against connectors that exist only by their declarations.
namespace thalweg::sql {

// `events` reads, endlessly with live = true, and knows its own columns with shape = 'own';
// `log` takes rows and nothing else; `upsert` takes changes too.
ConnectorCatalog fake_connectors();

class TestSession {
 public:
  TestSession();

  // Parses and binds all statements; their plans are what the following speak of.
  void run(std::string_view script);

  // Code and message of each error, a line each: "S0203 column "x" does not exist".
  std::string errors() const { return listed(Severity::kError); }
  std::string warnings() const { return listed(Severity::kWarning); }
  // The text under the caret, the label and the notes of the first error.
  std::string place() const;
  std::string label() const;
  std::string notes() const;

  // EXPLAIN of the last script's plans, as bound or rewritten.
  std::string bound() const { return plan::explain_text(plan_); }
  std::string rewritten() const { return plan::explain_text(plan::rewrite(plan_)); }
  const plan::Plan& plan() const { return plan_; }
  // The columns of its last plan: "a INT, b TEXT".
  std::string columns() const;

  const std::vector<BoundStatement>& statements() const { return statements_; }
  Catalog& catalog() { return catalog_; }

 private:
  std::string listed(Severity severity) const;
  const Diagnostic* first_error() const;

  Catalog catalog_;
  std::string script_;
  std::vector<Diagnostic> problems_;
  std::vector<BoundStatement> statements_;
  plan::Plan plan_;
};

}  // namespace thalweg::sql
