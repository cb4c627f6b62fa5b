#include "api/late_outputs.h"

#include <algorithm>
#include <utility>

#include "plan/late_rows.h"
#include "plan/walk.h"

namespace thalweg {
namespace {

// The sinks of a script, and which statement each is of.
struct Written {
  std::vector<plan::NodePtr> sinks;
  std::vector<std::size_t> statements;
};

Written sinks_of(const Engine::BoundScript& script) {
  Written written;
  const auto add = [&written](const Engine::BoundScript::Item& item, const plan::NodePtr& sink) {
    written.sinks.push_back(sink);
    written.statements.push_back(item.statement);
  };
  for (const Engine::BoundScript::Item& item : script.items) {
    if (const auto* query = std::get_if<sql::BoundQuery>(&item.bound)) {
      add(item, query->sink);
    } else if (const auto* queries = std::get_if<sql::BoundQueries>(&item.bound)) {
      for (const sql::BoundQuery& each : queries->queries) {
        add(item, each.sink);
      }
    }
  }
  return written;
}

bool reads(const plan::NodePtr& node, const plan::NodePtr& source) {
  return node == source || std::any_of(node->inputs.begin(), node->inputs.end(),
                                       [&](const auto& input) { return reads(input, source); });
}

bool is_read(const plan::Judge& judge, const std::vector<plan::NodePtr>& sinks) {
  const plan::LateRows wanted = plan::lateness_of(*judge.step, judge.input);
  const std::vector<plan::NodePtr> nodes = plan::inputs_first({.sinks = sinks});
  return std::any_of(nodes.begin(), nodes.end(), [&](const plan::NodePtr& node) {
    const auto* late = plan::step_of<plan::LateRows>(*node);
    return late != nullptr && late->window == wanted.window &&
           late->lateness_micros == wanted.lateness_micros && reads(node, judge.source);
  });
}

// The table below a source of rows whose late rows have to be written out; null: there is none.
TablePtr table_with_output(const plan::Node& source) {
  if (const auto* scan = plan::step_of<plan::Scan>(source)) {
    return scan->table->on_late == OnLate::kOutput ? scan->table : nullptr;
  }
  TablePtr found;
  for (const plan::NodePtr& input : source.inputs) {
    found = found == nullptr ? table_with_output(*input) : found;
  }
  return found;
}

}  // namespace

std::vector<UnreadLateRows> find_unread_late_rows(const std::vector<plan::NodePtr>& sinks) {
  std::vector<UnreadLateRows> found;
  for (std::size_t i = 0; i < sinks.size(); ++i) {
    if (std::get<plan::Sink>(sinks[i]->step).table == nullptr) {
      continue;  // Who looks at a result sees in the summary how many rows it misses.
    }
    for (const plan::Judge& judge : plan::find_judges(sinks[i])) {
      TablePtr table = table_with_output(*judge.source);
      if (table != nullptr && !is_read(judge, sinks)) {
        found.push_back({.sink = i, .table = std::move(table)});
      }
    }
  }
  return found;
}

void check_late_outputs(const Engine::BoundScript& script,
                        const std::vector<ast::Statement>& statements, Diagnostics& diagnostics) {
  const Written written = sinks_of(script);
  for (const UnreadLateRows& unread : find_unread_late_rows(written.sinks)) {
    diagnostics.add(
        {.severity = Severity::kError,
         .code = "P0113",
         .message = "nothing reads the late rows of \"" + unread.table->name +
                    "\", which has late = 'output'",
         .span = statements[written.statements[unread.sink]].span,
         .label = "",
         .notes = {"make a view of the windows, and add INSERT INTO ... SELECT * FROM LATE(view)",
                   "or say late = 'drop'"}});
  }
}

}  // namespace thalweg
