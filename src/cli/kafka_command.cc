#include "kafka_command.h"

#include <fmt/format.h>

#include "terminal.h"

namespace thalweg::cli {

kafka::Connection kafka_connection(const CommandLine& line) {
  kafka::Connection connection{.brokers = line.brokers};
  for (const auto& [name, value] : line.settings) {
    connection.properties[name] = value;
  }
  return connection;
}

int kafka_failed(const kafka::Error& error) {
  tell("error: {}\n", error.message());
  switch (error.kind()) {
    case kafka::ErrorKind::kRetriable:
      return kExitUnavailable;
    case kafka::ErrorKind::kConfiguration:
    case kafka::ErrorKind::kAuthorization:
      return kExitInvalid;
    default:
      return kExitFailed;
  }
}

std::string shown_bytes(std::string_view bytes) {
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const auto byte = static_cast<unsigned char>(bytes[i]);
    // U+0080 to U+009F are control characters too, and begin with this byte.
    const bool is_c1 =
        byte == 0xc2 && i + 1 < bytes.size() && static_cast<unsigned char>(bytes[i + 1]) < 0xa0;
    if (byte == '\\') {
      out += "\\\\";
    } else if (byte == '\t') {
      out += "\\t";
    } else if (byte == '\n') {
      out += "\\n";
    } else if (byte < 0x20 || byte == 0x7f || is_c1) {
      out += fmt::format("\\x{:02x}", byte);
    } else {
      out += bytes[i];
    }
  }
  return out;
}

}  // namespace thalweg::cli
