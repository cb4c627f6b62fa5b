#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "api/pipeline_impl.h"
#include "api/program_columns.h"
#include "plan/build.h"

namespace thalweg::detail {
namespace {

// `BIGINT, TEXT`.
std::string types_text(const Schema& fields) {
  std::string text;
  for (const Field& field : fields) {
    text += (text.empty() ? "" : ", ") + thalweg::to_string(field.type);
  }
  return text;
}

}  // namespace

std::string Graph::Impl::numbered(const std::string& text) {
  const int number = ++operators[text];
  return number == 1 ? text : fmt::format("{} ({})", text, number);
}

bool Graph::Impl::check_key(const std::string& step, const Schema& keys,
                            const std::vector<FieldInfo>& wanted) {
  const Schema fields = schema_of(wanted);
  const auto same_type = [](const Field& a, const Field& b) { return a.type == b.type; };
  if (std::equal(keys.begin(), keys.end(), fields.begin(), fields.end(), same_type)) {
    return true;
  }
  add_problem(step,
              fmt::format("its Key is {}, and the stream is keyed by {}", types_text(fields),
                          types_text(keys)),
              {"Key is the type of the key's field, or a struct of the fields in the order of "
               "key_by()"});
  return false;
}

PlanNode Graph::Impl::gathered(const std::string& step, const plan::Node& keyed,
                               const BroadcastDecl& broadcast) {
  if (broadcast.input == nullptr) {
    return nullptr;
  }
  if (broadcast.state_expires) {
    add_problem(step, "its BroadcastState has a ttl, and what all workers hold has none",
                {"keep the time in the state, and leave out what is too old"});
    return nullptr;
  }
  if (broadcast.input->updating) {
    add_problem(step, "it takes rows that stay, and the broadcast stream changes rows it has given",
                {"aggregate in windows, so that each result is final"});
    return nullptr;
  }
  if (broadcast.input->time.lost != keyed.time.lost) {
    add_problem(step,
                fmt::format("the {} stream has event time and the other has none",
                            keyed.time.lost ? "broadcast" : "keyed"),
                {"give both event_time(), or neither"});
    return nullptr;
  }
  return plan::make_sort(broadcast.input, {.keys = {}, .limit = {}, .behind_watermark = true},
                         next_id("broadcast"), name);
}

PlanNode Graph::function(const PlanNode& input, FunctionDecl function) {
  if (input == nullptr) {
    return nullptr;
  }
  const std::string step = impl_->numbered(function.text);
  plan::Process process{
      .text = step,
      .make = [make = std::move(function.make), fields = function.fields, step,
               failures =
                   impl_->failures] { return make_row_function(make(), fields, step, failures); },
      .yields = function.chooses_rows ? Yields::kItsRows : Yields::kRows};
  return plan::make_process(input, std::move(process), schema_of(function.fields));
}

PlanNode Graph::keyed_function(const PlanNode& input, KeyedFunctionDecl function) {
  if (input == nullptr) {
    return nullptr;
  }
  const std::string step = impl_->numbered(function.text);
  plan::KeyedProcess process{.text = step, .keys = {}, .make = {}, .state = function.state};
  Schema keys;
  for (const std::string& key : function.keys) {
    const auto place = impl_->column_of(input, "process", key);
    if (!place) {
      return nullptr;
    }
    process.keys.push_back(*place);
    keys.push_back(input->schema[*place]);
  }
  if (!impl_->check_key(step, keys, function.key_fields)) {
    return nullptr;
  }
  if (input->updating) {
    impl_->add_problem(step, "it takes rows that stay, and the stream changes rows it has given",
                       {"aggregate in windows, so that each result is final"});
    return nullptr;
  }
  std::vector<PlanNode> inputs{input};
  if (function.broadcast) {
    inputs.push_back(impl_->gathered(step, *input, *function.broadcast));
    if (inputs.back() == nullptr) {
      return nullptr;
    }
    process.broadcast_state = function.broadcast->state;
  }
  process.make = [make = std::move(function.make), keys = process.keys, fields = function.fields,
                  step, has_ttl = function.state_expires, failures = impl_->failures] {
    return make_keyed_function(make(keys), fields, step, has_ttl, failures);
  };
  return plan::make_keyed_process(std::move(inputs), std::move(process), schema_of(function.fields),
                                  impl_->next_id("process"), impl_->name);
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
      .yields = Yields::kItsRows};
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
