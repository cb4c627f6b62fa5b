#include <fmt/format.h>

#include <utility>

#include "api/pipeline_impl.h"
#include "api/program_columns.h"
#include "plan/build.h"
#include "sql/catalog_names.h"

namespace thalweg::detail {
namespace {

// No program declares a table of this name.
constexpr std::string_view kFilteredName = "the stream";

// The sum of sizes is taken in microseconds, which a window counts in.
std::string micros_text(std::chrono::microseconds span) {
  return fmt::format("{} microseconds", span.count());
}

// The call that one aggregate of the program stands for; nothing where there is none such.
std::optional<AggregateCall> call_of(const AggregateOf& wanted, const ExprPtr& field) {
  AggregateCall call;
  call.name = wanted.name;
  std::vector<Type> types;
  if (field == nullptr) {
    if (wanted.function != "count") {
      return std::nullopt;
    }
    call.kind = AggregateKind::kCountStar;
  } else {
    const AggregateFunction* const function = find_aggregate(wanted.function);
    if (function == nullptr) {
      return std::nullopt;
    }
    call.kind = wanted.function == "count" ? AggregateKind::kCount : function->kind;
    call.args.push_back(field);
    types.push_back(field->type);
  }
  const std::optional<Type> type = aggregate_type(call.kind, types);
  if (!type) {
    return std::nullopt;
  }
  call.type = *type;
  return call;
}

}  // namespace

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
  if (input == nullptr) {
    return nullptr;
  }
  auto& views = impl_->engine.catalog().names().views;
  const std::string view(kFilteredName);
  views[view] = {.name = view, .node = input};
  const std::string prefix = "SELECT * FROM \"" + view + "\" WHERE ";
  const auto bound =
      impl_->bind({.name = impl_->name + ", filter", .text = prefix + condition}, prefix.size());
  views.erase(view);
  if (!bound || bound->items.size() != 1) {
    return nullptr;
  }
  const auto* query = std::get_if<sql::BoundQuery>(&bound->items[0].bound);
  return query == nullptr ? nullptr : query->sink->inputs[0];
}

PlanNode Graph::aggregate(const PlanNode& input, const AggregateDecl& decl) {
  if (input == nullptr) {
    return nullptr;
  }
  plan::Aggregate aggregate;
  if (decl.window && input->time.lost) {
    impl_->add_problem("window", "the stream has no event time",
                       {"say at the source which field holds it: "
                        "event_time<&T::field>(bounded_out_of_order(5s))"});
    return nullptr;
  }
  if (decl.window && decl.window->size.count() <= 0) {
    impl_->add_problem(
        "window",
        "the size of a window is more than nothing, not " + micros_text(decl.window->size), {});
    return nullptr;
  }
  if (decl.window) {
    aggregate.window = plan::Window{.size_micros = decl.window->size.count(),
                                    .offset_micros = decl.window->offset.count()};
    aggregate.emit = plan::Emit::kOnWindowClose;
  } else {
    aggregate.emit = input->bounded ? plan::Emit::kAtEnd : plan::Emit::kChanges;
  }
  const auto column = [&](const std::string& name) -> ExprPtr {
    const auto place = impl_->column_of(input, "aggregate", name);
    return place ? column_expr(*place, input->schema[*place].type, name) : nullptr;
  };
  for (const std::string& key : decl.keys) {
    aggregate.keys.push_back(column(key));
    if (aggregate.keys.back() == nullptr) {
      return nullptr;
    }
  }
  for (const AggregateOf& each : decl.aggregates) {
    const ExprPtr field = each.field.empty() ? nullptr : column(each.field);
    if (!each.field.empty() && field == nullptr) {
      return nullptr;
    }
    std::optional<AggregateCall> call = call_of(each, field);
    if (!call) {
      impl_->add_problem("aggregate",
                         fmt::format("there is no aggregate {}({})", each.function,
                                     field == nullptr ? "" : thalweg::to_string(field->type)),
                         {});
      return nullptr;
    }
    aggregate.aggregates.push_back(std::move(*call));
  }
  const int number = ++impl_->operators["aggregate"];
  return plan::make_aggregate(input, std::move(aggregate), decl.keys,
                              fmt::format("{}/aggregate#{}", impl_->name, number), impl_->name);
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
