#include <algorithm>
#include <utility>

#include "plan/late_rows.h"
#include "sql/bind_query.h"
#include "sql/sql_text.h"

// LATE(view [, source]): the rows that came too late for a view.
namespace thalweg::sql {
namespace {

struct LateCall {
  const ast::ColumnRef* view = nullptr;
  const ast::ColumnRef* source = nullptr;  // Optional.
};

std::optional<LateCall> read_call(BindContext& context, const ast::Call& call, Span span) {
  LateCall late;
  const std::size_t count = call.arguments.size();
  bool names = count == 1 || count == 2;
  for (std::size_t i = 0; names && i < count; ++i) {
    const auto* name = call.arguments[i].value->as<ast::ColumnRef>();
    names = name != nullptr && !call.arguments[i].name;
    (i == 0 ? late.view : late.source) = name;
  }
  if (!names) {
    context.error("S0206", "LATE takes the name of a view, and perhaps that of a source of it",
                  span, "", {"as in FROM LATE(hourly)"});
    return std::nullopt;
  }
  return late;
}

std::string name_of(const plan::Judge& judge) {
  const auto* scan = std::get_if<plan::Scan>(&judge.source->step);
  return scan == nullptr ? "" : scan->table->name;
}

std::vector<std::string> source_names(const std::vector<plan::Judge>& judges) {
  std::vector<std::string> names;
  for (const plan::Judge& judge : judges) {
    if (std::find(names.begin(), names.end(), name_of(judge)) == names.end()) {
      names.push_back(name_of(judge));
    }
  }
  return names;
}

// The only one of its rows, or of those that come from the source that is named.
std::optional<plan::Judge> choose_judge(BindContext& context, std::vector<plan::Judge> judges,
                                        const LateCall& call, Span span) {
  const ast::Name& view = call.view->parts.back();
  const std::string shown = '"' + view.text + '"';
  if (judges.empty()) {
    context.error("P0112", "no row can come too late for " + shown, span, "",
                  {"rows are judged where they are put into windows, or in order of event time"});
    return std::nullopt;
  }
  const std::vector<std::string> names = source_names(judges);
  if (call.source != nullptr) {
    const ast::Name& source = call.source->parts.back();
    std::erase_if(judges,
                  [&](const plan::Judge& judge) { return !names_column(source, name_of(judge)); });
    if (judges.empty()) {
      std::string label = did_you_mean(source.text, names);
      std::vector<std::string> notes;
      if (label.empty()) {
        notes.push_back("it judges rows of: " + list_names(names));
      }
      context.error("P0112", shown + " judges no rows of \"" + source.text + '"', source.span,
                    std::move(label), std::move(notes));
      return std::nullopt;
    }
  }
  if (judges.size() == 1) {
    return judges[0];
  }
  if (source_names(judges).size() > 1) {
    context.error("P0112", shown + " judges rows of more than one source", span, "",
                  {"say which: LATE(" + quote_name(view.text) + ", " + quote_name(names[0]) + ')'});
  } else {
    context.error("P0112",
                  shown + " judges rows of \"" + name_of(judges[0]) + "\" in more than one place",
                  span, "", {"make a view of each place, and read LATE of that"});
  }
  return std::nullopt;
}

}  // namespace

std::optional<Scope> bind_late(BindContext& context, const ast::Call& call, Span span) {
  const std::optional<LateCall> late = read_call(context, call, span);
  if (!late) {
    return std::nullopt;
  }
  TablePtr table;
  const plan::NodePtr relation =
      bind_name(context, late->view->parts, call.arguments[0].value->span, table);
  if (relation == nullptr) {
    return std::nullopt;
  }
  if (table != nullptr) {
    context.error("P0112", "LATE takes a view, and \"" + table->name + "\" is a table", span, "",
                  {"rows are late for a window: CREATE VIEW hourly AS SELECT ... FROM TUMBLE(" +
                   quote_name(table->name) + ", ...) GROUP BY ...; then FROM LATE(hourly)"});
    return std::nullopt;
  }
  const std::optional<plan::Judge> judge =
      choose_judge(context, plan::find_judges(relation), *late, span);
  if (!judge) {
    return std::nullopt;
  }
  return scope_of(plan::late_rows_of(*judge), "late", "late");
}

}  // namespace thalweg::sql
