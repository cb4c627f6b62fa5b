#include "plan/late_rows.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/check.h"
#include "plan/build.h"
#include "plan/walk.h"

namespace thalweg::plan {
namespace {

bool judges(const Node& node, const Node& input) {
  if (input.time.judged || input.time.lost) {
    return false;
  }
  if (const auto* aggregate = step_of<Aggregate>(node)) {
    return aggregate->windowed();
  }
  if (const auto* sort = step_of<Sort>(node)) {
    return sort->behind_watermark;
  }
  if (const auto* top = step_of<TopN>(node)) {
    return top->emit == TopNEmit::kOnWindowClose || top->emit == TopNEmit::kBehindWatermark;
  }
  if (const auto* over = step_of<Over>(node)) {
    return over->emit == OverEmit::kBehindWatermark;
  }
  if (const auto* join = step_of<Join>(node)) {
    return join->follows_time();
  }
  return step_of<AssignSession>(node) != nullptr || step_of<AssignCountWindow>(node) != nullptr ||
         step_of<MatchPattern>(node) != nullptr || step_of<KeyedProcess>(node) != nullptr;
}

// A function of the program sees whole rows, so that no columns can be carried past it.
bool makes_rows(const Node& node) {
  return step_of<Scan>(node) != nullptr || step_of<Process>(node) != nullptr;
}

// Sources of the rows of `node` that nothing has judged.
void collect_sources(const NodePtr& node, std::vector<NodePtr>& sources) {
  if (node->time.judged || node->time.lost) {
    return;
  }
  if (makes_rows(*node)) {
    sources.push_back(node);
    return;
  }
  for (const NodePtr& input : node->inputs) {
    collect_sources(input, sources);
  }
}

// The rows of a relation that come from one source, with the source's columns in front.
struct Traced {
  NodePtr node;
  std::vector<ExprPtr> columns;             // What the relation's columns are over those of `node`.
  std::optional<std::uint32_t> window_end;  // Of the last windows assigned.
};

std::vector<ExprPtr> own_columns(const Node& node) {
  std::vector<ExprPtr> columns;
  for (std::uint32_t i = 0; i < node.schema.size(); ++i) {
    columns.push_back(column_expr(i, node.schema[i].type, node.schema[i].name));
  }
  return columns;
}

std::optional<Traced> trace(const NodePtr& node, const NodePtr& source) {
  if (node == source) {
    return Traced{node, own_columns(*node), std::nullopt};
  }
  if (makes_rows(*node)) {
    return std::nullopt;
  }
  std::optional<Traced> traced;
  for (const NodePtr& input : node->inputs) {
    traced = traced ? traced : trace(input, source);
  }
  if (!traced) {
    return std::nullopt;
  }
  const auto filter = [&traced](const ExprPtr& predicate) {
    if (predicate != nullptr) {
      traced->node = make_filter(traced->node, substitute(predicate, traced->columns));
    }
  };
  if (const auto* step = step_of<Filter>(*node)) {
    filter(step->predicate);
  } else if (const auto* project = step_of<Project>(*node)) {
    filter(project->predicate);
    std::vector<ExprPtr> columns;
    for (const ExprPtr& expr : project->exprs) {
      columns.push_back(substitute(expr, traced->columns));
    }
    traced->columns = std::move(columns);
  } else if (const auto* assign = step_of<AssignWindow>(*node)) {
    const auto first = static_cast<std::uint32_t>(traced->node->schema.size());
    traced->node = make_assign_window(traced->node, assign->window);
    const std::vector<ExprPtr> all = own_columns(*traced->node);
    traced->columns.insert(traced->columns.end(), all.begin() + first, all.end());
    traced->window_end = first + 1;
  }
  return traced;
}

}  // namespace

LateRows lateness_of(const Node& step, std::size_t input) {
  LateRows late;
  const auto* join = step_of<Join>(step);
  const auto* top = step_of<TopN>(step);
  if (const auto* aggregate = step_of<Aggregate>(step)) {
    late.window = aggregate->window;
    late.lateness_micros = aggregate->lateness_micros;
    late.windows_by = aggregate->windows_by;
  } else if ((join != nullptr && join->in_windows[input]) ||
             (top != nullptr && top->emit == TopNEmit::kOnWindowClose)) {
    late.window = step.inputs[input]->time.window->window;
    late.windows_by =
        late.window->kind == WindowKind::kTumble ? WindowsBy::kTime : WindowsBy::kColumn;
  }
  return late;
}

std::vector<Judge> find_judges(const NodePtr& relation) {
  std::vector<Judge> found;
  for (const NodePtr& node : inputs_first({.sinks = {relation}})) {
    // Of what a function of the program takes beside its rows nothing is judged.
    const std::size_t judged = step_of<Join>(*node) != nullptr ? 2 : 1;
    for (std::size_t i = 0; i < std::min(judged, node->inputs.size()); ++i) {
      std::vector<NodePtr> sources;
      if (judges(*node, *node->inputs[i])) {
        collect_sources(node->inputs[i], sources);
      }
      for (NodePtr& source : sources) {
        found.push_back({node, i, std::move(source)});
      }
    }
  }
  return found;
}

NodePtr late_rows_of(const Judge& judge) {
  const std::optional<Traced> traced = trace(judge.step->inputs[judge.input], judge.source);
  TW_CHECK(traced.has_value());
  LateRows rule = lateness_of(*judge.step, judge.input);
  if (rule.windows_by == WindowsBy::kColumn) {
    rule.window_end = *traced->window_end;
  }
  const NodePtr late = make_late_rows(traced->node, std::move(rule));
  std::vector<ExprPtr> exprs;
  std::vector<std::string> names;
  const auto keep = [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      const Field& field = late->schema[i];
      exprs.push_back(column_expr(static_cast<std::uint32_t>(i), field.type, field.name));
      names.push_back(field.name);
    }
  };
  keep(0, judge.source->schema.size());
  keep(traced->node->schema.size(), late->schema.size());
  return make_project(late, std::move(exprs), std::move(names));
}

}  // namespace thalweg::plan
