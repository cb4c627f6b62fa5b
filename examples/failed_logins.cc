// Guessed passwords: three log-ins of a user that fail and then one that succeeds, all within five
// minutes. What the same user does between them, such as a look at the page of help, is passed
// over. Rows come out of order by up to a minute.
#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include "thalweg/thalweg.h"

namespace {

using namespace std::chrono_literals;

struct Action {
  std::string user;
  std::string what;  // "login", "failed", or something else.
  std::string address;
  thalweg::Timestamp time;
};

struct Alert {
  std::string user;
  std::int64_t failures;
  std::string address;  // From which the log-in came that succeeded.
  thalweg::Timestamp since;
  thalweg::Timestamp until;
};

thalweg::Timestamp at(std::chrono::seconds of_day) {
  return thalweg::Timestamp::from(std::chrono::sys_days(std::chrono::year(2024) / 5 / 17)) + of_day;
}

std::vector<Action> actions() {
  return {
      // Ann mistypes once; Bob three times, but goes for a coffee in between.
      {"ann", "failed", "10.0.0.4", at(8h)},
      {"ann", "login", "10.0.0.4", at(8h + 10s)},
      {"bob", "failed", "10.0.0.9", at(8h + 20s)},
      {"bob", "failed", "10.0.0.9", at(8h + 40s)},
      {"bob", "failed", "10.0.0.9", at(8h + 60s)},
      {"cid", "failed", "203.0.113.7", at(8h + 2min)},
      {"cid", "failed", "203.0.113.7", at(8h + 3min)},
      {"cid", "help", "10.0.0.5", at(8h + 3min + 10s)},
      // This one is behind the two above, which come later in the file of its server.
      {"cid", "failed", "203.0.113.8", at(8h + 2min + 30s)},
      {"dan", "failed", "10.0.0.2", at(8h + 3min)},
      {"bob", "login", "10.0.0.9", at(8h + 6min)},
      {"cid", "login", "203.0.113.8", at(8h + 6min + 30s)},
      // Cid has been told of. Dan fails four times, and the last three count.
      {"cid", "login", "10.0.0.5", at(8h + 7min)},
      {"dan", "failed", "10.0.0.2", at(8h + 9min)},
      {"dan", "failed", "198.51.100.3", at(8h + 9min + 5s)},
      {"dan", "failed", "198.51.100.3", at(8h + 9min + 10s)},
      {"dan", "login", "198.51.100.3", at(8h + 9min + 15s)},
  };
}

auto does(std::string what) {
  return [what = std::move(what)](const Action& action) { return action.what == what; };
}

}  // namespace

int main(int argc, char** argv) {
  const auto guessed = thalweg::pattern<Action>()
                           .begin("failed")
                           .where(does("failed"))
                           .times(3)
                           .followed_by("success")
                           .where(does("login"))
                           .within(5min);

  // Sorted at the end: users stand in the order in which workers come to them.
  std::vector<std::string> alerts;
  thalweg::Pipeline pipeline("failed-logins");
  pipeline.source(actions(), "actions")
      .event_time<&Action::time>(thalweg::bounded_out_of_order(1min))
      .key_by<&Action::user>()
      .match(guessed,
             [](const thalweg::Match<Action>& match) {
               return Alert{.user = match.first("success").user,
                            .failures = static_cast<std::int64_t>(match.rows("failed").size()),
                            .address = match.first("success").address,
                            .since = match.first("failed").time,
                            .until = match.first("success").time};
             })
      .sink([&](const Alert& alert) {
        alerts.push_back(alert.user + ": " + std::to_string(alert.failures) +
                         " log-ins failed from " + to_string(alert.since) + ", then one from " +
                         alert.address + " at " + to_string(alert.until));
      });

  const int status = thalweg::main(pipeline, argc, argv);
  std::sort(alerts.begin(), alerts.end());
  for (const std::string& alert : alerts) {
    std::puts(alert.c_str());
  }
  return status;
}
