#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "thalweg/aggregates.h"
#include "thalweg/detail/columns.h"
#include "thalweg/session.h"

namespace thalweg {

namespace plan {
struct Node;
}

// A connector with its options, as in WITH (...) of SQL.
struct ConnectorOptions {
  std::string connector;
  std::vector<std::pair<std::string, std::string>> options;
};
inline ConnectorOptions connector(std::string name,
                                  std::vector<std::pair<std::string, std::string>> options = {}) {
  return {std::move(name), std::move(options)};
}

namespace detail {

// A step of the plan; null after a mistake, which run() reports.
using PlanNode = std::shared_ptr<const plan::Node>;

enum class Produced : std::uint8_t { kRows, kNothingYet, kEnd };

// Rows of the program, in order. Called by one thread at a time.
class RowProducer {
 public:
  virtual ~RowProducer() = default;
  virtual Produced next(std::uint32_t rows_max, std::vector<ColumnData>& out) = 0;
};

// A function of the program over rows; one per worker.
class RowsFunction {
 public:
  virtual ~RowsFunction() = default;
  virtual void apply(const RowsIn& rows, RowsOut& out) = 0;
};

struct SourceDecl {
  std::string name;
  std::vector<FieldInfo> fields;
  std::optional<ConnectorOptions> connector;                    // Else:
  std::function<std::unique_ptr<RowProducer>()> make_producer;  // Called once a run.
  bool bounded = true;
  std::string time_field;  // Empty: no event time.
  std::chrono::microseconds delay{0};
};

struct FunctionDecl {
  std::string text;  // For EXPLAIN.
  std::function<std::unique_ptr<RowsFunction>()> make;
  bool chooses_rows = false;
  std::vector<FieldInfo> fields;  // Of the output, unless it only chooses rows.
};

struct AggregateDecl {
  std::vector<std::string> keys;
  std::optional<TumblingWindow> window;
  std::vector<AggregateOf> aggregates;
};

// The plan that streams build, with types erased.
class Graph {
 public:
  explicit Graph(std::string name);
  ~Graph();

  PlanNode source(const SourceDecl& source);
  PlanNode function(const PlanNode& input, FunctionDecl function);
  PlanNode filter(const PlanNode& input, const std::string& condition);
  PlanNode aggregate(const PlanNode& input, const AggregateDecl& aggregate);
  // The columns of these names, as these kinds.
  PlanNode convert(const PlanNode& input, const std::vector<FieldInfo>& fields);
  PlanNode merge(const std::vector<PlanNode>& inputs);
  PlanNode sql(const std::string& script);
  void name_table(const PlanNode& input, const std::string& name);

  void sink(const PlanNode& input, const ConnectorOptions& connector);
  // Calls of one function made by `make` come from one thread at a time.
  void sink(const PlanNode& input, std::function<std::unique_ptr<RowsFunction>()> make);

  std::vector<std::string> column_names(const PlanNode& node) const;
  const std::string& name() const;

  RunReport run(const SessionOptions& options);
  Explanation explain();
  void request_stop();
  RunProgress progress() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace detail
}  // namespace thalweg
