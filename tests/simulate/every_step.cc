#include <fmt/format.h>

#include "simulate/simulated_job.h"
#include "simulate/simulation.h"

namespace thalweg::tests {
namespace {

constexpr std::uint64_t kCallsMax = 5000;

// The jobs, by their queries; between them they have both kinds of output, state of every kind of
// table, and several inputs.
const std::vector<std::vector<std::string>> kJobs = {
    {"tumble", "watched"}, {"top", "both"}, {"session", "upsert"}, {"over", "first", "filter"}};

class EveryStep {
 public:
  EveryStep(const std::vector<std::string>& queries, std::uint64_t seed) : dice_(seed) {
    pipeline_ = draw_pipeline(dice_, queries);
    expected_ = undisturbed_run(pipeline_);
  }

  // Trouble at call after call of the first life, or of the life after one that was killed.
  void run(Trouble trouble, bool in_recovery, Decides decides, Totals& totals) {
    bool reached = true;
    for (std::uint64_t call = 1; reached && call < kCallsMax; ++call) {
      SimulatedJob job(pipeline_, expected_, call, decides, nullptr);
      reached = run_once(job, {.trouble = trouble, .call = call}, in_recovery);
      ++(job.problem().empty() ? totals.passed : totals.failed);
      if (!job.problem().empty()) {
        fmt::print("FAILED {}: {} at call {}{}: {}\n", pipeline_.name(), name_of(trouble), call,
                   in_recovery ? " of a recovery" : "", job.problem());
        return;
      }
    }
  }

 private:
  // False: there is no such call.
  static bool run_once(SimulatedJob& job, const Mishap& mishap, bool in_recovery) {
    Life life{.workers = 2, .batch_rows = 16, .epoch_turns = 24};
    if (in_recovery) {
      life.kill_after_turns = 500;
      (void)job.live(life);
      job.cut_power();
      life.kill_after_turns = 0;
      life.workers = 3;
    }
    life.mishap = mishap;
    bool finished = job.live(life).finished;
    const bool reached = job.env().calls() >= mishap.call;
    life = {.workers = 4, .interleaving = 2};
    if (!finished) {
      finished = job.live(life).finished;
    }
    if (finished) {
      job.cut_power();
      (void)job.live(life);
      job.check_end();
    }
    return reached;
  }

  Dice dice_;
  Pipeline pipeline_;
  std::vector<Lines> expected_;
};

}  // namespace

Totals simulate_every_step() {
  Totals totals;
  for (const std::vector<std::string>& queries : kJobs) {
    EveryStep step(queries, 1);
    for (const Trouble trouble : kTroubles) {
      for (const bool in_recovery : {false, true}) {
        step.run(trouble, in_recovery, Decides::kState, totals);
        step.run(trouble, in_recovery, Decides::kLedger, totals);
      }
    }
  }
  return totals;
}

}  // namespace thalweg::tests
