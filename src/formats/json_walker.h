#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "columnar/builder.h"
#include "formats/json_fields.h"

namespace thalweg {

// Reads plain lines in one pass and leaves all others to JsonLineParser: those that are not right,
// and those with escapes in what is read, nested values in columns and the like. What it takes, the
// parser takes too, with the same values; so it decides about nothing but speed.
//
// Lines of one input mostly have the same keys in the same order, so it remembers the bytes between
// values and compares them whole; a key that comes as a surprise is looked up.
class JsonWalker {
 public:
  // `fields` is borrowed and outlives the walker.
  explicit JsonWalker(const JsonFields& fields);

  // Whether there are lines that it could take.
  bool usable() const { return usable_; }

  // Appends the row of the line that begins here and returns where the next begins; nullptr when
  // it leaves the line to the parser, with anything appended beyond the rows there were.
  // Requires: a newline, and 64 readable bytes after it.
  const char* read(const char* line, std::span<ColumnBuilder> columns);

 private:
  // The bytes from the end of a value (or the opening bracket) to the beginning of the next. The
  // first slot is the first key's, which no comma precedes; it is looked at nowhere else.
  struct Slot {
    static constexpr std::uint64_t kNothing = std::uint64_t{1} << 32;  // Matches no bytes.
    alignas(32) std::array<char, 32> bytes{};
    std::uint64_t mask = kNothing;  // One bit per byte.
    std::uint32_t length = 0;
    std::int32_t field = 0;
    bool matches(const char* at) const;
  };

  // What to expect of a column's values first.
  enum class Reading : std::uint8_t { kInteger, kDouble, kText, kTime, kOther };
  struct Plan {
    Reading reading = Reading::kOther;
    TypeKind kind = TypeKind::kNull;
    bool not_null = false;
    std::int64_t epoch_scale = 0;  // Microseconds of a whole number; 0: not so simple.
  };

  // These return where the value or key ends, nullptr to leave the line to the parser.
  const char* read_key(const char* at, std::size_t& slot, std::int32_t& field);
  const char* read_value(const char* at, std::int32_t field, ColumnBuilder& column);
  const char* read_integer_value(const char* at, const Plan& plan, ColumnBuilder& column);
  const char* read_any_value(const char* at, const Plan& plan, ColumnBuilder& column);
  const char* skip_value(const char* at);
  const char* skip_string(const char* at);
  const char* skip_nested(const char* at);
  void learn(const char* begin, const char* end, std::int32_t field, std::size_t& slot);
  bool append_missing(std::uint64_t seen, std::span<ColumnBuilder> columns) const;

  const JsonFields& fields_;
  std::vector<Plan> plans_;
  std::vector<Slot> slots_;
  std::uint64_t all_fields_ = 0;
  std::uint64_t beyond_ascii_ = 0;  // Of the line: other than 0 where its encoding must be checked.
  bool usable_ = false;
};

}  // namespace thalweg
