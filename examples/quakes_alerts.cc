// Alerts whose thresholds change while the program runs: a second, broadcast stream says from when
// on an earthquake of a region is worth an alert. An aftershock within a day of the last alert must
// be stronger than that.
#include <algorithm>
#include <cstdio>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "thalweg/thalweg.h"

namespace {

using namespace std::chrono_literals;

struct Report {
  std::string place;  // "81km WNW of Skagway, Alaska"
  std::optional<double> mag;
  thalweg::Timestamp time;
};

struct Quake {
  std::string region;
  double mag;
};

struct Threshold {
  std::string region;  // "": of all that have none of their own.
  double mag;
  thalweg::Timestamp time;
};
using Thresholds = std::map<std::string, double>;

struct Seen {
  thalweg::ValueState<double, thalweg::ttl(24h)> alerted;  // The last one's magnitude.
};

struct Alert {
  thalweg::Timestamp time;
  std::string region;
  double mag;
  double threshold;
};

class Watch final : public thalweg::KeyedBroadcastProcessor<std::string, Quake, Seen, Threshold,
                                                            Thresholds, Alert> {
 public:
  void process(const Quake& quake, Seen& seen, Context& context) override {
    const Thresholds& thresholds = context.broadcast_state();
    const auto own = thresholds.find(quake.region);
    const auto threshold = own == thresholds.end() ? thresholds.find("") : own;
    if (threshold == thresholds.end() || quake.mag < threshold->second ||
        quake.mag <= seen.alerted.value_or(0)) {
      return;
    }
    seen.alerted.set(quake.mag);
    context.emit({context.time(), quake.region, quake.mag, threshold->second});
  }

  void process_broadcast(const Threshold& threshold, Thresholds& thresholds,
                         const thalweg::BroadcastContext&) override {
    thresholds[threshold.region] = threshold.mag;
  }
};

Quake locate(const Report& report) {
  const std::size_t comma = report.place.rfind(", ");
  return {comma == std::string::npos ? report.place : report.place.substr(comma + 2),
          report.mag.value()};
}

thalweg::Timestamp february(int day) {
  return thalweg::Timestamp::from(std::chrono::sys_days(std::chrono::year(2018) / 2 / day));
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<Alert> alerts;
  thalweg::Pipeline pipeline("quakes-alerts");
  const auto thresholds = pipeline
                              .source(std::vector<Threshold>{{"", 5.5, february(1)},
                                                             {"Alaska", 4.0, february(2)},
                                                             {"Taiwan", 6.0, february(5)},
                                                             {"", 6.0, february(6)}})
                              .event_time<&Threshold::time>(thalweg::ascending());
  pipeline
      .source<Report>(
          thalweg::connector("file", {{"path", "data/quakes.jsonl"}, {"format", "json"}}))
      .event_time<&Report::time>(thalweg::bounded_out_of_order(24h))
      .filter([](const Report& report) { return report.mag.has_value(); })
      .map(locate)
      .key_by<&Quake::region>()
      .process(Watch(), thresholds)
      .sink([&](const Alert& alert) { alerts.push_back(alert); });

  const int status = thalweg::main(pipeline, argc, argv);
  std::sort(alerts.begin(), alerts.end(), [](const Alert& a, const Alert& b) {
    return std::tie(a.time, a.region) < std::tie(b.time, b.region);
  });
  for (const Alert& alert : alerts) {
    std::printf("%s  %.1f (from %.1f on)  %s\n", to_string(alert.time).c_str(), alert.mag,
                alert.threshold, alert.region.c_str());
  }
  return status;
}
