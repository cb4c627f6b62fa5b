// Earthquakes by the hour, from a file whose rows come in order of when each report was last
// changed: an old quake may stand after a new one. Reports up to a day late count; later ones are
// told of in the summary on standard error.
#include <cstdio>
#include <optional>
#include <string>

#include "thalweg/thalweg.h"

namespace {

using namespace std::chrono_literals;

// Fields that the file has too; what it has besides is not read.
struct Quake {
  std::string net;
  std::optional<double> mag;  // NULL where nobody has measured it.
  thalweg::Timestamp time;
};

struct Hour {
  thalweg::Timestamp window_start;
  std::int64_t quakes;
  double strongest;
};

}  // namespace

int main(int argc, char** argv) {
  thalweg::Pipeline pipeline("quakes-by-hour");
  pipeline
      .source<Quake>(
          thalweg::connector("file", {{"path", "data/quakes.jsonl"}, {"format", "json"}}))
      .event_time<&Quake::time>(thalweg::bounded_out_of_order(24h))
      .filter([](const Quake& quake) { return quake.mag >= 4.5; })
      .window(thalweg::tumbling(1h))
      .aggregate(thalweg::count().as("quakes"), thalweg::max<&Quake::mag>().as("strongest"))
      .as<Hour>()
      .sink([](const Hour& hour) {
        std::printf("%s  %ld  %.1f\n", to_string(hour.window_start).c_str(),
                    static_cast<long>(hour.quakes), hour.strongest);
      });
  return thalweg::main(pipeline, argc, argv);
}
