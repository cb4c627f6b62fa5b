// The five busiest airports of each day, by departures. A flight is reported when it has left, so
// that long delays make late rows: the report of a flight of the evening may come when its day is
// told already. Such rows are not lost but shown apart.
#include <algorithm>
#include <cstdio>
#include <stdexcept>
#include <string>
#include <tuple>
#include <vector>

#include "thalweg/thalweg.h"

namespace {

using namespace std::chrono_literals;

// A line of the file. `date` is text, and taken for UTC: 2001/01/01 00:47.
struct Line {
  std::string date;
  std::int32_t delay;  // Minutes.
  std::string origin;
  std::string destination;
};

struct Departure {
  thalweg::Timestamp scheduled;
  std::int32_t delay;
  std::string origin;
  std::string destination;
};

// Of an airport, in a day.
struct Day {
  thalweg::Timestamp window_start;
  thalweg::Timestamp window_end;
  std::string origin;
  std::int64_t flights;
};

Departure parse(const Line& line) {
  int year = 0;
  int month = 0;
  int day = 0;
  int hour = 0;
  int minute = 0;
  if (std::sscanf(line.date.c_str(), "%d/%d/%d %d:%d", &year, &month, &day, &hour, &minute) != 5) {
    throw std::invalid_argument("not a date and time: " + line.date);
  }
  const std::chrono::sys_days date = std::chrono::year(year) / month / day;
  return {thalweg::Timestamp::from(date) + std::chrono::hours(hour) + std::chrono::minutes(minute),
          line.delay, line.origin, line.destination};
}

// The departures of a week in the order in which they are reported.
std::vector<Departure> reports() {
  std::vector<Departure> departures;
  thalweg::Pipeline pipeline("read-flights");
  pipeline
      .source<Line>(
          thalweg::connector("file", {{"path", "data/flights.jsonl"}, {"format", "json"}}))
      .filter("date < '2001/01/08'")
      .map(parse)
      .sink([&](const Departure& departure) { departures.push_back(departure); });
  if (const thalweg::RunReport report = pipeline.run(); !report.problems.empty()) {
    std::fputs(report.problems[0].text.c_str(), stderr);
  }
  std::sort(departures.begin(), departures.end(), [](const Departure& a, const Departure& b) {
    return std::tuple(a.scheduled + std::chrono::minutes(a.delay), a.scheduled, a.origin) <
           std::tuple(b.scheduled + std::chrono::minutes(b.delay), b.scheduled, b.origin);
  });
  return departures;
}

void print_sorted(std::vector<std::string> lines) {
  std::sort(lines.begin(), lines.end());
  for (const std::string& line : lines) {
    std::puts(line.c_str());
  }
}

std::string day_of(thalweg::Timestamp time) { return to_string(time).substr(0, 10); }

}  // namespace

int main(int argc, char** argv) {
  thalweg::Pipeline pipeline("busy-airports");
  const auto daily = pipeline.source(reports(), "departures")
                         .event_time<&Departure::scheduled>(thalweg::bounded_out_of_order(10min))
                         .key_by<&Departure::origin>()
                         .window(thalweg::tumbling(24h));

  // Sorted at the end: days stand in the order in which workers come to them.
  std::vector<std::string> busiest;
  daily.aggregate(thalweg::count().as("flights"))
      .as<Day>()
      .key_by<&Day::window_start, &Day::window_end>()
      .ranked("rank", 5, thalweg::largest<&Day::flights>(), thalweg::smallest<&Day::origin>())
      .sink([&](const thalweg::Record& row) {
        busiest.push_back(day_of(row.time("window_start")) + "  " + row.text("rank") + ". " +
                          row.text("origin") + "  " + row.text("flights"));
      });

  std::vector<std::string> late;
  daily.late_rows().sink([&](const thalweg::Record& row) {
    late.push_back(to_string(row.time("scheduled")) + "  " + row.text("origin") + " to " +
                   row.text("destination") + ", " + row.text("delay") + " minutes late");
  });

  const int status = thalweg::main(pipeline, argc, argv);
  print_sorted(busiest);
  std::puts("Reported after their day was told:");
  print_sorted(late);
  return status;
}
