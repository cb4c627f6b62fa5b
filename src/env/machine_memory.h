#pragma once

#include <cstdint>
#include <string>

namespace thalweg {

// What a process may hold at most: the machine's memory, or less where one of the control groups
// that it is in, of version 2 or 1, allows less. `root` stands before /proc and /sys; empty for the
// machine at hand. 0: not known.
std::uint64_t machine_memory(const std::string& root);

// What this process holds, without pages that are shared with files. 0: not known.
std::uint64_t resident_memory();

}  // namespace thalweg
