#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "connectors/block_cutter.h"

namespace thalweg {

// An input that was read to its end, and whose name another one has now.
struct ReplacedInput {
  std::int64_t bytes = 0;
  CutMark mark;  // Of the last of them.
};

// What a source of bytes keeps across restarts beside a position (ReadPosition::mark).
struct ReadMark {
  CutMark input;
  // Of the partition's inputs that were read to their end before this one: name_hash() of each.
  std::vector<std::uint64_t> read;
  std::vector<ReplacedInput> replaced;  // The latest last.
};

std::uint64_t name_hash(std::string_view name);

// `BYTES:HASH`, a `+` within a row that is too long, ` HASH` for each input that was read, and
// ` @LENGTH:BYTES:HASH` for each that was replaced.
std::string to_text(const ReadMark& mark);
Result<ReadMark> parse_read_mark(std::string_view text);

}  // namespace thalweg
