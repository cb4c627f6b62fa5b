#pragma once

#include <string>
#include <string_view>

#include "command_line.h"
#include "thalweg/kafka/admin.h"

namespace thalweg::cli {

// The cluster that --brokers and --set name.
kafka::Connection kafka_connection(const CommandLine& line);

// Tells the error; the code to exit with.
int kafka_failed(const kafka::Error& error);

// Bytes for a terminal: control characters, and a backslash, as escapes.
std::string shown_bytes(std::string_view bytes);

}  // namespace thalweg::cli
