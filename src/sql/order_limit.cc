#include "sql/order_limit.h"

#include <utility>

#include "plan/build.h"
#include "sql/bind_emit.h"
#include "sql/bind_expr.h"
#include "sql/bind_window.h"
#include "sql/sql_text.h"
#include "sql/top_n.h"

namespace thalweg::sql {
namespace {

// A count of rows that does not depend on any row. Nothing when in error; NULL is no limit.
struct RowCount {
  std::optional<std::uint64_t> rows;
};

std::optional<RowCount> bind_count(BindContext& context, const ast::Expr& expr,
                                   const char* clause) {
  const Scope no_columns;
  const ExprPtr bound = ExprBinder(context, no_columns, clause).bind(expr).expr;
  if (bound == nullptr) {
    return std::nullopt;
  }
  const ExprPtr folded = fold_constants(bound);
  const Value& value = folded->literal;
  if (folded->kind == ExprKind::kLiteral && value.is_null()) {
    return RowCount{};
  }
  const auto* rows = std::get_if<std::int64_t>(&value.data);
  if (folded->kind != ExprKind::kLiteral || rows == nullptr || !is_integer(value.type.kind) ||
      *rows < 0) {
    context.error("S0218", std::string(clause) + " takes a number of rows, 0 or more", expr.span);
    return std::nullopt;
  }
  return RowCount{static_cast<std::uint64_t>(*rows)};
}

Span ordering_span(const ast::Query& query) {
  if (!query.order_by.empty()) {
    return query.order_by[0].value->span;
  }
  return query.limit != nullptr ? query.limit->span : query.offset->span;
}

// An endless input can only be sorted by its event time, which the watermark follows.
bool can_follow_watermark(BindContext& context, const ast::Query& query, const plan::Node& input,
                          const std::vector<SortKey>& keys) {
  const auto first = static_cast<std::uint32_t>(keys[0].column);
  if (!input.time.lost && !keys[0].descending && distance_from_time(input.time, first)) {
    return true;
  }
  std::vector<std::string> notes;
  if (!input.time.lost && input.time.column) {
    notes.push_back("begin with ORDER BY " + quote_name(input.schema[*input.time.column].name) +
                    ", the event time, ascending");
  }
  notes.emplace_back("or keep the first rows only, which then change as rows come: LIMIT 10");
  notes.push_back(
      "or read a part that ends (a file without follow = true), or leave ORDER BY out and let who "
      "reads the result sort it");
  context.error("P0104", "ORDER BY on an input that never ends must begin with event time",
                ordering_span(query), "", std::move(notes));
  return false;
}

// ORDER BY with LIMIT: the first rows can be kept also where rows never end or change.
bool has_first_rows(const ast::Query& query) {
  return !query.order_by.empty() && query.limit != nullptr && query.offset == nullptr;
}

// The first rows up to the last that LIMIT and OFFSET ask for.
plan::NodePtr make_first_rows(BindContext& context, const ast::Query& query,
                              const plan::NodePtr& input, const plan::Sort& sort) {
  const std::uint64_t limit = sort.limit.value_or(plan::kNoLimit);
  const bool fits = limit < plan::kNoLimit - sort.offset;
  plan::TopN top{
      .keys = {}, .order = sort.keys, .limit = fits ? limit + sort.offset : plan::kNoLimit};
  return make_top_n(context, input, std::move(top), "", ordering_span(query));
}

// Rows equal in the keys are told apart by their other columns.
plan::NodePtr add_sort(BindContext& context, const plan::NodePtr& input, plan::Sort sort) {
  std::vector<bool> is_key(input->schema.size(), false);
  for (const SortKey& key : sort.keys) {
    is_key[key.column] = true;
  }
  for (std::size_t i = 0; !sort.keys.empty() && i < is_key.size(); ++i) {
    if (!is_key[i]) {
      sort.keys.push_back({.column = i, .descending = false, .nulls_first = false});
    }
  }
  return plan::make_sort(input, std::move(sort), context.next_id("sort"), context.name);
}

}  // namespace

bool can_order(BindContext& context, const ast::Query& query, const plan::Node& input) {
  if (query.order_by.empty() && query.limit == nullptr && query.offset == nullptr) {
    return true;
  }
  const bool early =
      context.emit != nullptr && context.emit->written.kind != ast::EmitKind::kOnWindowClose;
  // Of rows that change and end, those that stand at the end can be put in order.
  const bool at_end = !query.order_by.empty() && input.bounded && !early;
  if (has_first_rows(query) || (input.updating && at_end)) {
    return true;
  }
  const std::string clause = query.order_by.empty() ? "LIMIT" : "ORDER BY";
  const bool by_order_only =
      !query.order_by.empty() && query.limit == nullptr && query.offset == nullptr;
  // Whether it is by event time is judged when the columns are known.
  if (!input.bounded && !(by_order_only && !input.updating)) {
    const bool by_order = !query.order_by.empty();
    context.error("P0104", clause + " needs an input that ends, and this one never does",
                  ordering_span(query), "",
                  {"read a part that ends (a file without follow = true), or leave " + clause +
                   (by_order ? " out and let who reads the result sort it"
                             : " out and let who reads the result stop: thalweg ... | head -10")});
    return false;
  }
  if (input.updating) {
    context.error("P0104", clause + " needs final rows, and these change as they come",
                  ordering_span(query), "",
                  {early ? "leave EMIT out, or keep the first rows only: ORDER BY ... LIMIT 10"
                         : "say which rows come first: ORDER BY ... LIMIT 10"});
    return false;
  }
  return true;
}

plan::NodePtr make_ordered(BindContext& context, const ast::Query& query,
                           const plan::NodePtr& input, std::vector<SortKey> keys) {
  plan::Sort sort;
  sort.keys = std::move(keys);
  if (query.limit != nullptr) {
    const std::optional<RowCount> limit = bind_count(context, *query.limit, "LIMIT");
    if (!limit) {
      return nullptr;
    }
    sort.limit = limit->rows;
  }
  if (query.offset != nullptr) {
    const std::optional<RowCount> offset = bind_count(context, *query.offset, "OFFSET");
    if (!offset) {
      return nullptr;
    }
    sort.offset = offset->rows.value_or(0);
  }
  if (sort.keys.empty() && !sort.limit && sort.offset == 0) {
    return input;
  }
  const bool follows = has_first_rows(query) && sort.limit && asks_for_changes(context, *input);
  if (input->updating || follows || (sort.limit && !input->bounded)) {
    const plan::NodePtr first = make_first_rows(context, query, input, sort);
    if (sort.offset == 0) {
      return first;
    }
    // What stands at the end is final, and has all that OFFSET leaves out.
    return add_sort(context, first, std::move(sort));
  }
  if (!input->bounded) {
    if (!can_follow_watermark(context, query, *input, sort.keys)) {
      return nullptr;
    }
    sort.behind_watermark = true;
  }
  return add_sort(context, input, std::move(sort));
}

SortKey sort_key(std::size_t column, const ast::OrderItem& item) {
  const bool nulls_first = item.nulls == ast::NullsOrder::kDefault
                               ? item.descending
                               : item.nulls == ast::NullsOrder::kFirst;
  return {.column = column, .descending = item.descending, .nulls_first = nulls_first};
}

std::optional<std::uint32_t> ordinal_column(BindContext& context, const ast::Expr& expr,
                                            std::size_t columns, const char* clause) {
  const auto* literal = expr.as<ast::Literal>();
  if (literal == nullptr || literal->kind != ast::LiteralKind::kInteger) {
    return std::nullopt;
  }
  const unsigned long long ordinal = std::strtoull(literal->text.c_str(), nullptr, 10);
  if (ordinal == 0 || ordinal > columns) {
    context.error("S0213", std::string(clause) + ' ' + literal->text + " is out of range",
                  expr.span, "",
                  {"the list of SELECT has " + std::to_string(columns) +
                   (columns == 1 ? " column" : " columns")});
    return kBadOrdinal;
  }
  return static_cast<std::uint32_t>(ordinal - 1);
}

std::optional<std::uint32_t> output_column(BindContext& context, const ast::Expr& expr,
                                           const std::vector<std::string>& names,
                                           const char* clause) {
  const auto* reference = expr.as<ast::ColumnRef>();
  if (reference != nullptr && reference->parts.size() == 1) {
    for (std::uint32_t i = 0; i < names.size(); ++i) {
      if (names_column(reference->parts[0], names[i])) {
        return i;
      }
    }
    return std::nullopt;
  }
  return ordinal_column(context, expr, names.size(), clause);
}

}  // namespace thalweg::sql
