#include "process.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "command_line.h"

namespace thalweg::cli {
namespace {

// Opened the wrong way round, so that reading input and writing output fail as they would have.
// What is told on standard error is dropped.
void hold_standard_streams() {
  constexpr int kWays[] = {O_WRONLY, O_RDONLY, O_WRONLY};
  for (int stream = STDIN_FILENO; stream <= STDERR_FILENO; ++stream) {
    const bool closed = ::fcntl(stream, F_GETFD) < 0 && errno == EBADF;
    // The lowest number that is free is the one that is given.
    if (closed && ::open("/dev/null", kWays[stream]) != stream) {
      _exit(kExitUnavailable);  // There is nowhere to say it.
    }
  }
}

// For directories of many parts and brokers of many partitions.
void raise_file_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
    limit.rlim_cur = limit.rlim_max;
    (void)::setrlimit(RLIMIT_NOFILE, &limit);
  }
}

}  // namespace

void prepare_process() {
  hold_standard_streams();
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
  raise_file_limit();
}

}  // namespace thalweg::cli
