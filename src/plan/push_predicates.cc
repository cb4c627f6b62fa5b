#include <algorithm>
#include <utility>

#include "plan/build.h"
#include "plan/passes.h"
#include "plan/walk.h"

namespace thalweg::plan {
namespace {

using Predicates = std::vector<ExprPtr>;

struct Split {
  Predicates below;  // Over the input's columns.
  Predicates here;
};

NodePtr filtered(NodePtr node, Predicates predicates) {
  if (predicates.empty()) {
    return node;
  }
  return make_filter(std::move(node), conjunction(std::move(predicates)));
}

std::vector<bool> columns_of(const ExprPtr& expr, std::size_t columns) {
  std::vector<bool> used(columns, false);
  collect_columns(*expr, used);
  return used;
}

// Predicates over a step's output that can be told over its input instead: `replacements` has what
// each output column is there, nullptr where it is nothing that can be computed there.
Split split_by(Predicates predicates, const std::vector<ExprPtr>& replacements) {
  Split split;
  for (ExprPtr& predicate : predicates) {
    const std::vector<bool> used = columns_of(predicate, replacements.size());
    bool movable = true;
    for (std::size_t i = 0; i < used.size(); ++i) {
      movable = movable && (!used[i] || replacements[i] != nullptr);
    }
    if (movable) {
      split.below.push_back(substitute(predicate, replacements));
    } else {
      split.here.push_back(std::move(predicate));
    }
  }
  return split;
}

// What each output column of a step is over its input.
std::vector<ExprPtr> replacements_of(const Node& node) {
  std::vector<ExprPtr> replacements(node.schema.size());
  if (const auto* project = step_of<Project>(node)) {
    for (std::size_t i = 0; i < project->exprs.size(); ++i) {
      if (!is_volatile(*project->exprs[i])) {
        replacements[i] = project->exprs[i];
      }
    }
  } else if (const auto* clock = step_of<ProcessingTime>(node)) {
    const Schema& input = node.inputs[0]->schema;
    for (std::uint32_t i = 0; i < input.size(); ++i) {
      if (clock->column != i) {
        replacements[i] = column_expr(i, input[i].type, input[i].name);
      }
    }
  } else if (step_of<AssignWindow>(node) != nullptr || step_of<LateRows>(node) != nullptr) {
    const Schema& input = node.inputs[0]->schema;
    for (std::uint32_t i = 0; i < input.size(); ++i) {
      replacements[i] = column_expr(i, input[i].type, input[i].name);
    }
  } else if (const auto* top = step_of<TopN>(node)) {
    // Which rows are late must not hang on what is asked later.
    const bool judges =
        top->emit == TopNEmit::kOnWindowClose || top->emit == TopNEmit::kBehindWatermark;
    const Schema& input = node.inputs[0]->schema;
    for (std::size_t i = 0; !judges && i < top->keys.size(); ++i) {
      const std::uint32_t key = top->keys[i];
      replacements[key] = column_expr(key, input[key].type, input[key].name);
    }
  } else if (const auto* over = step_of<Over>(node)) {
    const Schema& input = node.inputs[0]->schema;
    const bool judges = over->emit == OverEmit::kBehindWatermark;
    for (std::size_t i = 0; !judges && i < over->keys.size(); ++i) {
      const std::uint32_t key = over->keys[i];
      replacements[key] = column_expr(key, input[key].type, input[key].name);
    }
  } else if (const auto* aggregate = step_of<Aggregate>(node)) {
    // Windowed aggregates keep theirs: which rows are late must not hang on what is asked later.
    // Keys are NULL in sets that have them not.
    const bool passes = !aggregate->windowed() && aggregate->sets.empty();
    for (std::size_t i = 0; passes && i < aggregate->keys.size(); ++i) {
      if (!is_volatile(*aggregate->keys[i])) {
        replacements[i] = aggregate->keys[i];
      }
    }
  }
  return replacements;
}

class Pusher {
 public:
  Pusher(const Plan& plan, PushThrough push) : uses_(count_uses(plan)), push_(push) {}

  // The node with only those of its rows for which all predicates are true.
  NodePtr push(const NodePtr& node, Predicates predicates) {
    if (uses_[node.get()] <= 1) {
      return visit(node, std::move(predicates));
    }
    NodePtr& shared = shared_[node.get()];
    if (shared == nullptr) {
      shared = visit(node, {});
    }
    return filtered(shared, std::move(predicates));
  }

 private:
  NodePtr visit(const NodePtr& node, Predicates predicates) {
    if (const auto* filter = step_of<Filter>(*node)) {
      return visit_filter(*node, *filter, std::move(predicates));
    }
    if (const auto* scan = step_of<Scan>(*node)) {
      return visit_scan(node, *scan, std::move(predicates));
    }
    if (step_of<Union>(*node) != nullptr) {
      std::vector<NodePtr> inputs;
      for (const NodePtr& input : node->inputs) {
        inputs.push_back(push(input, predicates));
      }
      return with_inputs(node, std::move(inputs));
    }
    // Values have nothing below them, and an aggregate without keys has a row of its own where
    // nothing comes in. Which rows are late for a join must not hang on what is asked later.
    const auto* aggregate = step_of<Aggregate>(*node);
    const bool stay =
        node->inputs.empty() || (push_ == PushThrough::kStateless && !node->id.empty()) ||
        step_of<Join>(*node) != nullptr || (aggregate != nullptr && aggregate->keys.empty());
    Split split = stay ? Split{.below = {}, .here = std::move(predicates)}
                       : split_by(std::move(predicates), replacements_of(*node));
    std::vector<NodePtr> inputs;
    for (const NodePtr& input : node->inputs) {
      inputs.push_back(push(input, split.below));
    }
    return filtered(with_inputs(node, std::move(inputs)), std::move(split.here));
  }

  NodePtr visit_filter(const Node& node, const Filter& filter, Predicates predicates) {
    Predicates below;
    Predicates here;
    for (ExprPtr& part : conjuncts(filter.predicate)) {
      (is_volatile(*part) ? here : below).push_back(std::move(part));
    }
    below.insert(below.end(), predicates.begin(), predicates.end());
    return filtered(push(node.inputs[0], std::move(below)), std::move(here));
  }

  NodePtr visit_scan(const NodePtr& node, const Scan& scan, Predicates predicates) {
    if (predicates.empty()) {
      return node;
    }
    Scan filtered_scan = scan;
    Predicates all = conjuncts(scan.predicate);
    all.insert(all.end(), predicates.begin(), predicates.end());
    filtered_scan.predicate = conjunction(std::move(all));
    return with_step(node, std::move(filtered_scan), {});
  }

  Uses uses_;
  const PushThrough push_;
  std::unordered_map<const Node*, NodePtr> shared_;
};

}  // namespace

Plan push_predicates(const Plan& plan, PushThrough push) {
  Pusher pusher(plan, push);
  Plan result;
  for (const NodePtr& sink : plan.sinks) {
    result.sinks.push_back(pusher.push(sink, {}));
  }
  return result;
}

}  // namespace thalweg::plan
