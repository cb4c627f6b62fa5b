#include "simulate/simulation.h"

#include <fmt/format.h>

#include "simulate/simulated_job.h"

namespace thalweg::tests {
namespace {

constexpr std::uint64_t kTroubledLivesMax = 7;
constexpr std::uint64_t kJobsPerLedger = 3;

Life draw_life(Dice& dice) {
  return {.workers = pick(dice, {1U, 2U, 3U, 4U, 5U, 6U, 7U}),
          .batch_rows = pick(dice, {1U, 3U, 16U, 4096U}),
          .interleaving = dice(),
          .epoch_turns = pick<std::uint64_t>(dice, {4, 16, 64, 256}),
          .delta_bytes_min = pick<std::uint64_t>(dice, {0, 20'000, 1 << 20})};
}

// From one to about 2^`bits`, every order of magnitude alike.
std::uint64_t draw_magnitude(Dice& dice, std::uint64_t bits) {
  return 1 + below(dice, std::uint64_t{2} << below(dice, bits));
}

Life draw_troubled_life(Dice& dice) {
  Life life = draw_life(dice);
  life.loses_answers = true;
  switch (below(dice, 8)) {
    case 0:
      life.kill_after_turns = draw_magnitude(dice, 11);
      break;
    case 1:
      life.stop_at_call = draw_magnitude(dice, 10);
      break;
    default:
      life.mishap = {.trouble = kTroubles[below(dice, std::size(kTroubles))],
                     .call = draw_magnitude(dice, 11)};
  }
  return life;
}

std::string describe(const Life& life) {
  const std::string trouble =
      life.mishap ? fmt::format("{} at call {}", name_of(life.mishap->trouble), life.mishap->call)
      : life.kill_after_turns ? fmt::format("killed after {} turns", *life.kill_after_turns)
      : life.stop_at_call     ? fmt::format("stopped at call {}", *life.stop_at_call)
                              : "undisturbed";
  return fmt::format("{} workers, batches of {}, {}", life.workers, life.batch_rows, trouble);
}

// Lives of one job, until one is its last.
class Lives {
 public:
  Lives(SimulatedJob& job, bool shown) : job_(job), shown_(shown) {}

  // Whether the job has come to its end, and nothing is wrong so far.
  bool live(const Life& life) {
    last_ = describe(life);
    if (shown_) {
      fmt::print("life {}: {}\n", job_.lives() + 1, last_);
    }
    const LifeEnd end = job_.live(life);
    if (shown_ && !end.status.ok()) {
      fmt::print("  it fails: {}\n", end.status.message());
    }
    return end.finished && job_.problem().empty();
  }

  const std::string& last() const { return last_; }

 private:
  SimulatedJob& job_;
  const bool shown_;
  std::string last_;
};

}  // namespace

Outcome simulate(std::uint64_t seed, const Bug* bug, bool shown) {
  Dice dice(seed);
  const Pipeline pipeline = draw_pipeline(dice);
  const std::vector<Lines> expected = undisturbed_run(pipeline);
  const std::string difference = compare_with_brute_force(pipeline, expected);
  if (!difference.empty()) {
    return {.problem = difference, .where = pipeline.name()};
  }
  const Decides decides = one_in(dice, kJobsPerLedger) ? Decides::kLedger : Decides::kState;
  SimulatedJob job(pipeline, expected, dice(), decides, bug);
  if (shown) {
    fmt::print("{}{}", pipeline.feed.declarations, pipeline.script);
    job.env().show_calls(stdout);
  }
  Lives lives(job, shown);
  bool finished = false;
  for (std::uint64_t left = 1 + below(dice, kTroubledLivesMax);
       left > 0 && !finished && job.problem().empty(); --left) {
    finished = lives.live(draw_troubled_life(dice));
  }
  if (job.problem().empty() && (finished || lives.live(draw_life(dice)))) {
    job.cut_power();
    lives.live(draw_life(dice));  // There is nothing left to do.
    job.check_end();
  }
  return {.problem = job.problem(),
          .where = fmt::format("{}; life {} ({}), call {}", pipeline.name(), job.lives(),
                               lives.last(), job.env().calls()),
          .trace = job.env().trace()};
}

}  // namespace thalweg::tests
