#include <utility>

#include "plan/build.h"
#include "sql/bind_query.h"

// DEAD_LETTERS(table): the rows of a table that could not be read whole.
namespace thalweg::sql {

std::optional<Scope> bind_dead_letters(BindContext& context, const ast::Call& call, Span span) {
  const auto* name = call.arguments.size() == 1 && !call.arguments[0].name
                         ? call.arguments[0].value->as<ast::ColumnRef>()
                         : nullptr;
  if (name == nullptr) {
    context.error("S0206", "DEAD_LETTERS takes the name of a table", span, "",
                  {"as in FROM DEAD_LETTERS(quakes)"});
    return std::nullopt;
  }
  TablePtr table;
  const Span name_span = call.arguments[0].value->span;
  plan::NodePtr scan = bind_name(context, name->parts, name_span, table);
  if (scan == nullptr) {
    return std::nullopt;
  }
  if (table == nullptr) {
    context.error("S0206", '"' + name->parts.back().text + "\" is no table", name_span, "",
                  {"DEAD_LETTERS lists the rows of a table that could not be read"});
    return std::nullopt;
  }
  return scope_of(plan::make_dead_letters(std::move(scan)), "dead_letters", "dead_letters");
}

}  // namespace thalweg::sql
