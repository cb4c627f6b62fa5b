#include <fcntl.h>
#include <fmt/format.h>
#include <glob.h>
#include <malloc.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <optional>
#include <random>
#include <utility>

#include "env/env.h"
#include "env/machine_memory.h"
#include "env/posix_descriptor.h"
#include "env/posix_durable.h"
#include "env/quiet_time.h"

namespace thalweg {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kWriteBufferBytes = 256 * 1024;

// How much of what was read last is looked at again, to tell whether it is still there.
constexpr std::size_t kTailBytes = 64;

constexpr int kLinksMax = 40;  // As the kernel follows.

std::int64_t steady_now() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::nanoseconds>(now).count();
}

class PosixInputFile final : public InputFile {
 public:
  PosixInputFile(int fd, bool owned, std::string path) : fd_(fd, owned), path_(std::move(path)) {}

  Result<std::size_t> read(std::byte* out, std::size_t size) override {
    while (true) {
      const ssize_t count = ::read(fd_.get(), out, size);
      if (count >= 0) {
        remember({reinterpret_cast<const char*>(out), static_cast<std::size_t>(count)});
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

  Status seek(std::uint64_t offset) override {
    struct stat info{};
    if (::fstat(fd_.get(), &info) != 0) {
      return system_error("read", path_, errno);
    }
    if (!S_ISREG(info.st_mode)) {
      return InputFile::seek(offset);
    }
    if (offset > static_cast<std::uint64_t>(info.st_size)) {
      return invalid_argument(fmt::format("cannot go on at byte {} of {}: it ends at byte {}",
                                          offset, path_, info.st_size));
    }
    std::string tail(std::min<std::uint64_t>(offset, kTailBytes), '\0');
    const auto at = static_cast<off_t>(offset);
    const auto tail_size = static_cast<ssize_t>(tail.size());
    if (::pread(fd_.get(), tail.data(), tail.size(), at - tail_size) != tail_size ||
        ::lseek(fd_.get(), at, SEEK_SET) != at) {
      return system_error("read", path_, errno);
    }
    offset_ = at;
    tail_ = std::move(tail);
    return {};
  }

  Result<bool> replaced() override {
    struct stat read{};
    if (::fstat(fd_.get(), &read) != 0) {
      return system_error("read", path_, errno);
    }
    if (!S_ISREG(read.st_mode)) {
      return false;
    }
    std::array<char, kTailBytes> again;
    const auto size = static_cast<ssize_t>(tail_.size());
    if (read.st_size < offset_ ||
        ::pread(fd_.get(), again.data(), tail_.size(), offset_ - static_cast<off_t>(size)) !=
            size ||
        tail_ != std::string_view(again.data(), tail_.size())) {
      return true;
    }
    // One that was renamed is read to its end first; until there is another, more may come.
    struct stat named{};
    const bool is_renamed = read.st_size == offset_ && ::stat(path_.c_str(), &named) == 0 &&
                            (named.st_dev != read.st_dev || named.st_ino != read.st_ino);
    if (!is_renamed) {
      quiet_.stirred();
    }
    return is_renamed && quiet_.is_enough(steady_now());
  }

 private:
  void remember(std::string_view bytes) {
    offset_ += static_cast<off_t>(bytes.size());
    tail_.append(bytes.substr(bytes.size() - std::min(bytes.size(), kTailBytes)));
    tail_.erase(0, tail_.size() - std::min(tail_.size(), kTailBytes));
  }

  bool wait(int timeout_ms) {
    pollfd poll_fd{.fd = fd_.get(), .events = POLLIN, .revents = 0};
    // After a signal the caller looks again; after any other error reading tells what it is.
    const int ready = ::poll(&poll_fd, 1, timeout_ms);
    return ready > 0 || (ready < 0 && errno != EINTR);
  }

  Descriptor fd_;
  std::string path_;
  off_t offset_ = 0;  // Behind the bytes read,
  std::string tail_;  // and the last of them.
  QuietTime quiet_;   // Since it was renamed.
};

class PosixOutputFile final : public OutputFile {
 public:
  // `path` is for people. `temporary`: the name that the file has until close(), `name` the one
  // that it gets then; empty: it is written in place.
  PosixOutputFile(int fd, bool owned, std::string path, std::string name, std::string temporary)
      : fd_(fd, owned),
        path_(std::move(path)),
        name_(std::move(name)),
        temporary_(std::move(temporary)) {
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
    // Renamed while its lock is held.
    if (!temporary_.empty()) {
      if (::rename(temporary_.c_str(), name_.c_str()) != 0) {
        return system_error("rename the finished file to", path_, errno);
      }
      temporary_.clear();
    }
    const int error = fd_.close();
    return error == 0 ? Status() : system_error("close", path_, error);
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
  std::string name_;
  std::string temporary_;
  std::string buffer_;
};

bool has_pattern(const std::string& path) { return path.find_first_of("*?[") != std::string::npos; }

bool is_in_proc(const std::string& name) { return name.starts_with("/proc/"); }

// The file that a path leads to: its folder's real path, and the links in its place followed. A
// path that leads nowhere is given back as it is.
std::string follow_links(const std::string& path) {
  fs::path at = path;
  std::error_code error;
  for (int link = 0; link < kLinksMax; ++link) {
    const fs::path folder = fs::canonical(at.has_parent_path() ? at.parent_path() : ".", error);
    if (error) {
      return path;
    }
    at = folder / at.filename();
    const fs::path target = fs::read_symlink(at, error);
    // Links in /proc say what is open, not where it is: "pipe:[4711]".
    if (error || is_in_proc(at.string())) {
      return at.string();
    }
    at = folder / target;
  }
  return path;
}

// The descriptor of this process that a real path stands for.
std::optional<int> own_descriptor(const std::string& name) {
  const std::string folder = fmt::format("/proc/{}/fd/", ::getpid());
  int fd = -1;
  return name.starts_with(folder) &&
                 std::from_chars(name.data() + folder.size(), name.data() + name.size(), fd).ec ==
                     std::errc()
             ? std::optional(fd)
             : std::nullopt;
}

// Whether `name` is one that a run gives to what is to become the file `base`.
bool is_part_of(const std::string& base, std::string_view name) {
  constexpr std::string_view kEnding = ".part";
  if (!name.starts_with(base + '.') || !name.ends_with(kEnding)) {
    return false;
  }
  name.remove_prefix(base.size() + 1);
  name.remove_suffix(std::min(name.size(), kEnding.size()));
  const std::size_t dash = name.find('-');
  return dash != std::string_view::npos && dash > 0 && dash + 1 < name.size() &&
         name.find_first_not_of("0123456789-") == std::string_view::npos;
}

// Removes what runs that were killed have left of the file. A run that is alive, wherever it is,
// holds a lock on its own.
void remove_abandoned(const fs::path& file) {
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(file.parent_path(), error)) {
    if (!is_part_of(file.filename().string(), entry.path().filename().string())) {
      continue;
    }
    const Descriptor part(::open(entry.path().c_str(), O_WRONLY | O_NOFOLLOW | O_CLOEXEC), true);
    if (part.get() >= 0 && ::flock(part.get(), LOCK_EX | LOCK_NB) == 0) {
      ::unlink(entry.path().c_str());
    }
  }
}

// Adds the bytes of one file to another.
Status copy_bytes(const std::string& from, int to) {
  constexpr std::size_t kPieceBytes = 1U << 30;
  const Descriptor file(::open(from.c_str(), O_RDONLY | O_CLOEXEC), true);
  while (true) {
    const ssize_t count = ::sendfile(to, file.get(), nullptr, kPieceBytes);
    if (count < 0 && errno != EINTR) {
      return system_error("add to", from, errno);
    }
    if (count == 0) {
      return {};
    }
  }
}

class PosixEnv final : public Env {
 public:
  EventTime wall_now() override {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return EventTime{std::chrono::duration_cast<std::chrono::microseconds>(now).count()};
  }

  std::int64_t steady_nanos() override { return steady_now(); }

  std::uint64_t random_seed() override {
    std::random_device device;
    return (std::uint64_t{device()} << 32) | device();
  }

  std::uint64_t resident_bytes() override { return resident_memory(); }
  std::uint64_t memory_bytes() override { return machine_memory(""); }
  void release_freed_memory() override { ::malloc_trim(0); }

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

  std::string output_name(const std::string& path) override { return follow_links(path); }

  Result<std::unique_ptr<OutputFile>> create_output(const std::string& path,
                                                    OldBytes old) override {
    const std::string name = follow_links(path);
    if (const std::optional<int> fd = own_descriptor(name)) {
      return in_place(path, ::fcntl(*fd, F_DUPFD_CLOEXEC, 0));
    }
    struct stat info{};
    const bool exists = ::stat(name.c_str(), &info) == 0;
    if (!exists && errno != ENOENT) {
      return system_error("create", path, errno);
    }
    if (exists && (!S_ISREG(info.st_mode) || is_in_proc(name))) {
      return in_place(path, ::open(name.c_str(), O_WRONLY | O_CLOEXEC));
    }
    if (exists && ::access(name.c_str(), W_OK) != 0) {
      return system_error("write", path, errno);
    }
    remove_abandoned(name);
    TW_TRY_ASSIGN(Part part, create_part(path, name, exists ? info.st_mode & 07777 : 0666));
    auto file = std::make_unique<PosixOutputFile>(part.fd, true, path, name, std::move(part.name));
    if (exists) {
      // Who may not give the file away keeps it. The mode comes after, which a new owner clears.
      [[maybe_unused]] const int same_owner = ::fchown(part.fd, info.st_uid, info.st_gid);
      if (::fchmod(part.fd, info.st_mode & 07777) != 0) {
        return system_error("create", path, errno);
      }
      if (old == OldBytes::kKept) {
        TW_TRY(copy_bytes(name, part.fd));
      }
    }
    return std::unique_ptr<OutputFile>(std::move(file));
  }

  bool is_written_in_place(const std::string& path) override {
    const std::string name = follow_links(path);
    struct stat info{};
    return own_descriptor(name) ||
           (::stat(name.c_str(), &info) == 0 && (!S_ISREG(info.st_mode) || is_in_proc(name)));
  }

  std::unique_ptr<OutputFile> standard_output() override {
    return std::make_unique<PosixOutputFile>(STDOUT_FILENO, false, "standard output", "", "");
  }

  Status make_directories(const std::string& path, Audience audience) override {
    return make_posix_directories(path, audience);
  }
  Result<std::vector<std::string>> list_directory(const std::string& path) override {
    return list_posix_directory(path);
  }
  Result<std::optional<std::uint64_t>> file_size(const std::string& path) override {
    return posix_file_size(path);
  }
  Result<std::unique_ptr<DurableFile>> create_file(const std::string& path,
                                                   Audience audience) override {
    return create_posix_file(path, audience);
  }
  Result<std::unique_ptr<DurableFile>> append_file(const std::string& path) override {
    return append_posix_file(path);
  }
  Status rename_file(const std::string& from, const std::string& to) override {
    return rename_posix_file(from, to);
  }
  Status remove_file(const std::string& path) override { return remove_posix_file(path); }
  Status truncate_file(const std::string& path, std::uint64_t bytes) override {
    return truncate_posix_file(path, bytes);
  }
  Status sync_directory(const std::string& path) override { return sync_posix_directory(path); }
  Result<std::unique_ptr<FileLock>> lock_file(const std::string& path) override {
    return lock_posix_file(path);
  }
  Result<std::unique_ptr<FileLock>> lock_directory(const std::string& path,
                                                   std::string_view name) override {
    return lock_posix_directory(path, name);
  }

 private:
  struct Part {
    int fd;
    std::string name;
  };

  static Result<std::unique_ptr<OutputFile>> in_place(const std::string& path, int fd) {
    if (fd < 0) {
      return system_error("write", path, errno);
    }
    return std::unique_ptr<OutputFile>(
        std::make_unique<PosixOutputFile>(fd, true, path, std::string(), std::string()));
  }

  // A new file under a temporary name, locked so that nobody takes it for an abandoned one. Where
  // the file system has no locks nobody can, and none is needed.
  Result<Part> create_part(const std::string& path, const std::string& name, mode_t mode) {
    constexpr int kTriesMax = 1000;  // Names may be taken by another machine's runs.
    for (int i = 0; i < kTriesMax; ++i) {
      Part part{.fd = -1,
                .name = fmt::format("{}.{}-{}.part", name, ::getpid(), outputs_.fetch_add(1))};
      part.fd = ::open(part.name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
      if (part.fd < 0 && errno != EEXIST) {
        return system_error("create", path, errno);
      }
      if (part.fd < 0) {
        continue;
      }
      struct stat info{};
      const bool taken = ::flock(part.fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
      if (!taken && ::fstat(part.fd, &info) == 0 && info.st_nlink > 0) {
        return part;
      }
      ::close(part.fd);  // Removed before it was locked.
    }
    return system_error("create", path, EEXIST);
  }

  std::atomic<std::uint64_t> outputs_{0};
};

}  // namespace

Status InputFile::seek(std::uint64_t offset) {
  return invalid_argument(fmt::format(
      "cannot go on reading at byte {}: the input is no file that can be read again", offset));
}

Result<std::unique_ptr<FileLock>> Env::lock_directory(const std::string& path,
                                                      std::string_view name) {
  return lock_file(fmt::format("{}/{}", path, name));
}

std::string directory_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : path.substr(0, std::max<std::size_t>(slash, 1));
}

Env& system_env() {
  static PosixEnv env;
  return env;
}

}  // namespace thalweg
