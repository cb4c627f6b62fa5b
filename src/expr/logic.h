#pragma once

#include <cstdint>
#include <vector>

#include "expr/kernel.h"

// Three-valued logic by words of 64 rows. Private to this folder.
namespace thalweg {

// Reads a BOOLEAN vector as three bitmaps; a row is in at most one of them, NULL is in none.
class TruthReader {
 public:
  TruthReader(const Vector& vector, std::uint32_t length);

  std::uint64_t truths(std::uint32_t word) const { return bits(word) & certain(word); }
  std::uint64_t falses(std::uint32_t word) const { return ~bits(word) & certain(word); }
  std::uint64_t failures(std::uint32_t word) const {
    return failures_ == nullptr ? 0 : at(failures_->as<std::uint64_t>(), word);
  }

 private:
  std::uint64_t at(const std::uint64_t* words, std::uint32_t word) const {
    return constant_ ? 0 - (words[0] & 1) : words[word];
  }
  std::uint64_t bits(std::uint32_t word) const { return at(bits_, word); }
  std::uint64_t certain(std::uint32_t word) const {
    return (validity_ == nullptr ? ~std::uint64_t{0} : at(validity_, word)) & ~failures(word);
  }

  bool constant_;
  const std::uint64_t* bits_;
  const std::uint64_t* validity_;
  std::shared_ptr<Buffer> failures_;
};

enum class Connective : std::uint8_t { kAnd, kOr };

// a AND b, a OR b. A side that decides (false for AND, true for OR) hides what the other is, its
// error too.
Vector connect(Connective connective, const Vector& a, const Vector& b, std::uint32_t length);

// Whether no row of `a` lets the other side matter.
bool decides_all(Connective connective, const Vector& a, std::uint32_t length);

Vector negate(const Vector& a);
// Errors stay errors.
Vector is_null(const Vector& a, bool negated);

// Takes each row's value from one of several vectors.
class Choice {
 public:
  static constexpr std::uint16_t kUndecided = 0xffff;

  explicit Choice(std::uint32_t length);

  bool decided() const { return undecided_ == 0; }
  bool undecided(RowIndex row) const { return branches_[row] == kUndecided; }

  // The rows where `condition` is true, and are still undecided, take their value from `branch`;
  // where it fails they take its error. Returns whether any row took the branch.
  bool decide(const Vector& condition, std::uint16_t branch);
  // All rows left.
  void decide_rest(std::uint16_t branch);
  // The rows where `value` is not NULL.
  void decide_valid(const Vector& value, std::uint16_t branch);

  // Branches that no row took may be empty vectors.
  Vector assemble(const Type& type, const std::vector<Vector>& branches);

 private:
  static constexpr std::uint16_t kFailed = 0xfffe;

  void take(RowIndex row, std::uint16_t branch);
  void fail(RowIndex row, RowError error);
  void take_errors(const std::vector<Vector>& branches);

  std::uint32_t length_;
  std::uint32_t undecided_;
  std::vector<std::uint16_t> branches_;
  std::shared_ptr<Buffer> errors_;
};

}  // namespace thalweg
