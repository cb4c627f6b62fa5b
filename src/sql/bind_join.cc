#include <algorithm>
#include <array>
#include <utility>

#include "plan/build.h"
#include "plan/walk.h"
#include "sql/bind_emit.h"
#include "sql/bind_expr.h"
#include "sql/bind_query.h"
#include "sql/bind_window.h"
#include "sql/coerce.h"
#include "sql/join_bounds.h"
#include "sql/join_sides.h"
#include "sql/rank_cut.h"
#include "sql/sql_text.h"

// a JOIN b ON a.k = b.k, or the same as FROM a, b WHERE ... Where the condition bounds how far
// apart event times are, also as b.window_end = a.window_end does, it is a join by time, else one
// by keys.
namespace thalweg::sql {
namespace {

JoinKind kind_of(ast::JoinKind kind) {
  switch (kind) {
    case ast::JoinKind::kInner:
    case ast::JoinKind::kCross:
      return JoinKind::kInner;
    case ast::JoinKind::kLeft:
      return JoinKind::kLeft;
    case ast::JoinKind::kRight:
      return JoinKind::kRight;
    case ast::JoinKind::kFull:
      return JoinKind::kFull;
    case ast::JoinKind::kSemi:
      return JoinKind::kSemi;
    case ast::JoinKind::kAnti:
      return JoinKind::kAnti;
  }
  return JoinKind::kInner;
}

// Without the columns that a window function's hide.
Scope visible(BindContext& context, Scope scope, Span span) {
  if (!scope.window_columns) {
    return scope;
  }
  const std::vector<std::uint32_t> columns = *star_columns(context, scope, {}, span);
  std::vector<ExprPtr> exprs;
  std::vector<std::string> names;
  for (const std::uint32_t column : columns) {
    const Field& field = scope.columns()[column];
    exprs.push_back(column_expr(column, field.type, field.name));
    names.push_back(field.name);
  }
  const Relation& relation = scope.relations[0];
  return scope_of(plan::make_project(scope.node, std::move(exprs), std::move(names)), relation.key,
                  relation.shown);
}

// The columns of both sides, for names.
Scope both(const Scope& left, const Scope& right) {
  const auto first_of_right = static_cast<std::uint32_t>(left.columns().size());
  Schema columns = left.columns();
  columns.insert(columns.end(), right.columns().begin(), right.columns().end());
  Scope scope{.node = plan::make_values(std::move(columns), {}),
              .relations = left.relations,
              .table = nullptr,
              .window_columns = std::nullopt};
  for (Relation relation : right.relations) {
    relation.first += first_of_right;
    scope.relations.push_back(std::move(relation));
  }
  return scope;
}

// The parts of a condition over these columns, all of which must be true; nothing, reported, where
// it is in error.
std::optional<std::vector<ExprPtr>> parts_of(BindContext& context, const Scope& scope,
                                             const char* clause, const ast::Expr& condition) {
  const ExprPtr bound = ExprBinder(context, scope, clause).bind_condition(condition);
  return bound == nullptr ? std::nullopt : std::optional(plan::conjuncts(fold_constants(bound)));
}

bool is_equality(const Expr& expr) {
  return expr.kind == ExprKind::kCall && expr.function->function == "=" && expr.args.size() == 2;
}

// What a relation is called in messages.
std::string shown_name(const Scope& scope) {
  const bool is_named = scope.relations.size() == 1 && !scope.relations[0].shown.empty();
  return is_named ? scope.relations[0].shown : "";
}

class JoinBinder {
 public:
  JoinBinder(BindContext& context, const ast::Join& join, std::int64_t ttl_micros, Scope left,
             Scope right)
      : context_(context),
        join_(join),
        kind_(kind_of(join.kind)),
        ttl_micros_(ttl_micros),
        left_(std::move(left)),
        right_(std::move(right)),
        sides_{.first_of_right = static_cast<std::uint32_t>(left_.columns().size()),
               .columns =
                   static_cast<std::uint32_t>(left_.columns().size() + right_.columns().size())},
        bounds_(sides_, {left_.node->time, right_.node->time}) {}

  // Of the parts of WHERE it takes those that are about its columns only.
  std::optional<Scope> bind(std::vector<ExprPtr>& where);

 private:
  plan::NodePtr input(Side side) const;
  std::optional<std::vector<ExprPtr>> conditions(const Scope& scope,
                                                 std::vector<ExprPtr>& where) const;
  // Whether it can be a join by time: rows that may be taken back have none.
  bool is_by_time() const { return !left_.node->updating && !right_.node->updating; }
  void join_windows(const std::vector<ExprPtr>& parts);
  void join_by_keys(const plan::Node& left, const plan::Node& right);
  bool repeats_rows() const;
  void add_same_time();
  void take_part(const ExprPtr& part);
  bool take_key(const Expr& equality);
  std::string time_name(Side side) const;
  void refuse() const;
  void warn_of_state(const plan::Node& node) const;
  void warn_of_rows(const plan::Node& node, const plan::Join& join) const;

  BindContext& context_;
  const ast::Join& join_;
  const JoinKind kind_;
  const std::int64_t ttl_micros_;
  const Scope left_;
  const Scope right_;
  const JoinSides sides_;
  JoinBounds bounds_;
  plan::Join found_;
  ExprPtr same_time_;  // Of the bounds: that the times, or so much from them, are equal.
  std::vector<ExprPtr> conditions_;
  std::array<std::vector<ExprPtr>, 2> filters_;  // By side, over its own columns.
};

plan::NodePtr JoinBinder::input(Side side) const {
  const plan::NodePtr& node = side == Side::kLeft ? left_.node : right_.node;
  const std::vector<ExprPtr>& filters = filters_[number_of(side)];
  return filters.empty() ? node : plan::make_filter(node, plan::conjunction(filters));
}

// What ON asks, and what WHERE does that is about these columns only; nothing, reported, where ON
// is in error.
std::optional<std::vector<ExprPtr>> JoinBinder::conditions(const Scope& scope,
                                                           std::vector<ExprPtr>& where) const {
  std::vector<ExprPtr> all;
  if (join_.on != nullptr) {
    auto parts = parts_of(context_, scope, "ON", *join_.on);
    if (!parts) {
      return std::nullopt;
    }
    all = *std::move(parts);
  }
  std::erase_if(where, [&](const ExprPtr& part) {
    std::vector<bool> used;
    collect_columns(*part, used);
    const bool fits = used.size() <= scope.columns().size();
    if (fits) {
      all.push_back(part);
    }
    return fits;
  });
  return all;
}

std::optional<Scope> JoinBinder::bind(std::vector<ExprPtr>& where) {
  Scope scope = both(left_, right_);
  const std::optional<std::vector<ExprPtr>> parts = conditions(scope, where);
  if (!parts) {
    return std::nullopt;
  }
  join_windows(*parts);
  for (const ExprPtr& part : *parts) {
    take_part(part);
  }
  if (bounds_.any() && (found_.left_keys.empty() || repeats_rows())) {
    add_same_time();
  }
  if (!bounds_.any() && found_.left_keys.empty()) {
    refuse();
    return std::nullopt;
  }
  found_.kind = kind_;
  found_.condition = plan::conjunction(std::move(conditions_));
  plan::NodePtr left = input(Side::kLeft);
  plan::NodePtr right = input(Side::kRight);
  if (bounds_.any()) {
    bounds_.put(found_);
  } else {
    join_by_keys(*left, *right);
  }
  plan::NodePtr node =
      plan::make_join(std::move(left), std::move(right), std::move(found_),
                      context_.next_id(bounds_.any() ? "interval_join" : "join"), context_.name);
  warn_of_state(*node);
  if (!yields_pairs(kind_)) {
    scope.relations = left_.relations;
  }
  scope.node = std::move(node);
  return scope;
}

// Rows are not near each other in time, or change: they are kept for as long as they are there.
void JoinBinder::join_by_keys(const plan::Node& left, const plan::Node& right) {
  const bool ends = left.bounded && right.bounded && !asks_for_changes(context_, left) &&
                    !asks_for_changes(context_, right);
  const bool at_end = ends && plan::join_makes_changes(left, right, kind_);
  found_.by = at_end ? plan::JoinBy::kKeysAtEnd : plan::JoinBy::kKeys;
  found_.ttl_micros = at_end ? 0 : ttl_micros_;
}

// One of the conditions that must all be true. Rows of a side that none comes out of alone need not
// be kept where it is about that side only.
void JoinBinder::take_part(const ExprPtr& part) {
  const std::optional<Side> side = sides_.only_side(*part);
  if (side && !(side == Side::kLeft ? keeps_left(kind_) : keeps_right(kind_))) {
    filters_[number_of(*side)].push_back(sides_.over_own_columns(part, *side));
    return;
  }
  if (is_by_time() && bounds_.take(*part)) {
    same_time_ = is_equality(*part) ? part : same_time_;
  } else if (!take_key(*part)) {
    if (is_by_time()) {
      bounds_.take_last(*part);
    }
    conditions_.push_back(part);
  }
}

// Rows of windows count as of their windows' ends where the ends must be equal.
void JoinBinder::join_windows(const std::vector<ExprPtr>& parts) {
  std::array<plan::TimeInfo, 2> times{left_.node->time, right_.node->time};
  for (plan::TimeInfo& time : times) {
    if (!is_by_time() || time.lost || !time.window || !time.window->end) {
      return;
    }
    time = plan::time_in_windows(time);
  }
  const JoinBounds bounds(sides_, times);
  const auto tells_window = [&](const Expr& expr) {
    if (expr.kind != ExprKind::kColumn) {
      return false;
    }
    const plan::WindowColumns& window = *times[number_of(sides_.of(expr.column))].window;
    const std::uint32_t column = sides_.place(expr.column);
    return column == window.start || column == window.end || column == window.time;
  };
  const bool same_windows = std::ranges::any_of(parts, [&](const ExprPtr& part) {
    return is_equality(*part) && tells_window(*part->args[0]) && tells_window(*part->args[1]) &&
           JoinBounds(bounds).take(*part);
  });
  if (same_windows) {
    found_.in_windows = {true, true};
    bounds_ = bounds;
  }
}

// Whether rows stand for several windows each, which do not come in the order of time.
bool JoinBinder::repeats_rows() const {
  const auto repeats = [](const plan::TimeInfo& time) {
    return time.window && !time.window->is_result &&
           time.window->window.kind != plan::WindowKind::kTumble;
  };
  return found_.in_windows[0] && (repeats(left_.node->time) || repeats(right_.node->time));
}

// Equal times as a key deal rows out to workers, and keep those of each time apart.
void JoinBinder::add_same_time() {
  if (same_time_ != nullptr) {
    take_key(*same_time_);
  }
}

bool JoinBinder::take_key(const Expr& equality) {
  if (!is_equality(equality)) {
    return false;
  }
  ExprPtr left = equality.args[0];
  ExprPtr right = equality.args[1];
  const std::optional<Side> side = sides_.only_side(*left);
  const std::optional<Side> other = sides_.only_side(*right);
  if (!side || !other || side == other) {
    return false;
  }
  if (side == Side::kRight) {
    std::swap(left, right);
  }
  if (left->type != right->type) {
    const std::optional<Type> type =
        common_type_of({Bound{left}.argument(), Bound{right}.argument()});
    if (!type) {
      return false;
    }
    left = cast_expr(left, *type);
    right = cast_expr(right, *type);
  }
  found_.left_keys.push_back(left);
  found_.right_keys.push_back(sides_.over_own_columns(right, Side::kRight));
  return true;
}

// The column of event time as it is written, where there is one.
std::string JoinBinder::time_name(Side side) const {
  const Scope& scope = side == Side::kLeft ? left_ : right_;
  const std::optional<std::uint32_t> column = scope.node->time.column;
  if (scope.node->time.lost || !column) {
    return "";
  }
  const std::string name = quote_name(scope.columns()[*column].name);
  for (const Relation& relation : scope.relations) {
    if (*column >= relation.first && *column < relation.first + relation.count &&
        !relation.shown.empty()) {
      return quote_name(relation.shown) + '.' + name;
    }
  }
  return name;
}

void JoinBinder::refuse() const {
  std::vector<std::string> notes{"say which columns must be equal: ... ON a.k = b.k"};
  const std::string left = time_name(Side::kLeft);
  const std::string right = time_name(Side::kRight);
  if (is_by_time() && !left.empty() && !right.empty()) {
    notes.push_back("or say how far apart their event times may be: ... ON " + right + " BETWEEN " +
                    left + " - INTERVAL '1 hour' AND " + left + " + INTERVAL '1 hour'");
  }
  context_.not_supported("JOIN without columns that must be equal", join_.keywords,
                         std::move(notes));
}

void JoinBinder::warn_of_state(const plan::Node& node) const {
  if (node.bounded) {
    return;
  }
  const auto& join = std::get<plan::Join>(node.step);
  if (!join.by_time()) {
    warn_of_rows(node, join);
    return;
  }
  const bool left_goes = join.upper_micros || join.left_last != nullptr;
  const bool right_goes = join.lower_micros || join.right_last != nullptr;
  if (left_goes && right_goes) {
    return;
  }
  const Side kept = left_goes ? Side::kRight : Side::kLeft;
  const std::string name = shown_name(kept == Side::kLeft ? left_ : right_);
  const std::string left = time_name(Side::kLeft);
  const std::string right = time_name(Side::kRight);
  std::vector<std::string> notes;
  if (!left.empty() && !right.empty()) {
    notes.push_back("bound the other end too, as in " + right +
                    (left_goes ? " >= " + left + " - INTERVAL '1 day'"
                               : " <= " + left + " + INTERVAL '1 day'"));
  }
  context_.warn("P0107",
                "this keeps every row of " + (name.empty() ? "one side" : '"' + name + '"') +
                    " for ever, and its input never ends",
                join_.on == nullptr ? join_.keywords : join_.on->span,
                "state of " + node.id + " grows with the number of rows", std::move(notes));
}

void JoinBinder::warn_of_rows(const plan::Node& node, const plan::Join& join) const {
  if (join.ttl_micros > 0) {
    return;
  }
  std::vector<std::string> notes;
  const std::string left = time_name(Side::kLeft);
  const std::string right = time_name(Side::kRight);
  if (is_by_time() && !left.empty() && !right.empty()) {
    notes.push_back("say how far apart their event times may be: ... AND " + right + " BETWEEN " +
                    left + " - INTERVAL '1 hour' AND " + left + " + INTERVAL '1 hour'");
  }
  notes.push_back(std::string(notes.empty() ? "let" : "or let") +
                  " keys go that are idle: SET ttl = '1 day', or SELECT /*+ ttl('1 day') */");
  context_.warn("P0107", "this keeps every row for ever, and its input never ends",
                join_.on == nullptr ? join_.keywords : join_.on->span,
                "state of " + node.id + " grows with the number of rows", std::move(notes));
}

// No two relations may go by one name.
bool check_names(BindContext& context, const Scope& left, const Scope& right, Span span) {
  for (const Relation& one : left.relations) {
    for (const Relation& other : right.relations) {
      if (!one.key.empty() && one.key == other.key) {
        context.error("S0204", "two relations are called " + one.shown, span, "",
                      {"give one of them another name: " + one.shown + " AS other"});
        return false;
      }
    }
  }
  return true;
}

// Whether it is of a form that there is.
bool check_form(BindContext& context, const ast::Join& join) {
  const std::vector<std::string> cure{"say which rows belong together: a JOIN b ON a.k = b.k"};
  if (join.asof || join.natural || !join.using_columns.empty()) {
    context.not_supported(join.asof      ? "ASOF JOIN"
                          : join.natural ? "NATURAL JOIN"
                                         : "JOIN ... USING",
                          join.keywords, cure);
    return false;
  }
  if (join.on == nullptr && join.kind != ast::JoinKind::kCross) {
    context.error("S0101", "JOIN needs a condition", join.keywords, "", cure);
    return false;
  }
  return true;
}

// The join, and those that its left side is made of, the first one first. What WHERE asks it asks
// of all of them: they are inner joins.
std::vector<const ast::Join*> chain_of(const ast::Join& join) {
  std::vector<const ast::Join*> chain;
  const auto is_inner = [](const ast::Join* one) { return kind_of(one->kind) == JoinKind::kInner; };
  for (const ast::Join* next = &join;
       next != nullptr && (chain.empty() || (is_inner(next) && is_inner(&join)));
       next = next->left->as<ast::Join>()) {
    chain.insert(chain.begin(), next);
  }
  return chain;
}

std::optional<Scope> bind_side(BindContext& context, const ast::TableRef& table,
                               std::optional<std::int64_t> hinted_ttl) {
  // It is for joins alone, not for what they are made of.
  context.hinted_ttl = table.as<ast::Join>() != nullptr ? hinted_ttl : std::nullopt;
  std::optional<Scope> scope = bind_from(context, table);
  return scope ? std::optional(visible(context, *std::move(scope), table.span)) : std::nullopt;
}

}  // namespace

std::optional<Scope> bind_join(BindContext& context, const ast::Join& join) {
  OuterCondition* const outer = std::exchange(context.outer, nullptr);
  const std::int64_t ttl_micros = context.ttl_micros();
  const std::optional<std::int64_t> hinted_ttl = context.hinted_ttl;
  const std::vector<const ast::Join*> chain = chain_of(join);
  if (!std::ranges::all_of(chain, [&](const auto* one) { return check_form(context, *one); })) {
    return std::nullopt;
  }
  std::optional<Scope> left = bind_side(context, *chain[0]->left, hinted_ttl);
  std::vector<Scope> others;
  std::optional<Scope> all = left;
  for (const ast::Join* const one : chain) {
    std::optional<Scope> right = bind_side(context, *one->right, hinted_ttl);
    if (!all || !right || !check_names(context, *all, *right, one->right->span)) {
      return std::nullopt;
    }
    all = both(*all, *right);
    others.push_back(*std::move(right));
  }
  std::vector<ExprPtr> where;
  if (outer != nullptr && outer->where != nullptr && kind_of(join.kind) == JoinKind::kInner) {
    auto parts = parts_of(context, *all, "WHERE", *outer->where);
    if (!parts) {
      return std::nullopt;
    }
    where = *std::move(parts);
    outer->answered = conjuncts_of(*outer->where);
  }
  for (std::size_t i = 0; left && i < chain.size(); ++i) {
    left = JoinBinder(context, *chain[i], ttl_micros, *std::move(left), std::move(others[i]))
               .bind(where);
  }
  return left;
}

}  // namespace thalweg::sql
