#include "simulate/simulated_env.h"

#include <fmt/format.h>

#include <utility>

namespace thalweg::tests {
namespace {

constexpr std::uint64_t kMicrosPerCallMax = 2000;
constexpr std::uint64_t kCallsPerGrowth = 24;      // About.
constexpr std::uint64_t kCallsDiskFull = 40;       // How long there is no room.
constexpr std::uint64_t kCallsPerLostAnswer = 16;  // About.
constexpr int kSilentReadsMax = 400;  // In a row: then all workers have seen that there is no more.

}  // namespace

std::string_view name_of(Trouble trouble) {
  switch (trouble) {
    case Trouble::kError:
      return "error";
    case Trouble::kDiskFull:
      return "disk full";
    case Trouble::kKill:
      return "kill";
    case Trouble::kPowerCut:
      return "power cut";
    case Trouble::kTornWrite:
      return "power cut in the middle";
  }
  return {};
}

class SimulatedEnv::Input final : public InputFile {
 public:
  Input(SimulatedEnv& env, std::string path, std::unique_ptr<InputFile> file)
      : env_(env), path_(std::move(path)), file_(std::move(file)) {}

  Result<std::size_t> read(std::byte* out, std::size_t size) override {
    TW_TRY(env_.begin(Kind::kLook, "read", path_));
    TW_TRY_ASSIGN(const std::size_t count, file_->read(out, size));
    env_.hash({reinterpret_cast<const char*>(out), count});
    env_.note_read(count);
    return count;
  }
  Status seek(std::uint64_t offset) override {
    TW_TRY(env_.begin(Kind::kLook, "seek", path_));
    return file_->seek(offset);
  }
  Result<bool> replaced() override {
    TW_TRY(env_.begin(Kind::kLook, "look at", path_));
    return file_->replaced();
  }

 private:
  SimulatedEnv& env_;
  const std::string path_;
  const std::unique_ptr<InputFile> file_;
};

class SimulatedEnv::Output final : public OutputFile {
 public:
  Output(SimulatedEnv& env, std::string path, std::unique_ptr<OutputFile> file)
      : env_(env), path_(std::move(path)), file_(std::move(file)) {}

  Status write(std::string_view bytes) override {
    TW_TRY(env_.begin(Kind::kLook, "write to", path_, bytes));
    return env_.noted(file_->write(bytes));
  }
  Status flush() override { return file_->flush(); }
  Status close() override {
    TW_TRY(env_.begin(Kind::kChange, "close and rename", path_));
    return env_.noted(file_->close());
  }

 private:
  SimulatedEnv& env_;
  const std::string path_;
  const std::unique_ptr<OutputFile> file_;
};

class SimulatedEnv::Durable final : public DurableFile {
 public:
  Durable(SimulatedEnv& env, std::string path, std::unique_ptr<DurableFile> file)
      : env_(env), path_(std::move(path)), file_(std::move(file)) {}

  Status write(std::string_view bytes) override {
    const bool was_gone = env_.is_gone_;
    const Status begun = env_.begin(Kind::kChange, "write", path_, bytes);
    if (begun.ok()) {
      return env_.noted(file_->write(bytes));
    }
    if (env_.is_gone_ && !was_gone) {
      (void)file_->write(bytes.substr(0, bytes.size() / 2));
    }
    return begun;
  }
  Status sync() override {
    TW_TRY(env_.begin(Kind::kChange, "sync", path_));
    return env_.noted(file_->sync());
  }
  Status close() override {
    TW_TRY(env_.begin(Kind::kLook, "close", path_));
    return env_.noted(file_->close());
  }

 private:
  SimulatedEnv& env_;
  const std::string path_;
  const std::unique_ptr<DurableFile> file_;
};

void SimulatedEnv::begin_life(const Life& life) {
  mishap_ = life.mishap;
  stop_at_call_ = life.stop_at_call;
  stop_ = nullptr;
  calls_ = 0;
  is_gone_ = false;
  no_answer_ = false;
  loses_answers_ = life.loses_answers;
  has_read_all_ = false;
  silent_reads_ = 0;
}

bool SimulatedEnv::end_life(std::uint64_t seed) {
  is_gone_ = true;
  disk_.set_disk_full(false);
  disk_.fail_disk_call(0, Fault::kError);  // What was to go wrong, but met no call, is over.
  const bool stopped = is_mishap_past() && (mishap_->trouble == Trouble::kPowerCut ||
                                            mishap_->trouble == Trouble::kTornWrite);
  if (stopped) {
    disk_.crash(seed);
  }
  return stopped;
}

void SimulatedEnv::hash(std::string_view text) {
  for (const char c : text) {
    trace_ = (trace_ ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  }
  trace_ = (trace_ ^ 256) * 1099511628211ULL;
}

void SimulatedEnv::move_world() {
  disk_.advance_micros(static_cast<std::int64_t>(dice_() % kMicrosPerCallMax));
  if (grown_ < growth_.size() && dice_() % kCallsPerGrowth == 0) {
    const Growth& growth = growth_[grown_++];
    disk_.append(growth.path, growth.text);
    silent_reads_ = 0;
  }
}

Status SimulatedEnv::begin(Kind kind, std::string_view call, const std::string& path,
                           std::string_view bytes) {
  if (is_gone_) {
    return unavailable("the process is gone");
  }
  ++calls_;
  hash(call);
  hash(path);
  hash(bytes);
  if (shown_ != nullptr) {
    fmt::print(shown_, "  {:4} {} {}", calls_, call, path);
    if (!bytes.empty()) {
      fmt::print(shown_, ", {} bytes", bytes.size());
    }
    fmt::print(shown_, "\n");
  }
  move_world();
  if (stop_ && stop_at_call_ == calls_) {
    stop_();
  }
  if (mishap_ && mishap_->call == calls_) {
    return go_wrong(kind, path);
  }
  if (mishap_ && mishap_->trouble == Trouble::kDiskFull &&
      calls_ == mishap_->call + kCallsDiskFull) {
    disk_.set_disk_full(false);
  }
  return {};
}

// The disk itself lets the next changing call go wrong; of those that only look none is left to do.
Status SimulatedEnv::go_wrong(Kind kind, const std::string& path) {
  switch (mishap_->trouble) {
    case Trouble::kError:
      if (kind == Kind::kLook) {
        return unavailable("cannot use " + path + ": Input/output error");
      }
      disk_.fail_disk_call(1, Fault::kError);
      return {};
    case Trouble::kDiskFull:
      disk_.set_disk_full(true);
      return {};
    case Trouble::kPowerCut:
    case Trouble::kTornWrite:
      if (kind == Kind::kChange) {
        disk_.fail_disk_call(
            1, mishap_->trouble == Trouble::kPowerCut ? Fault::kCrash : Fault::kTornWrite);
        return {};
      }
      break;
    case Trouble::kKill:
      break;
  }
  is_gone_ = true;
  return unavailable("the process is gone");
}

Status SimulatedEnv::call_outside(std::string_view call) {
  TW_TRY(begin(Kind::kLook, call, "outside"));
  if (loses_answers_ && dice_() % kCallsPerLostAnswer == 0) {
    no_answer_ = true;
    return unavailable("there is no answer");
  }
  return {};
}

void SimulatedEnv::note_read(std::size_t bytes) {
  silent_reads_ = bytes == 0 ? silent_reads_ + 1 : 0;
  if (stop_ && grown_ == growth_.size() && silent_reads_ >= kSilentReadsMax && !has_read_all_) {
    has_read_all_ = true;
    stop_();
  }
}

Result<std::unique_ptr<InputFile>> SimulatedEnv::open_input(const std::string& path) {
  TW_TRY(begin(Kind::kLook, "open", path));
  TW_TRY_ASSIGN(std::unique_ptr<InputFile> file, disk_.open_input(path));
  return std::unique_ptr<InputFile>(std::make_unique<Input>(*this, path, std::move(file)));
}

Result<std::vector<std::string>> SimulatedEnv::glob(const std::string& pattern) {
  TW_TRY(begin(Kind::kLook, "glob", pattern));
  return noted(disk_.glob(pattern));
}

Result<std::unique_ptr<OutputFile>> SimulatedEnv::create_output(const std::string& path,
                                                                OldBytes old) {
  TW_TRY(begin(Kind::kLook, "create", path));
  TW_TRY_ASSIGN(std::unique_ptr<OutputFile> file, disk_.create_output(path, old));
  return std::unique_ptr<OutputFile>(std::make_unique<Output>(*this, path, std::move(file)));
}

Status SimulatedEnv::make_directories(const std::string& path, Audience audience) {
  TW_TRY(begin(Kind::kChange, "make directory", path));
  return noted(disk_.make_directories(path, audience));
}

Result<std::vector<std::string>> SimulatedEnv::list_directory(const std::string& path) {
  TW_TRY(begin(Kind::kLook, "list", path));
  return noted(disk_.list_directory(path));
}

Result<std::optional<std::uint64_t>> SimulatedEnv::file_size(const std::string& path) {
  TW_TRY(begin(Kind::kLook, "size", path));
  return noted(disk_.file_size(path));
}

Result<std::unique_ptr<DurableFile>> SimulatedEnv::create_file(const std::string& path,
                                                               Audience audience) {
  TW_TRY(begin(Kind::kChange, "create", path));
  TW_TRY_ASSIGN(std::unique_ptr<DurableFile> file, noted(disk_.create_file(path, audience)));
  return std::unique_ptr<DurableFile>(std::make_unique<Durable>(*this, path, std::move(file)));
}

Result<std::unique_ptr<DurableFile>> SimulatedEnv::append_file(const std::string& path) {
  TW_TRY(begin(Kind::kLook, "append", path));
  TW_TRY_ASSIGN(std::unique_ptr<DurableFile> file, noted(disk_.append_file(path)));
  return std::unique_ptr<DurableFile>(std::make_unique<Durable>(*this, path, std::move(file)));
}

Status SimulatedEnv::rename_file(const std::string& from, const std::string& to) {
  TW_TRY(begin(Kind::kChange, "rename", from, to));
  return noted(disk_.rename_file(from, to));
}

Status SimulatedEnv::remove_file(const std::string& path) {
  TW_TRY(begin(Kind::kChange, "remove", path));
  return noted(disk_.remove_file(path));
}

Status SimulatedEnv::truncate_file(const std::string& path, std::uint64_t bytes) {
  TW_TRY(begin(Kind::kChange, "cut", path));
  return noted(disk_.truncate_file(path, bytes));
}

Status SimulatedEnv::sync_directory(const std::string& path) {
  TW_TRY(begin(Kind::kChange, "sync directory", path));
  return noted(disk_.sync_directory(path));
}

Result<std::unique_ptr<FileLock>> SimulatedEnv::lock_file(const std::string& path) {
  TW_TRY(begin(Kind::kLook, "lock", path));
  return noted(disk_.lock_file(path));
}

}  // namespace thalweg::tests
