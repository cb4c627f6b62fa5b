#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "answer.h"
#include "base/result.h"

namespace thalweg::bench {

// One run: fills the answer and says how many seconds it took.
using Contestant = std::function<Result<double>(Answer&)>;

// kProcessor counts what all threads of this process use, and so not the time for which a busy
// machine keeps it waiting.
enum class Clock : std::uint8_t { kProcessor, kWall };

double seconds_now(Clock clock);

Contestant timed(Clock clock, std::function<Status(Answer&)> run);

// Two ways to the same answer from the same input, or two queries compared in cost alone.
struct Contest {
  std::string name;
  std::uint64_t rows = 0;  // Of the input.
  Contestant engine;
  Contestant limit;
  int rounds = 9;
  bool same_answer = true;
};

struct Figure {
  std::string name;
  std::uint64_t rows = 0;
  double engine_mrows_s = 0;
  double limit_mrows_s = 0;
  double ratio() const { return engine_mrows_s / limit_mrows_s; }
};

// The best of all rounds for each side. They run in turn, the first of a round second in the next,
// since what ran just before makes a difference. Fails when the answers differ.
Result<Figure> measure(const Contest& contest);

}  // namespace thalweg::bench
