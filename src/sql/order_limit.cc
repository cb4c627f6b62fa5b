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
  notes.emplace_back("keep the first rows only, which then change as rows come: LIMIT 10");
  notes.emplace_back(
      "or read a part that ends (a file without follow = true), or leave ORDER BY out and let who "
      "reads the result sort it");
  context.error("P0104", "ORDER BY on an input that never ends must begin with event time",
                ordering_span(query), "", std::move(notes));
  return false;
}

// OFFSET counts rows that are in their place for good.
void report_offset(BindContext& context, const ast::Query& query, const plan::Node& input) {
  std::vector<std::string> notes;
  if (!input.updating && !input.time.lost && input.time.column) {
    notes.push_back("begin with ORDER BY " + quote_name(input.schema[*input.time.column].name) +
                    ", the event time, ascending: such rows stay where they are");
  }
  notes.emplace_back(
      "leave OFFSET out, or take the rows between two ranks: QUALIFY row_number() OVER "
      "(ORDER BY ...) BETWEEN 11 AND 20");
  context.error("P0104", "OFFSET needs rows that stay in their place, and these move as rows come",
                query.offset->span, "", std::move(notes));
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

// Of the first rows those that OFFSET does not leave out.
plan::NodePtr make_part(BindContext& context, const ast::Query& query, const plan::NodePtr& first,
                        plan::Sort sort) {
  if (first == nullptr || sort.offset == 0) {
    return first;
  }
  const plan::Node& input = *first->inputs[0];
  if (first->updating) {
    report_offset(context, query, input);
    return nullptr;
  }
  if (!input.bounded) {
    sort.keys.clear();  // They come in their order.
  }
  return add_sort(context, first, std::move(sort));
}

}  // namespace

bool can_order(BindContext& context, const ast::Query& query, const plan::Node& input) {
  const bool orders = !query.order_by.empty();
  if (!orders && query.limit == nullptr && query.offset == nullptr) {
    return true;
  }
  // Of endless rows the order is judged when the columns are known; the first ones can be kept also
  // where rows change.
  if (!input.updating || (orders && query.limit != nullptr)) {
    return true;
  }
  const bool early =
      context.emit != nullptr && context.emit->written.kind != ast::EmitKind::kOnWindowClose;
  // Those that stand at the end can be put in order.
  if (orders && input.bounded && !early) {
    return true;
  }
  if (orders && !input.bounded) {
    context.error("P0104", "ORDER BY needs an input that ends, and this one never does",
                  ordering_span(query), "",
                  {"keep the first rows only, which then change as rows come: LIMIT 10",
                   "or read a part that ends (a file without follow = true), or leave ORDER BY out "
                   "and let who reads the result sort it"});
    return false;
  }
  const std::string clause = orders ? "ORDER BY" : query.limit != nullptr ? "LIMIT" : "OFFSET";
  context.error(
      "P0104", clause + " needs final rows, and these change as they come", ordering_span(query),
      "",
      {early && input.bounded ? "leave EMIT out, or keep the first rows only: ORDER BY ... LIMIT 10"
                              : "say which rows come first: ORDER BY ... LIMIT 10"});
  return false;
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
  if (sort.keys.empty()) {
    return add_sort(context, input, std::move(sort));
  }
  const bool follows = sort.limit && sort.offset == 0 && asks_for_changes(context, *input);
  if (input->updating || follows || (sort.limit && !input->bounded)) {
    const plan::NodePtr first = make_first_rows(context, query, input, sort);
    return make_part(context, query, first, std::move(sort));
  }
  if (input->bounded) {
    return add_sort(context, input, std::move(sort));
  }
  if (!can_follow_watermark(context, query, *input, sort.keys)) {
    return nullptr;
  }
  const std::uint64_t offset = std::exchange(sort.offset, 0);
  sort.behind_watermark = true;
  const plan::NodePtr sorted = add_sort(context, input, std::move(sort));
  return offset == 0 ? sorted : add_sort(context, sorted, {.offset = offset});
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
