#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "simulate/bug.h"
#include "simulate/ledger.h"
#include "simulate/pipeline.h"

namespace thalweg::tests {

// One process of a job.
struct Life {
  std::uint32_t workers = 1;
  std::uint32_t batch_rows = 4096;
  std::uint64_t interleaving = 1;
  std::uint64_t epoch_turns = 64;     // Between epochs, about.
  std::uint64_t delta_bytes_min = 0;  // See EpochStoreOptions.
  std::optional<Mishap> mishap = {};
  std::optional<std::uint64_t> stop_at_call = {};
  std::optional<std::uint64_t> kill_after_turns = {};
  bool loses_answers = false;
};

struct LifeEnd {
  Status status;
  bool finished = false;  // All that there is has been worked off, and said.
};

// What one worker gives, by output, that is never disturbed and keeps no state.
std::vector<Lines> undisturbed_run(const Pipeline& pipeline);

// Where that is not what a brute force computes; empty: nowhere.
std::string compare_with_brute_force(const Pipeline& pipeline, const std::vector<Lines>& found);

// What decides which epochs count.
enum class Decides : std::uint8_t { kState, kLedger };

// A job in a simulated world, from its first process to its last.
class SimulatedJob {
 public:
  // Borrows all. `expected`: what must be seen in the end, by output. No bug: null.
  SimulatedJob(const Pipeline& pipeline, const std::vector<Lines>& expected, std::uint64_t seed,
               Decides decides, const Bug* bug);

  LifeEnd live(const Life& life);
  void cut_power() { env_.disk().crash(dice_()); }

  // The first thing that is wrong so far; empty: nothing.
  const std::string& problem() const { return problem_; }
  // After the job has come to its end: whether all is there and nothing else.
  void check_end();

  SimulatedEnv& env() { return env_; }
  int lives() const { return lives_; }

 private:
  LifeEnd run(const Life& life, Env& env);
  void check_recovered();
  void check_status(const Status& status);
  void check_leftovers();
  void complain(std::string problem);

  const Pipeline& pipeline_;
  const std::vector<Lines>& expected_;
  const Bug* const bug_;
  Dice dice_;
  SimulatedEnv env_;
  std::optional<Ledger> ledger_;  // Where it decides.
  std::vector<Lines> seen_;       // After the last recovery.
  std::string problem_;
  int lives_ = 0;
};

}  // namespace thalweg::tests
