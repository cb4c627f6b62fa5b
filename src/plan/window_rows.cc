#include <optional>
#include <utility>

#include "plan/build.h"
#include "plan/passes.h"
#include "plan/walk.h"

namespace thalweg::plan {
namespace {

// Which columns of a node tell the window that a row stands for.
using Tells = std::vector<bool>;

bool reads(const ExprPtr& expr, const Tells& tells) {
  if (expr == nullptr) {
    return false;
  }
  Tells used(tells.size(), false);
  collect_columns(*expr, used);
  for (std::size_t i = 0; i < used.size(); ++i) {
    if (used[i] && tells[i]) {
      return true;
    }
  }
  return false;
}

// The same rows, but not repeated for each of their windows; nothing where a step reads which
// window a row stands for.
std::optional<NodePtr> unrepeated(const NodePtr& node, Tells& tells) {
  if (const auto* assign = step_of<AssignWindow>(*node)) {
    tells.assign(node->schema.size(), false);
    for (std::size_t i = node->schema.size() - kWindowColumns; i < tells.size(); ++i) {
      tells[i] = true;
    }
    return make_assign_window(node->inputs[0], assign->window, /*once=*/true);
  }
  const auto* filter = step_of<Filter>(*node);
  const auto* project = step_of<Project>(*node);
  if (filter == nullptr && project == nullptr) {
    return std::nullopt;
  }
  Tells below;
  const std::optional<NodePtr> input = unrepeated(node->inputs[0], below);
  if (!input || reads(filter != nullptr ? filter->predicate : project->predicate, below)) {
    return std::nullopt;
  }
  tells = below;
  if (project != nullptr) {
    tells.clear();
    for (const ExprPtr& expr : project->exprs) {
      tells.push_back(reads(expr, below));
    }
  }
  return with_inputs(node, {*input});
}

NodePtr by_time(const NodePtr& node) {
  if (const auto* late = step_of<LateRows>(*node)) {
    Tells tells;
    const std::optional<NodePtr> input =
        late->windows_by == WindowsBy::kColumn ? unrepeated(node->inputs[0], tells) : std::nullopt;
    if (!input) {
      return node;
    }
    LateRows over_time = *late;
    over_time.windows_by = WindowsBy::kTime;
    return with_step(node, std::move(over_time), {*input});
  }
  const auto* aggregate = step_of<Aggregate>(*node);
  if (aggregate == nullptr || aggregate->windows_by != WindowsBy::kColumn) {
    return node;
  }
  Tells tells;
  const std::optional<NodePtr> input = unrepeated(node->inputs[0], tells);
  bool told = false;
  map_exprs(*aggregate, [&](const ExprPtr& expr) {
    told = told || !input || reads(expr, tells);
    return expr;
  });
  if (!input || told) {
    return node;
  }
  Aggregate over_time = *aggregate;
  over_time.windows_by = WindowsBy::kTime;
  return with_step(node, std::move(over_time), {*input});
}

}  // namespace

Plan find_windows_by_time(const Plan& plan) {
  std::unordered_map<const Node*, NodePtr> rebuilt;
  for (const NodePtr& node : inputs_first(plan)) {
    std::vector<NodePtr> inputs;
    for (const NodePtr& input : node->inputs) {
      inputs.push_back(rebuilt.at(input.get()));
    }
    rebuilt[node.get()] = by_time(with_inputs(node, std::move(inputs)));
  }
  Plan result;
  for (const NodePtr& sink : plan.sinks) {
    result.sinks.push_back(rebuilt.at(sink.get()));
  }
  return result;
}

}  // namespace thalweg::plan
