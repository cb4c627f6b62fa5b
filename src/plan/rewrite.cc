#include "plan/passes.h"
#include "plan/walk.h"

namespace thalweg::plan {

Plan rewrite(const Plan& plan, PushThrough push) {
  return mark_origins(
      fuse_steps(prune_columns(find_windows_by_time(push_predicates(fold_plan(plan), push)))));
}

namespace {

bool is_true(const ExprPtr& predicate) {
  const bool* value =
      predicate->kind == ExprKind::kLiteral ? std::get_if<bool>(&predicate->literal.data) : nullptr;
  return value != nullptr && *value;
}

// Whether a step's own rows have no origin: what is above it orders them by their columns.
bool makes_rows(const Node& node) {
  const bool is_changing_over = step_of<Over>(node) != nullptr && node.inputs[0]->updating;
  return step_of<Aggregate>(node) != nullptr || step_of<TopN>(node) != nullptr ||
         is_changing_over || step_of<AssignCountWindow>(node) != nullptr ||
         step_of<Join>(node) != nullptr || step_of<MatchPattern>(node) != nullptr ||
         step_of<KeyedProcess>(node) != nullptr;
}

bool depends_on_order(const Node& node) {
  if (step_of<TopN>(node) != nullptr || step_of<Over>(node) != nullptr) {
    return !node.inputs[0]->updating;
  }
  if (step_of<Join>(node) != nullptr) {
    return false;
  }
  const auto* aggregate = step_of<Aggregate>(node);
  if (aggregate == nullptr) {
    return true;
  }
  for (const AggregateCall& call : aggregate->aggregates) {
    for (const AggregateFunction& function : aggregate_functions()) {
      if (function.kind == call.kind && function.order_dependent) {
        return true;
      }
    }
  }
  return false;
}

// Whether it takes one of the input's rows of one time.
bool tells_versions_apart(const Node& node, const Node& input) {
  const auto* join = step_of<Join>(node);
  return join != nullptr && join->as_of() && &input == node.inputs[1].get() && !input.updating;
}

// Whether the order of rows that are equal in a window's order shows in its calls' answers.
bool tells_peers_apart(const Over& over) {
  for (const OverCall& call : over.calls) {
    const bool sees_all_peers =
        call.has_frame() ? call.frame.unit == FrameUnit::kRange
                         : call.kind != OverKind::kRowNumber && call.kind != OverKind::kNtile;
    const bool takes_any_order = !call.has_frame() || (call.kind == OverKind::kAggregate &&
                                                       call.aggregate != AggregateKind::kArrayAgg);
    if (!sees_all_peers || !takes_any_order) {
      return true;
    }
  }
  return false;
}

using Rebuilt = std::unordered_map<const Node*, NodePtr>;

std::vector<NodePtr> rebuilt_inputs(const Node& node, const Rebuilt& rebuilt) {
  std::vector<NodePtr> inputs;
  for (const NodePtr& input : node.inputs) {
    inputs.push_back(rebuilt.at(input.get()));
  }
  return inputs;
}

Plan rebuilt_plan(const Plan& plan, const Rebuilt& rebuilt) {
  Plan result;
  for (const NodePtr& sink : plan.sinks) {
    result.sinks.push_back(rebuilt.at(sink.get()));
  }
  return result;
}

}  // namespace

Plan fold_plan(const Plan& plan) {
  Rebuilt rebuilt;
  for (const NodePtr& node : inputs_first(plan)) {
    std::vector<NodePtr> inputs = rebuilt_inputs(*node, rebuilt);
    Step step = map_exprs(node->step, fold_constants);
    const auto* filter = std::get_if<Filter>(&step);
    if (filter != nullptr && is_true(filter->predicate)) {
      rebuilt[node.get()] = inputs[0];
    } else {
      rebuilt[node.get()] = with_step(node, std::move(step), std::move(inputs));
    }
  }
  return rebuilt_plan(plan, rebuilt);
}

Plan mark_origins(const Plan& plan) {
  const std::vector<NodePtr> order = inputs_first(plan);
  Uses wanted;
  for (auto node = order.rbegin(); node != order.rend(); ++node) {
    const auto* over = step_of<Over>(**node);
    const bool asks = makes_rows(**node) ? depends_on_order(**node)
                                         : wanted[node->get()] > 0 ||
                                               (over != nullptr && tells_peers_apart(*over));
    for (const NodePtr& input : (*node)->inputs) {
      wanted[input.get()] += asks || tells_versions_apart(**node, *input) ? 1 : 0;
    }
  }
  Rebuilt rebuilt;
  for (const NodePtr& node : order) {
    Node copy = *node;
    copy.inputs = rebuilt_inputs(*node, rebuilt);
    copy.needs_origin = wanted[node.get()] > 0 && !makes_rows(*node);
    rebuilt[node.get()] = std::make_shared<const Node>(std::move(copy));
  }
  return rebuilt_plan(plan, rebuilt);
}

}  // namespace thalweg::plan
