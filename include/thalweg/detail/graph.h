#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "thalweg/aggregates.h"
#include "thalweg/checkpoints.h"
#include "thalweg/detail/columns.h"
#include "thalweg/detail/keyed_call.h"
#include "thalweg/detail/pattern_decl.h"
#include "thalweg/order.h"
#include "thalweg/over.h"
#include "thalweg/session.h"
#include "thalweg/watermarks.h"
#include "thalweg/windows.h"

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

  // Whether the same rows come again in another run of the program.
  virtual bool can_resume() const { return false; }
  // Before the first next(): leaves out so many rows. False: there are not so many.
  virtual bool skip(std::uint64_t /*rows*/) { return false; }
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
  std::function<void()> close;  // When a run is over; may be absent.
  bool bounded = true;
  std::string time_field;  // Empty: no event time.
  Watermarks watermarks;
};

struct FunctionDecl {
  std::string text;  // For EXPLAIN.
  std::function<std::unique_ptr<RowsFunction>()> make;
  bool chooses_rows = false;
  std::vector<FieldInfo> fields;  // Of the output, unless it only chooses rows.
};

// The second input of a keyed function, which every worker sees whole.
struct BroadcastDecl {
  PlanNode input;
  std::string state;           // What is kept of it, in one line.
  bool state_expires = false;  // Some of it has a ttl, which cannot be.
};

struct KeyedFunctionDecl {
  std::string text;               // For EXPLAIN.
  std::vector<std::string> keys;  // Of the stream.
  // `key_places`: the numbers of the key's columns.
  std::function<std::unique_ptr<KeyedRowsFunction>(std::vector<std::uint32_t> key_places)> make;
  std::vector<FieldInfo> key_fields;  // What it takes the key for; names do not count.
  std::vector<FieldInfo> fields;      // Of the output.
  std::string state;                  // What it keeps for a key, in one line.
  bool state_expires = false;         // Some of it has a ttl.
  std::optional<BroadcastDecl> broadcast = std::nullopt;
};

// What takes the results. All functions made are called by one thread at a time; what they throw
// ends the run.
struct SinkDecl {
  std::function<std::unique_ptr<RowsFunction>()> make;
  bool takes_changes = false;
};

// When the results of windows come out.
struct EmissionDecl {
  enum class Kind : std::uint8_t { kOnClose, kChanges, kEvery };

  Kind kind = Kind::kOnClose;
  std::chrono::microseconds lateness{0};  // kOnClose: how long after its end a window takes rows.
  std::chrono::microseconds every{0};     // kEvery.
};

struct AggregateDecl {
  std::vector<std::string> keys;
  std::optional<Windows> windows;
  std::vector<AggregateOf> aggregates;
  EmissionDecl emission = {};  // Of windows.
};

struct TopDecl {
  std::vector<std::string> keys;
  std::optional<Windows> windows;  // The first rows of each key in each window.
  Top top{1};
  std::vector<OrderBy> order;
  std::string rank_name = {};  // Of a column for the rank; empty: there is none.
};

struct OverDecl {
  std::vector<std::string> keys;
  Frame frame;
  std::vector<FrameColumn> columns;
};

struct MatchDecl {
  std::vector<std::string> keys;
  PatternDecl pattern;
  // Makes a BOOLEAN column for each step with a condition.
  std::function<std::unique_ptr<RowsFunction>()> make_conditions;
  std::string text;  // What comes out, for EXPLAIN.
  std::function<std::unique_ptr<MatchesFunction>()> make;
  std::vector<FieldInfo> fields;  // Of the output.
};

// The plan that streams build, with types erased.
class Graph {
 public:
  explicit Graph(std::string name);
  ~Graph();

  PlanNode source(const SourceDecl& source);
  PlanNode function(const PlanNode& input, FunctionDecl function);
  PlanNode keyed_function(const PlanNode& input, KeyedFunctionDecl function);
  PlanNode filter(const PlanNode& input, const std::string& condition);
  PlanNode aggregate(const PlanNode& input, const AggregateDecl& aggregate);
  // The rows with the columns of their windows behind their own, each as often as it has windows.
  PlanNode assign_windows(const PlanNode& input, const std::vector<std::string>& keys,
                          const Windows& windows);
  // The rows that come too late for these windows, once for each that they missed.
  PlanNode late_rows(const PlanNode& input, const Windows& windows,
                     std::chrono::microseconds lateness);
  PlanNode top(const PlanNode& input, const TopDecl& top);
  PlanNode deduplicate(const PlanNode& input, const std::vector<std::string>& keys, Keep keep);
  // The rows with what they see of others of their key, in order of event time, behind their
  // fields.
  PlanNode over(const PlanNode& input, const OverDecl& over);
  // A row for each match of a pattern, in order of event time.
  PlanNode match(const PlanNode& input, const MatchDecl& match);
  // The columns of these names, as these kinds; a row with NULL where none may be is rejected.
  PlanNode convert(const PlanNode& input, const std::string& type,
                   const std::vector<FieldInfo>& fields);
  PlanNode merge(const std::vector<PlanNode>& inputs);
  // `wants_rows`: of the last statement, which must be a query then.
  PlanNode sql(const std::string& script, bool wants_rows);
  void name_table(const PlanNode& input, const std::string& name);

  void sink(const PlanNode& input, const ConnectorOptions& connector);
  void sink(const PlanNode& input, SinkDecl sink);

  std::vector<std::string> column_names(const PlanNode& node) const;
  const std::string& name() const;

  RunReport run(const SessionOptions& options);
  Explanation explain();
  void request_stop();
  RunProgress progress() const;
  std::future<Checkpoint> checkpoint_now();

 private:
  PlanNode aggregate_rows(const PlanNode& input, const AggregateDecl& aggregate);

  void run_plan(const SessionOptions& options, RunReport& report);

  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace detail
}  // namespace thalweg
