#include <algorithm>

#include "plan/walk.h"
#include "sql/bind_sink.h"

// What changes from call to call has no place over rows that are taken back.
namespace thalweg::sql {
namespace {

// The innermost part that is volatile. Requires: the whole is.
const Expr& volatile_part(const Expr& expr) {
  for (const ExprPtr& arg : expr.args) {
    if (is_volatile(*arg)) {
      return volatile_part(*arg);
    }
  }
  return expr;
}

bool takes_rows_back(const plan::Node& node) {
  const auto* scan = std::get_if<plan::Scan>(&node.step);
  return (scan != nullptr && node.updating) ||
         std::any_of(node.inputs.begin(), node.inputs.end(),
                     [](const plan::NodePtr& input) { return input->updating; });
}

}  // namespace

bool check_volatile(BindContext& context, const plan::NodePtr& root, Span span) {
  for (const plan::NodePtr& node : plan::inputs_first({.sinks = {root}})) {
    if (!takes_rows_back(*node)) {
      continue;
    }
    ExprPtr found;
    plan::map_exprs(node->step, [&found](const ExprPtr& expr) {
      found = found == nullptr && is_volatile(*expr) ? expr : found;
      return expr;
    });
    if (found != nullptr) {
      context.error("P0111",
                    to_string(volatile_part(*found)) +
                        " over rows that change is another value when a row is taken back",
                    span, "",
                    {"compute it where rows come in, before they are grouped or ranked",
                     "or let results be final: group by a window, or read an input that ends"});
      return false;
    }
  }
  return true;
}

}  // namespace thalweg::sql
