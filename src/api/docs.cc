#include "thalweg/docs.h"

#include "base/error_codes.h"
#include "base/nearest.h"
#include "catalog/table_options.h"
#include "columnar/row_error.h"
#include "connectors/registry.h"
#include "expr/aggregate.h"
#include "expr/function.h"
#include "formats/format.h"
#include "sql/window_functions.h"

namespace thalweg {
namespace {

std::vector<std::string> strings(const std::vector<std::string_view>& views) {
  return {views.begin(), views.end()};
}

std::string type_name(OptionType type) {
  switch (type) {
    case OptionType::kText:
      return "text";
    case OptionType::kBoolean:
      return "boolean";
    case OptionType::kInteger:
      return "integer";
    case OptionType::kDuration:
      return "duration";
    case OptionType::kBytes:
      return "bytes";
    case OptionType::kChoice:
      break;
  }
  return "choice";
}

std::vector<OptionDoc> option_docs(std::span<const OptionSpec> specs) {
  std::vector<OptionDoc> docs;
  for (const OptionSpec& spec : specs) {
    docs.push_back({.name = std::string(spec.name),
                    .type = type_name(spec.type),
                    .required = spec.required,
                    .default_value = std::string(spec.default_value),
                    .text = std::string(spec.text),
                    .choices = strings(spec.choices),
                    .aliases = strings(spec.aliases)});
  }
  return docs;
}

}  // namespace

std::vector<FunctionDoc> function_docs() {
  std::vector<FunctionDoc> docs;
  for (const Function& function : functions()) {
    docs.push_back({.name = std::string(function.name),
                    .aliases = strings(function.aliases),
                    .signature = std::string(function.signature),
                    .category = std::string(function.category),
                    .text = std::string(function.text),
                    .example = std::string(function.example),
                    .result = std::string(function.result)});
  }
  for (const AggregateFunction& aggregate : aggregate_functions()) {
    docs.push_back({.name = std::string(aggregate.name),
                    .aliases = strings(aggregate.aliases),
                    .signature = std::string(aggregate.signature),
                    .category = "aggregate",
                    .text = std::string(aggregate.text),
                    .example = std::string(aggregate.example),
                    .result = std::string(aggregate.result)});
  }
  return docs;
}

std::vector<FunctionDoc> window_function_docs() {
  std::vector<FunctionDoc> docs;
  for (const WindowFunction& function : window_functions()) {
    docs.push_back({.name = std::string(function.name),
                    .aliases = {},
                    .signature = std::string(function.signature),
                    .category = "window",
                    .text = std::string(function.text),
                    .example = {},
                    .result = {}});
  }
  return docs;
}

std::string aggregate_rows_of_examples() { return std::string(aggregate_example_rows()); }

std::vector<ConnectorDoc> connector_docs() {
  std::vector<ConnectorDoc> docs;
  for (const Connector& connector : connectors()) {
    const ConnectorInfo& info = connector.info;
    docs.push_back({.name = std::string(info.name),
                    .aliases = strings(info.aliases),
                    .text = std::string(info.text),
                    .can_read = info.can_read,
                    .can_write = info.can_write,
                    .takes_format = info.takes_format,
                    .default_format = std::string(info.default_format),
                    .options = option_docs(info.options)});
  }
  return docs;
}

std::vector<FormatDoc> format_docs() {
  std::vector<FormatDoc> docs;
  for (const Format* format : formats()) {
    docs.push_back(
        {.name = std::string(format->name()), .options = option_docs(format->options())});
  }
  return docs;
}

std::vector<OptionDoc> table_option_docs() { return option_docs(table_option_specs()); }

std::vector<ErrorDoc> error_docs() {
  std::vector<ErrorDoc> docs;
  for (const ErrorCode& code : error_codes()) {
    docs.push_back({.code = std::string(code.code),
                    .title = std::string(code.title),
                    .explanation = std::string(code.explanation)});
  }
  return docs;
}

std::vector<RowErrorDoc> row_error_docs() {
  std::vector<RowErrorDoc> docs;
  for (int i = 1; i < kRowErrorCount; ++i) {
    const auto error = static_cast<RowError>(i);
    docs.push_back(
        {.reason = std::string(to_string(error)), .explanation = std::string(explain(error))});
  }
  return docs;
}

std::optional<std::string> suggest(std::string_view word,
                                   const std::vector<std::string>& candidates) {
  return nearest_name(word, candidates);
}

}  // namespace thalweg
