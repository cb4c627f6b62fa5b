// Three log-ins of a user that fail, then one that succeeds, within five minutes: ten thousand
// users, from the C++ front.
#include <algorithm>
#include <utility>
#include <vector>

#include "bench.h"
#include "connectors/nexmark_random.h"
#include "key_numbers.h"
#include "result_rows.h"
#include "thalweg/thalweg.h"

namespace thalweg::bench {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kUsers = 10'000;
constexpr std::int64_t kMicrosApart = 1'000;  // A user comes every ten seconds.
constexpr std::int64_t kWithinMicros = 300'000'000;
constexpr std::uint64_t kFailedOf = 40;  // One of so many fails.

struct Login {
  std::int64_t user;
  bool ok;
  Timestamp time;
};

struct Alert {
  std::int64_t user;
  Timestamp since;
  Timestamp third;
  Timestamp until;
};

std::vector<Login> make_logins(std::uint64_t rows) {
  nexmark::Random random(1, 1, 0);
  std::vector<Login> logins;
  logins.reserve(rows);
  for (std::uint64_t row = 0; row < rows; ++row) {
    logins.push_back({.user = static_cast<std::int64_t>(random.below(kUsers) * 7919),
                      .ok = random.below(kFailedOf) != 0,
                      .time = {static_cast<std::int64_t>(row) * kMicrosApart}});
  }
  return logins;
}

// The rule as a pipeline, which runs as often as it is asked to.
class Rule {
 public:
  explicit Rule(std::vector<Login> logins) {
    const auto rule = pattern<Login>()
                          .begin("failed")
                          .where([](const Login& login) { return !login.ok; })
                          .times(3)
                          .followed_by("ok")
                          .where([](const Login& login) { return login.ok; })
                          .within(5min);
    pipeline_.source(std::move(logins))
        .event_time<&Login::time>(bounded_out_of_order(4s))
        .key_by<&Login::user>()
        .match(rule,
               [](const Match<Login>& match) {
                 return Alert{.user = match.first("ok").user,
                              .since = match.first("failed").time,
                              .third = match.last("failed").time,
                              .until = match.first("ok").time};
               })
        .sink([this](const Alert& alert) {
          results_->add({alert.user, alert.since.micros, alert.third.micros, alert.until.micros});
        });
  }

  Status run(Answer& answer) {
    ResultRows<4> results(answer);
    results_ = &results;
    const RunReport report = pipeline_.run({.workers = 1});
    results.flush();
    return report.outcome == Outcome::kDone ? Status()
                                            : invalid_argument(report.problems.front().text);
  }

 private:
  Pipeline pipeline_{"logins"};
  ResultRows<4>* results_ = nullptr;  // Of the run at hand.
};

// The failures of each user that may still count; rows come in order of time.
class Failures {
 public:
  explicit Failures(Answer& answer) : results_(answer) {}

  void add(const Login& login) {
    const std::uint32_t number = users_.find(login.user);
    while (failed_.size() <= number) {
      failed_.push_back({});
    }
    std::vector<std::int64_t>& times = failed_[number];
    if (times.empty() && login.ok) {
      return;
    }
    const std::int64_t time = login.time.micros;
    times.erase(times.begin(), std::find_if(times.begin(), times.end(), [&](std::int64_t failed) {
                  return time < failed + kWithinMicros;
                }));
    if (!login.ok) {
      times.push_back(time);
    } else if (times.size() >= 3) {
      results_.add({login.user, times[0], times[2], time});
      times.clear();
    }
  }

  void close() { results_.flush(); }

 private:
  ResultRows<4> results_;
  KeyNumbers<std::int64_t> users_;
  std::vector<std::vector<std::int64_t>> failed_;  // By user.
};

Status run(const Settings& settings, NexmarkInput& /*nexmark*/, Report& report) {
  const std::vector<Login> logins = make_logins(settings.scaled(10'000'000));
  Rule rule(logins);
  return report.add({.name = "pattern_hot",
                     .rows = logins.size(),
                     .engine = timed(Clock::kProcessor, [&](Answer& a) { return rule.run(a); }),
                     .limit = timed(Clock::kProcessor,
                                    [&](Answer& a) {
                                      Failures failures(a);
                                      for (const Login& login : logins) {
                                        failures.add(login);
                                      }
                                      failures.close();
                                      return Status();
                                    }),
                     .rounds = settings.rounds(5)});
}

}  // namespace

Bench bench_pattern_hot() {
  return {.name = "pattern_hot",
          .text = "three failed log-ins, then one that succeeds, of ten thousand users, in C++",
          .floor = 0.35,
          .aim = 0.6,
          .run = run};
}

}  // namespace thalweg::bench
