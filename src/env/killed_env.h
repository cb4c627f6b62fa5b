#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "env/forwarding_env.h"

namespace thalweg {

// For tests: a world in which the process is killed at one of the calls that change the disk. That
// call is half done, if it is a write, or not done, and every later one fails.
class KilledEnv final : public ForwardingEnv {
 public:
  explicit KilledEnv(Env& env) : ForwardingEnv(env) {}

  // The call-th from now on, counted from 1; 0: none.
  void kill_at(std::uint64_t call) {
    calls_ = 0;
    kill_at_ = call;
  }
  bool killed() const { return kill_at_ > 0 && calls_ >= kill_at_; }

  Result<std::unique_ptr<OutputFile>> create_output(const std::string& path,
                                                    OldBytes old) override {
    TW_TRY(step());
    TW_TRY_ASSIGN(std::unique_ptr<OutputFile> file, ForwardingEnv::create_output(path, old));
    return std::unique_ptr<OutputFile>(std::make_unique<Output>(*this, std::move(file)));
  }
  Status make_directories(const std::string& path, Audience audience) override {
    TW_TRY(step());
    return ForwardingEnv::make_directories(path, audience);
  }
  Result<std::unique_ptr<DurableFile>> create_file(const std::string& path,
                                                   Audience audience) override {
    TW_TRY(step());
    TW_TRY_ASSIGN(std::unique_ptr<DurableFile> file, ForwardingEnv::create_file(path, audience));
    return std::unique_ptr<DurableFile>(std::make_unique<Durable>(*this, std::move(file)));
  }
  Result<std::unique_ptr<DurableFile>> append_file(const std::string& path) override {
    TW_TRY(step());
    TW_TRY_ASSIGN(std::unique_ptr<DurableFile> file, ForwardingEnv::append_file(path));
    return std::unique_ptr<DurableFile>(std::make_unique<Durable>(*this, std::move(file)));
  }
  Status rename_file(const std::string& from, const std::string& to) override {
    TW_TRY(step());
    return ForwardingEnv::rename_file(from, to);
  }
  Status remove_file(const std::string& path) override {
    TW_TRY(step());
    return ForwardingEnv::remove_file(path);
  }
  Status truncate_file(const std::string& path, std::uint64_t bytes) override {
    TW_TRY(step());
    return ForwardingEnv::truncate_file(path, bytes);
  }
  Status sync_directory(const std::string& path) override {
    TW_TRY(step());
    return ForwardingEnv::sync_directory(path);
  }
  Result<std::unique_ptr<FileLock>> lock_file(const std::string& path) override {
    TW_TRY(step());
    return ForwardingEnv::lock_file(path);
  }

 private:
  Status step() {
    ++calls_;
    return killed() ? unavailable("killed") : Status();
  }

  class Durable final : public DurableFile {
   public:
    Durable(KilledEnv& env, std::unique_ptr<DurableFile> file)
        : env_(env), file_(std::move(file)) {}
    Status write(std::string_view bytes) override {
      const bool alive = !env_.killed();
      const Status killed = env_.step();
      if (killed.ok()) {
        return file_->write(bytes);
      }
      if (alive) {
        TW_TRY(file_->write(bytes.substr(0, bytes.size() / 2)));
      }
      return killed;
    }
    Status sync() override {
      TW_TRY(env_.step());
      return file_->sync();
    }
    Status close() override {
      TW_TRY(env_.step());
      return file_->close();
    }

   private:
    KilledEnv& env_;
    std::unique_ptr<DurableFile> file_;
  };

  class Output final : public OutputFile {
   public:
    Output(KilledEnv& env, std::unique_ptr<OutputFile> file) : env_(env), file_(std::move(file)) {}
    Status write(std::string_view bytes) override {
      TW_TRY(env_.step());
      return file_->write(bytes);
    }
    Status flush() override { return file_->flush(); }
    Status close() override {
      TW_TRY(env_.step());
      return file_->close();
    }

   private:
    KilledEnv& env_;
    std::unique_ptr<OutputFile> file_;
  };

  std::uint64_t calls_ = 0;
  std::uint64_t kill_at_ = 0;
};

}  // namespace thalweg
