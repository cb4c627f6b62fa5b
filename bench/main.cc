// Measures the engine against hand-written loops and other engines.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "bench.h"

namespace thalweg::bench {
namespace {

constexpr std::uint64_t kNexmarkEvents = 20'000'000;

void print_json(const Report& report) {
  for (const Figure& figure : report.figures) {
    fmt::print(
        R"({{"bench":"{}","rows":{},"engine_mrows_s":{:.3f},"limit_mrows_s":{:.3f},"ratio":{:.3f}}})"
        "\n",
        figure.name, figure.rows, figure.engine_mrows_s, figure.limit_mrows_s, figure.ratio());
  }
  for (const Promise& promise : report.promises) {
    fmt::print(R"({{"bench":"{}","measured":{:.2f},"promised":{:.2f},"unit":"{}","ratio":{:.3f}}})"
               "\n",
               promise.name, promise.measured, promise.promised, promise.unit,
               promise.promised / promise.measured);
  }
}

void print_table(const Bench& bench, const Report& report) {
  for (const Figure& figure : report.figures) {
    fmt::print("{:20} {:>8.1f} {:>9.2f} {:>9.2f} {:>6.2f} {:>6.2f} {:>5.2f}{}\n", figure.name,
               static_cast<double>(figure.rows) * 1e-6, figure.engine_mrows_s, figure.limit_mrows_s,
               figure.ratio(), bench.floor, bench.aim,
               figure.ratio() < bench.floor ? "  below the floor" : "");
  }
  for (const Promise& promise : report.promises) {
    fmt::print("{:20} {:.1f} {}, of {:.3g} promised{}\n", promise.name, promise.measured,
               promise.unit, promise.promised,
               promise.measured > promise.promised ? "  missed" : "");
  }
  std::fflush(stdout);
}

bool is_chosen(const Bench& bench, const std::vector<std::string>& names) {
  return names.empty() || std::find(names.begin(), names.end(), bench.name) != names.end();
}

std::string unknown_name(const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    const auto all = benches();
    if (std::none_of(all.begin(), all.end(), [&](const Bench& b) { return b.name == name; })) {
      return name;
    }
  }
  return {};
}

// 0: all ran and gave the right answers, however fast.
int run_chosen(const std::vector<std::string>& names, const Settings& settings, bool json) {
  NexmarkInput nexmark(settings.scaled(kNexmarkEvents));
  if (!json) {
    fmt::print("{:20} {:>8} {:>9} {:>9} {:>6} {:>6} {:>5}\n", "", "M rows", "M rows/s", "limit",
               "ratio", "floor", "aim");
  }
  int exit_code = 0;
  for (const Bench& bench : benches()) {
    if (!is_chosen(bench, names)) {
      continue;
    }
    Report report;
    if (const Status status = bench.run(settings, nexmark, report); !status.ok()) {
      fmt::print(stderr, "{}: {}\n", bench.name, status.message());
      exit_code = 1;
      continue;
    }
    if (json) {
      print_json(report);
    } else {
      print_table(bench, report);
    }
  }
  return exit_code;
}

}  // namespace
}  // namespace thalweg::bench

int main(int argc, char** argv) {
  using namespace thalweg::bench;
  CLI::App app("Measures the engine against hand-written loops and other engines.");
  std::vector<std::string> names;
  Settings settings{.data_folder = std::filesystem::temp_directory_path() / "thalweg_bench"};
  bool json = false;
  bool list = false;
  app.add_option("name", names, "Which benchmarks; all of them by default.");
  app.add_flag("--json", json, "One JSON object for each result.");
  app.add_flag("--quick", settings.quick, "A tenth of the input, fewer rounds.");
  app.add_flag("--list", list, "Only tells which benchmarks there are.");
  app.add_option("--python", settings.python, "A Python that has the other engines.");
  app.add_option("--data", settings.data_folder, "Where to put input files.");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  if (list) {
    for (const Bench& bench : benches()) {
      fmt::print("{:20} {}\n", bench.name, bench.text);
    }
    return 0;
  }
  if (const std::string unknown = unknown_name(names); !unknown.empty()) {
    fmt::print(stderr, "no benchmark '{}'; --list tells which there are\n", unknown);
    return 2;
  }
  return run_chosen(names, settings, json);
}
