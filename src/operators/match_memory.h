#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "expr/row_pattern.h"
#include "operators/pending_row.h"

namespace thalweg {

// What conditions have to know of the rows of a match so far: a few words for each way of reading
// them, the same words where all that conditions look at is the same. All 0: no rows.
class MatchMemory {
 public:
  // `types`: of the input's columns.
  MatchMemory(std::vector<MatchValue> terms, std::vector<std::string> variables,
              std::vector<Type> types);

  std::size_t words() const { return words_; }

  // Takes the last of the rows in, which is the variable.
  void take(std::uint32_t variable, const RowsSoFar& rows, const RowSource& source,
            std::span<std::uint64_t> memory) const;

  // Parts of the memory, by which terms are told: a bit each, and kRest for the others.
  using Parts = std::uint64_t;
  static constexpr Parts kAllParts = ~Parts{0};
  Parts parts_of(std::size_t term) const { return bit_of(term_tracks_[term]); }
  // Leaves only these parts.
  void keep(Parts parts, std::span<std::uint64_t> memory) const;

  // One term's value in each of these memories. `failed` gets those in which it does not fit its
  // type.
  struct Seen {
    const std::uint64_t* memory;
    const RowsSoFar* rows;
  };
  Column term(std::size_t number, std::span<const Seen> seen, const RowSource& source,
              std::vector<RowIndex>& failed) const;

 private:
  enum class Kind : std::uint8_t {
    kFirst,  // The first rows.
    kLast,   // The last ones, the last in front.
    kCount,
    kExact,     // A sum of integers or NUMERIC.
    kFloating,  // A sum of floating point.
    kLeast,     // The row that has the least value,
    kGreatest,  // the greatest.
  };
  // Something that is followed along a match; several terms may be told by it.
  struct Track {
    Kind kind;
    VariableSet variables;
    std::uint32_t column;  // kNoColumn: none.
    bool tells_variable;   // Rows are noted with the variable that they are.
    std::uint32_t size;    // Words.
    std::uint32_t begin = 0;
  };
  static constexpr std::uint32_t kNoColumn = UINT32_MAX;

  static Parts bit_of(std::size_t track) { return Parts{1} << (track < 63 ? track : 63); }
  Track track_of(const MatchValue& term) const;
  void add(const MatchValue& term);
  void take(const Track& track, std::uint32_t variable, const RowsSoFar& rows,
            const RowSource& source, std::uint64_t* words) const;
  void take_value(const Track& track, const RowsSoFar& rows, const RowSource& source,
                  std::uint64_t* words) const;
  Column picked(const MatchValue& term, const Track& track, std::span<const Seen> seen,
                const RowSource& source) const;
  Column sums(const MatchValue& term, const Track& track, std::span<const Seen> seen,
              std::vector<RowIndex>& failed) const;

  const std::vector<MatchValue> terms_;
  const std::vector<std::string> variables_;
  const std::vector<Type> types_;
  std::vector<Track> tracks_;
  std::vector<std::size_t> term_tracks_;  // By term.
  std::size_t words_ = 0;
};

}  // namespace thalweg
