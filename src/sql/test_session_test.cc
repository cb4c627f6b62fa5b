#include "sql/test_session.h"

#include <utility>

#include "sql/parser.h"

namespace thalweg::sql {
namespace {

const std::vector<OptionSpec>& event_options() {
  static const std::vector<OptionSpec> kOptions = {
      {.name = "live", .type = OptionType::kBoolean, .default_value = "false", .text = "Endless."},
      {.name = "shape", .type = OptionType::kText, .text = "own: it knows its columns."}};
  return kOptions;
}

const std::vector<OptionSpec>& json_options() {
  static const std::vector<OptionSpec> kOptions = {{.name = "timestamp_unit",
                                                    .type = OptionType::kChoice,
                                                    .default_value = "ms",
                                                    .text = "Of numbers.",
                                                    .choices = {"s", "ms"}}};
  return kOptions;
}

Result<TablePtr> infer(const std::string& path) {
  if (path != "points.jsonl" && path != "stdin") {
    return invalid_argument("no such file");
  }
  auto table = std::make_shared<Table>();
  table->name = path;
  table->connector = "events";
  for (const char* name : {"x", "y"}) {
    table->columns.push_back({.field = {name, type_of(TypeKind::kBigint)}});
  }
  return TablePtr(table);
}

void add_plan(const BoundStatement& statement, plan::Plan& plan) {
  if (const auto* query = std::get_if<BoundQuery>(&statement)) {
    plan.sinks.push_back(query->sink);
  } else if (const auto* queries = std::get_if<BoundQueries>(&statement)) {
    for (const BoundQuery& each : queries->queries) {
      plan.sinks.push_back(each.sink);
    }
  }
}

}  // namespace

ConnectorCatalog fake_connectors() {
  ConnectorInfo events;
  events.name = "events";
  events.can_read = true;
  events.takes_format = true;
  events.default_format = "json";
  events.options = event_options();
  events.bounded = [](const Options& options) { return !options.boolean("live"); };
  events.own_schema = [](const Options& options) -> std::optional<Schema> {
    if (!options.has("shape")) {
      return std::nullopt;
    }
    return Schema{{"dateTime", type_of(TypeKind::kTimestamp)},
                  {"price", type_of(TypeKind::kBigint)}};
  };
  ConnectorInfo log;
  log.name = "log";
  log.can_write = true;
  ConnectorInfo upsert = log;
  upsert.name = "upsert";
  upsert.takes_changes = true;
  static const std::vector<MetadataInfo> kMetadata = {
      {.name = "key", .types = {type_of(TypeKind::kText), type_of(TypeKind::kBytea)}, .text = ""},
      {.name = "offset", .types = {type_of(TypeKind::kBigint)}, .text = ""}};
  ConnectorInfo topic;
  topic.name = "topic";
  topic.can_read = true;
  topic.can_write = true;
  topic.metadata = kMetadata;
  ConnectorCatalog catalog;
  catalog.connectors = {events, log, upsert, topic};
  catalog.formats = {{.name = "json", .options = json_options()}};
  return catalog;
}

TestSession::TestSession() : catalog_(fake_connectors(), infer) {}

void TestSession::run(std::string_view script) {
  script_ = script;
  problems_.clear();
  statements_.clear();
  plan_ = {};
  Diagnostics diagnostics;
  const std::vector<ast::Statement> statements = parse_script(script_, diagnostics);
  for (const ast::Statement& statement : statements) {
    if (std::optional<BoundStatement> bound = bind(statement, catalog_, diagnostics)) {
      add_plan(*bound, plan_);
      statements_.push_back(std::move(*bound));
    }
  }
  problems_ = diagnostics.all();
}

std::string TestSession::listed(Severity severity) const {
  std::string text;
  for (const Diagnostic& problem : problems_) {
    if (problem.severity == severity) {
      text += (text.empty() ? "" : "\n") + problem.code + ' ' + problem.message;
    }
  }
  return text;
}

const Diagnostic* TestSession::first_error() const {
  for (const Diagnostic& problem : problems_) {
    if (problem.severity == Severity::kError) {
      return &problem;
    }
  }
  return nullptr;
}

std::string TestSession::place() const {
  const Diagnostic* error = first_error();
  return error == nullptr ? ""
                          : script_.substr(error->span.begin, error->span.end - error->span.begin);
}

std::string TestSession::label() const {
  return first_error() == nullptr ? "" : first_error()->label;
}

std::string TestSession::notes() const {
  std::string notes;
  for (const std::string& note :
       first_error() == nullptr ? std::vector<std::string>{} : first_error()->notes) {
    notes += (notes.empty() ? "" : "\n") + note;
  }
  return notes;
}

std::string TestSession::columns() const {
  std::string columns;
  for (const Field& field : plan_.sinks.back()->schema) {
    columns += (columns.empty() ? "" : ", ") + field.name + ' ' + to_string(field.type);
  }
  return columns;
}

}  // namespace thalweg::sql
