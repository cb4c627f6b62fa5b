#include "sql/scope.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "plan/build.h"
#include "sql/sql_text.h"

namespace thalweg::sql {
namespace {

std::vector<std::string> column_names(const Schema& schema) {
  std::vector<std::string> names;
  for (const Field& field : schema) {
    names.push_back(field.name);
  }
  return names;
}

const Relation* find_relation(const Scope& scope, const ast::Name& name) {
  for (const Relation& relation : scope.relations) {
    if (!relation.key.empty() && relation.key == name.key) {
      return &relation;
    }
  }
  return nullptr;
}

// Columns [first, first + count) that the name refers to. One spelled just so is preferred to
// others that only fold to it.
std::vector<std::uint32_t> matches(const Scope& scope, std::uint32_t first, std::uint32_t count,
                                   const ast::Name& name) {
  std::vector<std::uint32_t> exact;
  std::vector<std::uint32_t> folded;
  for (std::uint32_t i = first; i < first + count; ++i) {
    const std::string& column = scope.columns()[i].name;
    if (column == name.text) {
      exact.push_back(i);
    } else if (names_column(name, column)) {
      folded.push_back(i);
    }
  }
  std::vector<std::uint32_t>& found = exact.empty() ? folded : exact;
  if (scope.window_columns && !found.empty() && found.back() >= *scope.window_columns) {
    std::erase_if(found, [&](std::uint32_t i) { return i < *scope.window_columns; });
  }
  return found;
}

// Those that the name refers to where it stands without a relation.
std::vector<std::uint32_t> matches(const Scope& scope, const ast::Name& name) {
  std::vector<std::uint32_t> found =
      matches(scope, 0, static_cast<std::uint32_t>(scope.columns().size()), name);
  if (scope.shown) {
    std::erase_if(found, [&](std::uint32_t i) { return std::ranges::count(*scope.shown, i) == 0; });
  }
  return found;
}

bool is_hidden(const Scope& scope, std::uint32_t column) {
  const Schema& columns = scope.columns();
  const std::uint32_t first = scope.window_columns.value_or(0);
  return scope.window_columns && column < first &&
         std::any_of(
             columns.begin() + first, columns.end(),
             [&](const Field& field) {
               return fold_name(field.name) == fold_name(columns[column].name);
             });
}

std::string where_looked(const Scope& scope) {
  if (scope.relations.size() == 1 && !scope.relations[0].shown.empty()) {
    return " in \"" + scope.relations[0].shown + '"';
  }
  return "";
}

void report_unknown_column(BindContext& context, const Scope& scope, const ast::Name& name,
                           Span span) {
  const Schema& columns = scope.columns();
  if (scope.node == nullptr) {
    context.error("S0203", "column \"" + name.text + "\" does not exist: there is no FROM", span,
                  name.quoted ? "text stands in single quotes: '" + name.text + '\'' : "");
    return;
  }
  std::vector<std::string> notes = {list_columns(columns)};
  std::string label = did_you_mean(name.text, column_names(columns));
  if (name.key == "window_time" && !scope.node->time.lost && !scope.node->time.column) {
    label.clear();
    notes.push_back("where its rows come from, SELECT window_time too, and GROUP BY it");
  }
  if (label.empty() && name.quoted) {
    label = "text stands in single quotes: '" + name.text + '\'';
  }
  context.error("S0203", "column \"" + name.text + "\" does not exist" + where_looked(scope), span,
                std::move(label), std::move(notes));
}

void report_ambiguous(BindContext& context, const Scope& scope,
                      const std::vector<std::uint32_t>& found, const ast::Name& name, Span span) {
  std::vector<std::string> notes;
  if (scope.relations.size() > 1) {
    for (const Relation& relation : scope.relations) {
      for (const std::uint32_t i : found) {
        if (i >= relation.first && i < relation.first + relation.count) {
          notes.push_back("there is " + relation.shown + '.' + scope.columns()[i].name);
        }
      }
    }
  }
  context.error("S0204", "column \"" + name.text + "\" is ambiguous", span, "", std::move(notes));
}

std::optional<std::uint32_t> one_of(BindContext& context, const Scope& scope,
                                    const std::vector<std::uint32_t>& found, const ast::Name& name,
                                    Span span) {
  if (found.size() == 1) {
    return found[0];
  }
  if (found.empty()) {
    report_unknown_column(context, scope, name, span);
  } else {
    report_ambiguous(context, scope, found, name, span);
  }
  return std::nullopt;
}

void report_unknown_relation(BindContext& context, const Scope& scope, const ast::Name& name) {
  std::vector<std::string> names;
  for (const Relation& relation : scope.relations) {
    if (!relation.shown.empty()) {
      names.push_back(relation.shown);
    }
  }
  std::string label = did_you_mean(name.text, names);
  if (label.empty() && names.size() == 1) {
    label = "it is called \"" + names[0] + "\" here";
  }
  context.error("S0201", "there is no \"" + name.text + "\" in FROM", name.span, std::move(label));
}

}  // namespace

const Schema& Scope::columns() const {
  static const Schema kNone;
  return node == nullptr ? kNone : node->schema;
}

Scope scope_of(plan::NodePtr node, const std::string& key, const std::string& shown) {
  const auto count = static_cast<std::uint32_t>(node->schema.size());
  return {.node = std::move(node),
          .relations = {{.key = key, .shown = shown, .first = 0, .count = count}},
          .table = nullptr};
}

std::vector<std::uint32_t> shown_columns(const Scope& scope) {
  std::vector<std::uint32_t> all(scope.columns().size());
  std::iota(all.begin(), all.end(), 0U);
  return scope.shown.value_or(std::move(all));
}

plan::NodePtr pick_columns(const plan::NodePtr& node, const std::vector<std::uint32_t>& columns) {
  std::vector<ExprPtr> exprs;
  std::vector<std::string> names;
  for (const std::uint32_t column : columns) {
    const Field& field = node->schema[column];
    exprs.push_back(column_expr(column, field.type, field.name));
    names.push_back(field.name);
  }
  return plan::make_project(node, std::move(exprs), std::move(names));
}

bool names_column(const ast::Name& name, const std::string& column) {
  return column == name.text || fold_name(column) == name.key;
}

std::optional<FoundColumn> find_column(BindContext& context, const Scope& scope,
                                       const std::vector<ast::Name>& parts, Span span) {
  if (parts.size() > 1) {
    if (const Relation* relation = find_relation(scope, parts[0])) {
      const auto column =
          one_of(context, scope, matches(scope, relation->first, relation->count, parts[1]),
                 parts[1], parts[1].span);
      return column ? std::optional(FoundColumn{*column, 2}) : std::nullopt;
    }
    if (matches(scope, parts[0]).empty()) {
      report_unknown_relation(context, scope, parts[0]);
      return std::nullopt;
    }
  }
  const auto column = one_of(context, scope, matches(scope, parts[0]), parts[0],
                             parts.size() == 1 ? span : parts[0].span);
  return column ? std::optional(FoundColumn{*column, 1}) : std::nullopt;
}

std::optional<std::vector<std::uint32_t>> star_columns(BindContext& context, const Scope& scope,
                                                       const ast::Star& star, Span span) {
  if (scope.node == nullptr) {
    context.error("S0215", "* has no columns to stand for: there is no FROM", span);
    return std::nullopt;
  }
  if (scope.shown && star.table.empty()) {
    return scope.shown;
  }
  std::uint32_t first = 0;
  auto count = static_cast<std::uint32_t>(scope.columns().size());
  if (!star.table.empty()) {
    const Relation* relation = find_relation(scope, star.table.back());
    if (relation == nullptr) {
      report_unknown_relation(context, scope, star.table.back());
      return std::nullopt;
    }
    first = relation->first;
    count = relation->count;
  }
  std::vector<std::uint32_t> columns;
  for (std::uint32_t i = first; i < first + count; ++i) {
    if (!is_hidden(scope, i)) {
      columns.push_back(i);
    }
  }
  return columns;
}

std::string list_columns(const Schema& schema) {
  std::vector<std::string> columns;
  for (const Field& field : schema) {
    columns.push_back(quote_name(field.name) + ' ' + to_string(field.type));
  }
  return "columns: " + list_names(columns);
}

}  // namespace thalweg::sql
