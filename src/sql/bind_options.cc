#include <algorithm>
#include <utility>

#include "catalog/table_options.h"
#include "sql/bind_ddl.h"

// WITH (...).
namespace thalweg::sql {
namespace {

OptionTexts option_texts(BindContext& context, const std::vector<ast::Option>& options, bool& ok) {
  OptionTexts texts;
  for (const ast::Option& option : options) {
    const bool is_new =
        texts
            .try_emplace(fold_name(option.key),
                         OptionText{option.value, option.key_span, option.value_span})
            .second;
    if (!is_new) {
      context.error("C0204", "option \"" + option.key + "\" is given twice", option.key_span);
      ok = false;
    }
  }
  return texts;
}

std::optional<OptionText> take(OptionTexts& texts, const std::string& key) {
  const auto found = texts.find(key);
  if (found == texts.end()) {
    return std::nullopt;
  }
  OptionText text = std::move(found->second);
  texts.erase(found);
  return text;
}

// Options of which it is known why there are none.
bool refuse_options(BindContext& context, const ConnectorInfo& connector, OptionTexts& texts) {
  if (connector.refuses_option == nullptr) {
    return false;
  }
  return std::erase_if(texts, [&](const auto& option) {
           const std::string reason = connector.refuses_option(option.first);
           if (!reason.empty()) {
             context.error("C0201", "option \"" + option.first + "\" cannot be given: " + reason,
                           option.second.key_span);
           }
           return !reason.empty();
         }) > 0;
}

void report_unknown(BindContext& context, std::string code, const std::string& what,
                    const OptionText& name, const std::vector<std::string>& names) {
  std::string label = did_you_mean(fold_name(name.value), names);
  std::vector<std::string> notes;
  if (label.empty()) {
    notes.push_back("there are: " + list_names(names));
  }
  context.error(std::move(code), "there is no " + what + " \"" + name.value + '"', name.value_span,
                std::move(label), std::move(notes));
}

const ConnectorInfo* find_connector(BindContext& context, const std::optional<OptionText>& name,
                                    Span span) {
  const ConnectorCatalog& catalog = context.names().connectors;
  std::vector<std::string> names;
  for (const ConnectorInfo& connector : catalog.connectors) {
    names.emplace_back(connector.name);
  }
  if (!name) {
    context.error("C0104", "WITH names no connector", span);
    return nullptr;
  }
  const ConnectorInfo* connector = catalog.find_connector(fold_name(name->value));
  if (connector == nullptr) {
    report_unknown(context, "C0101", "connector", *name, names);
  }
  return connector;
}

const FormatInfo* find_format(BindContext& context, const OptionText& name) {
  const ConnectorCatalog& catalog = context.names().connectors;
  const FormatInfo* format = catalog.find_format(fold_name(name.value));
  if (format == nullptr) {
    std::vector<std::string> names;
    for (const FormatInfo& known : catalog.formats) {
      names.emplace_back(known.name);
    }
    report_unknown(context, "C0102", "format", name, names);
  }
  return format;
}

// Where the format is not known, no format's option is taken for a mistake, and none is required.
void add_options_of_all_formats(const ConnectorCatalog& catalog, std::vector<OptionSpec>& specs) {
  for (const FormatInfo& format : catalog.formats) {
    for (OptionSpec spec : format.options) {
      const bool known = std::any_of(specs.begin(), specs.end(), [&](const OptionSpec& other) {
        return other.name == spec.name;
      });
      spec.required = false;
      if (!known) {
        specs.push_back(std::move(spec));
      }
    }
  }
}

// The format's own options go with the connector's; nothing when there is no such format.
std::optional<std::string> bind_format(BindContext& context, const ConnectorInfo& connector,
                                       const std::optional<OptionText>& name,
                                       std::vector<OptionSpec>& specs, Span span) {
  if (!connector.takes_format) {
    if (name) {
      context.error("C0109", "connector " + std::string(connector.name) + " takes no format",
                    name->key_span, "its rows are typed already");
      return std::nullopt;
    }
    return "";
  }
  if (!name && connector.default_format.empty()) {
    context.error(
        "C0202", "connector " + std::string(connector.name) + " needs the option \"format\"", span);
    add_options_of_all_formats(context.names().connectors, specs);
    return std::nullopt;
  }
  const FormatInfo* format = find_format(
      context, name ? *name : OptionText{std::string(connector.default_format), {}, {}});
  if (format == nullptr) {
    add_options_of_all_formats(context.names().connectors, specs);
    return std::nullopt;
  }
  specs.insert(specs.end(), format->options.begin(), format->options.end());
  return std::string(format->name);
}

}  // namespace

std::optional<Connection> bind_options(BindContext& context, const ast::CreateTable& create) {
  bool ok = true;
  OptionTexts texts = option_texts(context, create.options, ok);
  const std::optional<OptionText> name = take(texts, "connector");
  std::optional<OptionText> format = take(texts, "format");
  if (!format) {
    format = take(texts, "value.format");  // As Flink has it, where keys have formats too.
  }
  Connection connection;
  connection.connector = find_connector(context, name, create.options_span);
  if (connection.connector == nullptr) {
    return std::nullopt;
  }
  const ConnectorInfo& connector = *connection.connector;
  std::vector<OptionSpec> specs(connector.options.begin(), connector.options.end());
  std::optional<std::string> format_name =
      bind_format(context, connector, format, specs, create.options_span);
  const std::span<const OptionSpec> general = table_option_specs();
  specs.insert(specs.end(), general.begin(), general.end());
  // These two are options too, when a misspelt name is told what it may have meant.
  for (const std::string_view name_of_option : {"connector", "format"}) {
    OptionSpec spec;
    spec.name = name_of_option;
    specs.push_back(spec);
  }
  ok = !refuse_options(context, connector, texts) && ok;
  Diagnostics found;
  connection.options = check_options(texts, specs, "connector " + std::string(connector.name),
                                     create.options_span, found);
  for (const Diagnostic& diagnostic : found.all()) {
    context.diagnostics().add(diagnostic);
  }
  for (const ast::Option& option : create.options) {
    if (!create.watermark && is_time_option(fold_name(option.key))) {
      context.warn("C0205", "option \"" + option.key + "\" has no effect without a watermark",
                   option.key_span, "", {"add WATERMARK FOR its time column, or leave it out"});
    }
  }
  if (!ok || !format_name || found.has_errors()) {
    return std::nullopt;
  }
  connection.format = std::move(*format_name);
  return connection;
}

}  // namespace thalweg::sql
