#include "api/late_outputs.h"

#include <algorithm>

#include "plan/late_rows.h"
#include "plan/walk.h"

namespace thalweg {
namespace {

struct Written {
  std::size_t statement = 0;
  plan::NodePtr sink;
};

std::vector<Written> sinks_of(const Engine::BoundScript& script) {
  std::vector<Written> sinks;
  for (const Engine::BoundScript::Item& item : script.items) {
    if (const auto* query = std::get_if<sql::BoundQuery>(&item.bound)) {
      sinks.push_back({item.statement, query->sink});
    } else if (const auto* queries = std::get_if<sql::BoundQueries>(&item.bound)) {
      for (const sql::BoundQuery& each : queries->queries) {
        sinks.push_back({item.statement, each.sink});
      }
    }
  }
  return sinks;
}

bool reads(const plan::NodePtr& node, const plan::NodePtr& source) {
  return node == source || std::any_of(node->inputs.begin(), node->inputs.end(),
                                       [&](const auto& input) { return reads(input, source); });
}

bool is_read(const plan::Judge& judge, const std::vector<Written>& sinks) {
  const plan::LateRows wanted = plan::lateness_of(*judge.step);
  return std::any_of(sinks.begin(), sinks.end(), [&](const Written& written) {
    for (const plan::NodePtr& node : plan::inputs_first({.sinks = {written.sink}})) {
      const auto* late = plan::step_of<plan::LateRows>(*node);
      if (late != nullptr && late->window == wanted.window &&
          late->lateness_micros == wanted.lateness_micros && reads(node, judge.source)) {
        return true;
      }
    }
    return false;
  });
}

}  // namespace

void check_late_outputs(const Engine::BoundScript& script,
                        const std::vector<ast::Statement>& statements, Diagnostics& diagnostics) {
  const std::vector<Written> sinks = sinks_of(script);
  for (const Written& written : sinks) {
    if (std::get<plan::Sink>(written.sink->step).table == nullptr) {
      continue;  // Who looks at a result sees in the summary how many rows it misses.
    }
    for (const plan::Judge& judge : plan::find_judges(written.sink)) {
      const auto* scan = plan::step_of<plan::Scan>(*judge.source);
      if (scan == nullptr || scan->table->on_late != OnLate::kOutput || is_read(judge, sinks)) {
        continue;
      }
      diagnostics.add(
          {.severity = Severity::kError,
           .code = "P0113",
           .message = "nothing reads the late rows of \"" + scan->table->name +
                      "\", which has late = 'output'",
           .span = statements[written.statement].span,
           .label = "",
           .notes = {"make a view of the windows, and add INSERT INTO ... SELECT * FROM LATE(view)",
                     "or say late = 'drop'"}});
    }
  }
}

}  // namespace thalweg
