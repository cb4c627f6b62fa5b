#include "sql/binder.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include "base/options.h"
#include "expr/time_zone.h"
#include "plan/build.h"
#include "sql/bind_ddl.h"
#include "sql/bind_query.h"
#include "sql/bind_sink.h"

namespace thalweg::sql {
namespace {

using Answer = std::optional<BoundStatement>;

Answer answer(std::optional<BoundQuery> query) {
  return query ? Answer(std::move(*query)) : std::nullopt;
}
Answer answer(std::optional<BoundRows> rows) {
  return rows ? Answer(std::move(*rows)) : std::nullopt;
}
Answer answer(bool ok) { return ok ? Answer(BoundDdl{}) : std::nullopt; }

std::optional<BoundQuery> bind_select_statement(BindContext& context, const ast::Query& query) {
  const plan::NodePtr node = bind_query(context, query).node;
  if (node == nullptr || !check_volatile(context, node, query.span)) {
    return std::nullopt;
  }
  return BoundQuery{.sink = plan::make_sink(node, nullptr), .has_order = !query.order_by.empty()};
}

Answer bind_node(BindContext& context, const ast::QueryPtr& query, Span /*span*/) {
  return answer(bind_select_statement(context, *query));
}

Answer bind_node(BindContext& context, const ast::Insert& insert, Span /*span*/) {
  return answer(bind_insert(context, insert));
}

Answer bind_node(BindContext& context, const ast::CreateTable& create, Span /*span*/) {
  Created created = bind_create_table(context, create);
  return created.query ? answer(std::move(created.query)) : answer(created.ok);
}

Answer bind_node(BindContext& context, const ast::CreateView& create, Span /*span*/) {
  return answer(bind_create_view(context, create));
}

Answer bind_node(BindContext& context, const ast::Drop& drop, Span /*span*/) {
  return answer(bind_drop(context, drop));
}

Answer bind_node(BindContext& context, const ast::Describe& describe, Span /*span*/) {
  return answer(bind_describe(context, describe));
}

Answer bind_node(BindContext& context, const ast::Show& show, Span span) {
  return answer(bind_show(context, show, span));
}

// The time zone of the session, by which days and months of windows go.
Answer bind_time_zone(BindContext& context, const ast::Set& set) {
  const std::string name = set.reset ? "UTC" : set.option.value;
  const std::optional<TimeZone> zone = TimeZone::find(name);
  if (!zone) {
    context.error("C0203", "there is no time zone '" + name + "'", set.option.value_span,
                  did_you_mean(name, TimeZone::names()), {"as in SET time_zone = 'Europe/Berlin'"});
    return std::nullopt;
  }
  context.names().time_zone = zone->name();
  return BoundDdl{};
}

// How long state is kept that no row touches.
Answer bind_ttl(BindContext& context, const ast::Set& set) {
  std::int64_t micros = 0;
  if (!set.reset && (!parse_duration_micros(set.option.value, micros) || micros < 0)) {
    context.error("C0203", "ttl must be a duration, not '" + set.option.value + "'",
                  set.option.value_span, "", {"as in SET ttl = '1 day'; 0 keeps state for ever"});
    return std::nullopt;
  }
  context.names().ttl_micros = micros;
  return BoundDdl{};
}

// Settings of Flink that change what comes out are something else here.
bool refuse_foreign(BindContext& context, const ast::Set& set) {
  const std::string& name = set.option.key;
  std::string cure;
  if (name == "table.exec.source.idle-timeout") {
    cure =
        "idle_timeout is an option of each table: WITH (idle_timeout = '" + set.option.value + "')";
  } else if (name.starts_with("table.exec.emit.")) {
    cure =
        "say it of the query: EMIT EVERY INTERVAL '10 seconds', or EMIT ON WINDOW CLOSE WITH "
        "LATENESS INTERVAL '1 hour'";
  } else {
    return false;
  }
  context.error("C0201", "there is no setting \"" + name + "\"", set.option.key_span, "", {cure});
  return true;
}

// Those that are about how Flink runs say nothing here. The others have names of their own.
std::optional<std::string> own_name(const std::string& foreign) {
  if (foreign == "parallelism.default" || foreign == "table.exec.resource.default-parallelism") {
    return "workers";
  }
  if (foreign == "execution.checkpointing.interval") {
    return "checkpoint_interval";
  }
  constexpr std::string_view kFamilies[] = {"execution.",  "table.",      "sql-client.",
                                            "pipeline.",   "state.",      "restart-strategy",
                                            "jobmanager.", "taskmanager."};
  const bool is_foreign = std::ranges::any_of(
      kFamilies, [&](std::string_view family) { return foreign.starts_with(family); });
  return is_foreign ? std::nullopt : std::optional(foreign);
}

Answer bind_node(BindContext& context, const ast::Set& set, Span /*span*/) {
  if (set.option.key == "ttl" || set.option.key == "table.exec.state.ttl") {
    return bind_ttl(context, set);
  }
  if (set.option.key == "time_zone" || set.option.key == "table.local-time-zone") {
    return bind_time_zone(context, set);
  }
  if (refuse_foreign(context, set)) {
    return std::nullopt;
  }
  std::optional<std::string> name = own_name(set.option.key);
  if (!name) {
    context.warn("C0207",
                 "\"" + set.option.key + "\" is about how Flink runs, and says nothing here",
                 set.option.key_span, "leave it out");
    return BoundDdl{};
  }
  return BoundSet{.name = std::move(*name), .value = set.reset ? "" : set.option.value};
}

Answer bind_node(BindContext& context, const ast::StatementSet& set, Span /*span*/) {
  BoundQueries bound;
  for (const ast::Insert& insert : set.inserts) {
    if (std::optional<BoundQuery> query = bind_insert(context, insert)) {
      bound.queries.push_back(std::move(*query));
    }
  }
  return bound;
}

Answer bind_node(BindContext& context, const ast::Explain& explain, Span span) {
  BoundExplain bound;
  bound.analyze = explain.analyze;
  for (const ast::Option& option : explain.options) {
    const std::string key = fold_name(option.key);
    const std::string value = fold_name(option.value);
    if (key == "format" && (value == "json" || value == "text")) {
      bound.json = value == "json";
    } else if (key == "analyze") {
      bound.analyze = value != "false" && value != "off";
    } else {
      context.error("C0201", "EXPLAIN has no option " + option.key + " = " + option.value,
                    option.key_span, "", {"it has FORMAT text or json, and ANALYZE"});
      return std::nullopt;
    }
  }
  std::optional<BoundQuery> query;
  if (const auto* select = explain.statement->as<ast::QueryPtr>()) {
    query = bind_select_statement(context, **select);
  } else if (const auto* insert = explain.statement->as<ast::Insert>()) {
    query = bind_insert(context, *insert);
  } else {
    context.not_supported("EXPLAIN of anything but a query or an INSERT", span);
  }
  if (!query) {
    return std::nullopt;
  }
  bound.query = std::move(*query);
  return bound;
}

void note_failed_declaration(const ast::Statement& statement, Catalog::Names& names) {
  std::string key;
  if (const auto* table = statement.as<ast::CreateTable>()) {
    key = table->name.back().key;
  } else if (const auto* view = statement.as<ast::CreateView>()) {
    key = view->name.back().key;
  }
  // One that was there before is still there.
  if (!key.empty() && !names.tables.contains(key) && !names.views.contains(key)) {
    names.failed.insert(key);
  }
}

}  // namespace

std::optional<BoundStatement> bind(const ast::Statement& statement, Catalog& catalog,
                                   Diagnostics& diagnostics) {
  Diagnostics found;
  BindContext context(catalog.names(), found, statement.text);
  const std::map<std::string, int> operators = catalog.names().operators;
  Answer bound = std::visit(
      [&](const auto& node) { return bind_node(context, node, statement.span); }, statement.node);
  for (const Diagnostic& diagnostic : found.all()) {
    diagnostics.add(diagnostic);
  }
  if (found.has_errors()) {
    bound.reset();
  }
  if (!bound) {
    note_failed_declaration(statement, catalog.names());
  }
  // Only what stays, or runs with other statements, counts towards the numbers of operators.
  const bool is_alone = statement.as<ast::QueryPtr>() != nullptr ||
                        statement.as<ast::Explain>() != nullptr ||
                        statement.as<ast::Describe>() != nullptr;
  if (!bound || is_alone) {
    catalog.names().operators = operators;
  }
  if (bound && statement.as<ast::QueryPtr>() != nullptr) {
    ++catalog.names().selects;
  }
  return bound;
}

}  // namespace thalweg::sql
