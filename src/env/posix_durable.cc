#include "env/posix_durable.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>
#include <utility>

#include "env/posix_descriptor.h"

namespace thalweg {
namespace {

namespace fs = std::filesystem;

constexpr off_t kWritebackBytes = off_t{8} << 20;

Status error_of(std::string_view doing, const std::string& path, const std::error_code& error) {
  return unavailable(fmt::format("cannot {} {}: {}", doing, path, error.message()));
}

class PosixDurableFile final : public DurableFile {
 public:
  PosixDurableFile(int fd, std::string path) : fd_(fd, true), path_(std::move(path)) {}

  Status write(std::string_view bytes) override {
    TW_TRY(failed_);
    while (!bytes.empty()) {
      const ssize_t count = ::write(fd_.get(), bytes.data(), bytes.size());
      if (count > 0) {
        bytes.remove_prefix(static_cast<std::size_t>(count));
        written_ += count;
      } else if (count == 0) {
        return fail("write", EIO);
      } else if (errno != EINTR) {
        return fail("write", errno);
      }
    }
    start_writeback();
    return {};
  }

  Status sync() override {
    TW_TRY(failed_);
    return ::fdatasync(fd_.get()) == 0 ? Status() : fail("sync", errno);
  }

  Status close() override {
    TW_TRY(failed_);
    const int error = fd_.close();
    return error == 0 ? Status() : fail("close", error);
  }

 private:
  // Lets the disk begin with what sync() would wait for. Says nothing of errors: sync() does.
  void start_writeback() {
    if (written_ - started_ >= kWritebackBytes) {
      ::sync_file_range(fd_.get(), started_, 0, SYNC_FILE_RANGE_WRITE);
      started_ = written_;
    }
  }

  Status fail(std::string_view doing, int error) {
    failed_ = system_error(doing, path_, error);
    return failed_;
  }

  Descriptor fd_;
  std::string path_;
  off_t written_ = 0;  // From where the file was opened,
  off_t started_ = 0;  // and so much of it is on its way to the disk.
  Status failed_;
};

class PosixFileLock final : public FileLock {
 public:
  explicit PosixFileLock(int fd) : fd_(fd, true) {}

 private:
  Descriptor fd_;
};

class PosixDirectoryLock final : public FileLock {
 public:
  PosixDirectoryLock(std::unique_ptr<FileLock> file, int fd)
      : file_(std::move(file)), fd_(fd, true) {}

 private:
  std::unique_ptr<FileLock> file_;
  Descriptor fd_;
};

Result<std::unique_ptr<DurableFile>> open_durable(std::string_view doing, const std::string& path,
                                                  int flags, mode_t mode = 0) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_APPEND | O_NOFOLLOW | O_CLOEXEC | flags, mode);
  if (fd < 0) {
    return system_error(doing, path, errno);
  }
  return std::unique_ptr<DurableFile>(std::make_unique<PosixDurableFile>(fd, path));
}

}  // namespace

Status make_posix_directories(const std::string& path, Audience audience) {
  std::error_code error;
  if (fs::is_directory(path, error)) {
    return {};
  }
  const fs::path parent = directory_of(path);
  if (parent != path) {
    TW_TRY(make_posix_directories(parent, audience));
  }
  if (::mkdir(path.c_str(), audience == Audience::kOwner ? 0700 : 0777) != 0) {
    // Another process may have been faster.
    return errno == EEXIST && fs::is_directory(path, error)
               ? Status()
               : system_error("create the directory", path, errno);
  }
  return sync_posix_directory(parent);
}

Result<std::vector<std::string>> list_posix_directory(const std::string& path) {
  std::vector<std::string> names;
  std::error_code error;
  fs::directory_iterator at(path, error);
  while (!error && at != fs::directory_iterator()) {
    names.push_back(at->path().filename().string());
    at.increment(error);
  }
  if (error) {
    return error_of("list the directory", path, error);
  }
  std::sort(names.begin(), names.end());
  return names;
}

Result<std::optional<std::uint64_t>> posix_file_size(const std::string& path) {
  struct stat info{};
  if (::stat(path.c_str(), &info) == 0) {
    return std::optional(static_cast<std::uint64_t>(info.st_size));
  }
  if (errno != ENOENT) {
    return system_error("look at", path, errno);
  }
  return std::optional<std::uint64_t>();
}

Result<std::unique_ptr<DurableFile>> create_posix_file(const std::string& path, Audience audience) {
  return open_durable("create", path, O_CREAT | O_EXCL, audience == Audience::kOwner ? 0600 : 0666);
}

Result<std::unique_ptr<DurableFile>> append_posix_file(const std::string& path) {
  return open_durable("add to", path, 0);
}

Status rename_posix_file(const std::string& from, const std::string& to) {
  return ::rename(from.c_str(), to.c_str()) == 0
             ? Status()
             : system_error(fmt::format("rename {} to", from), to, errno);
}

Status remove_posix_file(const std::string& path) {
  return ::unlink(path.c_str()) == 0 || errno == ENOENT ? Status()
                                                        : system_error("remove", path, errno);
}

Status truncate_posix_file(const std::string& path, std::uint64_t bytes) {
  Descriptor file(::open(path.c_str(), O_WRONLY | O_CLOEXEC), true);
  if (file.get() < 0 || ::ftruncate(file.get(), static_cast<off_t>(bytes)) != 0 ||
      ::fsync(file.get()) != 0) {
    return system_error("cut", path, errno);
  }
  return {};
}

Status sync_posix_directory(const std::string& path) {
  Descriptor directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC), true);
  if (directory.get() < 0 || ::fsync(directory.get()) != 0) {
    return system_error("sync the directory", path, errno);
  }
  return {};
}

Result<std::unique_ptr<FileLock>> lock_posix_file(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (fd < 0) {
    return system_error("lock", path, errno);
  }
  auto lock = std::make_unique<PosixFileLock>(fd);
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) {
      return system_error("lock", path, errno);
    }
    std::array<char, 16> pid{};
    const ssize_t size = ::pread(fd, pid.data(), pid.size() - 1, 0);
    return unavailable(
        size > 0 ? fmt::format("{} is held by process {}; stop that first", path, pid.data())
                 : fmt::format("{} is held by a process of another machine", path));
  }
  const std::string pid = std::to_string(::getpid());
  if (::ftruncate(fd, 0) != 0 ||
      ::pwrite(fd, pid.data(), pid.size(), 0) != static_cast<ssize_t>(pid.size())) {
    return system_error("lock", path, errno);
  }
  return std::unique_ptr<FileLock>(std::move(lock));
}

Result<std::unique_ptr<FileLock>> lock_posix_directory(const std::string& path,
                                                       std::string_view name) {
  TW_TRY_ASSIGN(auto file, lock_posix_file(fmt::format("{}/{}", path, name)));
  const int fd = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) {
    return system_error("lock", path, errno);
  }
  auto lock = std::make_unique<PosixDirectoryLock>(std::move(file), fd);
  // File systems that lock no directories leave it to the file alone.
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
    return unavailable(
        fmt::format("{} is held by another process, though its {} was removed", path, name));
  }
  return std::unique_ptr<FileLock>(std::move(lock));
}

}  // namespace thalweg
