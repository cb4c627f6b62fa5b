#include "expr/constant_failure.h"

#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "base/nearest.h"
#include "base/shorten.h"
#include "columnar/batch.h"
#include "expr/evaluator.h"
#include "expr/time_format.h"
#include "expr/time_parts.h"
#include "expr/time_zone.h"

namespace thalweg {
namespace {

using Args = std::vector<ExprPtr>;
using Found = std::optional<ConstantFailure>;

bool is_literal(const ExprPtr& expr) { return expr->kind == ExprKind::kLiteral; }

// Of a literal of TEXT that is not NULL.
const std::string& text_of(const ExprPtr& literal) {
  return std::get<std::string>(literal->literal.data);
}

std::string in_quotes(std::string_view text) { return "'" + shorten(text) + "'"; }

std::string suggestion(std::string_view name, const std::vector<std::string>& known) {
  const std::optional<std::string> nearest = nearest_name(name, known);
  return nearest ? "did you mean \"" + *nearest + "\"?" : "";
}

// What a function says of the arguments that it refused; nothing: it is not the constants' fault.
Found refused(const Expr& call, const Args& /*args*/) {
  return ConstantFailure{
      .message = "the constants in " + shorten(to_string(call)) + " are not accepted",
      .notes = {"it is " + std::string(find_function(call.function->function)->signature)}};
}

Found zero_divisor(const Expr& /*call*/, const Args& /*args*/) {
  return ConstantFailure{.argument = 1, .message = "a division by zero"};
}

Found bad_like(const Expr& call, const Args& args) {
  const bool has_escape = args.size() > 2;
  if (has_escape && !is_literal(args[2])) {
    return std::nullopt;
  }
  const std::string escape = has_escape ? text_of(args[2]) : "\\";
  if (call.function->function == "similar to" || escape.size() > 1) {
    return refused(call, args);
  }
  return ConstantFailure{.argument = 1,
                         .message = "the pattern " + in_quotes(text_of(args[1])) + " ends in " +
                                    escape + ", which takes the next character as it is",
                         .notes = {"write " + escape + escape + " for the character itself"}};
}

Found bad_regex(const Expr& call, const Args& args) {
  RE2::Options options;
  options.set_log_errors(false);
  const RE2 regex(text_of(args[1]), options);
  if (regex.ok()) {
    return refused(call, args);
  }
  return ConstantFailure{.argument = 1,
                         .message = "the regular expression " + in_quotes(text_of(args[1])) +
                                    " is not valid: " + regex.error()};
}

Found bad_unit(const Expr& call, const Args& args) {
  const std::string& unit = text_of(args[0]);
  const std::string_view function = call.function->function;
  if (find_time_part(unit)) {
    return ConstantFailure{.argument = 0,
                           .message = std::string(function == "date_part" ? "extract" : function) +
                                      " has no unit " + in_quotes(unit) + " of " +
                                      to_string(args.back()->type)};
  }
  return ConstantFailure{.argument = 0,
                         .message = "there is no unit " + in_quotes(unit),
                         .label = suggestion(unit, time_part_names()),
                         .notes = {"there are microsecond, millisecond, second, minute, hour, day, "
                                   "week, month, quarter, year, decade, century, millennium"}};
}

Found bad_zone(const Expr& /*call*/, const Args& args) {
  const std::string& zone = text_of(args[0]);
  return ConstantFailure{
      .argument = 0,
      .message = "there is no time zone " + in_quotes(zone),
      .label = suggestion(zone, TimeZone::names()),
      .notes = {"a zone has its name of the IANA database, as in 'Europe/Berlin' or 'UTC'"}};
}

Found bad_form(const Expr& call, const Args& args) {
  if (text_of(args[1]) == "hex" || text_of(args[1]) == "base64" || text_of(args[1]) == "escape") {
    return refused(call, args);
  }
  return ConstantFailure{.argument = 1,
                         .message = "there is no form " + in_quotes(text_of(args[1])) + " of bytes",
                         .label = suggestion(text_of(args[1]), {"hex", "base64", "escape"}),
                         .notes = {"there are hex, base64 and escape"}};
}

Found bad_bin(const Expr& /*call*/, const Args& args) {
  return ConstantFailure{
      .argument = 0,
      .message = "date_bin needs a size of more than zero and without months, not " +
                 to_string(args[0]->literal),
      .notes = {"date_trunc('month', time) cuts to months"}};
}

Found bad_part_number(const Expr& /*call*/, const Args& /*args*/) {
  return ConstantFailure{.argument = 2,
                         .message = "split_part has no part number 0",
                         .notes = {"parts are counted from 1, and from the end from -1"}};
}

Found bad_placeholders(const Expr& /*call*/, const Args& args) {
  return ConstantFailure{
      .argument = 0,
      .message = "the pattern " + in_quotes(text_of(args[0])) + " does not fit the " +
                 std::to_string(args.size() - 1) + (args.size() == 2 ? " value" : " values") +
                 " behind it",
      .notes = {"%s, %I and %L each take the next value; %% is a per cent sign"}};
}

Found bad_strftime(const Expr& /*call*/, const Args& args) {
  if (read_strftime(text_of(args[1]))) {
    return std::nullopt;
  }
  return ConstantFailure{.argument = 1,
                         .message = "the form " + in_quotes(text_of(args[1])) +
                                    " has a letter behind % that stands for nothing",
                         .notes = {"there are %Y %y %m %B %b %d %j %A %a %w %u %G %V %H %I %M %S "
                                   "%f %g %p %z %F %T %%"}};
}

Found bad_date_format(const Expr& /*call*/, const Args& args) {
  if (read_date_format(text_of(args[1]))) {
    return std::nullopt;
  }
  return ConstantFailure{
      .argument = 1,
      .message =
          "the form " + in_quotes(text_of(args[1])) + " has a letter that stands for nothing",
      .notes = {"there are yyyy yy MM MMM MMMM dd D HH hh mm ss SSS SSSSSS a EEE EEEE, and text in "
                "single quotes, each of them written twice"}};
}

// A function that looks at one of its arguments in the same way whatever the others are.
struct Rule {
  std::string_view function;
  std::size_t argument;  // The one that it looks at.
  Found (*describe)(const Expr& call, const Args& args);
};

constexpr std::array kRules = {
    Rule{"/", 1, zero_divisor},
    Rule{"%", 1, zero_divisor},
    Rule{"like", 1, bad_like},
    Rule{"ilike", 1, bad_like},
    Rule{"similar to", 1, bad_like},
    Rule{"~", 1, bad_regex},
    Rule{"~*", 1, bad_regex},
    Rule{"!~", 1, bad_regex},
    Rule{"!~*", 1, bad_regex},
    Rule{"regexp_like", 1, bad_regex},
    Rule{"regexp_replace", 1, bad_regex},
    Rule{"regexp_extract", 1, bad_regex},
    Rule{"regexp_count", 1, bad_regex},
    Rule{"date_trunc", 0, bad_unit},
    Rule{"date_part", 0, bad_unit},
    Rule{"date_diff", 0, bad_unit},
    Rule{"date_bin", 0, bad_bin},
    Rule{"timezone", 0, bad_zone},
    Rule{"strftime", 1, bad_strftime},
    Rule{"strptime", 1, bad_strftime},
    Rule{"date_format", 1, bad_date_format},
    Rule{"encode", 1, bad_form},
    Rule{"decode", 1, bad_form},
    Rule{"format", 0, bad_placeholders},
    Rule{"split_part", 2, bad_part_number},
    Rule{"substring", 2, refused},
    Rule{"overlay", 2, refused},
    Rule{"log", 0, refused},
};

// The rule that applies to the call, by its name and by what of it is constant.
const Rule* find_rule(const Expr& expr, const Args& args) {
  if (expr.kind != ExprKind::kCall) {
    return nullptr;
  }
  const auto* found = std::find_if(kRules.begin(), kRules.end(), [&](const Rule& rule) {
    return rule.function == expr.function->function && rule.argument < args.size();
  });
  const bool applies = found != kRules.end() && is_literal(args[found->argument]) &&
                       !args[found->argument]->literal.is_null();
  return applies ? &*found : nullptr;
}

// A value of the type that no function with a rule refuses; NULL where there is none.
ExprPtr harmless(const Type& type) {
  std::string_view text = "1";
  switch (type.kind) {
    case TypeKind::kText:
    case TypeKind::kBytea:
      text = "";
      break;
    case TypeKind::kDate:
    case TypeKind::kTimestamp:
    case TypeKind::kTimestamptz:
      text = "2000-01-01 00:00:00";
      break;
    case TypeKind::kTime:
      text = "00:00:00";
      break;
    case TypeKind::kInterval:
      text = "1 day";
      break;
    default:
      break;
  }
  Result<Value> value = parse_value(text, type);
  return literal_expr(value.ok() ? std::move(value).take() : null_value(type));
}

RowError error_of(const Expr& expr, Args args) {
  auto call = std::make_shared<Expr>(expr);
  call->args = std::move(args);
  EvalContext context;
  Batch batch;
  batch.length = 1;
  return Evaluator{ExprPtr{std::move(call)}}.evaluate(batch, context).error(0);
}

ConstantFailure describe(const Expr& expr, const Args& args, RowError error) {
  if (error == RowError::kBadCast ||
      (error == RowError::kOverflow && expr.kind == ExprKind::kCast)) {
    return {.message =
                shorten(to_string(*args[0])) +
                (error == RowError::kBadCast ? " is not a valid " : " is out of the range of ") +
                to_string(expr.type)};
  }
  const std::string written = shorten(to_string(expr));
  switch (error) {
    case RowError::kDivisionByZero:
      return {.message = written + " is a division by zero"};
    case RowError::kOverflow:
      return {.message = written + " is out of the range of " + to_string(expr.type)};
    default:
      return {.message = written + " is not defined"};
  }
}

}  // namespace

std::optional<ConstantFailure> find_constant_failure(const ExprPtr& expr) {
  if (expr->kind != ExprKind::kCall && expr->kind != ExprKind::kCast) {
    return std::nullopt;
  }
  Args args;
  for (const ExprPtr& arg : expr->args) {
    args.push_back(fold_constants(arg));
  }
  const bool constant = std::all_of(args.begin(), args.end(), is_literal);
  const Rule* rule = find_rule(*expr, args);
  if (rule == nullptr && (!constant || is_volatile(*expr))) {
    return std::nullopt;
  }
  Args probe = args;
  for (ExprPtr& arg : probe) {
    arg = is_literal(arg) ? arg : harmless(arg->type);
  }
  const RowError error = error_of(*expr, std::move(probe));
  if (error == RowError::kNone) {
    return std::nullopt;
  }
  const bool argued = error == RowError::kBadArgument || error == RowError::kDivisionByZero;
  if (rule != nullptr && argued) {
    if (Found found = rule->describe(*expr, args); found || !constant) {
      return found;
    }
  }
  return constant ? Found{describe(*expr, args, error)} : std::nullopt;
}

}  // namespace thalweg
