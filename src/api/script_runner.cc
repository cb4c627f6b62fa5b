#include "api/script_runner.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <utility>

#include "api/table_text.h"
#include "columnar/builder.h"
#include "formats/value_writer.h"
#include "plan/walk.h"

namespace thalweg {
namespace {

const Table* table_of(const sql::BoundQuery& query) {
  return std::get<plan::Sink>(query.sink->step).table.get();
}

std::string json_text(std::string_view text) {
  std::string quoted;
  append_json_string(text, quoted);
  return quoted;
}

}  // namespace

namespace {

// Where a step's column stands among those of the answer; nothing where it is not shown.
std::optional<std::uint32_t> shown_column(const plan::Project* list, std::size_t column) {
  if (list == nullptr) {
    return static_cast<std::uint32_t>(column);
  }
  for (std::uint32_t i = 0; i < list->exprs.size(); ++i) {
    if (list->exprs[i]->kind == ExprKind::kColumn && list->exprs[i]->column == column) {
      return i;
    }
  }
  return std::nullopt;
}

// The order of first rows that are kept up to date.
std::vector<ResultHeader::Order> order_of(const plan::Node& sink) {
  const plan::Node* node = sink.inputs[0].get();
  const auto* const list = plan::step_of<plan::Project>(*node);
  node = list == nullptr ? node : node->inputs[0].get();
  const auto* const top = plan::step_of<plan::TopN>(*node);
  if (top == nullptr) {
    return {};
  }
  std::vector<SortKey> keys;
  for (const std::uint32_t column : top->keys) {
    keys.push_back({.column = column, .descending = false, .nulls_first = false});
  }
  keys.insert(keys.end(), top->order.begin(), top->order.end());
  std::vector<ResultHeader::Order> order;
  for (const SortKey& key : keys) {
    const std::optional<std::uint32_t> column = shown_column(list, key.column);
    if (!column) {
      break;  // What comes behind it only tells rows apart that are equal in it.
    }
    order.push_back(
        {.column = *column, .descending = key.descending, .nulls_first = key.nulls_first});
  }
  return order;
}

}  // namespace

ResultHeader header_of(std::size_t statement, const sql::BoundQuery& query) {
  ResultHeader header;
  for (const Field& field : query.sink->schema) {
    header.columns.push_back({.name = field.name, .type = to_string(field.type)});
  }
  header.statement = statement;
  header.ordered = query.has_order;
  header.updating = query.sink->updating;
  header.key = query.sink->key;
  header.order = header.updating ? order_of(*query.sink) : std::vector<ResultHeader::Order>();
  return header;
}

std::optional<std::size_t> first_interleaved(const Engine::BoundScript& script) {
  bool endless = false;  // Whether what the next statement runs together with has an end,
  int answers = 0;       // and how many answers it gives.
  for (const Engine::BoundScript::Item& item : script.items) {
    const auto* const explain = std::get_if<sql::BoundExplain>(&item.bound);
    if (const auto* query = std::get_if<sql::BoundQuery>(&item.bound)) {
      answers = (endless ? answers : 0) + (table_of(*query) == nullptr ? 1 : 0);
      if (answers > 1) {
        return item.statement;
      }
      endless |= !query->sink->bounded;
    } else if (const auto* queries = std::get_if<sql::BoundQueries>(&item.bound)) {
      endless |= std::any_of(queries->queries.begin(), queries->queries.end(),
                             [](const auto& each) { return !each.sink->bounded; });
    } else if (explain == nullptr || explain->analyze) {
      endless = false;  // These wait for what stands before them.
    }
  }
  return std::nullopt;
}

plan::Plan plan_of(const Engine::BoundScript& script) {
  plan::Plan plan;
  for (const Engine::BoundScript::Item& item : script.items) {
    if (const auto* query = std::get_if<sql::BoundQuery>(&item.bound)) {
      plan.sinks.push_back(query->sink);
    } else if (const auto* explain = std::get_if<sql::BoundExplain>(&item.bound)) {
      plan.sinks.push_back(explain->query.sink);
    } else if (const auto* queries = std::get_if<sql::BoundQueries>(&item.bound)) {
      for (const sql::BoundQuery& each : queries->queries) {
        plan.sinks.push_back(each.sink);
      }
    }
  }
  return plan;
}

Status ScriptRunner::run(const Engine::BoundScript& script) {
  for (const Engine::BoundScript::Item& item : script.items) {
    if (engine_.stop_requested()) {
      return {};
    }
    TW_TRY(run_statement(item.statement, item.bound));
  }
  return flush();
}

Status ScriptRunner::run_statement(std::size_t statement, const sql::BoundStatement& bound) {
  if (const auto* query = std::get_if<sql::BoundQuery>(&bound)) {
    return run_query(statement, *query);
  }
  if (const auto* queries = std::get_if<sql::BoundQueries>(&bound)) {
    for (const sql::BoundQuery& each : queries->queries) {
      add(statement, each);
    }
    return {};
  }
  if (const auto* explain = std::get_if<sql::BoundExplain>(&bound)) {
    return run_explain(*explain);
  }
  if (const auto* set = std::get_if<sql::BoundSet>(&bound)) {
    TW_TRY(flush());
    return apply_setting(engine_.options(), *set)
               ? Status()
               : invalid_argument(fmt::format("cannot set {} to '{}'", set->name, set->value));
  }
  if (const auto* rows = std::get_if<sql::BoundRows>(&bound)) {
    TW_TRY(flush());
    show_rows(statement, *rows);
  }
  return {};
}

Status ScriptRunner::run_query(std::size_t statement, const sql::BoundQuery& query) {
  const Table* const table = table_of(query);
  // What is asked, or needs what stands before it in the script, comes after that; unless that has
  // no end.
  const bool waits = table == nullptr || written_.contains(table) || reads_written(*query.sink);
  if (waits && pending_bounded_) {
    TW_TRY(flush());
  }
  add(statement, query);
  return table == nullptr && pending_bounded_ ? flush() : Status();
}

// Whether the query reads a table that an INSERT before it, still to be run, writes.
bool ScriptRunner::reads_written(const plan::Node& sink) const {
  if (written_.empty()) {
    return false;
  }
  const std::vector<plan::NodePtr> nodes = plan::inputs_first({.sinks = sink.inputs});
  return std::any_of(nodes.begin(), nodes.end(), [this](const plan::NodePtr& node) {
    const auto* scan = plan::step_of<plan::Scan>(*node);
    return scan != nullptr && written_.contains(scan->table.get());
  });
}

void ScriptRunner::add(std::size_t statement, const sql::BoundQuery& query) {
  if (const Table* const table = table_of(query)) {
    written_.insert(table);
  } else {
    answers_.push_back({.sink = pending_.sinks.size(), .header = header_of(statement, query)});
  }
  pending_.sinks.push_back(query.sink);
  pending_bounded_ &= query.sink->bounded;
}

Status ScriptRunner::flush() {
  if (pending_.sinks.empty()) {
    return {};
  }
  const plan::Plan plan = std::exchange(pending_, {});
  std::vector<Answer> answers = std::exchange(answers_, {});
  written_.clear();
  const bool bounded = std::exchange(pending_bounded_, true);
  for (Answer& answer : answers) {
    answer.header.bounded = bounded;
  }
  return engine_.run(engine_.rewritten(plan), answers, receiver_);
}

Status ScriptRunner::run_explain(const sql::BoundExplain& explain) {
  const plan::Plan plan = engine_.rewritten({.sinks = {explain.query.sink}});
  if (!explain.analyze) {
    receiver_.explanation(explain.json ? plan::explain_json(plan) : plan::explain_text(plan));
    return {};
  }
  TW_TRY(flush());
  const SessionOptions before = engine_.options();
  engine_.options().measure_operators = true;
  NoReceiver nobody;
  std::vector<Answer> answers;
  if (table_of(explain.query) == nullptr) {
    answers.push_back({.sink = 0, .header = header_of(0, explain.query)});
  }
  const Status status = engine_.run(plan, answers, nobody);
  engine_.options() = before;
  TW_TRY(status);
  receiver_.explanation(analyzed_text(engine_.progress(), explain.json));
  return {};
}

void ScriptRunner::show_rows(std::size_t statement, const sql::BoundRows& rows) {
  ResultHeader header;
  header.statement = statement;
  header.ordered = true;
  Batch batch;
  batch.length = static_cast<std::uint32_t>(rows.rows.size());
  for (std::size_t column = 0; column < rows.schema.size(); ++column) {
    const Field& field = rows.schema[column];
    header.columns.push_back({.name = field.name, .type = to_string(field.type)});
    ColumnBuilder builder(field.type);
    for (const std::vector<Value>& row : rows.rows) {
      builder.append_value(row[column]);
    }
    batch.columns.push_back(builder.finish());
  }
  receiver_.begin(header);
  if (!batch.empty() && !receiver_.rows(header, Rows(batch))) {
    engine_.request_stop();
  }
  receiver_.end(header, {});
}

std::string analyzed_text(const RunProgress& progress, bool json) {
  std::string text = json ? "[" : "";
  std::size_t width = 0;
  for (const RunProgress::Operator& each : progress.operators) {
    width = std::max(width, display_width(each.explain_line));
  }
  if (!json) {
    text = fmt::format("{:<{}}  {:>10}  {:>10}  {:>12}  {:>10}\n", "", width, "rows in", "rows out",
                       "bytes out", "ms");
  }
  bool first = true;
  for (const RunProgress::Operator& each : progress.operators) {
    const double millis = static_cast<double>(each.nanos) * 1e-6;
    if (json) {
      fmt::format_to(std::back_inserter(text),
                     "{}{{\"operator\":{},\"rows_in\":{},\"rows_out\":{},\"bytes_out\":{},"
                     "\"batches_in\":{},\"nanos\":{}}}",
                     first ? "" : ",", json_text(each.description), each.rows_in, each.rows_out,
                     each.bytes_out, each.batches_in, each.nanos);
    } else {
      fmt::format_to(std::back_inserter(text), "{}{:{}}  {:>10}  {:>10}  {:>12}  {:>10.3f}\n",
                     each.explain_line, "", width - display_width(each.explain_line), each.rows_in,
                     each.rows_out, each.bytes_out, millis);
    }
    first = false;
  }
  return json ? text + "]\n" : text;
}

}  // namespace thalweg
