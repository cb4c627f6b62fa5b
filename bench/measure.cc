#include "measure.h"

#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <limits>
#include <utility>

namespace thalweg::bench {
namespace {

Status check_answers(const Contest& contest) {
  Answer engine(Answer::Keep::kHash);
  Answer limit(Answer::Keep::kHash);
  TW_TRY_ASSIGN(const double engine_seconds, contest.engine(engine));
  TW_TRY_ASSIGN(const double limit_seconds, contest.limit(limit));
  (void)engine_seconds, (void)limit_seconds;
  if (contest.same_answer && !(engine == limit)) {
    return {Code::kCorrupt, fmt::format("{}: the answers differ: {} rows by the engine, {} by the "
                                        "other; no figure counts",
                                        contest.name, engine.rows(), limit.rows())};
  }
  return {};
}

}  // namespace

double seconds_now(Clock clock) {
  timespec now{};
  clock_gettime(clock == Clock::kProcessor ? CLOCK_PROCESS_CPUTIME_ID : CLOCK_MONOTONIC, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

Contestant timed(Clock clock, std::function<Status(Answer&)> run) {
  return [clock, run = std::move(run)](Answer& answer) -> Result<double> {
    const double begin = seconds_now(clock);
    TW_TRY(run(answer));
    return seconds_now(clock) - begin;
  };
}

Result<Figure> measure(const Contest& contest) {
  TW_TRY(check_answers(contest));
  double engine_best = std::numeric_limits<double>::max();
  double limit_best = engine_best;
  for (int round = 0; round < contest.rounds; ++round) {
    for (int half = 0; half < 2; ++half) {
      const bool engines_turn = (round + half) % 2 == 0;
      Answer answer(Answer::Keep::kCount);
      TW_TRY_ASSIGN(const double seconds, (engines_turn ? contest.engine : contest.limit)(answer));
      double& best = engines_turn ? engine_best : limit_best;
      best = std::min(best, seconds);
    }
  }
  const double mrows = static_cast<double>(contest.rows) * 1e-6;
  return Figure{.name = contest.name,
                .rows = contest.rows,
                .engine_mrows_s = mrows / engine_best,
                .limit_mrows_s = mrows / limit_best};
}

}  // namespace thalweg::bench
