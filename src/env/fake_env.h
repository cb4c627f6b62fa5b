#pragma once

#include <algorithm>
#include <cstring>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "env/env.h"

namespace thalweg {

// A world for tests: files in memory, a clock that moves when told, standard input that is written
// to by the test. Thread-safe.
class FakeEnv final : public Env {
 public:
  void put(const std::string& path, std::string text) {
    const std::lock_guard lock(mutex_);
    files_[path] = std::move(text);
  }
  void append(const std::string& path, std::string_view text) {
    const std::lock_guard lock(mutex_);
    files_[path] += text;
  }
  bool exists(const std::string& path) {
    const std::lock_guard lock(mutex_);
    return files_.contains(path);
  }
  std::string get(const std::string& path) {
    const std::lock_guard lock(mutex_);
    return files_[path];
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
  std::uint64_t random_seed() override { return 42; }

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
    for (const auto& [path, text] : files_) {
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

 private:
  static constexpr const char* kStandardOutput = "<standard output>";

  class FileReader final : public InputFile {
   public:
    FileReader(FakeEnv& env, std::string path) : env_(env), path_(std::move(path)) {}
    Result<std::size_t> read(std::byte* out, std::size_t size) override {
      const std::lock_guard lock(env_.mutex_);
      const std::string& text = env_.files_[path_];
      const std::size_t count = std::min(size, text.size() - std::min(next_, text.size()));
      if (count > 0) {
        std::memcpy(out, text.data() + next_, count);
        seen_.append(text, next_, count);
        next_ += count;
      }
      return count;
    }
    Result<bool> replaced() override {
      const std::lock_guard lock(env_.mutex_);
      return !env_.files_[path_].starts_with(seen_);
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
      if (!at_once_) {
        env_.put(path_, std::move(text_));
      }
      return {};
    }

   private:
    FakeEnv& env_;
    std::string path_;
    std::string text_;
    bool at_once_;
  };

  std::mutex mutex_;  // Guards what follows.
  std::map<std::string, std::string> files_;
  std::vector<std::string> pieces_;
  bool input_open_ = false;
  EventTime wall_{1'700'000'000'000'000};
  std::int64_t steady_nanos_ = 0;
};

}  // namespace thalweg
