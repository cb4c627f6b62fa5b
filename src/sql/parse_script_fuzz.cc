#include <cstdint>
#include <string>

#include "base/check.h"
#include "sql/binder.h"
#include "sql/parser.h"

// Any bytes as a script: nothing breaks, every problem has a place within the text, and what binds
// can be rewritten and shown.
namespace thalweg::sql {
namespace {

const std::vector<OptionSpec>& event_options() {
  static const std::vector<OptionSpec> kOptions = {
      {.name = "path", .type = OptionType::kText, .text = "Where."},
      {.name = "live", .type = OptionType::kBoolean, .default_value = "false", .text = "Endless."},
      {.name = "pause", .type = OptionType::kDuration, .default_value = "1s", .text = "Wait."}};
  return kOptions;
}

ConnectorCatalog connectors() {
  ConnectorInfo events;
  events.name = "events";
  events.can_read = true;
  events.takes_format = true;
  events.default_format = "json";
  events.options = event_options();
  events.bounded = [](const Options& options) { return !options.boolean("live"); };
  ConnectorInfo log;
  log.name = "log";
  log.can_write = true;
  ConnectorCatalog catalog;
  catalog.connectors = {events, log};
  catalog.formats = {{.name = "json", .options = {}}};
  return catalog;
}

Result<TablePtr> infer(const std::string& path) {
  if (!path.ends_with(".jsonl")) {
    return invalid_argument("no such file: " + path);
  }
  auto table = std::make_shared<Table>();
  table->name = path;
  table->connector = "events";
  table->columns.push_back({.field = {"n", type_of(TypeKind::kBigint)}});
  table->columns.push_back({.field = {"name", type_of(TypeKind::kText)}});
  return TablePtr(table);
}

constexpr std::string_view kDeclarations =
    "CREATE TABLE t (a INT, b BIGINT, c DOUBLE, d TEXT, e NUMERIC(10,2), f BOOLEAN, g DATE,"
    " h INTERVAL, s STRUCT<x INT, y TEXT>, l TEXT[], ts TIMESTAMP, v AS (b * 2),"
    " WATERMARK FOR ts AS ts - INTERVAL '1 minute') WITH (connector = 'events');"
    "CREATE TABLE live (a INT, ts TIMESTAMP, WATERMARK FOR ts AS ts)"
    " WITH (connector = 'events', live = true);"
    "CREATE SINK log_of (a INT, d TEXT) WITH (connector = 'log');"
    "CREATE VIEW counted AS SELECT a, count(*) AS n FROM t GROUP BY a";

// Sinks of what was bound.
plan::Plan plan_of(const std::vector<BoundStatement>& statements) {
  plan::Plan plan;
  for (const BoundStatement& statement : statements) {
    if (const auto* query = std::get_if<BoundQuery>(&statement)) {
      plan.sinks.push_back(query->sink);
    } else if (const auto* explain = std::get_if<BoundExplain>(&statement)) {
      plan.sinks.push_back(explain->query.sink);
    } else if (const auto* queries = std::get_if<BoundQueries>(&statement)) {
      for (const BoundQuery& each : queries->queries) {
        plan.sinks.push_back(each.sink);
      }
    }
  }
  return plan;
}

std::vector<BoundStatement> bind_script(std::string_view script, Catalog& catalog,
                                        Diagnostics& diagnostics) {
  std::vector<BoundStatement> bound;
  for (const ast::Statement& statement : parse_script(script, diagnostics)) {
    const bool errors_before = diagnostics.has_errors();
    std::optional<BoundStatement> one = bind(statement, catalog, diagnostics);
    TW_CHECK(one.has_value() || errors_before || diagnostics.has_errors());
    if (one) {
      bound.push_back(std::move(*one));
    }
  }
  return bound;
}

void check(const std::string& script) {
  Catalog catalog(connectors(), infer);
  Diagnostics declared;
  bind_script(kDeclarations, catalog, declared);
  TW_CHECK(!declared.has_errors());

  Diagnostics diagnostics;
  const plan::Plan plan = plan_of(bind_script(script, catalog, diagnostics));
  const SourceText source{.name = "script", .text = script};
  for (const Diagnostic& diagnostic : diagnostics.all()) {
    TW_CHECK(diagnostic.span.begin <= diagnostic.span.end);
    TW_CHECK(diagnostic.span.end <= script.size());
    TW_CHECK(!diagnostic.code.empty() && !diagnostic.message.empty());
    render_text(source, diagnostic, /*color=*/true);
    render_json(source, diagnostic);
  }
  plan::explain_text(plan);
  const plan::Plan rewritten = plan::rewrite(plan);
  plan::explain_text(rewritten);
  plan::explain_json(rewritten);
}

}  // namespace
}  // namespace thalweg::sql

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  thalweg::sql::check({reinterpret_cast<const char*>(data), size});
  return 0;
}
