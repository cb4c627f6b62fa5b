#include <utility>

#include "plan/build.h"
#include "sql/bind_query.h"
#include "sql/window_functions.h"

namespace thalweg::sql {
namespace {

std::vector<std::string> readable_names(BindContext& context) {
  std::vector<std::string> names;
  for (const CteScope* scope = context.ctes; scope != nullptr; scope = scope->outer) {
    for (const auto& [key, node] : scope->ctes) {
      names.push_back(key);
    }
    for (const auto& [key, cte] : scope->ranked) {
      names.push_back(key);
    }
  }
  for (const auto& [key, view] : context.names().views) {
    names.push_back(view.name);
  }
  for (const auto& [key, table] : context.names().tables) {
    if (table->kind != TableKind::kSink) {
      names.push_back(table->name);
    }
  }
  return names;
}

void report_unknown_table(BindContext& context, const ast::Name& name, Span span) {
  if (context.names().failed.contains(name.key)) {
    return;
  }
  const std::vector<std::string> names = readable_names(context);
  std::string label = did_you_mean(name.text, names);
  std::vector<std::string> notes;
  if (label.empty()) {
    notes.push_back(names.empty()
                        ? "declare it with CREATE TABLE, or read a file: FROM 'file.jsonl'"
                        : "there are: " + list_names(names));
  }
  context.error("S0201", "table \"" + name.text + "\" does not exist", span, std::move(label),
                std::move(notes));
}

// 'dir/quakes.jsonl' is known as quakes.
std::string stem_of(const std::string& path) {
  const std::size_t slash = path.find_last_of('/');
  const std::string file = slash == std::string::npos ? path : path.substr(slash + 1);
  return file.substr(0, file.find('.'));
}

plan::NodePtr bind_file(BindContext& context, const std::string& path, Span span) {
  Catalog::Names& names = context.names();
  TablePtr& table = names.files[path];
  if (table == nullptr) {
    Result<TablePtr> inferred =
        names.infer_file ? names.infer_file(path) : invalid_argument("files cannot be read here");
    if (!inferred.ok()) {
      context.error("C0110", inferred.status().message(), span);
      return nullptr;
    }
    table = std::move(inferred).take();
  }
  return names.scan_of(table);
}

// A CTE that ranks rows, bound for the place where it is read.
plan::NodePtr bind_ranked(BindContext& context, const CteScope& scope, const ast::Cte& cte) {
  const Inherited inherited(context);
  CteScope visible{.outer = scope.outer, .ctes = scope.ctes, .ranked = scope.ranked};
  visible.ranked.erase(cte.name.key);
  context.ctes = &visible;
  plan::NodePtr node = bind_sub_query(context, *cte.query, cte.name.text);
  return node == nullptr || cte.columns.empty() ? node : rename_columns(context, node, cte.columns);
}

std::optional<Scope> bind_node(BindContext& context, const ast::NamedTable& named, Span span) {
  if (named.as_of != nullptr && context.versioned != &named) {
    context.not_supported("FOR SYSTEM_TIME AS OF at this place", named.as_of->span,
                          {"a table has it on the right of a JOIN: a JOIN b FOR SYSTEM_TIME AS OF "
                           "a.ts ON a.k = b.k"});
    return std::nullopt;
  }
  TablePtr table;
  plan::NodePtr node = bind_name(context, named.name, span, table);
  if (node == nullptr) {
    return std::nullopt;
  }
  Scope scope = scope_of(std::move(node), named.name.back().key, named.name.back().text);
  scope.table = std::move(table);
  return scope;
}

std::optional<Scope> bind_node(BindContext& context, const ast::FileTable& file, Span span) {
  plan::NodePtr node = bind_file(context, file.path, span);
  if (node == nullptr) {
    return std::nullopt;
  }
  const std::string stem = stem_of(file.path);
  return scope_of(std::move(node), fold_name(stem), stem);
}

std::optional<Scope> bind_node(BindContext& context, const ast::QueryTable& query, Span span) {
  if (query.lateral) {
    context.not_supported("LATERAL", span);
    return std::nullopt;
  }
  plan::NodePtr node = bind_sub_query(context, *query.query, "");
  return node == nullptr ? std::nullopt : std::optional(scope_of(std::move(node), "", ""));
}

std::optional<Scope> bind_node(BindContext& context, const ast::CallTable& table, Span span) {
  const auto* call = table.call->as<ast::Call>();
  if (call != nullptr && call->name.size() == 1 && call->name[0].key == "late") {
    return bind_late(context, *call, span);
  }
  if (call != nullptr && call->name.size() == 1 && call->name[0].key == "dead_letters") {
    return bind_dead_letters(context, *call, span);
  }
  std::vector<std::string> notes;
  std::string name = "this call";
  if (call != nullptr) {
    name = call->name.back().text + "(...)";
    if (const auto near = nearest_window_function(call->name.back().text)) {
      notes.push_back("did you mean " + *near + "?");
    }
  }
  notes.push_back("those that there are: " + window_function_names());
  context.not_supported(name + " as a table", span, std::move(notes));
  return std::nullopt;
}

std::optional<Scope> bind_node(BindContext& context, const ast::WindowTable& window, Span span) {
  return bind_window(context, window, span);
}

std::optional<Scope> bind_node(BindContext& context, const ast::MatchTable& match, Span span) {
  return bind_match(context, match, span);
}

std::optional<Scope> bind_node(BindContext& context, const ast::Join& join, Span /*span*/) {
  return bind_join(context, join);
}

void warn_of_hints(BindContext& context, const std::vector<ast::Hint>& hints) {
  for (const ast::Hint& hint : hints) {
    context.warn("S0220", "the hint " + hint.name.text + " has no effect on a table", hint.span);
  }
}

}  // namespace

plan::NodePtr bind_name(BindContext& context, const ast::QualifiedName& name, Span span,
                        TablePtr& table) {
  const ast::Name& last = name.back();
  if (name.size() == 1) {
    for (const CteScope* scope = context.ctes; scope != nullptr; scope = scope->outer) {
      if (const auto found = scope->ctes.find(last.key); found != scope->ctes.end()) {
        return found->second;
      }
      if (const auto found = scope->ranked.find(last.key); found != scope->ranked.end()) {
        return bind_ranked(context, *scope, *found->second);
      }
    }
  } else if (name[0].key != "public") {
    context.error("S0201", "there is no schema \"" + name[0].text + '"', span);
    return nullptr;
  }
  const Catalog::Names& names = context.names();
  if (const auto found = names.views.find(last.key); found != names.views.end()) {
    return found->second.node;
  }
  if (const auto found = names.tables.find(last.key); found != names.tables.end()) {
    table = found->second;
    return bind_table(context, table, span);
  }
  if (last.key == "stdin") {
    return bind_file(context, "stdin", span);
  }
  report_unknown_table(context, last, span);
  return nullptr;
}

plan::NodePtr bind_table(BindContext& context, const TablePtr& table, Span span) {
  const ConnectorInfo* connector = context.names().connectors.find_connector(table->connector);
  if (table->mode == ChangeMode::kUpsert && connector != nullptr && connector->reads_upserts &&
      !table->takes_back_by_key) {
    context.error("P0110",
                  "nothing tells by what key rows of \"" + table->name + "\" replace each other",
                  span, "", {"declare it: PRIMARY KEY (column, ...) NOT ENFORCED"});
    return nullptr;
  }
  if (table->mode == ChangeMode::kUpsert && !table->takes_back_by_key) {
    context.error("C0103", '"' + table->name + "\" can only be written to, having mode = 'upsert'",
                  span, "",
                  {"mode = 'changelog' reads what comes and goes, mode = 'append' the rows as they "
                   "stand"});
    return nullptr;
  }
  if (table->kind == TableKind::kSink ||
      (table->memory == nullptr && connector != nullptr && !connector->can_read)) {
    context.error("C0103", "\"" + table->name + "\" can only be written to", span,
                  table->kind == TableKind::kSink ? "it is a SINK" : "");
    return nullptr;
  }
  if (!table->columns.empty()) {
    return context.names().scan_of(table);
  }
  std::string path = table->options.has("path") ? table->options.text("path") : "";
  if (table->connector == "stdin") {
    path = "stdin";
  }
  if (path.empty()) {
    context.error("C0107", "the columns of \"" + table->name + "\" are not known", span, "",
                  {"declare them: CREATE TABLE " + table->name + " (id BIGINT, ...) WITH (...)"});
    return nullptr;
  }
  const plan::NodePtr inferred = bind_file(context, path, span);
  if (inferred == nullptr) {
    return nullptr;
  }
  auto known = std::make_shared<Table>(*table);
  known->columns = std::get<plan::Scan>(inferred->step).table->columns;
  const TablePtr shared = std::move(known);
  context.names().tables[fold_name(table->name)] = shared;
  return context.names().scan_of(shared);
}

std::optional<Scope> bind_from(BindContext& context, const ast::TableRef& from) {
  const Inherited inherited(context);
  context.wanted = nullptr;
  if (from.alias) {
    context.name = from.alias->name.text;
  }
  warn_of_hints(context, from.hints);
  std::optional<Scope> scope =
      std::visit([&](const auto& node) { return bind_node(context, node, from.span); }, from.node);
  if (!scope || !from.alias) {
    return scope;
  }
  const ast::TableAlias& alias = *from.alias;
  plan::NodePtr node = scope->shown ? pick_columns(scope->node, *scope->shown) : scope->node;
  if (!alias.columns.empty()) {
    node = rename_columns(context, node, alias.columns);
    if (node == nullptr) {
      return std::nullopt;
    }
  }
  Scope named = scope_of(std::move(node), alias.name.key, alias.name.text);
  named.table = scope->table;
  named.window_columns = scope->window_columns;
  return named;
}

}  // namespace thalweg::sql
