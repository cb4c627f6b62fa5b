#include <cstdlib>
#include <string>

#include "plan/build.h"
#include "plan/duration_text.h"
#include "plan/join_words.h"
#include "plan/walk.h"
#include "plan/window_text.h"

namespace thalweg::plan {
namespace {

template <typename Items, typename Text>
std::string join(const Items& items, Text text) {
  std::string joined;
  for (const auto& item : items) {
    joined += (joined.empty() ? "" : ", ") + text(item);
  }
  return joined;
}

// How a condition on these rows is written in SQL.
const char* condition_word(const Node& rows) {
  return step_of<Aggregate>(rows) != nullptr ? "HAVING " : "WHERE ";
}

std::string where(const ExprPtr& predicate) {
  return predicate == nullptr ? "" : " WHERE " + to_string(*predicate);
}

std::string describe_scan(const Node& node, const Scan& scan) {
  std::string text = "FROM " + scan.table->name;
  if (!node.name.empty() && node.name != scan.table->name) {
    text += " AS " + node.name;
  }
  text += node.schema.empty()
              ? " (no columns)"
              : " (" + join(node.schema, [](const Field& f) { return f.name; }) + ')';
  return text + where(scan.predicate);
}

std::string describe_project(const Node& node, const Project& project) {
  std::string items;
  for (std::size_t i = 0; i < project.exprs.size(); ++i) {
    const std::string expr = to_string(*project.exprs[i]);
    const std::string& name = node.schema[i].name;
    items += (i == 0 ? "" : ", ") + expr;
    items += expr == name || name == "?column?" ? "" : " AS " + name;
  }
  return "SELECT " + (items.empty() ? "no columns" : items) +
         (project.predicate == nullptr
              ? ""
              : ' ' + (condition_word(*node.inputs[0]) + to_string(*project.predicate)));
}

// Those of the keys that `has` tells.
std::string describe_keys(const Aggregate& aggregate, const std::vector<bool>& has) {
  std::vector<ExprPtr> shown;
  for (std::size_t i = 0; i < aggregate.keys.size(); ++i) {
    const bool is_number = !aggregate.sets.empty() && i + 1 == aggregate.keys.size();
    // window_time follows from window_end.
    const bool follows = aggregate.windows_are_keys && i == kWindowColumns - 1;
    if (has[i] && !is_number && !follows) {
      shown.push_back(aggregate.keys[i]);
    }
  }
  return join(shown, [](const ExprPtr& key) { return to_string(*key); });
}

std::string describe_keys(const Aggregate& aggregate) {
  if (aggregate.sets.empty()) {
    return describe_keys(aggregate, std::vector<bool>(aggregate.keys.size(), true));
  }
  return "GROUPING SETS (" +
         join(aggregate.sets,
              [&aggregate](const std::vector<bool>& has) {
                return '(' + describe_keys(aggregate, has) + ')';
              }) +
         ')';
}

std::string describe_aggregate(const Aggregate& aggregate) {
  const std::string keys = describe_keys(aggregate);
  const std::string calls =
      join(aggregate.aggregates, [](const AggregateCall& call) { return call.name; });
  std::string text;
  if (aggregate.session_gap_micros) {
    text = "SESSION " + duration_text(*aggregate.session_gap_micros);
    text += calls.empty() ? " -> distinct rows" : " -> " + calls;
  } else if (aggregate.window && !aggregate.windows_are_keys) {
    text = window_text(*aggregate.window);
    text += calls.empty() ? " -> distinct rows" : " -> " + calls;
  } else if (calls.empty()) {
    return "DISTINCT " + keys;
  } else {
    text = "GROUP -> " + calls;
  }
  return keys.empty() ? text : text + " by " + keys;
}

std::string describe_session(const AssignSession& session) {
  const std::string keys = join(session.keys, [](const ExprPtr& key) { return to_string(*key); });
  return "SESSION " + duration_text(session.gap_micros) + (keys.empty() ? "" : " by " + keys);
}

// `WINDOWS of 10 rows every 5 by k`.
std::string describe_count_window(const Node& node, const AssignCountWindow& windows) {
  std::string text = "WINDOWS of " + std::to_string(windows.rows) + " rows";
  if (windows.step != windows.rows) {
    text += " every " + std::to_string(windows.step);
  }
  const std::string keys =
      join(windows.keys, [&node](std::uint32_t key) { return node.schema[key].name; });
  return keys.empty() ? text : text + " by " + keys;
}

std::string describe_order(const Node& node, const std::vector<SortKey>& keys) {
  return join(keys, [&node](const SortKey& key) {
    std::string item = node.schema[key.column].name;
    item += key.descending ? " DESC" : "";
    if (key.nulls_first != key.descending) {
      item += key.nulls_first ? " NULLS FIRST" : " NULLS LAST";
    }
    return item;
  });
}

std::string ttl_text(std::int64_t micros) {
  return micros == 0 ? "" : " (ttl " + duration_text(micros) + ')';
}

// `TOP 10 by price DESC of each auction`.
std::string describe_top_n(const Node& node, const TopN& top) {
  const std::string keys =
      join(top.keys, [&node](std::uint32_t key) { return node.schema[key].name; });
  if (top.limit == kNoLimit) {
    return "ORDER BY " + describe_order(node, top.order) + (keys.empty() ? "" : " within " + keys);
  }
  if (top.keeps_last) {
    return "LAST ROW of each " + keys;
  }
  std::string text = "TOP " + std::to_string(top.limit);
  if (top.ranking != Ranking::kRowNumber) {
    text += top.ranking == Ranking::kRank ? " ranks" : " dense ranks";
  }
  if (!top.order.empty()) {
    text += " by " + describe_order(node, top.order);
  }
  return keys.empty() ? text : text + " of each " + keys;
}

// `OVER (a by time): avg(price), lag(price)`.
std::string describe_over(const Node& node, const Over& over) {
  const std::string keys =
      join(over.keys, [&node](std::uint32_t key) { return node.schema[key].name; });
  const std::string calls = join(over.calls, [](const OverCall& call) { return call.name; });
  std::string text = "OVER -> " + calls;
  if (!over.order.empty()) {
    text += " in order of " + describe_order(node, over.order);
  }
  return keys.empty() ? text : text + " of each " + keys;
}

// `MATCH A B+ C within 1 hour -> last(B.price) in order of ts of each k`.
std::string describe_match(const Node& node, const MatchPattern& match) {
  const Schema& input = node.inputs[0]->schema;
  std::string text = "MATCH " + to_string(match.pattern, match.variables);
  if (match.within_micros > 0) {
    text += " within " + duration_text(match.within_micros);
  }
  std::string moving;
  for (std::size_t i = 0; i < match.moving.by_variable.size(); ++i) {
    if (const ExprPtr& condition = match.moving.by_variable[i]; condition != nullptr) {
      moving += (moving.empty() ? " where " : ", ") + match.variables[i] + " has " +
                to_string(*condition);
    }
  }
  text += moving;
  const std::string values = join(match.values, [](const MatchValue& value) { return value.name; });
  text += values.empty() ? "" : " -> " + values;
  text += match.call ? " -> " + match.call->text : "";
  text += " in order of " + describe_order(*node.inputs[0], match.order);
  const std::string keys =
      join(match.keys, [&input](std::uint32_t key) { return input[key].name; });
  return keys.empty() ? text : text + " of each " + keys;
}

// `10 minutes before`; `side`: where there is no bound.
std::string describe_bound(const std::optional<std::int64_t>& micros, const ExprPtr& last,
                           const char* side) {
  if (last != nullptr) {
    return (micros ? describe_bound(micros, nullptr, side) + " and " : "") + to_string(*last);
  }
  if (!micros) {
    return std::string("any time ") + side;
  }
  if (*micros == 0) {
    return "the same time";
  }
  return duration_text(std::abs(*micros)) + (*micros < 0 ? " before" : " after");
}

// `LEFT JOIN by id = order_id, from the same time to 15 minutes after`, `ASOF JOIN by symbol =
// symbol, the last row up to the same time`. Joins by keys say nothing of times.
std::string describe_join(const Join& join) {
  std::string text = (join.as_of() ? "ASOF " : "") + std::string(join_words(join.kind));
  for (std::size_t i = 0; i < join.left_keys.size(); ++i) {
    text += (i == 0 ? " by " : ", ") + to_string(*join.left_keys[i]) + " = " +
            to_string(*join.right_keys[i]);
  }
  const char* const from = join.left_keys.empty() ? " " : ", ";
  const bool is_one_time = join.lower_micros && join.lower_micros == join.upper_micros;
  if (join.in_windows[0] && is_one_time && join.lower_micros == 0) {
    text += std::string(from) + "in the same window";
  } else if (join.as_of()) {
    text += from +
            (join.upper_micros
                 ? "the last row up to " + describe_bound(join.upper_micros, nullptr, "")
                 : "the first row from " + describe_bound(join.lower_micros, nullptr, "") + " on");
  } else if (join.by_time()) {
    text += from + ("from " + describe_bound(join.lower_micros, join.right_last, "before"));
    if (!is_one_time || join.left_last != nullptr) {
      text += " to " + describe_bound(join.upper_micros, join.left_last, "after");
    }
  }
  return join.condition == nullptr ? text : text + ", where " + to_string(*join.condition);
}

std::string describe_sort(const Node& node, const Sort& sort) {
  std::string text;
  if (!sort.keys.empty()) {
    text = "ORDER BY " + describe_order(node, sort.keys);
  } else if (sort.behind_watermark) {
    text = node.time.lost ? "gather" : "ORDER BY time";
  }
  const std::string space = text.empty() ? "" : " ";
  if (sort.limit) {
    text += space + "LIMIT " + std::to_string(*sort.limit);
  }
  if (sort.offset != 0) {
    text += (text.empty() ? "OFFSET " : " OFFSET ") + std::to_string(sort.offset);
  }
  return text;
}

}  // namespace

std::string describe(const Node& node) {
  if (const auto* scan = step_of<Scan>(node)) {
    return describe_scan(node, *scan);
  }
  if (const auto* values = step_of<Values>(node)) {
    const std::size_t rows = values->rows.size();
    return "VALUES (" + std::to_string(rows) + (rows == 1 ? " row)" : " rows)");
  }
  if (const auto* filter = step_of<Filter>(node)) {
    return condition_word(*node.inputs[0]) + to_string(*filter->predicate);
  }
  if (const auto* project = step_of<Project>(node)) {
    return describe_project(node, *project);
  }
  if (const auto* assign = step_of<AssignWindow>(node)) {
    return window_text(assign->window);
  }
  if (step_of<ProcessingTime>(node) != nullptr) {
    return "PROCESSING TIME";
  }
  if (const auto* session = step_of<AssignSession>(node)) {
    return describe_session(*session);
  }
  if (const auto* windows = step_of<AssignCountWindow>(node)) {
    return describe_count_window(node, *windows) + ttl_text(windows->ttl_micros);
  }
  if (const auto* aggregate = step_of<Aggregate>(node)) {
    return describe_aggregate(*aggregate) + ttl_text(aggregate->ttl_micros);
  }
  if (const auto* sort = step_of<Sort>(node)) {
    return describe_sort(node, *sort);
  }
  if (const auto* top = step_of<TopN>(node)) {
    return describe_top_n(node, *top) + ttl_text(top->ttl_micros);
  }
  if (const auto* join = step_of<Join>(node)) {
    return describe_join(*join) + ttl_text(join->ttl_micros);
  }
  if (const auto* late = step_of<LateRows>(node)) {
    return late->window ? "LATE for " + window_text(*late->window) : "LATE in order of time";
  }
  if (step_of<DeadLetters>(node) != nullptr) {
    return "DEAD_LETTERS";
  }
  if (const auto* over = step_of<Over>(node)) {
    return describe_over(node, *over) + ttl_text(over->ttl_micros);
  }
  if (const auto* match = step_of<MatchPattern>(node)) {
    return describe_match(node, *match);
  }
  if (const auto* process = step_of<Process>(node)) {
    return process->text;
  }
  if (const auto* process = step_of<KeyedProcess>(node)) {
    return process->text + " by " + join(process->keys, [&node](std::uint32_t key) {
             return node.inputs[0]->schema[key].name;
           });
  }
  if (const auto* sink = step_of<Sink>(node)) {
    return sink->table == nullptr ? "result" : "INSERT INTO " + sink->table->name;
  }
  return "UNION ALL";
}

}  // namespace thalweg::plan
