#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "connectors/byte_sink.h"

namespace thalweg {

// The name of a part in a directory of parts: `part-INCARNATION-EPOCH-NUMBER.EXTENSION`, with
// `_CUT` behind the number where the writer has finished other parts of the epoch, or
// `part-NUMBER.EXTENSION` of a run that keeps no state. A part that nobody is to see yet has a dot
// before its name and `.tmp` behind it.
struct PartName {
  std::string incarnation;  // Empty: of a run that keeps no state.
  std::uint64_t epoch = 0;
  std::uint32_t number = 0;  // Of the writer.
  std::uint32_t cut = 0;     // Parts that it has finished in the epoch before this one.
  std::string extension;
  bool hidden = false;
  friend bool operator==(const PartName&, const PartName&) = default;
};
std::string to_text(const PartName& name);
// Nothing: the file is no part.
std::optional<PartName> parse_part_name(std::string_view name);

struct PartsPlace {
  std::string directory;
  std::string extension;                   // Of the parts, without a dot.
  std::string beginning;                   // What stands before the rows in each of them.
  OldBytes old = OldBytes::kReplaced;      // Parts of runs that kept no state.
  std::size_t part_bytes = kWithoutLimit;  // A part that has so many is finished.

  static constexpr std::size_t kWithoutLimit = std::numeric_limits<std::size_t>::max();
};

// Writes a directory of parts. Where the job's state is kept, each writer's rows of an epoch are
// parts, one unless they are cut by their size, which are seen once the epoch counts: exactly once.
// Else each writer makes parts that are seen when the job has come to its end.
std::unique_ptr<ByteSink> make_parts_sink(Env& env, PartsPlace place);

}  // namespace thalweg
