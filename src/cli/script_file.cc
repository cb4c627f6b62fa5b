#include "script_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "json_text.h"
#include "terminal.h"

namespace thalweg::cli {
namespace {

void tell_unreadable(const std::string& path, int error, bool json) {
  const std::string message = fmt::format("cannot read {}: {}", path, std::strerror(error));
  if (json) {
    tell(
        "{{\"code\":\"C0111\",\"severity\":\"error\",\"message\":{},\"file\":{},"
        "\"line\":null,\"column\":null,\"end_line\":null,\"end_column\":null,"
        "\"hints\":[]}}\n",
        json_text(message), json_text(path));
  } else {
    tell("error: {}\n", message);
  }
}

// 0, or the error that ended reading.
int read_to_end(int descriptor, std::string& text) {
  char buffer[65536];
  while (true) {
    const ssize_t count = ::read(descriptor, buffer, sizeof buffer);
    if (count > 0) {
      text.append(buffer, static_cast<std::size_t>(count));
    } else if (count == 0) {
      return 0;
    } else if (errno != EINTR) {
      return errno;
    }
  }
}

}  // namespace

std::optional<Script> read_script(const std::string& path, bool json_errors) {
  const bool is_input = path == "-";
  const int descriptor = is_input ? STDIN_FILENO : ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) {
    tell_unreadable(path, errno, json_errors);
    return std::nullopt;
  }
  Script script{.name = is_input ? "<standard input>" : path, .text = {}};
  const int error = read_to_end(descriptor, script.text);
  if (!is_input) {
    ::close(descriptor);
  }
  if (error != 0) {
    tell_unreadable(path, error, json_errors);
    return std::nullopt;
  }
  return script;
}

std::optional<Script> script_of(const CommandLine& line) {
  if (line.sql) {
    return Script{.name = "<command line>", .text = *line.sql};
  }
  if (line.sql_file) {
    return read_script(*line.sql_file, line.json);
  }
  return read_script(line.arguments.empty() ? "-" : line.arguments.front(), line.json);
}

}  // namespace thalweg::cli
