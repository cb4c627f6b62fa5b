#include "sql/join_binder.h"

#include <algorithm>
#include <array>
#include <utility>

#include "plan/build.h"
#include "plan/walk.h"
#include "sql/bind_emit.h"
#include "sql/bind_expr.h"
#include "sql/join_bounds.h"
#include "sql/join_sides.h"
#include "sql/sql_text.h"

namespace thalweg::sql {

Scope both(const Scope& left, const Scope& right) {
  const auto first_of_right = static_cast<std::uint32_t>(left.columns().size());
  Schema columns = left.columns();
  columns.insert(columns.end(), right.columns().begin(), right.columns().end());
  Scope scope{.node = plan::make_values(std::move(columns), {}),
              .relations = left.relations,
              .table = nullptr,
              .window_columns = std::nullopt,
              .shown = std::nullopt};
  for (Relation relation : right.relations) {
    relation.first += first_of_right;
    scope.relations.push_back(std::move(relation));
  }
  if (left.shown || right.shown) {
    scope.shown = shown_columns(left);
    for (const std::uint32_t column : shown_columns(right)) {
      scope.shown->push_back(first_of_right + column);
    }
  }
  return scope;
}

std::string shown_name(const Scope& scope) {
  const bool is_named = scope.relations.size() == 1 && !scope.relations[0].shown.empty();
  return is_named ? scope.relations[0].shown : "";
}

std::string time_name(const Scope& scope) {
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

namespace {

class JoinBinder {
 public:
  JoinBinder(BindContext& context, const JoinClause& clause, Scope left, Scope right)
      : context_(context),
        clause_(clause),
        kind_(clause.kind),
        left_(std::move(left)),
        right_(std::move(right)),
        sides_{.first_of_right = static_cast<std::uint32_t>(left_.columns().size()),
               .columns =
                   static_cast<std::uint32_t>(left_.columns().size() + right_.columns().size())},
        bounds_(sides_, {left_.node->time, right_.node->time}) {}

  std::optional<Scope> bind(const std::vector<ExprPtr>& parts);

 private:
  plan::NodePtr input(Side side) const;
  // Whether it can be a join by time: rows that may be taken back have none.
  bool is_by_time() const { return !left_.node->updating && !right_.node->updating; }
  void join_windows(const std::vector<ExprPtr>& parts);
  void join_by_keys(const plan::Node& left, const plan::Node& right);
  bool repeats_rows() const;
  void add_same_time();
  void take_part(const ExprPtr& part);
  bool take_key(const Expr& equality);
  void refuse() const;
  void warn_of_state(const plan::Node& node) const;
  void warn_of_rows(const plan::Node& node, const plan::Join& join) const;

  BindContext& context_;
  const JoinClause& clause_;
  const JoinKind kind_;
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

std::optional<Scope> JoinBinder::bind(const std::vector<ExprPtr>& parts) {
  Scope scope = both(left_, right_);
  join_windows(parts);
  for (const ExprPtr& part : parts) {
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
    scope.shown = left_.shown;
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
  found_.ttl_micros = at_end ? 0 : clause_.ttl_micros;
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
  std::optional<JoinKey> key = sides_.key(equality);
  if (key) {
    found_.left_keys.push_back(std::move(key->left));
    found_.right_keys.push_back(std::move(key->right));
  }
  return key.has_value();
}

void JoinBinder::refuse() const {
  const std::string clause = clause_.what == "JOIN" ? "ON" : "WHERE";
  std::vector<std::string> notes{"say which columns must be equal: ... " + clause + " a.k = b.k"};
  const std::string left = time_name(left_);
  const std::string right = time_name(right_);
  if (is_by_time() && !left.empty() && !right.empty()) {
    notes.push_back("or say how far apart their event times may be: ... " + clause + " " + right +
                    " BETWEEN " + left + " - INTERVAL '1 hour' AND " + left +
                    " + INTERVAL '1 hour'");
  }
  context_.not_supported(clause_.what + " without columns that must be equal", clause_.keywords,
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
  const std::string left = time_name(left_);
  const std::string right = time_name(right_);
  std::vector<std::string> notes;
  if (!left.empty() && !right.empty()) {
    notes.push_back("bound the other end too, as in " + right +
                    (left_goes ? " >= " + left + " - INTERVAL '1 day'"
                               : " <= " + left + " + INTERVAL '1 day'"));
  }
  context_.warn("P0107",
                "this keeps every row of " + (name.empty() ? "one side" : '"' + name + '"') +
                    " for ever, and its input never ends",
                clause_.condition, "state of " + node.id + " grows with the number of rows",
                std::move(notes));
}

void JoinBinder::warn_of_rows(const plan::Node& node, const plan::Join& join) const {
  if (join.ttl_micros > 0) {
    return;
  }
  std::vector<std::string> notes;
  const std::string left = time_name(left_);
  const std::string right = time_name(right_);
  if (is_by_time() && !left.empty() && !right.empty()) {
    notes.push_back("say how far apart their event times may be: ... AND " + right + " BETWEEN " +
                    left + " - INTERVAL '1 hour' AND " + left + " + INTERVAL '1 hour'");
  }
  notes.push_back(std::string(notes.empty() ? "let" : "or let") +
                  " keys go that are idle: SET ttl = '1 day', or SELECT /*+ ttl('1 day') */");
  context_.warn("P0107", "this keeps every row for ever, and its input never ends",
                clause_.condition, "state of " + node.id + " grows with the number of rows",
                std::move(notes));
}

}  // namespace

std::optional<Scope> join_relations(BindContext& context, const JoinClause& clause, Scope left,
                                    Scope right, const std::vector<ExprPtr>& parts) {
  return JoinBinder(context, clause, std::move(left), std::move(right)).bind(parts);
}

}  // namespace thalweg::sql
