#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/engine.h"
#include "api/failure_notes.h"
#include "plan/plan.h"
#include "thalweg/detail/graph.h"

namespace thalweg::detail {

// A query's rows under the names that its sink shows.
plan::NodePtr named_rows(const plan::Node& sink);

// The plan under construction, with the mistakes made so far. Steps after a mistake are null.
struct Graph::Impl {
  explicit Impl(std::string pipeline_name);

  // Keeps what is wrong with a step; said twice, it is shown once.
  void add_problems(const SourceText& source, const Diagnostics& diagnostics);
  void add_problem(const std::string& step, std::string message, std::vector<std::string> notes);
  // Of state that nothing bounds.
  void add_warning(const std::string& step, std::string message, std::vector<std::string> notes);
  void add_told(Severity severity, const char* code, const std::string& step, std::string message,
                std::vector<std::string> notes);

  // Problems are shown in the script's text after its first `prefix` bytes, which are ours.
  std::optional<Engine::BoundScript> bind(const Script& script, std::size_t prefix = 0);

  // The rows of a query over "the stream", a name which no program gives to a table. Problems are
  // shown in its text after `prefix`.
  PlanNode query_over(const PlanNode& input, const std::string& step, const std::string& prefix,
                      const std::string& text);

  // The number of a column; a problem of the step where there is none.
  std::optional<std::uint32_t> column_of(const PlanNode& node, const std::string& step,
                                         const std::string& column);
  // The same of several.
  std::optional<std::vector<ExprPtr>> columns_of(const PlanNode& node, const std::string& step,
                                                 const std::vector<std::string>& names);

  // The field that holds the event time; a problem of the step where none does, with another way.
  std::optional<std::string> time_field_of(const PlanNode& input, const std::string& step,
                                           const std::string& other_way);

  // Whether a stream can be cut into these windows; a problem where not.
  bool check_windows(const PlanNode& input, const Windows& windows);

  // A problem for each sink that leaves out late rows which have to be written out.
  void check_late_rows();

  // The name of a step, told from others that are called alike.
  std::string numbered(const std::string& text);

  // Whether the key of a stream is what a function takes it for; a problem where not.
  bool check_key(const std::string& step, const Schema& keys, const std::vector<FieldInfo>& wanted);

  // The broadcast input of a keyed function, on one worker and in order of time; nullptr after a
  // mistake.
  PlanNode gathered(const std::string& step, const plan::Node& keyed,
                    const BroadcastDecl& broadcast);

  // Whether a pattern can be matched; a problem for each of its mistakes.
  bool check_pattern(const std::string& step, const PatternDecl& pattern);

  // Of a step that keeps state.
  std::string next_id(const std::string& kind);

  bool has_errors() const;

  std::string name;
  Engine engine;
  std::vector<Problem> problems;
  std::vector<plan::NodePtr> sinks;
  std::vector<TablePtr> own_tables;  // Of functions that take results.
  std::vector<std::function<void()>> closers;
  std::map<std::string, int> operators;  // How many of a kind there are.
  std::shared_ptr<FailureNotes> failures = std::make_shared<FailureNotes>();
};

}  // namespace thalweg::detail
