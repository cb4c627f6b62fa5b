#include <fmt/format.h>

#include <utility>

#include "api/pipeline_impl.h"
#include "api/program_columns.h"
#include "plan/build.h"

namespace thalweg::detail {
PlanNode Graph::function(const PlanNode& input, FunctionDecl function) {
  if (input == nullptr) {
    return nullptr;
  }
  const int number = ++impl_->operators[function.text];
  const std::string step =
      number == 1 ? function.text : fmt::format("{} ({})", function.text, number);
  plan::Process process{
      .text = step,
      .make = [make = std::move(function.make), fields = function.fields, step,
               failures =
                   impl_->failures] { return make_row_function(make(), fields, step, failures); },
      .chooses_rows = function.chooses_rows};
  return plan::make_process(input, std::move(process), schema_of(function.fields));
}

PlanNode Graph::filter(const PlanNode& input, const std::string& condition) {
  return impl_->query_over(input, "filter", "SELECT * FROM \"the stream\" WHERE ", condition);
}

PlanNode Graph::convert(const PlanNode& input, const std::string& type,
                        const std::vector<FieldInfo>& fields) {
  if (input == nullptr) {
    return nullptr;
  }
  const std::string step = "as<" + type + ">";
  std::vector<ExprPtr> exprs;
  std::vector<std::string> names;
  bool any_not_null = false;
  for (const FieldInfo& field : fields) {
    const auto place = impl_->column_of(input, step, field.name);
    if (!place) {
      return nullptr;
    }
    const Type& from = input->schema[*place].type;
    const Type to = type_of(field.kind);
    if (!can_cast(from, to)) {
      impl_->add_problem(step,
                         fmt::format("column \"{}\" is {}, which cannot become {}", field.name,
                                     thalweg::to_string(from), thalweg::to_string(to)),
                         {});
      return nullptr;
    }
    exprs.push_back(cast_expr(column_expr(*place, from, field.name), to));
    names.push_back(field.name);
    any_not_null |= !field.nullable;
  }
  PlanNode converted = plan::make_project(input, std::move(exprs), std::move(names));
  if (!any_not_null) {
    return converted;
  }
  plan::Process check{
      .text = step,
      .make = [fields, step,
               failures = impl_->failures] { return make_null_check(fields, step, failures); },
      .chooses_rows = true};
  return plan::make_process(converted, std::move(check), converted->schema);
}

PlanNode Graph::merge(const std::vector<PlanNode>& inputs) {
  for (const PlanNode& input : inputs) {
    if (input == nullptr) {
      return nullptr;
    }
    bool same = input->schema.size() == inputs[0]->schema.size();
    for (std::size_t i = 0; same && i < input->schema.size(); ++i) {
      same = input->schema[i].type == inputs[0]->schema[i].type;
    }
    if (!same) {
      impl_->add_problem("merge", "the streams have different columns", {});
      return nullptr;
    }
  }
  return plan::make_union(inputs);
}

}  // namespace thalweg::detail
