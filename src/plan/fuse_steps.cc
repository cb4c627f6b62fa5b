#include <utility>

#include "plan/build.h"
#include "plan/passes.h"
#include "plan/walk.h"

namespace thalweg::plan {
namespace {

void count_references(const Expr& expr, std::vector<int>& counts) {
  if (expr.kind == ExprKind::kColumn) {
    ++counts[expr.column];
  }
  for (const ExprPtr& arg : expr.args) {
    count_references(*arg, counts);
  }
}

// Whether `outer` can compute over the input of `inner` without computing anything twice.
bool can_merge(const Project& outer, const Project& inner) {
  std::vector<int> counts(inner.exprs.size(), 0);
  for (const ExprPtr& expr : outer.exprs) {
    count_references(*expr, counts);
  }
  if (outer.predicate != nullptr) {
    count_references(*outer.predicate, counts);
  }
  for (std::size_t i = 0; i < counts.size(); ++i) {
    const Expr& expr = *inner.exprs[i];
    const bool cheap = expr.kind == ExprKind::kColumn || expr.kind == ExprKind::kLiteral;
    if (!cheap && (counts[i] > 1 || is_volatile(expr))) {
      return false;
    }
  }
  return true;
}

bool is_identity(const Project& project, std::size_t input_columns) {
  if (project.exprs.size() != input_columns) {
    return false;
  }
  for (std::size_t i = 0; i < input_columns; ++i) {
    if (project.exprs[i]->kind != ExprKind::kColumn || project.exprs[i]->column != i) {
      return false;
    }
  }
  return true;
}

std::vector<std::string> names_of(const Schema& schema) {
  std::vector<std::string> names;
  for (const Field& field : schema) {
    names.push_back(field.name);
  }
  return names;
}

ExprPtr both(const ExprPtr& first, const ExprPtr& second) {
  std::vector<ExprPtr> parts = conjuncts(first);
  for (ExprPtr& part : conjuncts(second)) {
    parts.push_back(std::move(part));
  }
  return conjunction(std::move(parts));
}

class Fuser {
 public:
  explicit Fuser(const Plan& plan) : uses_(count_uses(plan)) {}

  NodePtr fuse(const NodePtr& node) {
    NodePtr& fused = fused_[node.get()];
    if (fused != nullptr) {
      return fused;
    }
    std::vector<NodePtr> inputs;
    for (const NodePtr& input : node->inputs) {
      inputs.push_back(fuse(input));
    }
    const bool alone = inputs.size() == 1 && uses_[node->inputs[0].get()] == 1;
    NodePtr result;
    if (const auto* project = step_of<Project>(*node)) {
      result = fuse_project(node, *project, inputs[0], alone);
    } else if (const auto* filter = step_of<Filter>(*node)) {
      result = fuse_filter(node, *filter, inputs[0], alone);
    } else {
      result = with_inputs(node, std::move(inputs));
    }
    return fused_[node.get()] = result;
  }

 private:
  static NodePtr fuse_project(const NodePtr& node, const Project& project, const NodePtr& input,
                              bool alone) {
    if (is_identity(project, input->schema.size())) {
      return project.predicate == nullptr
                 ? input
                 : fuse_filter(node, Filter{project.predicate}, input, alone);
    }
    const auto* filter = step_of<Filter>(*input);
    if (alone && filter != nullptr) {
      return make_project(input->inputs[0], project.exprs, names_of(node->schema),
                          both(filter->predicate, project.predicate));
    }
    const auto* inner = step_of<Project>(*input);
    if (alone && inner != nullptr && can_merge(project, *inner)) {
      std::vector<ExprPtr> exprs;
      for (const ExprPtr& expr : project.exprs) {
        exprs.push_back(substitute(expr, inner->exprs));
      }
      ExprPtr predicate = project.predicate == nullptr
                              ? inner->predicate
                              : both(inner->predicate, substitute(project.predicate, inner->exprs));
      NodePtr merged = make_project(input->inputs[0], std::move(exprs), names_of(node->schema),
                                    std::move(predicate));
      const auto& step = std::get<Project>(merged->step);
      return step.predicate == nullptr && is_identity(step, merged->inputs[0]->schema.size())
                 ? merged->inputs[0]
                 : merged;
    }
    return make_project(input, project.exprs, names_of(node->schema), project.predicate);
  }

  static NodePtr fuse_filter(const NodePtr& node, const Filter& filter, const NodePtr& input,
                             bool alone) {
    const auto* inner = step_of<Filter>(*input);
    if (alone && inner != nullptr) {
      return make_filter(input->inputs[0], both(inner->predicate, filter.predicate));
    }
    if (node->inputs[0] == input && step_of<Filter>(*node) != nullptr) {
      return node;
    }
    return make_filter(input, filter.predicate);
  }

  Uses uses_;
  std::unordered_map<const Node*, NodePtr> fused_;
};

}  // namespace

Plan fuse_steps(const Plan& plan) {
  Fuser fuser(plan);
  Plan result;
  for (const NodePtr& sink : plan.sinks) {
    result.sinks.push_back(fuser.fuse(sink));
  }
  return result;
}

}  // namespace thalweg::plan
