#include <fcntl.h>
#include <fmt/format.h>
#include <glob.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <random>
#include <utility>

#include "env/env.h"

namespace thalweg {
namespace {

constexpr std::size_t kWriteBufferBytes = 256 * 1024;

Status system_error(std::string_view doing, const std::string& path, int error) {
  std::string message = fmt::format("cannot {} {}: {}", doing, path, std::strerror(error));
  return {error == EPIPE ? Code::kReaderGone : Code::kUnavailable, std::move(message)};
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

class PosixInputFile final : public InputFile {
 public:
  PosixInputFile(int fd, bool owned, std::string path) : fd_(fd, owned), path_(std::move(path)) {}

  Result<std::size_t> read(std::byte* out, std::size_t size) override {
    while (true) {
      const ssize_t count = ::read(fd_.get(), out, size);
      if (count >= 0) {
        return static_cast<std::size_t>(count);
      }
      if (errno == EAGAIN || errno == EWOULDBLOCK) {
        wait(-1);
      } else if (errno != EINTR) {
        return system_error("read", path_, errno);
      }
    }
  }

  bool readable(std::int64_t wait_micros) override {
    return wait(static_cast<int>(wait_micros / 1000));
  }

 private:
  bool wait(int timeout_ms) {
    pollfd poll_fd{.fd = fd_.get(), .events = POLLIN, .revents = 0};
    // After a signal the caller looks again; after any other error reading tells what it is.
    const int ready = ::poll(&poll_fd, 1, timeout_ms);
    return ready > 0 || (ready < 0 && errno != EINTR);
  }

  Descriptor fd_;
  std::string path_;
};

class PosixOutputFile final : public OutputFile {
 public:
  // `temporary`: the name to write under until close(); empty: `path` itself.
  PosixOutputFile(int fd, bool owned, std::string path, std::string temporary)
      : fd_(fd, owned), path_(std::move(path)), temporary_(std::move(temporary)) {
    buffer_.reserve(kWriteBufferBytes);
  }

  ~PosixOutputFile() override {
    if (!temporary_.empty()) {
      ::unlink(temporary_.c_str());
    }
  }

  Status write(std::string_view bytes) override {
    if (buffer_.size() + bytes.size() > kWriteBufferBytes) {
      TW_TRY(flush());
    }
    if (bytes.size() >= kWriteBufferBytes) {
      return write_all(bytes);
    }
    buffer_.append(bytes);
    return {};
  }

  Status flush() override {
    const Status status = write_all(buffer_);
    buffer_.clear();
    return status;
  }

  Status close() override {
    TW_TRY(flush());
    // The bytes must be there before the name is, or a crash could leave an empty file under it.
    if (!temporary_.empty() && ::fdatasync(fd_.get()) != 0 && errno != EINVAL) {
      return system_error("write", path_, errno);
    }
    if (const int error = fd_.close(); error != 0) {
      return system_error("close", path_, error);
    }
    if (!temporary_.empty()) {
      if (::rename(temporary_.c_str(), path_.c_str()) != 0) {
        return system_error("rename the finished file to", path_, errno);
      }
      temporary_.clear();
    }
    return {};
  }

 private:
  Status write_all(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t count = ::write(fd_.get(), bytes.data(), bytes.size());
      if (count >= 0) {
        bytes.remove_prefix(static_cast<std::size_t>(count));
      } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
        pollfd poll_fd{.fd = fd_.get(), .events = POLLOUT, .revents = 0};
        ::poll(&poll_fd, 1, -1);
      } else if (errno != EINTR) {
        return system_error("write", path_, errno);
      }
    }
    return {};
  }

  Descriptor fd_;
  std::string path_;
  std::string temporary_;
  std::string buffer_;
};

bool has_pattern(const std::string& path) { return path.find_first_of("*?[") != std::string::npos; }

class PosixEnv final : public Env {
 public:
  EventTime wall_now() override {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return EventTime{std::chrono::duration_cast<std::chrono::microseconds>(now).count()};
  }

  std::int64_t steady_nanos() override {
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::nanoseconds>(now).count();
  }

  std::uint64_t random_seed() override {
    std::random_device device;
    return (std::uint64_t{device()} << 32) | device();
  }

  Result<std::unique_ptr<InputFile>> open_input(const std::string& path) override {
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
      return system_error("open", path, errno);
    }
    auto file = std::make_unique<PosixInputFile>(fd, true, path);
    struct stat info{};
    if (::fstat(fd, &info) == 0 && S_ISDIR(info.st_mode)) {
      return system_error("read", path, EISDIR);
    }
    ::posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
    return std::unique_ptr<InputFile>(std::move(file));
  }

  std::unique_ptr<InputFile> standard_input() override {
    return std::make_unique<PosixInputFile>(STDIN_FILENO, false, "standard input");
  }

  Result<std::vector<std::string>> glob(const std::string& pattern) override {
    if (!has_pattern(pattern) || ::access(pattern.c_str(), F_OK) == 0) {
      if (::access(pattern.c_str(), F_OK) != 0) {
        return system_error("open", pattern, errno);
      }
      return std::vector<std::string>{pattern};
    }
    ::glob_t found{};
    const int code = ::glob(pattern.c_str(), GLOB_NOSORT, nullptr, &found);
    std::vector<std::string> paths(found.gl_pathv, found.gl_pathv + found.gl_pathc);
    ::globfree(&found);
    if (code != 0) {
      return unavailable(fmt::format("no file matches {}", pattern));
    }
    std::sort(paths.begin(), paths.end());
    return paths;
  }

  Result<std::unique_ptr<OutputFile>> create_output(const std::string& path) override {
    struct stat info{};
    const bool in_place = ::stat(path.c_str(), &info) == 0 && !S_ISREG(info.st_mode);
    std::string temporary;
    if (!in_place) {
      temporary = fmt::format("{}.{}-{}.part", path, ::getpid(), outputs_.fetch_add(1));
    }
    const std::string& name = in_place ? path : temporary;
    const int flags = in_place ? O_WRONLY : O_WRONLY | O_CREAT | O_EXCL;
    const int fd = ::open(name.c_str(), flags | O_CLOEXEC, 0666);
    if (fd < 0) {
      return system_error("create", path, errno);
    }
    return std::unique_ptr<OutputFile>(
        std::make_unique<PosixOutputFile>(fd, true, path, std::move(temporary)));
  }

  std::unique_ptr<OutputFile> standard_output() override {
    return std::make_unique<PosixOutputFile>(STDOUT_FILENO, false, "standard output", "");
  }

 private:
  std::atomic<std::uint64_t> outputs_{0};
};

}  // namespace

Env& system_env() {
  static PosixEnv env;
  return env;
}

}  // namespace thalweg
