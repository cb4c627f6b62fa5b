#include "expr/row_pattern.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "expr/pattern_gaps.h"

namespace thalweg {
namespace {

std::string quantifier(const RowPattern& pattern) {
  std::string text;
  if (pattern.least == 0 && !pattern.most) {
    text = "*";
  } else if (pattern.least == 1 && !pattern.most) {
    text = "+";
  } else if (pattern.least == 0 && pattern.most == 1U) {
    text = "?";
  } else {
    text = '{' + std::to_string(pattern.least);
    if (pattern.most != pattern.least) {
      text += ',' + (pattern.most ? std::to_string(*pattern.most) : "");
    }
    text += '}';
  }
  return text + (pattern.reluctant ? "?" : "");
}

// A gap as a loop over rows of which resolve_gaps() says what they are.
RowPattern gap_loop() {
  RowPattern row;
  row.kind = RowPattern::Kind::kVariable;
  row.variable = PatternProgram::kNoVariable;
  RowPattern loop;
  loop.kind = RowPattern::Kind::kRepeat;
  loop.parts = {row};
  loop.least = 0;
  loop.most.reset();
  loop.reluctant = true;
  return loop;
}

// Instructions that a walk through the pattern follows, in order of preference. A walk remembers
// the outermost repetition whose round at hand has matched no row since it began: such a round is
// the last one. Rounds below the least do not count, and repetitions are known by how deep they
// stand in others.
struct Instruction {
  enum class Kind : std::uint8_t {
    kTake,
    kSplit,  // Of a choice.
    kJump,
    kEnter,  // Into a first round of a repetition, or past it.
    kAgain,  // Behind a round: into the next one, or out.
    kLeave,  // Behind the last round there may be.
    kAccept,
  };
  Kind kind = Kind::kAccept;
  std::uint32_t a = 0;      // kTake: the place; else where to go on, first.
  std::uint32_t b = 0;      // Where to go on else.
  std::uint32_t out = 0;    // kAgain: that of the two that leaves the repetition.
  std::uint32_t depth = 0;  // Of the repetition.
};

class Compiler {
 public:
  std::optional<PatternProgram> compile(const RowPattern& pattern) {
    if (!add(pattern, pattern.excluded)) {
      return std::nullopt;
    }
    code_.push_back({});
    std::size_t ways = 0;
    program_.first = ways_from(0);
    for (const std::uint32_t taken : takes_) {
      program_.next.push_back(ways_from(taken + 1));
      ways += program_.next.back().size();
      if (ways > kPatternWaysMax) {
        return std::nullopt;
      }
    }
    return resolve_gaps(std::move(program_));
  }

 private:
  using Kind = RowPattern::Kind;
  using Kinds = Instruction::Kind;

  // Where a walk stands.
  struct Point {
    std::uint32_t code;
    std::uint32_t empty;  // The depth of the outermost repetition in a round without rows.
  };

  std::uint32_t here() const { return static_cast<std::uint32_t>(code_.size()); }

  // False: too much.
  bool add(const RowPattern& pattern, bool excluded) {
    excluded = excluded || pattern.excluded;
    switch (pattern.kind) {
      case Kind::kVariable:
        takes_.push_back(here());
        code_.push_back({.kind = Instruction::Kind::kTake,
                         .a = static_cast<std::uint32_t>(program_.places.size())});
        program_.places.push_back({.variable = pattern.variable, .excluded = excluded});
        return program_.places.size() <= kPatternPlacesMax;
      case Kind::kSequence:
        for (const RowPattern& part : pattern.parts) {
          if (!add(part, excluded)) {
            return false;
          }
        }
        return true;
      case Kind::kChoice:
        return add_choice(pattern, excluded);
      case Kind::kRepeat:
        return add_repeat(pattern, excluded);
      case Kind::kGap:
        return add_repeat(gap_loop(), true);
    }
    return false;
  }

  bool add_choice(const RowPattern& pattern, bool excluded) {
    std::vector<std::uint32_t> ends;
    for (std::size_t i = 0; i < pattern.parts.size(); ++i) {
      const bool is_last = i + 1 == pattern.parts.size();
      const std::uint32_t split = here();
      if (!is_last) {
        code_.push_back({.kind = Instruction::Kind::kSplit, .a = split + 1});
      }
      if (!add(pattern.parts[i], excluded)) {
        return false;
      }
      if (!is_last) {
        ends.push_back(here());
        code_.push_back({.kind = Instruction::Kind::kJump});
        code_[split].b = here();
      }
    }
    for (const std::uint32_t end : ends) {
      code_[end].a = here();
    }
    return code_.size() <= kCodeMax;
  }

  bool add_repeat(const RowPattern& pattern, bool excluded) {
    const RowPattern& part = pattern.parts[0];
    for (std::uint64_t i = 0; i < pattern.least; ++i) {
      if (!add_round(part, excluded)) {
        return false;
      }
    }
    if (pattern.most == pattern.least) {
      return true;
    }
    const std::uint32_t depth = depth_++;
    depth_max_ = std::max(depth_max_, depth_);
    std::vector<std::uint32_t> splits{add(Kinds::kEnter, depth)};
    bool fits = true;
    if (!pattern.most) {
      const std::uint32_t round = here();
      fits = add_round(part, excluded);
      splits.push_back(add(Kinds::kAgain, depth));
      set_ways(splits[1], pattern, round, here());
    }
    for (std::uint64_t i = pattern.least; fits && pattern.most && i < *pattern.most; ++i) {
      fits = add_round(part, excluded);
      splits.push_back(add(i + 1 < *pattern.most ? Kinds::kAgain : Kinds::kLeave, depth));
    }
    for (const std::uint32_t split : splits) {
      if (code_[split].kind == Kinds::kLeave) {
        code_[split].a = here();
      } else if (pattern.most || split == splits[0]) {
        set_ways(split, pattern, split + 1, here());
      }
    }
    --depth_;
    return fits;
  }

  // Also rounds of no places must not go on for ever.
  bool add_round(const RowPattern& part, bool excluded) {
    return add(part, excluded) && ++rounds_ <= kCodeMax && code_.size() <= kCodeMax;
  }

  std::uint32_t add(Instruction::Kind kind, std::uint32_t depth) {
    code_.push_back({.kind = kind, .depth = depth});
    return here() - 1;
  }

  void set_ways(std::uint32_t split, const RowPattern& pattern, std::uint32_t round,
                std::uint32_t out) {
    code_[split].a = pattern.reluctant ? out : round;
    code_[split].b = pattern.reluctant ? round : out;
    code_[split].out = out;
  }

  // Places that can take the next row, and kAccept, in order of preference.
  std::vector<std::uint32_t> ways_from(std::uint32_t start) {
    std::vector<std::uint32_t> ways;
    ++walk_;
    seen_.resize(code_.size() * (depth_max_ + 1));
    taken_.resize(program_.places.size());
    const std::uint32_t none = depth_max_;  // No repetition is in a round without rows.
    std::vector<Point> open{{start, none}};
    while (!open.empty()) {
      const Point at = open.back();
      open.pop_back();
      if (std::exchange(seen_[std::size_t{at.code} * (depth_max_ + 1) + at.empty], walk_) ==
          walk_) {
        continue;
      }
      const Instruction& instruction = code_[at.code];
      const std::uint32_t depth = instruction.depth;
      const std::uint32_t outside = at.empty < depth ? at.empty : none;
      const auto go = [&](std::uint32_t code) {
        const bool is_out = code == instruction.out;
        open.push_back({code, is_out ? outside : std::min(at.empty, depth)});
      };
      switch (instruction.kind) {
        case Instruction::Kind::kTake:
          if (std::exchange(taken_[instruction.a], walk_) != walk_) {
            ways.push_back(instruction.a);
          }
          break;
        case Instruction::Kind::kAccept:
          ways.push_back(PatternProgram::kAccept);
          return ways;  // What is less preferred than to end here is never taken.
        case Instruction::Kind::kJump:
          open.push_back({instruction.a, at.empty});
          break;
        case Instruction::Kind::kSplit:
          open.push_back({instruction.b, at.empty});
          open.push_back({instruction.a, at.empty});
          break;
        case Instruction::Kind::kLeave:
          open.push_back({instruction.a, outside});
          break;
        case Instruction::Kind::kAgain:
          if (at.empty <= depth && at.empty != none) {
            open.push_back({instruction.out, outside});
            break;
          }
          [[fallthrough]];
        case Instruction::Kind::kEnter:
          go(instruction.b);
          go(instruction.a);
          break;
      }
    }
    return ways;
  }

  static constexpr std::size_t kCodeMax = 8 * kPatternPlacesMax;

  PatternProgram program_;
  std::vector<Instruction> code_;
  std::vector<std::uint32_t> takes_;  // By place: its instruction.
  std::size_t rounds_ = 0;
  std::uint32_t depth_ = 0;
  std::uint32_t depth_max_ = 0;
  // By instruction and Point::empty: the last walk that has come by.
  std::vector<std::uint32_t> seen_;
  std::vector<std::uint32_t> taken_;  // By place, likewise.
  std::uint32_t walk_ = 0;
};

}  // namespace

std::string to_string(const RowPattern& pattern, std::span<const std::string> variables) {
  std::string text;
  switch (pattern.kind) {
    case RowPattern::Kind::kVariable:
      text = variables[pattern.variable];
      break;
    case RowPattern::Kind::kGap:
      text = "...";
      break;
    case RowPattern::Kind::kSequence:
    case RowPattern::Kind::kChoice:
      for (const RowPattern& part : pattern.parts) {
        const bool is_choice = pattern.kind == RowPattern::Kind::kChoice;
        text += text.empty() ? "" : is_choice ? " | " : " ";
        const bool loose = part.kind == RowPattern::Kind::kChoice && !part.excluded;
        const bool empty = part.kind == RowPattern::Kind::kSequence && part.parts.empty();
        text += loose   ? '(' + to_string(part, variables) + ')'
                : empty ? "()"
                        : to_string(part, variables);
      }
      break;
    case RowPattern::Kind::kRepeat: {
      const RowPattern& part = pattern.parts[0];
      const bool single = part.kind == RowPattern::Kind::kVariable || part.excluded;
      text = (single ? to_string(part, variables) : '(' + to_string(part, variables) + ')') +
             quantifier(pattern);
      break;
    }
  }
  return pattern.excluded ? "{- " + text + " -}" : text;
}

bool is_followed_aggregate(AggregateKind kind) {
  switch (kind) {
    case AggregateKind::kCountStar:
    case AggregateKind::kCount:
    case AggregateKind::kSum:
    case AggregateKind::kAvg:
    case AggregateKind::kMin:
    case AggregateKind::kMax:
      return true;
    default:
      return false;
  }
}

std::optional<PatternProgram> compile_pattern(const RowPattern& pattern) {
  return Compiler().compile(pattern);
}

}  // namespace thalweg
