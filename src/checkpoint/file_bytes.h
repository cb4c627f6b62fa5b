#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "env/env.h"

namespace thalweg {

// Bytes [offset, offset + size) of a file that is to have them: fewer are an error.
Result<std::string> read_bytes(Env& env, const std::string& path, std::uint64_t offset,
                               std::size_t size);

// All bytes of a file; an error says so where there is none.
Result<std::string> read_whole(Env& env, const std::string& path);

// Fills `out` from where the file stands.
Status read_exactly(InputFile& file, const std::string& path, char* out, std::size_t size);

inline Status corrupt(std::string message) { return {Code::kCorrupt, std::move(message)}; }

// Adds to what is wrong with a file of a job's state what may be done about it.
Status with_ways_out(const Status& status);

}  // namespace thalweg
