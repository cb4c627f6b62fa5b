#include <fmt/format.h>

#include <utility>

#include "api/pipeline_impl.h"
#include "api/program_columns.h"
#include "api/program_source.h"
#include "catalog/table_options.h"
#include "plan/build.h"
#include "sql/bind_sink.h"
#include "sql/catalog_names.h"
#include "sql/sql_text.h"

// Where streams begin and end: what SQL calls tables. Connectors are declared by SQL, so that their
// options are checked as SQL checks them.
namespace thalweg::detail {
namespace {

std::string options_sql(const ConnectorOptions& connector) {
  std::string sql = "WITH (connector = " + quote_text(connector.connector);
  for (const auto& [name, value] : connector.options) {
    sql += ", " + quote_name(name) + " = " + quote_text(value);
  }
  return sql + ")";
}

// What a strategy says besides the watermark itself, as the options that SQL has for it.
std::vector<std::pair<std::string, std::string>> time_options(const Watermarks& watermarks) {
  std::vector<std::pair<std::string, std::string>> options;
  const auto add = [&](const char* name, std::optional<std::chrono::microseconds> span) {
    if (span) {
      options.emplace_back(name, fmt::format("{}us", span->count()));
    }
  };
  add("idle_timeout", watermarks.idle_timeout_span);
  add("max_future_skew", watermarks.max_future_skew_span);
  add("max_drift", watermarks.max_drift_span);
  if (watermarks.advances_when_idle) {
    options.emplace_back("advance_when_idle", "true");
  }
  return options;
}

// The same for a table without a connector, whose options SQL does not see.
TimePolicy time_policy(const Watermarks& watermarks, bool bounded) {
  TimePolicy policy = time_policy_of({}, bounded);
  const auto set = [](std::int64_t& micros, std::optional<std::chrono::microseconds> span) {
    micros = span ? span->count() : micros;
  };
  set(policy.idle_timeout, watermarks.idle_timeout_span);
  set(policy.max_future_skew, watermarks.max_future_skew_span);
  set(policy.max_drift, watermarks.max_drift_span);
  policy.advance_when_idle = watermarks.advances_when_idle;
  return policy;
}

// What is wrong with a strategy; empty: nothing.
std::string mistake_in(const Watermarks& watermarks) {
  const std::pair<const char*, std::optional<std::chrono::microseconds>> spans[] = {
      {"the delay of a watermark", watermarks.delay},
      {"idle_timeout", watermarks.idle_timeout_span},
      {"max_future_skew", watermarks.max_future_skew_span},
      {"max_drift", watermarks.max_drift_span}};
  for (const auto& [what, span] : spans) {
    if (span && span->count() < 0) {
      return fmt::format("{} cannot be less than nothing", what);
    }
  }
  return "";
}

std::string column_sql(const Field& field) {
  return quote_name(field.name) + " " + thalweg::to_string(field.type);
}

std::string source_sql(const SourceDecl& source, const std::string& table) {
  std::vector<std::string> parts;
  const Schema schema = schema_of(source.fields);
  for (std::size_t i = 0; i < schema.size(); ++i) {
    parts.push_back(column_sql(schema[i]) + (source.fields[i].nullable ? "" : " NOT NULL"));
  }
  if (!source.time_field.empty()) {
    const std::string time = quote_name(source.time_field);
    const Watermarks& watermarks = source.watermarks;
    parts.push_back(fmt::format(
        "WATERMARK FOR {} AS {}", time,
        watermarks.bound.empty()
            ? fmt::format("{} - INTERVAL '{} microseconds'", time, watermarks.delay.count())
            : watermarks.bound));
  }
  std::string options;
  if (source.connector) {
    ConnectorOptions connector = *source.connector;
    for (auto& option : time_options(source.watermarks)) {
      connector.options.push_back(std::move(option));
    }
    options = options_sql(connector);
  }
  return fmt::format("CREATE OR REPLACE TABLE {} ({}) {}", quote_name(table),
                     fmt::join(parts, ", "), options);
}

std::string sink_sql(const Schema& schema, const std::string& table,
                     const ConnectorOptions& connector) {
  std::vector<std::string> parts;
  for (const Field& field : schema) {
    parts.push_back(column_sql(field));
  }
  return fmt::format("CREATE SINK {} ({}) {}", quote_name(table), fmt::join(parts, ", "),
                     options_sql(connector));
}

// The table that is kept in memory among those a plan reads; null where there is none.
const Table* memory_table(const plan::Node& node) {
  const auto* scan = std::get_if<plan::Scan>(&node.step);
  if (scan != nullptr && scan->table->memory != nullptr) {
    return scan->table.get();
  }
  for (const plan::NodePtr& input : node.inputs) {
    if (const Table* const table = memory_table(*input)) {
      return table;
    }
  }
  return nullptr;
}

}  // namespace

PlanNode Graph::source(const SourceDecl& source) {
  if (const std::string mistake = mistake_in(source.watermarks); !mistake.empty()) {
    impl_->add_problem("source " + source.name, mistake, {});
    return nullptr;
  }
  const std::string name = sql::fold_name(source.name);
  auto& tables = impl_->engine.catalog().names().tables;
  const std::string script = impl_->name + ", source " + source.name;
  // event_time() declares the source anew: a warning of it without event time is none any more.
  std::erase_if(impl_->problems, [&script](const Problem& problem) {
    return !problem.is_error && problem.file == script;
  });
  if (!impl_->bind({.name = script, .text = source_sql(source, name)})) {
    return nullptr;
  }
  TablePtr table = tables[name];
  if (!source.connector) {
    auto own = std::make_shared<Table>(*table);
    own->name = source.name;
    own->connector = "program";
    own->memory = nullptr;
    own->bounded = source.bounded;
    own->time_policy = time_policy(source.watermarks, source.bounded);
    if (own->time_policy.advance_when_idle && own->watermark && !own->watermark->delay_micros) {
      impl_->add_problem("source " + source.name,
                         "with advance_when_idle the watermark is a field less a span",
                         {"as in watermark(\"time - INTERVAL '5 seconds'\")"});
    }
    table = own;
    tables[name] = table;
    impl_->own_tables.push_back(table);
    impl_->engine.program().sources[table.get()] =
        [source](const std::vector<std::uint32_t>& columns) -> Result<std::unique_ptr<Source>> {
      return make_program_source(source.name, source.make_producer(), source.fields, source.bounded,
                                 columns);
    };
  }
  if (source.close) {
    impl_->closers.push_back(source.close);
  }
  return impl_->engine.catalog().names().scan_of(table);
}

PlanNode Graph::sql(const std::string& script, bool wants_rows) {
  const auto bound = impl_->bind({.name = impl_->name + ", sql", .text = script});
  if (!bound) {
    return nullptr;
  }
  const std::string step = wants_rows ? "sql" : "execute";
  PlanNode rows;
  const auto take = [&](const sql::BoundQuery& query, bool last) {
    const TablePtr& target = std::get<plan::Sink>(query.sink->step).table;
    const Table* kept =
        target != nullptr && target->memory != nullptr ? target.get() : memory_table(*query.sink);
    if (kept != nullptr) {
      impl_->add_problem(
          step,
          "table \"" + kept->name + "\" is kept in memory, which only a session's scripts can use",
          {"declare it WITH (connector = ...), or make it a source of the pipeline"});
    } else if (target != nullptr) {
      impl_->sinks.push_back(query.sink);
    } else if (last && wants_rows) {
      rows = named_rows(*query.sink);
    } else {
      impl_->add_problem(step, "nobody takes the rows of a query here",
                         {"sql(...) gives the rows of a script's last statement"});
    }
  };
  for (std::size_t i = 0; i < bound->items.size(); ++i) {
    const sql::BoundStatement& statement = bound->items[i].bound;
    const bool last = i + 1 == bound->items.size();
    if (const auto* query = std::get_if<sql::BoundQuery>(&statement)) {
      take(*query, last);
    } else if (const auto* queries = std::get_if<sql::BoundQueries>(&statement)) {
      for (const sql::BoundQuery& each : queries->queries) {
        take(each, false);
      }
    } else if (!std::holds_alternative<sql::BoundDdl>(statement)) {
      impl_->add_problem(step, "a pipeline's SQL declares, inserts and selects; no more", {});
    }
  }
  if (wants_rows && rows == nullptr && !impl_->has_errors()) {
    impl_->add_problem(step, "the last statement is no query",
                       {"use execute(...) for declarations and INSERTs alone"});
  }
  return rows;
}

void Graph::name_table(const PlanNode& input, const std::string& name) {
  if (input != nullptr) {
    impl_->engine.catalog().names().views[sql::fold_name(name)] = {.name = name, .node = input};
  }
}

void Graph::sink(const PlanNode& input, const ConnectorOptions& connector) {
  if (input == nullptr) {
    return;
  }
  auto& names = impl_->engine.catalog().names();
  const std::string table =
      sql::fold_name(fmt::format("{} sink {}", impl_->name, impl_->sinks.size() + 1));
  if (!impl_->bind({.name = impl_->name + ", sink " + connector.connector,
                    .text = sink_sql(input->schema, table, connector)})) {
    return;
  }
  const TablePtr& made = names.tables[table];
  if (input->updating && !sql::takes_changes(names, *made)) {
    impl_->add_problem("sink " + connector.connector,
                       "it can only be added to, and the stream changes rows it has given",
                       {"aggregate in windows, so that each result is final",
                        "or let it take changes: {\"mode\", \"changelog\"}",
                        "or end the stream in a function that takes (row, change)"});
    return;
  }
  if (made->mode == ChangeMode::kUpsert && (!input->key || input->key->empty())) {
    impl_->add_problem("sink " + connector.connector,
                       "nothing tells by what key its rows replace each other",
                       {"group by the key, or let it take {\"mode\", \"changelog\"}"});
    return;
  }
  impl_->sinks.push_back(plan::make_sink(input, made));
}

void Graph::sink(const PlanNode& input, SinkDecl sink) {
  if (input == nullptr) {
    return;
  }
  if (input->updating && !sink.takes_changes) {
    impl_->add_problem("sink",
                       "the stream changes rows it has given, and the function is not told so",
                       {"let it take (row, int change): +1 added, -1 taken back",
                        "or aggregate in windows, so that each result is final"});
    return;
  }
  auto table = std::make_shared<Table>();
  table->name = fmt::format("function {}", impl_->sinks.size() + 1);
  table->kind = TableKind::kSink;
  table->connector = "program";
  impl_->engine.program().sinks[table.get()] =
      [make = std::move(sink.make)]() -> Result<std::unique_ptr<Sink>> {
    return make_program_sink(make);
  };
  impl_->own_tables.push_back(table);
  impl_->sinks.push_back(plan::make_sink(input, table));
}

}  // namespace thalweg::detail
