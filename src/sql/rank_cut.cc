#include "sql/rank_cut.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace thalweg::sql {
namespace {

constexpr std::uint64_t kRankMax = std::uint64_t{1} << 40;

// Ranks from low to high; 0: none are too many.
struct Range {
  std::uint64_t low = 1;
  std::uint64_t high = 0;
};

std::optional<std::uint64_t> whole_number(const ast::Expr& expr) {
  const auto* literal = expr.as<ast::Literal>();
  if (literal == nullptr || literal->kind != ast::LiteralKind::kInteger) {
    return std::nullopt;
  }
  const unsigned long long number = std::strtoull(literal->text.c_str(), nullptr, 10);
  return number > kRankMax ? std::nullopt : std::optional<std::uint64_t>(number);
}

ast::BinaryOp mirrored(ast::BinaryOp op) {
  switch (op) {
    case ast::BinaryOp::kLess:
      return ast::BinaryOp::kGreater;
    case ast::BinaryOp::kLessEqual:
      return ast::BinaryOp::kGreaterEqual;
    case ast::BinaryOp::kGreater:
      return ast::BinaryOp::kLess;
    case ast::BinaryOp::kGreaterEqual:
      return ast::BinaryOp::kLessEqual;
    default:
      return op;
  }
}

std::optional<Range> range_of(ast::BinaryOp op, std::uint64_t number) {
  switch (op) {
    case ast::BinaryOp::kEqual:
      return number == 0 ? std::nullopt : std::optional(Range{number, number});
    case ast::BinaryOp::kLessEqual:
      return number == 0 ? std::nullopt : std::optional(Range{1, number});
    case ast::BinaryOp::kLess:
      return number <= 1 ? std::nullopt : std::optional(Range{1, number - 1});
    case ast::BinaryOp::kGreater:
      return Range{number + 1, 0};
    case ast::BinaryOp::kGreaterEqual:
      return Range{number, 0};
    default:
      return std::nullopt;
  }
}

// Finds the one ranking of a SELECT and what conditions ask of it.
class Finder {
 public:
  Finder(BindContext& context, const ast::Select& select) : context_(context), select_(select) {}

  // The condition's operand where it is the rank, and of which ranks it is true.
  std::optional<Range> range(const ast::Expr& condition, const std::string* alias) {
    if (const auto* between = condition.as<ast::Between>()) {
      const auto low = whole_number(*between->low);
      const auto high = whole_number(*between->high);
      const bool fits = !between->negated && !between->symmetric && low && high && *high > 0 &&
                        *low <= *high && is_rank(*between->operand, alias);
      return fits ? std::optional(Range{*low, *high}) : std::nullopt;
    }
    const auto* binary = condition.as<ast::Binary>();
    if (binary == nullptr) {
      return std::nullopt;
    }
    if (const auto number = whole_number(*binary->right); number && is_rank(*binary->left, alias)) {
      return range_of(binary->op, *number);
    }
    if (const auto number = whole_number(*binary->left); number && is_rank(*binary->right, alias)) {
      return range_of(mirrored(binary->op), *number);
    }
    return std::nullopt;
  }

  const ast::Expr* found() const { return found_; }

 private:
  // `alias`: the name under which a query around sees the SELECT; nullptr: the condition is its
  // own.
  bool is_rank(const ast::Expr& expr, const std::string* alias) {
    if (alias == nullptr && ranking_call(expr) != nullptr) {
      return take(expr);
    }
    const auto* reference = expr.as<ast::ColumnRef>();
    if (reference == nullptr || reference->parts.size() > (alias == nullptr ? 1 : 2)) {
      return false;
    }
    if (reference->parts.size() == 2 && reference->parts[0].key != *alias) {
      return false;
    }
    for (const ast::SelectItem& item : select_.items) {
      const ast::Call* call = ranking_call(*item.value);
      if (call == nullptr) {
        continue;
      }
      const std::string& key = item.alias ? item.alias->key : call->name.back().key;
      if (key == reference->parts.back().key) {
        return take(*item.value);
      }
    }
    return false;
  }

  bool take(const ast::Expr& call) {
    if (found_ == nullptr) {
      found_ = &call;
    }
    return context_.written(call.span) == context_.written(found_->span);
  }

  BindContext& context_;
  const ast::Select& select_;
  const ast::Expr* found_ = nullptr;
};

void narrow(RankCut& cut, const Range& range) {
  cut.low = std::max(cut.low, range.low);
  if (range.high != 0) {
    cut.high = cut.high == 0 ? range.high : std::min(cut.high, range.high);
  }
}

bool has_other_over(BindContext& context, const ast::Select& select, const std::string& written) {
  return std::any_of(select.items.begin(), select.items.end(), [&](const ast::SelectItem& item) {
    const auto* call = item.value->as<ast::Call>();
    return call != nullptr && call->over && context.written(item.value->span) != written;
  });
}

}  // namespace

const ast::Call* ranking_call(const ast::Expr& expr) {
  const auto* call = expr.as<ast::Call>();
  const bool ranks = call != nullptr && call->over && call->arguments.empty() &&
                     call->name.size() == 1 && call->filter == nullptr && !call->star;
  if (!ranks) {
    return nullptr;
  }
  const std::string& name = call->name[0].key;
  return name == "row_number" || name == "rank" || name == "dense_rank" ? call : nullptr;
}

std::vector<const ast::Expr*> conjuncts_of(const ast::Expr& condition) {
  const auto* logical = condition.as<ast::Logical>();
  if (logical == nullptr || logical->op != ast::LogicalOp::kAnd) {
    return {&condition};
  }
  std::vector<const ast::Expr*> parts;
  for (const ast::ExprPtr& operand : logical->operands) {
    const std::vector<const ast::Expr*> below = conjuncts_of(*operand);
    parts.insert(parts.end(), below.begin(), below.end());
  }
  return parts;
}

bool ranks_rows(const ast::Query& query) {
  const auto* select = std::get_if<ast::Select>(&query.body);
  return select != nullptr &&
         std::any_of(select->items.begin(), select->items.end(), [](const ast::SelectItem& item) {
           return ranking_call(*item.value) != nullptr;
         });
}

std::optional<RankCut> find_rank_cut(BindContext& context, OuterCondition* outer,
                                     const ast::Query& query, const ast::Select& select) {
  RankCut cut;
  Finder finder(context, select);
  std::vector<const ast::Expr*> answered;
  if (select.qualify != nullptr) {
    for (const ast::Expr* part : conjuncts_of(*select.qualify)) {
      if (const std::optional<Range> range = finder.range(*part, nullptr)) {
        narrow(cut, *range);
      } else {
        cut.others.push_back(part);
      }
    }
  }
  // What stands between the ranking and the condition must not choose rows itself.
  const bool is_bare = query.limit == nullptr && query.offset == nullptr &&
                       select.quantifier == ast::SelectQuantifier::kAll;
  if (outer != nullptr && outer->where != nullptr && is_bare) {
    for (const ast::Expr* part : conjuncts_of(*outer->where)) {
      if (const std::optional<Range> range = finder.range(*part, &outer->alias)) {
        narrow(cut, *range);
        answered.push_back(part);
      }
    }
  }
  if (cut.high == 0 || cut.low > cut.high) {
    return std::nullopt;
  }
  cut.call = finder.found();
  cut.written = context.written(cut.call->span);
  if (has_other_over(context, select, cut.written)) {
    return std::nullopt;
  }
  if (outer != nullptr) {
    outer->answered = std::move(answered);
  }
  const std::string& name = ranking_call(*cut.call)->name[0].key;
  cut.ranking = name == "rank"         ? Ranking::kRank
                : name == "dense_rank" ? Ranking::kDenseRank
                                       : Ranking::kRowNumber;
  return cut;
}

}  // namespace thalweg::sql
