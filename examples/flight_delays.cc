// Which airports share in delays: a chain of processors over flights, each of which can be used in
// other chains too. A row is enriched, chosen, and given out once for each of its two airports;
// what is on time goes another way.
#include <cstdint>
#include <cstdio>
#include <map>
#include <stdexcept>
#include <string>

#include "thalweg/thalweg.h"

namespace {

// A line of the file. `date` is local time as text: 2001/01/01 00:47.
struct Flight {
  std::string date;
  std::int32_t delay;     // Minutes.
  std::int32_t distance;  // Miles.
  std::string origin;
  std::string destination;
};

struct Leg {
  std::string origin;
  std::string destination;
  std::int32_t hour;  // Of the day, local time.
  std::int32_t delay;
  double minutes_per_100_miles;
};

struct Visit {
  std::string airport;
  std::int32_t delay;
};

struct AirportDelays {
  std::string airport;
  std::int64_t visits;
  double mean_delay;
};

struct HourOfDay {
  std::int32_t hour;
  std::int64_t flights;
};

// One row out for each row in. What it throws rejects the row and is shown in the summary.
class Enrich final : public thalweg::Processor<Flight, Leg> {
 public:
  void process(const Flight& flight, thalweg::Output<Leg>& out) override {
    int hour = 0;
    int minute = 0;
    if (std::sscanf(flight.date.c_str(), "%*d/%*d/%*d %d:%d", &hour, &minute) != 2) {
      throw std::invalid_argument("not a date and time: " + flight.date);
    }
    out.emit({flight.origin, flight.destination, hour, flight.delay,
              100.0 * flight.delay / flight.distance});
  }
};

// None or one.
class KeepLateLegs final : public thalweg::Processor<Leg, Leg> {
 public:
  explicit KeepLateLegs(double minutes_per_100_miles) : limit_(minutes_per_100_miles) {}
  void process(const Leg& leg, thalweg::Output<Leg>& out) override {
    if (leg.minutes_per_100_miles >= limit_) {
      out.emit(leg);
    }
  }

 private:
  double limit_;
};

// Two.
class VisitAirports final : public thalweg::Processor<Leg, Visit> {
 public:
  void process(const Leg& leg, thalweg::Output<Visit>& out) override {
    out.emit({leg.origin, leg.delay});
    out.emit({leg.destination, leg.delay});
  }
};

}  // namespace

int main(int argc, char** argv) {
  std::map<std::string, AirportDelays> airports;
  std::map<std::int32_t, std::int64_t> on_time_by_hour;

  thalweg::Pipeline pipeline("flight-delays");
  const auto [delayed, on_time] =
      pipeline
          .source<Flight>(
              thalweg::connector("file", {{"path", "data/flights.jsonl"}, {"format", "json"}}))
          .process(Enrich())
          .split([](const Leg& leg) { return leg.delay > 15; });

  delayed.process(KeepLateLegs(10))
      .process(VisitAirports())
      .key_by<&Visit::airport>()
      .aggregate(thalweg::count().as("visits"), thalweg::avg<&Visit::delay>().as("mean_delay"))
      .as<AirportDelays>()
      .filter([](const AirportDelays& airport) { return airport.visits >= 80; })
      .sink([&](const AirportDelays& airport) { airports[airport.airport] = airport; });

  on_time.key_by<&Leg::hour>()
      .aggregate(thalweg::count().as("flights"))
      .as<HourOfDay>()
      .sink([&](const HourOfDay& row) { on_time_by_hour[row.hour] = row.flights; });

  const int status = thalweg::main(pipeline, argc, argv);
  for (const auto& [name, airport] : airports) {
    std::printf("%s  %4ld late flights  %6.2f minutes\n", name.c_str(),
                static_cast<long>(airport.visits), airport.mean_delay);
  }
  for (const auto& [hour, flights] : on_time_by_hour) {
    std::printf("%02d:00  %4ld on time\n", hour, static_cast<long>(flights));
  }
  return status;
}
