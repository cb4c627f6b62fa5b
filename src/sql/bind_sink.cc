#include "sql/bind_sink.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "plan/build.h"
#include "sql/top_n.h"

// What a table makes of rows that change.
namespace thalweg::sql {
namespace {

// The step that changes rows it has given, or the table that says so.
const plan::Node* find_changes(const plan::Node& node) {
  const auto* aggregate = std::get_if<plan::Aggregate>(&node.step);
  const auto* top = std::get_if<plan::TopN>(&node.step);
  if ((aggregate != nullptr && aggregate->makes_changes()) ||
      (top != nullptr && top->emit == plan::TopNEmit::kChanges) || node.inputs.empty()) {
    return &node;
  }
  for (const plan::NodePtr& input : node.inputs) {
    if (const plan::Node* found = input->updating ? find_changes(*input) : nullptr) {
      return found;
    }
  }
  return nullptr;
}

std::string source_of_changes(const plan::Node& node) {
  const plan::Node* source = find_changes(node);
  if (source == nullptr) {
    return "the query changes rows it has given";
  }
  if (const auto* scan = std::get_if<plan::Scan>(&source->step)) {
    return '"' + scan->table->name + "\" takes rows back";
  }
  return source->id + " changes rows it has given (" + plan::describe(*source) + ')';
}

// What lets these rows be written to the table after all.
std::vector<std::string> ways_out(const Table& table, const plan::Node& node) {
  const plan::Node* source = find_changes(node);
  const auto* aggregate = source == nullptr ? nullptr : std::get_if<plan::Aggregate>(&source->step);
  const bool windowed = aggregate != nullptr && aggregate->windowed();
  std::vector<std::string> ways = {
      windowed
          ? "say EMIT ON WINDOW CLOSE, without lateness: each result then comes once, and is final"
          : "group by a window, as in FROM TUMBLE(table, time column, INTERVAL '1 minute'), with "
            "EMIT ON WINDOW CLOSE: each result is then final"};
  ways.emplace_back(
      table.memory != nullptr
          ? "or write to a table that takes changes: WITH (connector = ..., mode = 'upsert'), "
            "mode = 'changelog' or format = 'debezium-json'"
          : "or let \"" + table.name +
                "\" take changes: mode = 'upsert', mode = 'changelog' or format = "
                "'debezium-json'");
  if (windowed) {
    return ways;
  }
  ways.emplace_back(
      source != nullptr && source->inputs.empty() && node.bounded
          ? "or ORDER BY a column: of an input that ends only the rows that stand then come"
      : node.bounded
          ? "or leave EMIT CHANGES out: this input ends, and only final rows then come"
          : "or read a part that ends (a file without follow = true), of which only final "
            "rows come");
  return ways;
}

bool covers(const std::vector<std::uint32_t>& key, const std::vector<std::uint32_t>& columns) {
  return std::includes(key.begin(), key.end(), columns.begin(), columns.end());
}

// The table's primary key among the columns that are written; empty: it declares none.
std::vector<std::uint32_t> written_key(const Table& table) {
  std::vector<std::uint32_t> key;
  std::uint32_t place = 0;
  for (std::uint32_t i = 0; i < table.columns.size(); ++i) {
    if (table.columns[i].computed != nullptr || !table.columns[i].metadata.empty()) {
      continue;
    }
    const auto& declared = table.primary_key;
    if (std::find(declared.begin(), declared.end(), i) != declared.end()) {
      key.push_back(place);
    }
    ++place;
  }
  return key;
}

// One row of each key: the last one that came, or, where rows are taken back too, the one that its
// columns put last.
plan::NodePtr keep_one_of_each(BindContext& context, plan::NodePtr node,
                               const std::vector<std::uint32_t>& key, Span span) {
  plan::TopN top{.keys = key, .order = {}, .limit = 1};
  if (node->updating) {
    for (std::uint32_t i = 0; i < node->schema.size(); ++i) {
      if (!std::binary_search(key.begin(), key.end(), i)) {
        top.order.push_back({.column = i, .descending = true, .nulls_first = true});
      }
    }
  } else {
    top.keeps_last = true;
    if (node->time.column) {
      top.order.push_back({.column = *node->time.column, .descending = true, .nulls_first = true});
    }
  }
  return make_top_n(context, std::move(node), std::move(top), "", span);
}

}  // namespace

bool takes_changes(const Catalog::Names& names, const Table& table) {
  const ConnectorInfo* connector = names.connectors.find_connector(table.connector);
  return table.mode != ChangeMode::kAppend || (connector != nullptr && connector->takes_changes);
}

bool check_sink(BindContext& context, const Table& table, const plan::Node& node, Span span) {
  if (table.memory != nullptr && !node.bounded) {
    context.error("P0108", "\"" + table.name + "\" is kept in memory, and these rows never end",
                  span, "",
                  {"write them to a connector: CREATE TABLE " + table.name +
                   " (...) WITH (connector = 'file', ...)"});
    return false;
  }
  if (!node.updating || takes_changes(context.names(), table)) {
    return true;
  }
  context.error("P0106",
                '"' + table.name + "\" can only be added to, and " + source_of_changes(node), span,
                "", ways_out(table, node));
  return false;
}

SinkRows key_rows(BindContext& context, const Table& table, plan::NodePtr node, Span span) {
  if (table.mode != ChangeMode::kUpsert) {
    RowKey key = node->key;
    return {std::move(node), std::move(key)};
  }
  const std::vector<std::uint32_t> declared = written_key(table);
  if (declared.empty()) {
    if (!node->key || node->key->empty()) {
      context.error("P0110",
                    "nothing tells by what key rows of \"" + table.name + "\" replace each other",
                    span, "",
                    {"declare it: PRIMARY KEY (column, ...) NOT ENFORCED",
                     "or select the columns that the query groups by"});
      return {};
    }
    RowKey key = node->key;
    return {std::move(node), std::move(key)};
  }
  if (!node->key || !covers(declared, *node->key)) {
    node = keep_one_of_each(context, std::move(node), declared, span);
  }
  return {std::move(node), declared};
}

}  // namespace thalweg::sql
