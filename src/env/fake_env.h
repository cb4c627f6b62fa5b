#pragma once

#include <algorithm>
#include <cstring>
#include <mutex>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "env/env.h"
#include "env/fake_disk.h"

namespace thalweg {

// A world for tests: files in memory, a clock that moves when told, standard input that is written
// to by the test, and a disk that fails and forgets when told. Thread-safe.
class FakeEnv final : public Env {
 public:
  // What a test puts there is safe at once.
  void put(const std::string& path, std::string text) {
    const std::lock_guard lock(mutex_);
    put_locked(path, std::move(text));
  }
  void append(const std::string& path, std::string_view text) {
    const std::lock_guard lock(mutex_);
    const FakeDisk::FileRef file = disk_.find(path);
    put_locked(path, (file ? file->text : std::string()) + std::string(text));
  }
  bool exists(const std::string& path) {
    const std::lock_guard lock(mutex_);
    return disk_.find(path) != nullptr;
  }
  std::string get(const std::string& path) {
    const std::lock_guard lock(mutex_);
    return text_of(path);
  }

  // How many calls have changed the disk, or would have.
  std::uint64_t disk_calls() {
    const std::lock_guard lock(mutex_);
    return disk_.calls();
  }
  // The call-th of them from now on, counted from 1, goes wrong. After a crash no call works until
  // crash().
  void fail_disk_call(std::uint64_t call, Fault fault) {
    const std::lock_guard lock(mutex_);
    disk_.fail_call(call, fault);
  }
  // Writing fails from now on, half done, for there is no room.
  void set_disk_full(bool full) {
    const std::lock_guard lock(mutex_);
    disk_.set_full(full);
  }
  // The machine stops, if it has not, and starts again with what the disk has kept; which of what
  // was not synced that is, follows from the seed. Files and locks of before are dead.
  void crash(std::uint64_t seed) {
    const std::lock_guard lock(mutex_);
    disk_.crash(seed);
    locked_.clear();
  }

  // What standard input says next; it pauses between pieces, and ends after the last one.
  void say(std::string text) {
    const std::lock_guard lock(mutex_);
    pieces_.push_back(std::move(text));
  }
  // Standard input stays open: after what was said it pauses instead of ending.
  void keep_input_open(bool open) {
    const std::lock_guard lock(mutex_);
    input_open_ = open;
  }
  std::string printed() { return get(kStandardOutput); }

  void set_wall(EventTime now) {
    const std::lock_guard lock(mutex_);
    wall_ = now;
  }
  void advance_micros(std::int64_t micros) {
    const std::lock_guard lock(mutex_);
    wall_.micros += micros;
    steady_nanos_ += micros * 1000;
  }

  EventTime wall_now() override {
    const std::lock_guard lock(mutex_);
    return wall_;
  }
  std::int64_t steady_nanos() override {
    const std::lock_guard lock(mutex_);
    return steady_nanos_;
  }
  // The same sequence in each FakeEnv, never the same twice in one.
  std::uint64_t random_seed() override {
    const std::lock_guard lock(mutex_);
    return seeds_();
  }

  void set_memory(std::uint64_t machine, std::uint64_t resident) {
    const std::lock_guard lock(mutex_);
    memory_bytes_ = machine;
    resident_bytes_ = resident;
  }
  // So much of what is resident has been freed, and goes when it is asked to.
  void set_freed_memory(std::uint64_t bytes) {
    const std::lock_guard lock(mutex_);
    freed_bytes_ = bytes;
  }
  std::uint64_t resident_bytes() override {
    const std::lock_guard lock(mutex_);
    return resident_bytes_;
  }
  std::uint64_t memory_bytes() override {
    const std::lock_guard lock(mutex_);
    return memory_bytes_;
  }
  void release_freed_memory() override {
    const std::lock_guard lock(mutex_);
    resident_bytes_ -= std::min(resident_bytes_, std::exchange(freed_bytes_, 0));
  }

  Result<std::unique_ptr<InputFile>> open_input(const std::string& path) override {
    if (!exists(path)) {
      return unavailable("cannot open " + path + ": No such file or directory");
    }
    return std::unique_ptr<InputFile>(std::make_unique<FileReader>(*this, path));
  }
  std::unique_ptr<InputFile> standard_input() override {
    return std::make_unique<PipeReader>(*this);
  }

  // Understands one * at most.
  Result<std::vector<std::string>> glob(const std::string& pattern) override {
    const std::lock_guard lock(mutex_);
    const std::size_t star = pattern.find('*');
    std::vector<std::string> found;
    for (const auto& [path, file] : disk_.names()) {
      const bool matches = star == std::string::npos ? path == pattern
                                                     : path.starts_with(pattern.substr(0, star)) &&
                                                           path.ends_with(pattern.substr(star + 1));
      if (matches) {
        found.push_back(path);
      }
    }
    if (found.empty()) {
      return unavailable("no file matches " + pattern);
    }
    return found;
  }

  Result<std::unique_ptr<OutputFile>> create_output(const std::string& path,
                                                    OldBytes old) override {
    auto writer = std::make_unique<Writer>(*this, path, false);
    if (old == OldBytes::kKept) {
      TW_TRY(writer->write(get(path)));
    }
    return std::unique_ptr<OutputFile>(std::move(writer));
  }
  std::unique_ptr<OutputFile> standard_output() override {
    return std::make_unique<Writer>(*this, kStandardOutput, true);
  }

  Status make_directories(const std::string& path,
                          Audience /*audience*/ = Audience::kOwner) override {
    const std::lock_guard lock(mutex_);
    return disk_.is_directory(path) ? Status() : disk_.make_directories(path);
  }
  Result<std::vector<std::string>> list_directory(const std::string& path) override {
    const std::lock_guard lock(mutex_);
    TW_TRY(look_at(path));
    if (!disk_.is_directory(path)) {
      return no_such_file("list the directory", path);
    }
    std::set<std::string> found;
    const auto add = [&](const std::string& child) {
      if (child != path && directory_of(child) == path) {
        found.insert(child.substr(child.rfind('/') + 1));
      }
    };
    for (const auto& [child, file] : disk_.names()) {
      add(child);
    }
    for (const std::string& child : disk_.directories()) {
      add(child);
    }
    return std::vector<std::string>(found.begin(), found.end());
  }
  Result<std::optional<std::uint64_t>> file_size(const std::string& path) override {
    const std::lock_guard lock(mutex_);
    TW_TRY(look_at(path));
    const FakeDisk::FileRef file = disk_.find(path);
    return file ? std::optional<std::uint64_t>(file->text.size()) : std::nullopt;
  }

  Result<std::unique_ptr<DurableFile>> create_file(
      const std::string& path, Audience /*audience*/ = Audience::kOwner) override {
    const std::lock_guard lock(mutex_);
    if (!disk_.is_directory(directory_of(path))) {
      return no_such_file("create", path);
    }
    if (disk_.find(path) != nullptr) {
      return unavailable("cannot create " + path + ": File exists");
    }
    auto file = std::make_shared<FakeDisk::File>();
    TW_TRY(disk_.create(path, file));
    return std::unique_ptr<DurableFile>(std::make_unique<Durable>(*this, path, std::move(file)));
  }
  Result<std::unique_ptr<DurableFile>> append_file(const std::string& path) override {
    const std::lock_guard lock(mutex_);
    TW_TRY(look_at(path));
    FakeDisk::FileRef file = disk_.find(path);
    if (file == nullptr) {
      return no_such_file("add to", path);
    }
    return std::unique_ptr<DurableFile>(std::make_unique<Durable>(*this, path, std::move(file)));
  }

  Status rename_file(const std::string& from, const std::string& to) override {
    const std::lock_guard lock(mutex_);
    const bool exists = disk_.find(from) != nullptr || disk_.is_directory(from);
    return exists ? disk_.rename(from, to) : no_such_file("rename", from);
  }
  Status remove_file(const std::string& path) override {
    const std::lock_guard lock(mutex_);
    return disk_.find(path) != nullptr ? disk_.remove(path) : Status();
  }
  Status truncate_file(const std::string& path, std::uint64_t bytes) override {
    const std::lock_guard lock(mutex_);
    return disk_.find(path) != nullptr ? disk_.truncate(path, bytes) : no_such_file("cut", path);
  }
  Status sync_directory(const std::string& path) override {
    const std::lock_guard lock(mutex_);
    return disk_.sync_directory(path);
  }
  Result<std::unique_ptr<FileLock>> lock_file(const std::string& path) override {
    const std::lock_guard lock(mutex_);
    TW_TRY(look_at(path));
    if (!locked_.insert(path).second) {
      return unavailable(path + " is held by process 1");
    }
    if (disk_.find(path) == nullptr) {
      put_locked(path, "1");
    }
    return std::unique_ptr<FileLock>(std::make_unique<Lock>(*this, path));
  }

 private:
  static constexpr const char* kStandardOutput = "<standard output>";

  static Status no_such_file(std::string_view doing, const std::string& path) {
    return unavailable("cannot " + std::string(doing) + ' ' + path + ": No such file or directory");
  }

  // The following are called while the lock is held.
  void put_locked(const std::string& path, std::string text) {
    const FakeDisk::FileRef file = disk_.put(path);
    file->text = std::move(text);
    file->synced = file->text;
  }
  std::string text_of(const std::string& path) const {
    const FakeDisk::FileRef file = disk_.find(path);
    return file ? file->text : std::string();
  }
  Status look_at(const std::string& path) const {
    return disk_.stopped() ? unavailable("cannot read " + path + ": the machine has stopped")
                           : Status();
  }

  class Lock final : public FileLock {
   public:
    Lock(FakeEnv& env, std::string path)
        : env_(env), path_(std::move(path)), life_(env.disk_.life()) {}
    ~Lock() override {
      const std::lock_guard lock(env_.mutex_);
      if (env_.disk_.life() == life_) {
        env_.locked_.erase(path_);
      }
    }

   private:
    FakeEnv& env_;
    std::string path_;
    std::uint64_t life_;
  };

  class Durable final : public DurableFile {
   public:
    Durable(FakeEnv& env, std::string path, FakeDisk::FileRef file)
        : env_(env), path_(std::move(path)), file_(std::move(file)), life_(env.disk_.life()) {}
    Status write(std::string_view bytes) override {
      return change([&] { return env_.disk_.write(path_, *file_, bytes); });
    }
    Status sync() override {
      return change([&] { return env_.disk_.sync(path_, *file_); });
    }
    Status close() override {
      return change([] { return Status(); });
    }

   private:
    template <typename Call>
    Status change(Call call) {
      const std::lock_guard lock(env_.mutex_);
      if (failed_.ok()) {
        failed_ = env_.disk_.life() == life_ ? call()
                                             : unavailable("cannot write " + path_ + ": stopped");
      }
      return failed_;
    }

    FakeEnv& env_;
    std::string path_;
    FakeDisk::FileRef file_;
    std::uint64_t life_;
    Status failed_;
  };

  class FileReader final : public InputFile {
   public:
    FileReader(FakeEnv& env, std::string path) : env_(env), path_(std::move(path)) {}
    Result<std::size_t> read(std::byte* out, std::size_t size) override {
      const std::lock_guard lock(env_.mutex_);
      TW_TRY(env_.look_at(path_));
      const FakeDisk::FileRef file = env_.disk_.find(path_);
      if (file == nullptr) {
        return std::size_t{0};
      }
      const std::string& text = file->text;
      const std::size_t count = std::min(size, text.size() - std::min(next_, text.size()));
      if (count > 0) {
        std::memcpy(out, text.data() + next_, count);
        seen_.append(text, next_, count);
        next_ += count;
      }
      return count;
    }
    Status seek(std::uint64_t offset) override {
      const std::lock_guard lock(env_.mutex_);
      const std::string text = env_.text_of(path_);
      if (offset > text.size()) {
        return invalid_argument("cannot go on at byte " + std::to_string(offset) + " of " + path_ +
                                ": it ends at byte " + std::to_string(text.size()));
      }
      next_ = offset;
      seen_ = text.substr(0, offset);
      return {};
    }
    Result<bool> replaced() override {
      const std::lock_guard lock(env_.mutex_);
      return !env_.text_of(path_).starts_with(seen_);
    }

   private:
    FakeEnv& env_;
    std::string path_;
    std::size_t next_ = 0;
    std::string seen_;
  };

  class PipeReader final : public InputFile {
   public:
    explicit PipeReader(FakeEnv& env) : env_(env) {}
    Result<std::size_t> read(std::byte* out, std::size_t size) override {
      const std::lock_guard lock(env_.mutex_);
      if (env_.pieces_.empty()) {
        return std::size_t{0};
      }
      std::string& piece = env_.pieces_.front();
      const std::size_t count = std::min(size, piece.size());
      std::memcpy(out, piece.data(), count);
      piece.erase(0, count);
      if (piece.empty()) {
        env_.pieces_.erase(env_.pieces_.begin());
        paused_ = true;
      }
      return count;
    }
    bool readable(std::int64_t wait_micros) override {
      const std::lock_guard lock(env_.mutex_);
      if (env_.pieces_.empty()) {
        return !env_.input_open_;
      }
      return wait_micros > 0 || !std::exchange(paused_, false);
    }

   private:
    FakeEnv& env_;
    bool paused_ = false;
  };

  class Writer final : public OutputFile {
   public:
    Writer(FakeEnv& env, std::string path, bool at_once)
        : env_(env), path_(std::move(path)), at_once_(at_once) {}
    Status write(std::string_view bytes) override {
      text_ += bytes;
      return {};
    }
    Status flush() override {
      if (at_once_) {
        env_.append(path_, std::exchange(text_, {}));
      }
      return {};
    }
    Status close() override {
      TW_TRY(flush());
      if (at_once_) {
        return {};
      }
      const std::lock_guard lock(env_.mutex_);
      auto file = std::make_shared<FakeDisk::File>();
      file->synced = text_;
      file->text = std::move(text_);
      return env_.disk_.create(path_, std::move(file));
    }

   private:
    FakeEnv& env_;
    std::string path_;
    std::string text_;
    bool at_once_;
  };

  std::mutex mutex_;  // Guards what follows.
  FakeDisk disk_;
  std::set<std::string> locked_;
  std::vector<std::string> pieces_;
  bool input_open_ = false;
  EventTime wall_{1'700'000'000'000'000};
  std::int64_t steady_nanos_ = 0;
  std::mt19937_64 seeds_{42};
  std::uint64_t memory_bytes_ = 0;
  std::uint64_t resident_bytes_ = 0;
  std::uint64_t freed_bytes_ = 0;
};

}  // namespace thalweg
