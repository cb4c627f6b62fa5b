#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sql/bind_expr.h"
#include "sql/bind_query.h"
#include "sql/bind_window.h"
#include "sql/over_window.h"
#include "sql/rank_cut.h"

namespace thalweg::sql {

// Binds one SELECT with the ORDER BY and LIMIT of its query.
//
// All expressions are first bound over the input's columns, aggregates being columns past them.
// Where rows are grouped, they are then told over the columns of the aggregate instead.
class SelectBinder {
 public:
  SelectBinder(BindContext& context, const ast::Query& query, const ast::Select& select)
      : context_(context),
        query_(query),
        select_(select),
        outer_(std::exchange(context.outer, nullptr)),
        binder_(context, scope_, "SELECT", &aggregates_, &overs_) {}

  QueryRows bind();

 private:
  // One column of the list.
  struct Item {
    ExprPtr expr;
    std::string name;
    Span span;
    bool untyped = false;
  };
  // What one set of GROUP BY has of the keys and of the input's window columns.
  struct GroupingSet {
    std::vector<std::uint32_t> keys;
    std::vector<std::uint32_t> window;
    bool has_call = false;  // TUMBLE(...).
  };
  // What ORDER BY asks for: an output column, or an expression that is none.
  struct Order {
    const ast::OrderItem* item;  // Of ORDER BY; nullptr for DISTINCT ON.
    const ast::Expr* source;
    std::uint32_t column = 0;
    ExprPtr hidden;
  };

  bool bind_input();
  bool bind_items();
  bool bind_star(const ast::Star& star, Span span);
  bool bind_item(const ast::SelectItem& item, std::size_t place);
  bool bind_having();
  bool bind_order();
  void take_hints();
  void take_ttl_hint(const ast::Hint& hint);

  bool bind_where();

  // In bind_top_n.cc.
  bool bind_rank();
  bool put_top_n();
  bool bind_distinct_on();
  plan::NodePtr keep_first_of_each(const plan::NodePtr& node);
  ExprPtr with_rank(const ExprPtr& expr, const ExprPtr& rank);

  // In bind_over.cc.
  bool bind_qualify();
  bool bind_over_windows();
  bool bind_over_window(std::size_t use);
  bool put_overs();
  bool put_over(const OverWindow& window);
  bool choose_over_emit(plan::Over& over, Span span);
  ExprPtr with_overs(const ExprPtr& expr) const;

  // In bind_group.cc.
  bool bind_group_keys();
  // Looks for TUMBLE(...) and its kin among the keys before anything else is bound.
  bool find_group_window();
  bool assign_group_window();
  bool bind_group_key(const ast::Expr& expr, GroupingSet& set);
  bool add_group_key(const ExprPtr& key, Span span, GroupingSet& set);
  bool group();
  // The columns that stand before the aggregates: the window's, the keys, the set's number.
  std::uint32_t first_aggregate() const;
  // False, reported: what is grouped by does not tell windows of so many rows apart.
  bool find_count_window();
  // A start that says nothing of the end is a key like any other.
  void drop_lone_start();
  void make_keys_of_window_columns();
  bool groups_by(std::uint32_t window_column) const;
  plan::NodePtr make_group(bool windowed);
  std::vector<std::string> key_names() const;
  // The expression over the aggregate's columns; null, reported, where a column is not grouped.
  ExprPtr regroup(const ExprPtr& expr);
  ExprPtr regroup_column(const Expr& column);
  bool has_aggregate(const Expr& expr) const;

  // In bind_grouping_sets.cc.
  bool bind_grouping_sets();
  std::optional<std::vector<GroupingSet>> sets_of(const ast::GroupingElement& element);
  static GroupingSet joined(GroupingSet left, const GroupingSet& right);
  static std::vector<GroupingSet> rolled_up(const std::vector<std::vector<GroupingSet>>& parts);
  static std::vector<GroupingSet> cubed(const std::vector<std::vector<GroupingSet>>& parts);
  bool find_window_of_sets();
  bool has_sets() const { return sets_.size() > 1; }
  plan::NodePtr make_grouping_sets();
  plan::NodePtr with_number(const plan::NodePtr& total, std::size_t set) const;
  std::vector<std::vector<bool>> key_sets() const;
  ExprPtr grouping_value(std::size_t grouping);
  std::optional<std::size_t> grouping_bits(const AggregateUses::Grouping& grouping,
                                           const GroupingSet& set);

  plan::NodePtr project(std::size_t& visible);

  BindContext& context_;
  const ast::Query& query_;
  const ast::Select& select_;
  OuterCondition* const outer_;
  OuterCondition condition_;  // What this asks of its own sub-query.
  Scope scope_;
  AggregateUses aggregates_;
  OverUses overs_;
  ExprBinder binder_;

  plan::NodePtr input_;  // The rows so far.
  std::vector<Item> items_;
  bool items_complete_ = false;  // None is in error: places in the list can be counted.
  ExprPtr having_;
  std::vector<Order> orders_;
  std::optional<WindowCall> group_window_;  // GROUP BY TUMBLE(...).
  std::vector<ExprPtr> keys_;               // Group keys that are not window columns.
  std::vector<std::uint32_t> window_;       // Window columns of the input that are grouped by.
  std::vector<GroupingSet> sets_;           // More than one only with GROUPING SETS and its kin.
  std::vector<Order> distinct_on_;
  ExprPtr qualify_;  // Where no ranking is cut off.
  std::vector<OverWindow> over_windows_;
  std::vector<ExprPtr> over_columns_;  // What each of overs_ is a column of, once computed.
  std::optional<RankCut> cut_;
  std::vector<ExprPtr> rank_keys_;  // What stands in its OVER.
  std::vector<std::pair<ExprPtr, const ast::OrderItem*>> rank_order_;
};

}  // namespace thalweg::sql
