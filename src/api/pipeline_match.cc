#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "api/pipeline_impl.h"
#include "api/program_columns.h"
#include "api/program_pattern.h"
#include "plan/build.h"

// Patterns of rows, as the planner knows them from MATCH_RECOGNIZE.
namespace thalweg::detail {
namespace {

static_assert(static_cast<int>(MatchSkip::kPastLastRow) ==
              static_cast<int>(AfterMatch::kPastLastRow));
static_assert(static_cast<int>(MatchSkip::kToNextRow) == static_cast<int>(AfterMatch::kToNextRow));
static_assert(static_cast<int>(MatchSkip::kToFirst) == static_cast<int>(AfterMatch::kToFirst));
static_assert(static_cast<int>(MatchSkip::kToLast) == static_cast<int>(AfterMatch::kToLast));

// Whether a match may have to wait for another row.
bool waits(const PatternProgram& program) {
  return std::ranges::any_of(program.next, [](const std::vector<std::uint32_t>& next) {
    return !next.empty() && next.front() != PatternProgram::kAccept;
  });
}

// A column for each step that has conditions.
std::vector<FieldInfo> condition_fields(const PatternDecl& pattern) {
  std::vector<FieldInfo> fields;
  for (const PatternStep& step : pattern.steps) {
    if (step.has_condition) {
      fields.push_back({.name = "is " + step.name, .kind = FieldKind::kBoolean});
    }
  }
  return fields;
}

}  // namespace

bool Graph::Impl::check_pattern(const std::string& step, const PatternDecl& pattern) {
  const std::vector<std::string> mistakes = mistakes_in(pattern);
  for (const std::string& mistake : mistakes) {
    add_problem(step, mistake, {});
  }
  return mistakes.empty();
}

PlanNode Graph::match(const PlanNode& input, const MatchDecl& match) {
  const std::string step = "match";
  if (!impl_->time_field_of(input, step, "or give its source event_time()") ||
      !impl_->check_pattern(step, match.pattern)) {
    return nullptr;
  }
  if (input->updating) {
    impl_->add_problem(step, "it takes rows that stay, and the stream changes rows it has given",
                       {"aggregate in windows, so that each result is final"});
    return nullptr;
  }
  plan::MatchPattern plan{.order = {{.column = *input->time.column}},
                          .pattern = row_pattern_of(match.pattern)};
  for (const std::string& key : match.keys) {
    const auto place = impl_->column_of(input, step, key);
    if (!place) {
      return nullptr;
    }
    plan.keys.push_back(*place);
  }
  const std::optional<PatternProgram> program = compile_pattern(plan.pattern);
  if (!program) {
    impl_->add_problem(step, "the pattern is too large when its repetitions are written out",
                       {"let a step take any number of rows, within() a time"});
    return nullptr;
  }
  const std::vector<FieldInfo> fields = condition_fields(match.pattern);
  auto next_condition = static_cast<std::uint32_t>(input->schema.size());
  for (const PatternStep& each : match.pattern.steps) {
    plan.variables.push_back(each.name);
    plan.conditions.push_back(each.has_condition ? std::optional(next_condition++) : std::nullopt);
    if (each.name == match.pattern.skip_to) {
      plan.skip_to = VariableSet{1} << (plan.variables.size() - 1);
    }
  }
  plan.after = static_cast<AfterMatch>(match.pattern.skip);
  plan.within_micros = match.pattern.within ? match.pattern.within->count() : 0;
  const std::string function = impl_->numbered("match to " + match.text);
  plan.call = plan::MatchCall{.text = match.text, .schema = schema_of(match.fields)};
  for (std::uint32_t column = 0; column < input->schema.size(); ++column) {
    plan.call->columns.push_back(column);
  }
  plan.call->make = [make = match.make, fields = match.fields, function,
                     failures = impl_->failures] {
    return make_match_function(make(), fields, function, failures);
  };
  PlanNode with_conditions = input;
  if (!fields.empty()) {
    const std::string conditions = "conditions of " + function;
    with_conditions = plan::make_process(
        input,
        {.text = conditions,
         .make =
             [make = match.make_conditions, fields, conditions, failures = impl_->failures] {
               return make_row_function(make(), fields, conditions, failures);
             },
         .yields = Yields::kColumns},
        schema_of(fields));
  }
  PlanNode matches = plan::make_match_pattern(with_conditions, std::move(plan),
                                              impl_->next_id("match"), impl_->name);
  if (!matches->bounded && !match.pattern.within && waits(*program)) {
    impl_->add_warning(step,
                       "a match that is not complete is kept for ever, and the input never ends",
                       {"say how long a match may take: within(1h)"});
  }
  return matches;
}

}  // namespace thalweg::detail
