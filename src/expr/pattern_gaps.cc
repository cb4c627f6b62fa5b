#include "expr/pattern_gaps.h"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

namespace thalweg {
namespace {

class GapResolver {
 public:
  explicit GapResolver(PatternProgram program) : program_(std::move(program)) {}

  PatternProgram resolve() {
    for (const PatternProgram::Place& place : program_.places) {
      numbers_.push_back(static_cast<std::uint32_t>(made_.places.size()));
      if (!place.is_gap()) {
        made_.places.push_back(place);
      }
    }
    made_.next.resize(made_.places.size());
    made_.first = resolved(program_.first);
    for (std::uint32_t place = 0; place < program_.places.size(); ++place) {
      if (!program_.places[place].is_gap()) {
        Ways ways = resolved(program_.next[place]);
        made_.next[numbers_[place]] = std::move(ways);
      }
    }
    return std::move(made_);
  }

 private:
  using Ways = std::vector<std::uint32_t>;  // As in a program.

  bool is_gap(std::uint32_t way) const {
    return way != PatternProgram::kAccept && program_.places[way].is_gap();
  }

  // Ways of the given program as those of the one that is made.
  Ways resolved(const Ways& ways) {
    Ways made;
    bool has_gap = false;
    for (const std::uint32_t way : ways) {
      if (!is_gap(way)) {
        made.push_back(way == PatternProgram::kAccept ? way : numbers_[way]);
      } else if (!std::exchange(has_gap, true)) {
        made.push_back(gap_among(ways));
      }
    }
    return made;
  }

  // The place of the gaps that begin together with these ways.
  std::uint32_t gap_among(const Ways& ways) {
    const auto number = static_cast<std::uint32_t>(made_.places.size());
    const auto [found, is_new] = gaps_.try_emplace(ways, number);
    if (!is_new) {
      return found->second;
    }
    PatternProgram::Place gap{.variable = PatternProgram::kNoVariable, .excluded = true};
    Ways behind;  // A row of it.
    for (const std::uint32_t way : ways) {
      if (is_gap(way)) {
        add_behind(way, behind);
      } else if (way != PatternProgram::kAccept) {
        gap.without |= VariableSet{1} << program_.places[way].variable;
      }
    }
    made_.places.push_back(gap);
    made_.next.emplace_back();
    Ways next = resolved(behind);
    made_.next[number] = std::move(next);
    return number;
  }

  void add_behind(std::uint32_t gap, Ways& behind) const {
    for (const std::uint32_t way : program_.next[gap]) {
      const bool ends = !behind.empty() && behind.back() == PatternProgram::kAccept;
      if (!ends && std::find(behind.begin(), behind.end(), way) == behind.end()) {
        behind.push_back(way);
      }
    }
  }

  const PatternProgram program_;
  PatternProgram made_;
  std::vector<std::uint32_t> numbers_;  // By place: its number in made_.
  std::map<Ways, std::uint32_t> gaps_;
};

}  // namespace

PatternProgram resolve_gaps(PatternProgram program) {
  const bool has_gaps = std::any_of(program.places.begin(), program.places.end(),
                                    [](const auto& place) { return place.is_gap(); });
  return has_gaps ? GapResolver(std::move(program)).resolve() : program;
}

}  // namespace thalweg
