#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/diagnostic.h"
#include "catalog/connector_info.h"
#include "plan/plan.h"
#include "sql/ast.h"

namespace thalweg::sql {

// What names mean in a session: tables and views declared so far, and what the world offers.
class Catalog {
 public:
  // `infer_file`: the table that a bare 'x.jsonl' or stdin stands for, its columns inferred from
  // its first rows.
  using InferFile = std::function<Result<TablePtr>(const std::string& path)>;
  Catalog(ConnectorCatalog connectors, InferFile infer_file);
  ~Catalog();

  // Forgets which declarations failed: what lacks them is an error again in another script.
  void begin_script();

  // Knows the same names, and may go on to know others.
  std::unique_ptr<Catalog> copy() const;

  const ConnectorCatalog& connectors() const;
  void add_table(TablePtr table);
  TablePtr find_table(std::string_view name) const;  // Case folded as SQL does.

  // For the binder: see catalog_names.h.
  struct Names;
  Names& names() { return *names_; }

 private:
  std::unique_ptr<Names> names_;
};

struct BoundQuery {
  plan::NodePtr sink;      // A plan::Sink step.
  bool has_order = false;  // Whether the order of rows was asked for.
};
struct BoundExplain {
  BoundQuery query;
  bool analyze = false;
  bool json = false;
};
struct BoundQueries {  // BEGIN STATEMENT SET: sinks of one pipeline.
  std::vector<BoundQuery> queries;
};
struct BoundDdl {};  // Done: the catalogue has changed.
struct BoundSet {
  std::string name;
  std::string value;  // Empty after RESET.
};
struct BoundRows {  // DESCRIBE, SHOW: an answer at hand.
  Schema schema;
  std::vector<std::vector<Value>> rows;
};
using BoundStatement =
    std::variant<BoundQuery, BoundExplain, BoundDdl, BoundSet, BoundRows, BoundQueries>;

// Gives names and types to one statement; declarations are entered into the catalogue. `insert`
// statements become queries whose sink names the table. Problems go to `diagnostics`; nothing is
// returned when there was an error. What two statements read, a table or a view, is one shared step
// of their plans.
std::optional<BoundStatement> bind(const ast::Statement& statement, Catalog& catalog,
                                   Diagnostics& diagnostics);

}  // namespace thalweg::sql
