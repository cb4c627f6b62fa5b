// Swarms: for each region, earthquakes of which none is more than six hours after the one before.
// A report that comes late can join two of them, so that a swarm is told of once it is certain that
// nothing more belongs to it.
#include <algorithm>
#include <cstdio>
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

struct Swarm {
  thalweg::Timestamp window_start;  // The first quake;
  thalweg::Timestamp window_end;    // six hours after the last.
  std::string region;
  std::int64_t quakes;
  double strongest;
};

Quake locate(const Report& report) {
  const std::size_t comma = report.place.rfind(", ");
  return {comma == std::string::npos ? report.place : report.place.substr(comma + 2),
          report.mag.value()};
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<Swarm> swarms;
  thalweg::Pipeline pipeline("quakes-sessions");
  pipeline
      .source<Report>(
          thalweg::connector("file", {{"path", "data/quakes.jsonl"}, {"format", "json"}}))
      .event_time<&Report::time>(thalweg::bounded_out_of_order(24h))
      .filter([](const Report& report) { return report.mag >= 2.5; })
      .map(locate)
      .key_by<&Quake::region>()
      .window(thalweg::session(6h))
      .aggregate(thalweg::count().as("quakes"), thalweg::max<&Quake::mag>().as("strongest"))
      .as<Swarm>()
      .filter([](const Swarm& swarm) { return swarm.quakes >= 4; })
      .sink([&](const Swarm& swarm) { swarms.push_back(swarm); });

  const int status = thalweg::main(pipeline, argc, argv);
  // Those that end together may come in any order.
  std::sort(swarms.begin(), swarms.end(), [](const Swarm& a, const Swarm& b) {
    return std::tie(a.window_start, a.region) < std::tie(b.window_start, b.region);
  });
  for (const Swarm& swarm : swarms) {
    std::printf("%s  %s  %3ld  %.1f  %s\n", to_string(swarm.window_start).c_str(),
                to_string(swarm.window_end - 6h).c_str(), static_cast<long>(swarm.quakes),
                swarm.strongest, swarm.region.c_str());
  }
  return status;
}
