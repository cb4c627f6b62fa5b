#include "sql/parse_pattern.h"

#include <utility>

namespace thalweg {
namespace {

constexpr int kPatternNestingMax = 100;

class PatternParser {
 public:
  explicit PatternParser(Cursor& cursor) : cursor_(cursor) {}

  ast::RowPattern parse() {
    cursor_.expect_symbol("(");
    ast::RowPattern pattern = parse_choice();
    cursor_.expect_symbol(")");
    return pattern;
  }

 private:
  using Kind = ast::RowPattern::Kind;

  static ast::RowPattern of(Kind kind) {
    ast::RowPattern pattern;
    pattern.kind = kind;
    return pattern;
  }

  // `a | b`; what stands before `)` and the like may be nothing.
  ast::RowPattern parse_choice() {
    const std::uint32_t begin = cursor_.begin();
    if (++depth_ > kPatternNestingMax) {
      cursor_.fail({.code = "S0002",
                    .message = "the pattern is nested too deeply",
                    .span = cursor_.peek().span,
                    .label = {},
                    .notes = {}});
    }
    ast::RowPattern choice = of(Kind::kChoice);
    if (!cursor_.failed()) {
      choice.parts.push_back(parse_sequence());
      while (!cursor_.failed() && take_bar()) {
        choice.parts.push_back(parse_sequence());
      }
    }
    --depth_;
    if (choice.parts.size() == 1) {
      ast::RowPattern only = std::move(choice.parts[0]);
      return only;
    }
    choice.span = cursor_.since(begin);
    return choice;
  }

  ast::RowPattern parse_sequence() {
    const std::uint32_t begin = cursor_.begin();
    ast::RowPattern sequence = of(Kind::kSequence);
    while (!cursor_.failed() && !at_end_of_sequence()) {
      sequence.parts.push_back(parse_factor());
    }
    if (sequence.parts.size() == 1) {
      ast::RowPattern only = std::move(sequence.parts[0]);
      return only;
    }
    sequence.span = cursor_.since(begin);
    return sequence;
  }

  bool at_end_of_sequence() const {
    return bar_ || cursor_.at_end() || cursor_.at_symbol(")") || cursor_.at_symbol("|") ||
           cursor_.at_symbol(",") || cursor_.at_symbol("-");
  }

  // The lexer takes `?|` for one symbol.
  bool take_bar() { return std::exchange(bar_, false) || cursor_.take_symbol("|"); }
  bool take_question() {
    if (bar_) {
      return false;
    }
    bar_ = cursor_.take_symbol("?|");
    return bar_ || cursor_.take_symbol("?");
  }

  ast::RowPattern parse_factor() {
    const std::uint32_t begin = cursor_.begin();
    ast::RowPattern primary = parse_primary();
    ast::RowPattern repeat = of(Kind::kRepeat);
    repeat.most.reset();
    if (cursor_.failed()) {
      return primary;
    }
    if (cursor_.take_symbol("*")) {
      repeat.least = 0;
    } else if (cursor_.take_symbol("+")) {
      repeat.least = 1;
    } else if (take_question()) {
      repeat.least = 0;
      repeat.most = 1;
    } else if (cursor_.at_symbol("{") && !cursor_.at_symbol("-", 1)) {
      parse_bounds(repeat);
    } else {
      return primary;
    }
    repeat.reluctant = !cursor_.failed() && take_question();
    repeat.parts.push_back(std::move(primary));
    repeat.span = cursor_.since(begin);
    return repeat;
  }

  // {n}, {n,}, {n,m}, {,m}
  void parse_bounds(ast::RowPattern& repeat) {
    const std::uint32_t begin = cursor_.begin();
    cursor_.expect_symbol("{");
    const bool has_least = !cursor_.at_symbol(",");
    repeat.least = has_least ? take_count() : 0;
    repeat.most = repeat.least;
    if (!cursor_.failed() && cursor_.take_symbol(",")) {
      repeat.most.reset();
      if (!has_least || !cursor_.at_symbol("}")) {
        repeat.most = take_count();
      }
    }
    if (!cursor_.failed()) {
      cursor_.expect_symbol("}");
    }
    if (!cursor_.failed() && repeat.most && (*repeat.most < repeat.least || *repeat.most == 0)) {
      cursor_.fail({.code = "S0101",
                    .message = *repeat.most == 0 ? "a quantifier allows one row or more"
                                                 : "the quantifier's bounds stand the wrong way "
                                                   "round",
                    .span = cursor_.since(begin),
                    .label = {},
                    .notes = {"as in A{2,5}"}});
    }
  }

  std::uint64_t take_count() {
    if (cursor_.peek().kind != TokenKind::kInteger) {
      cursor_.fail_expected("a number");
      return 0;
    }
    const std::string digits = number_value(cursor_.source(cursor_.next()));
    constexpr std::size_t kDigitsMax = 18;
    return digits.size() <= kDigitsMax ? std::stoull(digits) : UINT64_MAX;
  }

  ast::RowPattern parse_primary() {
    const std::uint32_t begin = cursor_.begin();
    if (cursor_.take_symbol("(")) {
      ast::RowPattern inner = parse_choice();
      cursor_.expect_symbol(")");
      return inner;
    }
    if (cursor_.at_symbol("{") && cursor_.at_symbol("-", 1)) {
      cursor_.next();
      cursor_.next();
      ast::RowPattern excluded = of(Kind::kExcluded);
      excluded.parts.push_back(parse_choice());
      if (!cursor_.failed() && cursor_.expect_symbol("-")) {
        cursor_.expect_symbol("}");
      }
      excluded.span = cursor_.since(begin);
      return excluded;
    }
    if (cursor_.take_symbol("^")) {
      ast::RowPattern start = of(Kind::kStart);
      start.span = cursor_.since(begin);
      return start;
    }
    if (cursor_.at_word("permute") && cursor_.at_symbol("(", 1)) {
      cursor_.next();
      cursor_.next();
      ast::RowPattern permute = of(Kind::kPermute);
      do {
        permute.parts.push_back(parse_choice());
      } while (!cursor_.failed() && cursor_.take_symbol(","));
      cursor_.expect_symbol(")");
      permute.span = cursor_.since(begin);
      return permute;
    }
    ast::RowPattern variable = of(Kind::kVariable);
    if (std::optional<ast::Name> name = cursor_.take_name("a variable of the pattern")) {
      variable.variable = std::move(*name);
    }
    variable.span = cursor_.since(begin);
    return variable;
  }

  Cursor& cursor_;
  int depth_ = 0;
  bool bar_ = false;  // A `|` has been taken with the `?` before it.
};

}  // namespace

ast::RowPattern parse_pattern(Cursor& cursor) { return PatternParser(cursor).parse(); }

}  // namespace thalweg
