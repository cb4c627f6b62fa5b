#include "plan/walk.h"

#include <unordered_set>

namespace thalweg::plan {
namespace {

void visit(const NodePtr& node, std::unordered_set<const Node*>& seen,
           std::vector<NodePtr>& order) {
  if (!seen.insert(node.get()).second) {
    return;
  }
  for (const NodePtr& input : node->inputs) {
    visit(input, seen, order);
  }
  order.push_back(node);
}

}  // namespace

std::vector<NodePtr> inputs_first(const Plan& plan) {
  std::unordered_set<const Node*> seen;
  std::vector<NodePtr> order;
  for (const NodePtr& sink : plan.sinks) {
    visit(sink, seen, order);
  }
  return order;
}

Uses count_uses(const Plan& plan) {
  Uses uses;
  for (const NodePtr& sink : plan.sinks) {
    ++uses[sink.get()];
  }
  for (const NodePtr& node : inputs_first(plan)) {
    for (const NodePtr& input : node->inputs) {
      ++uses[input.get()];
    }
  }
  return uses;
}

NodePtr with_step(const NodePtr& node, Step step, std::vector<NodePtr> inputs) {
  Node copy = *node;
  copy.step = std::move(step);
  copy.inputs = std::move(inputs);
  return std::make_shared<const Node>(std::move(copy));
}

std::vector<ExprPtr> conjuncts(const ExprPtr& predicate) {
  std::vector<ExprPtr> parts;
  if (predicate == nullptr) {
    return parts;
  }
  if (predicate->kind != ExprKind::kAnd) {
    parts.push_back(predicate);
    return parts;
  }
  for (const ExprPtr& arg : predicate->args) {
    for (ExprPtr& part : conjuncts(arg)) {
      parts.push_back(std::move(part));
    }
  }
  return parts;
}

ExprPtr conjunction(std::vector<ExprPtr> predicates) {
  if (predicates.empty()) {
    return nullptr;
  }
  if (predicates.size() == 1) {
    return std::move(predicates[0]);
  }
  return expr_of(ExprKind::kAnd, type_of(TypeKind::kBoolean), std::move(predicates));
}

}  // namespace thalweg::plan
