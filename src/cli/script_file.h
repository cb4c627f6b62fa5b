#pragma once

#include <optional>
#include <string>

#include "command_line.h"
#include "thalweg/session.h"

namespace thalweg::cli {

// The whole of a file; "-" is standard input. Nothing, with the reason told, when it cannot be
// read.
std::optional<Script> read_script(const std::string& path, bool json_errors);

// What the command line asks for: -c, -f, the first FILE, else standard input.
std::optional<Script> script_of(const CommandLine& line);

}  // namespace thalweg::cli
