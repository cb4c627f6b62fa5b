#include "sql/as_of_binder.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "plan/build.h"
#include "plan/walk.h"
#include "sql/bind_expr.h"
#include "sql/bind_window.h"
#include "sql/join_binder.h"
#include "sql/join_bounds.h"
#include "sql/join_sides.h"
#include "sql/rank_cut.h"
#include "sql/sql_text.h"

namespace thalweg::sql {
namespace {

class AsOfBinder {
 public:
  AsOfBinder(BindContext& context, const ast::Join& join, std::int64_t ttl_micros, Scope left,
             Scope right)
      : context_(context),
        join_(join),
        ttl_micros_(ttl_micros),
        versioned_(versioned_table(join)),
        what_(versioned_ != nullptr ? "FOR SYSTEM_TIME AS OF" : "ASOF JOIN"),
        left_(std::move(left)),
        right_(std::move(right)),
        both_(both(left_, right_)),
        sides_{.first_of_right = static_cast<std::uint32_t>(left_.columns().size()),
               .columns = static_cast<std::uint32_t>(both_.columns().size())},
        bounds_(sides_, {left_.node->time, right_.node->time}) {}

  std::optional<Scope> bind();

 private:
  Span place() const { return versioned_ != nullptr ? versioned_->as_of->span : join_.keywords; }
  bool check_side(const Scope& scope, Span span);
  bool take_conditions();
  bool take_part(const ExprPtr& part, Span span);
  bool take_comparison(JoinBounds bounds, Span span);
  bool take_time();
  bool check_primary_key();
  std::string comparison() const;
  void warn_of_state(const plan::Node& node) const;

  BindContext& context_;
  const ast::Join& join_;
  const std::int64_t ttl_micros_;
  const ast::NamedTable* const versioned_;
  const std::string what_;
  const Scope left_;
  const Scope right_;
  Scope both_;
  const JoinSides sides_;
  JoinBounds bounds_;
  plan::Join found_;
};

// Rows have event time, and stay as they are.
bool AsOfBinder::check_side(const Scope& scope, Span span) {
  if (scope.node->updating) {
    return check_final(context_, *scope.node, what_, span);
  }
  if (scope.node->time.lost) {
    const std::string name = shown_name(scope);
    context_.error(
        "P0101",
        what_ + " needs event time on both sides, and " +
            (name.empty() ? "this one" : '"' + name + '"') + " has none",
        span, "",
        {scope.table != nullptr
             ? "add to CREATE TABLE " + quote_name(scope.table->name) +
                   ": WATERMARK FOR ts AS ts - INTERVAL '5 seconds', ts being its time"
             : "declare a WATERMARK where the rows come from; an aggregate without a window and a "
               "join without bounds of time lose event time"});
    return false;
  }
  return true;
}

// `q.ts <= t.ts`, with the names of the sides at hand where they are known.
std::string AsOfBinder::comparison() const {
  const std::string left = time_name(left_);
  const std::string right = time_name(right_);
  return left.empty() || right.empty() ? "b.ts <= a.ts" : right + " <= " + left;
}

bool AsOfBinder::take_conditions() {
  for (const ast::Expr* written : conjuncts_of(*join_.on)) {
    const ExprPtr bound = ExprBinder(context_, both_, "ON").bind_condition(*written);
    if (bound == nullptr) {
      return false;
    }
    for (const ExprPtr& part : plan::conjuncts(fold_constants(bound))) {
      if (!take_part(part, written->span)) {
        return false;
      }
    }
  }
  return true;
}

bool AsOfBinder::take_part(const ExprPtr& part, Span span) {
  JoinBounds bounds(sides_, {left_.node->time, right_.node->time});
  const bool is_exact = bounds.take(*part);
  if (bounds.any() && !is_equality(*part)) {
    if (versioned_ != nullptr) {
      context_.error("P0116", "FOR SYSTEM_TIME AS OF says by itself which times match", span, "",
                     {"leave this out, or write ASOF JOIN without FOR SYSTEM_TIME AS OF"});
      return false;
    }
    if (!is_exact) {
      context_.error("P0116", "months and years are not equally long", span, "",
                     {"say the distance in days or hours"});
      return false;
    }
    return take_comparison(std::move(bounds), span);
  }
  if (std::optional<JoinKey> key = sides_.key(*part); key && !bounds.any()) {
    found_.left_keys.push_back(std::move(key->left));
    found_.right_keys.push_back(std::move(key->right));
    return true;
  }
  std::vector<std::string> notes{
      "ask it in WHERE, of the rows that belong together",
      "or of one side before they are: ... JOIN (SELECT * FROM b WHERE ...) AS b ON ..."};
  const std::string left = time_name(left_);
  const std::string right = time_name(right_);
  if (versioned_ == nullptr && !left.empty() && !right.empty()) {
    notes.push_back("the event times are " + left + " and " + right);
  }
  context_.error("P0116",
                 "ON of " + what_ + " takes equal columns" +
                     (versioned_ != nullptr ? "" : " and one comparison of times") + ", not this",
                 span, "", std::move(notes));
  return false;
}

bool AsOfBinder::take_comparison(JoinBounds bounds, Span span) {
  if (bounds_.any()) {
    context_.error("P0116", "ASOF JOIN takes one comparison of times", span, "this is a second one",
                   {"ask in WHERE how far apart the times may be"});
    return false;
  }
  bounds_ = std::move(bounds);
  return true;
}

// What FOR SYSTEM_TIME AS OF names.
bool AsOfBinder::take_time() {
  const ExprPtr time = ExprBinder(context_, left_, what_).bind_value(*versioned_->as_of);
  if (time == nullptr) {
    return false;
  }
  if (!bounds_.take_left_time(*fold_constants(time))) {
    const std::string name = time_name(left_);
    context_.error("P0102", "FOR SYSTEM_TIME AS OF takes the event time of the left side",
                   versioned_->as_of->span, name.empty() ? "" : "use " + name,
                   name.empty() ? std::vector<std::string>{"its column has been left out by a "
                                                           "SELECT below"}
                                : std::vector<std::string>{});
    return false;
  }
  return true;
}

// Of a table's versions only one is in force where the whole key is equal, and nothing else.
bool AsOfBinder::check_primary_key() {
  if (right_.table == nullptr || right_.table->primary_key.empty()) {
    const std::string name = '"' + versioned_->name.back().text + '"';
    context_.error("P0116",
                   "FOR SYSTEM_TIME AS OF reads a table with a primary key, and " + name +
                       (right_.table == nullptr ? " is no table" : " has none"),
                   join_.right->span, "",
                   {right_.table == nullptr
                        ? "ASOF JOIN takes any rows: ... ASOF JOIN b ON a.k = b.k AND b.ts <= a.ts"
                        : "add to CREATE TABLE " + quote_name(right_.table->name) +
                              ": PRIMARY KEY (column, ...) NOT ENFORCED"});
    return false;
  }
  std::set<std::uint32_t> missing(right_.table->primary_key.begin(),
                                  right_.table->primary_key.end());
  bool only_key = true;
  for (const ExprPtr& key : found_.right_keys) {
    const Expr* column = key.get();
    while (column->kind == ExprKind::kCast) {
      column = column->args[0].get();
    }
    const auto& all = right_.table->primary_key;
    only_key = only_key && column->kind == ExprKind::kColumn &&
               std::find(all.begin(), all.end(), column->column) != all.end();
    missing.erase(column->kind == ExprKind::kColumn ? column->column : UINT32_MAX);
  }
  if (only_key && missing.empty()) {
    return true;
  }
  std::vector<std::string> names;
  for (const std::uint32_t column : right_.table->primary_key) {
    names.push_back(quote_name(right_.columns()[column].name));
  }
  context_.error("P0116",
                 "ON of FOR SYSTEM_TIME AS OF asks that the primary key of \"" +
                     right_.table->name + "\" be equal, all of it and nothing else",
                 join_.on->span, "",
                 {"it is (" + list_names(names) + ")",
                  "ask in WHERE what else must be true of the rows that belong together"});
  return false;
}

std::optional<Scope> AsOfBinder::bind() {
  if (!check_side(left_, join_.left->span) || !check_side(right_, join_.right->span) ||
      !take_conditions() || (versioned_ != nullptr && !take_time())) {
    return std::nullopt;
  }
  if (found_.left_keys.empty()) {
    context_.not_supported(what_ + " without columns that must be equal", place(),
                           {"say which columns must be equal: ... ON a.k = b.k" +
                            std::string(versioned_ != nullptr ? "" : " AND b.ts <= a.ts")});
    return std::nullopt;
  }
  if (versioned_ != nullptr && !check_primary_key()) {
    return std::nullopt;
  }
  if (!bounds_.any()) {
    context_.error("P0116", "ASOF JOIN does not say which time comes nearest", join_.on->span, "",
                   {"compare the event times of both sides: ... AND " + comparison() +
                    ", or with <, >= or >"});
    return std::nullopt;
  }
  found_.by = plan::JoinBy::kAsOf;
  found_.kind = join_.kind == ast::JoinKind::kLeft ? JoinKind::kLeft : JoinKind::kInner;
  bounds_.put(found_);
  // A table that ends is read whole, and kept.
  found_.ttl_micros = right_.node->bounded || !found_.upper_micros ? 0 : ttl_micros_;
  both_.node = plan::make_join(left_.node, right_.node, std::move(found_),
                               context_.next_id("as_of_join"), context_.name);
  warn_of_state(*both_.node);
  return both_;
}

// Rows that look ahead wait for a row of their key, which may never come. Behind them one row of
// each key is kept, and an endless input may have ever more of those.
void AsOfBinder::warn_of_state(const plan::Node& node) const {
  const auto& join = std::get<plan::Join>(node.step);
  if (right_.node->bounded || join.ttl_micros > 0) {
    return;
  }
  const auto named = [](const Scope& scope, const char* otherwise) {
    const std::string name = shown_name(scope);
    return name.empty() ? std::string(otherwise) : '"' + name + '"';
  };
  const std::string kept =
      join.upper_micros
          ? "the last row of every key of " + named(right_, "the right side") + " for ever"
          : "rows of " + named(left_, "the left side") + " until one of their key follows in " +
                named(right_, "the right side") + ", be it never";
  context_.warn("P0107", "this keeps " + kept + ", and its input never ends", place(),
                "state of " + node.id + " grows with the number of keys",
                join.upper_micros
                    ? std::vector<std::string>{"let keys go that are idle: SET ttl = '1 day', or "
                                               "SELECT /*+ ttl('1 day') */"}
                    : std::vector<std::string>{"look back with <= or <: what is kept is then one "
                                               "row of each key, and a ttl lets idle ones go"});
}

}  // namespace

const ast::NamedTable* versioned_table(const ast::Join& join) {
  const auto* named = join.right->as<ast::NamedTable>();
  return named != nullptr && named->as_of != nullptr ? named : nullptr;
}

bool is_as_of(const ast::Join& join) { return join.asof || versioned_table(join) != nullptr; }

std::optional<Scope> join_as_of(BindContext& context, const ast::Join& join,
                                std::int64_t ttl_micros, Scope left, Scope right) {
  return AsOfBinder(context, join, ttl_micros, std::move(left), std::move(right)).bind();
}

}  // namespace thalweg::sql
