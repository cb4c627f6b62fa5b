#pragma once

#include <memory>
#include <string>
#include <vector>

#include "env/env.h"

namespace thalweg {

// For tests: another world as it is. What is derived from it changes some of the calls.
class ForwardingEnv : public Env {
 public:
  explicit ForwardingEnv(Env& env) : env_(env) {}

  EventTime wall_now() override { return env_.wall_now(); }
  std::int64_t steady_nanos() override { return env_.steady_nanos(); }
  std::uint64_t random_seed() override { return env_.random_seed(); }
  std::uint64_t resident_bytes() override { return env_.resident_bytes(); }
  std::uint64_t memory_bytes() override { return env_.memory_bytes(); }
  void release_freed_memory() override { env_.release_freed_memory(); }
  Result<std::unique_ptr<InputFile>> open_input(const std::string& path) override {
    return env_.open_input(path);
  }
  std::unique_ptr<InputFile> standard_input() override { return env_.standard_input(); }
  Result<std::vector<std::string>> glob(const std::string& pattern) override {
    return env_.glob(pattern);
  }
  std::string output_name(const std::string& path) override { return env_.output_name(path); }
  Result<std::unique_ptr<OutputFile>> create_output(const std::string& path,
                                                    OldBytes old) override {
    return env_.create_output(path, old);
  }
  bool is_written_in_place(const std::string& path) override {
    return env_.is_written_in_place(path);
  }
  std::unique_ptr<OutputFile> standard_output() override { return env_.standard_output(); }
  Status make_directories(const std::string& path, Audience audience) override {
    return env_.make_directories(path, audience);
  }
  Result<std::vector<std::string>> list_directory(const std::string& path) override {
    return env_.list_directory(path);
  }
  Result<std::optional<std::uint64_t>> file_size(const std::string& path) override {
    return env_.file_size(path);
  }
  Result<std::unique_ptr<DurableFile>> create_file(const std::string& path,
                                                   Audience audience) override {
    return env_.create_file(path, audience);
  }
  Result<std::unique_ptr<DurableFile>> append_file(const std::string& path) override {
    return env_.append_file(path);
  }
  Status rename_file(const std::string& from, const std::string& to) override {
    return env_.rename_file(from, to);
  }
  Status remove_file(const std::string& path) override { return env_.remove_file(path); }
  Status truncate_file(const std::string& path, std::uint64_t bytes) override {
    return env_.truncate_file(path, bytes);
  }
  Status sync_directory(const std::string& path) override { return env_.sync_directory(path); }
  Result<std::unique_ptr<FileLock>> lock_file(const std::string& path) override {
    return env_.lock_file(path);
  }

 private:
  Env& env_;
};

}  // namespace thalweg
