#pragma once

#include <type_traits>
#include <unordered_map>
#include <utility>
#include <vector>

#include "plan/plan.h"

// Ways through a plan, for the rewrites.
namespace thalweg::plan {

using Step = decltype(Node::step);

template <typename T>
const T* step_of(const Node& node) {
  return std::get_if<T>(&node.step);
}

// Every node once, each after its inputs.
std::vector<NodePtr> inputs_first(const Plan& plan);

// How many steps and sinks read a node; more than one: it is shared.
using Uses = std::unordered_map<const Node*, int>;
Uses count_uses(const Plan& plan);

// The same node doing another step of the same output columns.
NodePtr with_step(const NodePtr& node, Step step, std::vector<NodePtr> inputs);

// The parts of a predicate that must all be true, and the predicate of such parts (nullptr: none).
std::vector<ExprPtr> conjuncts(const ExprPtr& predicate);
ExprPtr conjunction(std::vector<ExprPtr> predicates);

// The step with `change` made to each of its expressions; null ones are passed over.
template <typename Change>
Step map_exprs(Step step, Change change) {
  const auto apply = [&change](ExprPtr& expr) {
    if (expr != nullptr) {
      expr = change(expr);
    }
  };
  if (auto* scan = std::get_if<Scan>(&step)) {
    apply(scan->predicate);
  } else if (auto* filter = std::get_if<Filter>(&step)) {
    apply(filter->predicate);
  } else if (auto* project = std::get_if<Project>(&step)) {
    apply(project->predicate);
    for (ExprPtr& expr : project->exprs) {
      apply(expr);
    }
  } else if (auto* session = std::get_if<AssignSession>(&step)) {
    for (ExprPtr& key : session->keys) {
      apply(key);
    }
  } else if (auto* join = std::get_if<Join>(&step)) {
    for (ExprPtr& key : join->left_keys) {
      apply(key);
    }
    for (ExprPtr& key : join->right_keys) {
      apply(key);
    }
    apply(join->left_last);
    apply(join->right_last);
    apply(join->condition);
  } else if (auto* match = std::get_if<MatchPattern>(&step)) {
    for (ExprPtr& condition : match->moving.by_variable) {
      apply(condition);
    }
  } else if (auto* aggregate = std::get_if<Aggregate>(&step)) {
    for (ExprPtr& key : aggregate->keys) {
      apply(key);
    }
    for (AggregateCall& call : aggregate->aggregates) {
      for (ExprPtr& argument : call.args) {
        apply(argument);
      }
      apply(call.filter);
      for (AggregateCall::Order& order : call.order_by) {
        apply(order.expr);
      }
    }
  }
  return step;
}

}  // namespace thalweg::plan
