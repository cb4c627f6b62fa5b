#pragma once

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"

namespace thalweg {

inline Code code_of(int error) {
  switch (error) {
    case EPIPE:
      return Code::kReaderGone;
    case ENOSPC:
    case EDQUOT:
      return Code::kNoSpace;
    default:
      return Code::kUnavailable;
  }
}

inline Status system_error(std::string_view doing, const std::string& path, int error) {
  return {code_of(error), fmt::format("cannot {} {}: {}", doing, path, std::strerror(error))};
}

// A descriptor that closes with its owner, unless it is one of the standard ones.
class Descriptor {
 public:
  Descriptor(int fd, bool owned) : fd_(fd), owned_(owned) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() { (void)close(); }

  int get() const { return fd_; }

  // The error number, 0 for none. Closing twice is harmless.
  int close() {
    const int fd = std::exchange(fd_, -1);
    return !owned_ || fd < 0 || ::close(fd) == 0 ? 0 : errno;
  }

 private:
  int fd_;
  bool owned_;
};

}  // namespace thalweg
