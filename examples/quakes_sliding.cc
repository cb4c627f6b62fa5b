// The mean strength of the last day's earthquakes, told anew every six hours: each slide of the
// window gives one result, and each quake counts in four of them.
#include <cstdio>
#include <optional>

#include "thalweg/thalweg.h"

namespace {

using namespace std::chrono_literals;

struct Quake {
  std::optional<double> mag;  // NULL where nobody has measured it.
  thalweg::Timestamp time;
};

struct LastDay {
  thalweg::Timestamp window_end;
  std::int64_t quakes;
  double mean_mag;
};

}  // namespace

int main(int argc, char** argv) {
  thalweg::Pipeline pipeline("quakes-sliding");
  pipeline
      .source<Quake>(
          thalweg::connector("file", {{"path", "data/quakes.jsonl"}, {"format", "json"}}))
      .event_time<&Quake::time>(thalweg::bounded_out_of_order(24h))
      .filter([](const Quake& quake) { return quake.mag >= 2.5; })
      .window(thalweg::sliding({.size = 24h, .slide = 6h}))
      .aggregate(thalweg::count().as("quakes"), thalweg::avg<&Quake::mag>().as("mean_mag"))
      .as<LastDay>()
      .sink([](const LastDay& day) {
        std::printf("%s  %3ld  %.3f\n", to_string(day.window_end).c_str(),
                    static_cast<long>(day.quakes), day.mean_mag);
      });
  return thalweg::main(pipeline, argc, argv);
}
