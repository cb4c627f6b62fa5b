#pragma once

#include <cstdint>
#include <cstdio>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "env/fake_env.h"

namespace thalweg::tests {

// What goes wrong at a system call.
enum class Trouble : std::uint8_t {
  kError,      // It fails, a write half done; the next one works again.
  kDiskFull,   // Nothing can be written from then on, for some calls.
  kKill,       // The process is gone; a write is half done. What was written stays.
  kPowerCut,   // The machine stops before the call: what was not synced may be lost or half there.
  kTornWrite,  // The machine stops in the middle of it.
};
inline constexpr Trouble kTroubles[] = {Trouble::kError, Trouble::kDiskFull, Trouble::kKill,
                                        Trouble::kPowerCut, Trouble::kTornWrite};
std::string_view name_of(Trouble trouble);

struct Mishap {
  Trouble trouble = Trouble::kError;
  std::uint64_t call = 0;  // Of the life, counted from 1.
};

// Bytes that the world outside adds to a file while a job reads it.
struct Growth {
  std::string path;
  std::string text;
};

// The world of one simulated job: a disk that forgets, a clock that moves a little with each system
// call, files that grow. It numbers the calls, lets one of them go wrong, and keeps a hash of all
// that was asked of it. One thread.
class SimulatedEnv final : public Env {
 public:
  explicit SimulatedEnv(std::uint64_t seed) : dice_(seed) {}

  FakeEnv& disk() { return disk_; }

  // Added bit by bit, at moments that are drawn.
  void let_grow(std::vector<Growth> growth) { growth_ = std::move(growth); }

  // A new process begins, in which `stop` asks the job to stop: at that call, where there is one,
  // and when nothing grows any more and the job has read all there is.
  struct Life {
    std::optional<Mishap> mishap;
    std::optional<std::uint64_t> stop_at_call;
    bool loses_answers = false;  // Of calls outside, now and then.
  };
  void begin_life(const Life& life);
  void on_stop(std::function<void()> stop) { stop_ = std::move(stop); }
  // The process is over. Whether the machine is, too: then what is left of the disk follows from
  // the seed.
  bool end_life(std::uint64_t seed);

  std::uint64_t calls() const { return calls_; }  // Of this life.
  // Whether something has gone wrong in this life.
  bool is_troubled() const { return no_answer_ || is_mishap_past(); }
  // Whether the job has been asked to stop because all there is has been read.
  bool has_read_all() const { return has_read_all_; }
  // Of all calls of all lives, their order, paths, bytes and outcomes.
  std::uint64_t trace() const { return trace_; }
  // A call to another machine: it fails where it may or may not have arrived.
  Status call_outside(std::string_view call);
  // Shows each call from now on.
  void show_calls(std::FILE* to) { shown_ = to; }

  EventTime wall_now() override { return disk_.wall_now(); }
  std::int64_t steady_nanos() override { return disk_.steady_nanos(); }
  std::uint64_t random_seed() override { return disk_.random_seed(); }
  Result<std::unique_ptr<InputFile>> open_input(const std::string& path) override;
  std::unique_ptr<InputFile> standard_input() override { return disk_.standard_input(); }
  Result<std::vector<std::string>> glob(const std::string& pattern) override;
  Result<std::unique_ptr<OutputFile>> create_output(const std::string& path, OldBytes old) override;
  std::unique_ptr<OutputFile> standard_output() override { return disk_.standard_output(); }
  Status make_directories(const std::string& path, Audience audience) override;
  Result<std::vector<std::string>> list_directory(const std::string& path) override;
  Result<std::optional<std::uint64_t>> file_size(const std::string& path) override;
  Result<std::unique_ptr<DurableFile>> create_file(const std::string& path,
                                                   Audience audience) override;
  Result<std::unique_ptr<DurableFile>> append_file(const std::string& path) override;
  Status rename_file(const std::string& from, const std::string& to) override;
  Status remove_file(const std::string& path) override;
  Status truncate_file(const std::string& path, std::uint64_t bytes) override;
  Status sync_directory(const std::string& path) override;
  Result<std::unique_ptr<FileLock>> lock_file(const std::string& path) override;

 private:
  class Input;
  class Output;
  class Durable;
  enum class Kind : std::uint8_t { kLook, kChange };

  // What comes before each call; an error where it does not happen at all.
  Status begin(Kind kind, std::string_view call, const std::string& path,
               std::string_view bytes = {});
  Status go_wrong(Kind kind, const std::string& path);
  bool is_mishap_past() const { return mishap_ && calls_ >= mishap_->call; }
  void move_world();
  void note_read(std::size_t bytes);
  void hash(std::string_view text);
  template <typename Outcome>
  Outcome noted(Outcome outcome) {
    hash(outcome.ok() ? "+" : "-");
    return outcome;
  }

  FakeEnv disk_;
  std::mt19937_64 dice_;
  std::vector<Growth> growth_;
  std::size_t grown_ = 0;
  int silent_reads_ = 0;  // In a row, since the last growth.

  std::optional<Mishap> mishap_;
  std::optional<std::uint64_t> stop_at_call_;
  std::function<void()> stop_;
  std::uint64_t calls_ = 0;
  bool is_gone_ = false;    // The process; no call works any more.
  bool no_answer_ = false;  // A call outside had none.
  bool loses_answers_ = false;
  bool has_read_all_ = false;

  std::uint64_t trace_ = 14695981039346656037ULL;
  std::FILE* shown_ = nullptr;
};

}  // namespace thalweg::tests
