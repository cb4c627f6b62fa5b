#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sql/bind_expr.h"
#include "sql/bind_query.h"
#include "sql/bind_window.h"

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
        binder_(context, scope_, "SELECT", &aggregates_) {}

  QueryRows bind();

 private:
  // One column of the list.
  struct Item {
    ExprPtr expr;
    std::string name;
    Span span;
    bool untyped = false;
  };
  // What ORDER BY asks for: an output column, or an expression that is none.
  struct Order {
    const ast::OrderItem* item;
    std::uint32_t column = 0;
    ExprPtr hidden;
  };

  bool is_supported();
  bool bind_input();
  bool bind_items();
  bool bind_star(const ast::Star& star, Span span);
  bool bind_item(const ast::SelectItem& item, std::size_t place);
  bool bind_having();
  bool bind_order();
  void take_hints();

  // In bind_group.cc.
  bool bind_group_keys();
  // Looks for SESSION(...) among the keys before anything else is bound.
  bool find_group_session();
  void assign_group_session();
  bool bind_group_key(const ast::Expr& expr);
  bool add_group_key(const ExprPtr& key, Span span);
  bool group();
  // A start that says nothing of the end is a key like any other.
  void drop_lone_start();
  bool groups_by(std::uint32_t window_column) const;
  plan::NodePtr make_group(bool windowed);
  std::vector<std::string> key_names() const;
  // The expression over the aggregate's columns; null, reported, where a column is not grouped.
  ExprPtr regroup(const ExprPtr& expr);
  ExprPtr regroup_column(const Expr& column);
  bool has_aggregate(const Expr& expr) const;

  plan::NodePtr project(std::size_t& visible);

  BindContext& context_;
  const ast::Query& query_;
  const ast::Select& select_;
  Scope scope_;
  AggregateUses aggregates_;
  ExprBinder binder_;

  plan::NodePtr input_;  // The rows so far.
  std::vector<Item> items_;
  ExprPtr having_;
  std::vector<Order> orders_;
  std::optional<GroupSession> session_;  // GROUP BY SESSION(...).
  std::vector<ExprPtr> keys_;            // Group keys that are not window columns.
  std::vector<std::uint32_t> window_;    // Window columns of the input that are grouped by.
};

}  // namespace thalweg::sql
