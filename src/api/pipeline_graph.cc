#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "api/engine.h"
#include "api/problems.h"
#include "api/program_columns.h"
#include "api/program_source.h"
#include "api/script_runner.h"
#include "plan/build.h"
#include "sql/catalog_names.h"
#include "sql/sql_text.h"
#include "thalweg/detail/graph.h"

namespace thalweg::detail {
namespace {

constexpr std::string_view kFilteredName = "thalweg_filtered";

std::string options_sql(const ConnectorOptions& connector) {
  std::string sql = "WITH (connector = " + quote_text(connector.connector);
  for (const auto& [name, value] : connector.options) {
    sql += ", " + quote_name(name) + " = " + quote_text(value);
  }
  return sql + ")";
}

std::string columns_sql(const Schema& schema, const std::vector<bool>& not_null) {
  std::string sql;
  for (std::size_t i = 0; i < schema.size(); ++i) {
    sql += (i == 0 ? "" : ", ") + quote_name(schema[i].name) + " " +
           thalweg::to_string(schema[i].type) + (not_null[i] ? " NOT NULL" : "");
  }
  return sql;
}

std::string folded(const std::string& name) { return sql::fold_name(name); }

class NoReceiver final : public ResultReceiver {
 public:
  bool rows(const ResultHeader& /*header*/, const Rows& /*rows*/) override { return true; }
};

}  // namespace

struct Graph::Impl {
  explicit Impl(std::string pipeline_name)
      : name(std::move(pipeline_name)), engine(system_env(), {}) {}

  // Keeps the mistakes of one step, shown under the step's name.
  void add_problems(const SourceText& source, const Diagnostics& diagnostics) {
    for (Problem& problem : to_problems(source, diagnostics, false)) {
      problems.push_back(std::move(problem));
    }
  }
  void add_problem(const std::string& step, std::string message) {
    Diagnostics diagnostics;
    diagnostics.add({.severity = Severity::kError,
                     .code = "P0901",
                     .message = std::move(message),
                     .span = {},
                     .label = {},
                     .notes = {}});
    add_problems({.name = step, .text = {}}, diagnostics);
  }

  std::optional<Engine::BoundScript> bind(const Script& script) {
    Diagnostics diagnostics;
    auto bound = engine.bind(script, engine.catalog(), diagnostics);
    add_problems({.name = script.name, .text = script.text}, diagnostics);
    return bound;
  }

  // Declares a table by SQL, so that options are checked as SQL checks them; null when in error.
  TablePtr declare(const std::string& step, const std::string& table, const std::string& sql) {
    return bind({.name = step, .text = sql}) ? engine.catalog().find_table(folded(table)) : nullptr;
  }

  std::optional<std::uint32_t> column_of(const PlanNode& node, const std::string& step,
                                         const std::string& column) {
    const Schema& schema = node->schema;
    for (std::uint32_t i = 0; i < schema.size(); ++i) {
      if (schema[i].name == column) {
        return i;
      }
    }
    std::string names;
    for (const Field& field : schema) {
      names += (names.empty() ? "" : ", ") + field.name;
    }
    add_problem(step, fmt::format("there is no column \"{}\"; there are {}", column, names));
    return std::nullopt;
  }

  void add_sink(const PlanNode& input, TablePtr table) {
    sinks.push_back(plan::make_sink(input, std::move(table)));
  }

  std::string name;
  Engine engine;
  std::vector<Problem> problems;
  std::vector<plan::NodePtr> sinks;
  std::vector<TablePtr> own_tables;  // Of functions that take results.
  std::map<std::string, int> operators;
};

Graph::Graph(std::string name) : impl_(std::make_unique<Impl>(std::move(name))) {}
Graph::~Graph() = default;

PlanNode Graph::source(const SourceDecl& source) {
  std::vector<bool> not_null;
  for (const FieldInfo& field : source.fields) {
    not_null.push_back(!field.nullable);
  }
  const std::string table_name = quote_name(folded(source.name));
  std::string sql = "CREATE OR REPLACE TABLE " + table_name + " (" +
                    columns_sql(schema_of(source.fields), not_null);
  if (!source.time_field.empty()) {
    const std::string time = quote_name(source.time_field);
    sql += fmt::format(", WATERMARK FOR {} AS {} - INTERVAL '{} microseconds'", time, time,
                       source.delay.count());
  }
  sql += ") " + (source.connector ? options_sql(*source.connector) : "");
  TablePtr table = impl_->declare("source " + source.name, source.name, sql);
  if (table == nullptr) {
    return nullptr;
  }
  if (!source.connector) {
    auto own = std::make_shared<Table>(*table);
    own->name = source.name;
    own->connector = "program";
    own->memory = nullptr;
    own->bounded = source.bounded;
    table = own;
    impl_->engine.catalog().names().tables[folded(source.name)] = table;
    impl_->engine.program().sources[table.get()] =
        [source](const std::vector<std::uint32_t>& columns) -> Result<std::unique_ptr<Source>> {
      return make_program_source(source.name, source.make_producer(), source.fields, source.bounded,
                                 columns);
    };
  }
  return impl_->engine.catalog().names().scan_of(table);
}

PlanNode Graph::function(const PlanNode& input, FunctionDecl function) {
  if (input == nullptr) {
    return nullptr;
  }
  plan::Process process{
      .text = function.text,
      .make = [make = std::move(function.make),
               fields = function.fields] { return make_row_function(make(), fields); },
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
  const auto bound = impl_->bind({.name = "filter(\"" + condition + "\")",
                                  .text = "SELECT * FROM " + view + " WHERE\n" + condition});
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
  if (decl.window && input->time.lost) {
    impl_->add_problem("window",
                       "a window needs event time; say which field holds it with "
                       "event_time<&T::field>(bounded_out_of_order(5s)) at the source");
    return nullptr;
  }
  plan::Aggregate aggregate;
  if (decl.window) {
    if (decl.window->size.count() <= 0) {
      impl_->add_problem("window", "the size of a window must be more than nothing");
      return nullptr;
    }
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
    AggregateCall call;
    call.name = each.name;
    const AggregateFunction* function = find_aggregate(each.function);
    std::vector<Type> types;
    if (each.field.empty()) {
      call.kind = AggregateKind::kCountStar;
    } else if (function != nullptr) {
      call.kind = each.function == "count" ? AggregateKind::kCount : function->kind;
      call.args.push_back(column(each.field));
      if (call.args[0] == nullptr) {
        return nullptr;
      }
      types.push_back(call.args[0]->type);
    }
    const std::optional<Type> type =
        function == nullptr ? std::nullopt : aggregate_type(call.kind, types);
    if (!type) {
      impl_->add_problem("aggregate",
                         fmt::format("there is no aggregate {}({})", each.function, each.field));
      return nullptr;
    }
    call.type = *type;
    aggregate.aggregates.push_back(std::move(call));
  }
  const int number = ++impl_->operators["aggregate"];
  return plan::make_aggregate(input, std::move(aggregate), decl.keys,
                              fmt::format("{}/aggregate#{}", impl_->name, number), impl_->name);
}

PlanNode Graph::convert(const PlanNode& input, const std::vector<FieldInfo>& fields) {
  if (input == nullptr) {
    return nullptr;
  }
  std::vector<ExprPtr> exprs;
  std::vector<std::string> names;
  for (const FieldInfo& field : fields) {
    const auto place = impl_->column_of(input, "as", field.name);
    if (!place) {
      return nullptr;
    }
    const Type& from = input->schema[*place].type;
    const Type to = type_of(field.kind);
    if (!can_cast(from, to)) {
      impl_->add_problem("as",
                         fmt::format("column \"{}\" is {}, which cannot become {}", field.name,
                                     thalweg::to_string(from), thalweg::to_string(to)));
      return nullptr;
    }
    exprs.push_back(cast_expr(column_expr(*place, from, field.name), to));
    names.push_back(field.name);
  }
  return plan::make_project(input, std::move(exprs), std::move(names));
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
      impl_->add_problem("merge", "the streams have different columns");
      return nullptr;
    }
  }
  return plan::make_union(inputs);
}

PlanNode Graph::sql(const std::string& script) {
  const auto bound = impl_->bind({.name = "sql", .text = script});
  if (!bound) {
    return nullptr;
  }
  PlanNode last;
  for (std::size_t i = 0; i < bound->items.size(); ++i) {
    const auto* query = std::get_if<sql::BoundQuery>(&bound->items[i].bound);
    if (query == nullptr) {
      continue;
    }
    if (std::get<plan::Sink>(query->sink->step).table != nullptr) {
      impl_->sinks.push_back(query->sink);
    } else if (i + 1 == bound->items.size()) {
      // What the sink calls the columns, as a projection of the same columns.
      std::vector<ExprPtr> exprs;
      std::vector<std::string> names;
      const Schema& schema = query->sink->schema;
      for (std::uint32_t column = 0; column < schema.size(); ++column) {
        exprs.push_back(column_expr(column, schema[column].type, schema[column].name));
        names.push_back(schema[column].name);
      }
      last = plan::make_project(query->sink->inputs[0], std::move(exprs), std::move(names));
    }
  }
  return last;
}

void Graph::name_table(const PlanNode& input, const std::string& name) {
  if (input != nullptr) {
    impl_->engine.catalog().names().views[folded(name)] = {.name = name, .node = input};
  }
}

void Graph::sink(const PlanNode& input, const ConnectorOptions& connector) {
  if (input == nullptr) {
    return;
  }
  const std::string name = fmt::format("{}_sink_{}", impl_->name, impl_->sinks.size() + 1);
  const std::vector<bool> nullable(input->schema.size(), false);
  TablePtr table =
      impl_->declare("sink " + connector.connector, name,
                     "CREATE SINK " + quote_name(folded(name)) + " (" +
                         columns_sql(input->schema, nullable) + ") " + options_sql(connector));
  if (table != nullptr) {
    impl_->add_sink(input, std::move(table));
  }
}

void Graph::sink(const PlanNode& input, std::function<std::unique_ptr<RowsFunction>()> make) {
  if (input == nullptr) {
    return;
  }
  auto table = std::make_shared<Table>();
  table->name = fmt::format("function {}", impl_->sinks.size() + 1);
  table->kind = TableKind::kSink;
  table->connector = "program";
  impl_->engine.program().sinks[table.get()] =
      [make = std::move(make)]() -> Result<std::unique_ptr<Sink>> {
    return make_program_sink(make);
  };
  impl_->own_tables.push_back(table);
  impl_->add_sink(input, table);
}

std::vector<std::string> Graph::column_names(const PlanNode& node) const {
  std::vector<std::string> names;
  if (node != nullptr) {
    for (const Field& field : node->schema) {
      names.push_back(field.name);
    }
  }
  return names;
}

const std::string& Graph::name() const { return impl_->name; }

RunReport Graph::run(const SessionOptions& options) {
  RunReport report;
  report.problems = impl_->problems;
  const bool wrong = std::any_of(report.problems.begin(), report.problems.end(),
                                 [](const Problem& problem) { return problem.is_error; });
  if (wrong) {
    report.outcome = Outcome::kInvalid;
    return report;
  }
  Engine& engine = impl_->engine;
  engine.options() = options;
  engine.begin_run();
  NoReceiver nobody;
  const Status status = impl_->sinks.empty()
                            ? invalid_argument("pipeline \"" + impl_->name +
                                               "\" has no sink: end a stream with sink(...)")
                            : engine.run(plan::rewrite({.sinks = impl_->sinks}), {}, nobody);
  report.summary = engine.progress();
  if (!status.ok()) {
    report.outcome = outcome_of(status);
    report.problems.push_back(to_problem({.name = impl_->name, .text = {}}, status, options.color));
  } else if (engine.stop_requested()) {
    report.outcome = Outcome::kStopped;
  }
  return report;
}

Explanation Graph::explain() {
  Explanation explanation;
  explanation.report.problems = impl_->problems;
  if (!impl_->problems.empty()) {
    explanation.report.outcome = Outcome::kInvalid;
    return explanation;
  }
  explanation.text = plan::explain_text(plan::rewrite({.sinks = impl_->sinks}));
  return explanation;
}

void Graph::request_stop() { impl_->engine.request_stop(); }
RunProgress Graph::progress() const { return impl_->engine.progress(); }

}  // namespace thalweg::detail
