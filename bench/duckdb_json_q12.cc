// q12 from a file of JSON lines, against DuckDB, which reads it as a batch: what one would take for
// a file that has an end.
#include <fmt/format.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "bench.h"
#include "bid_file.h"
#include "engine_side.h"
#include "q12.h"

namespace thalweg::bench {
namespace {

struct DuckDb {
  std::string python;
  std::string bids;
  int threads = 1;
  Clock clock = Clock::kProcessor;

  Result<double> run(Answer& answer) const;
};

Status read_answer(const std::string& path, Answer& answer) {
  std::ifstream file(path);
  std::int64_t start = 0;
  std::int64_t bidder = 0;
  std::int64_t bids = 0;
  char comma = 0;
  while (file >> start >> comma >> bidder >> comma >> bids) {
    answer.add(std::array<const std::int64_t*, 3>{&start, &bidder, &bids}, 1);
  }
  return file.eof() ? Status() : unavailable("DuckDB's answer cannot be read");
}

Result<double> DuckDb::run(Answer& answer) const {
  const bool asked = answer.keep() == Answer::Keep::kHash;
  const std::string rows = bids + ".duckdb.csv";
  const std::string command =
      fmt::format("'{}' '{}/duckdb_bids.py' '{}' {} {}", python, THALWEG_BENCH_DIR, bids, threads,
                  asked ? "'" + rows + "'" : "");
  std::FILE* const pipe = popen(command.c_str(), "r");
  double processor = 0;
  double wall = 0;
  const bool told = pipe != nullptr && std::fscanf(pipe, "%lf %lf", &processor, &wall) == 2;
  if (pipe == nullptr || pclose(pipe) != 0 || !told) {
    return unavailable("this did not work: " + command);
  }
  if (asked) {
    TW_TRY(read_answer(rows, answer));
    std::filesystem::remove(rows);
  }
  return clock == Clock::kProcessor ? processor : wall;
}

Status run_with(const Settings& settings, const std::string& name, int workers, Clock clock,
                Report& report) {
  if (settings.python.empty()) {
    fmt::print(stderr, "{}: left out, since no --python with DuckDB is named\n", name);
    return {};
  }
  TW_TRY_ASSIGN(const BidFile file,
                BidFile::make(settings.data_folder, settings.scaled(2'000'000)));
  const DuckDb duckdb{settings.python, file.path(), workers, clock};
  EngineSide engine(static_cast<std::uint32_t>(workers));
  TW_TRY(engine.declare(file.table_sql()));
  return report.add({.name = name,
                     .rows = file.rows(),
                     .engine = timed(clock, [&](Answer& a) { return engine.run(kQ12, a); }),
                     .limit = [&](Answer& a) { return duckdb.run(a); },
                     .rounds = settings.rounds(9)});
}

Status run_one(const Settings& settings, NexmarkInput& /*nexmark*/, Report& report) {
  return run_with(settings, "duckdb_json_q12", 1, Clock::kProcessor, report);
}

Status run_two(const Settings& settings, NexmarkInput& /*nexmark*/, Report& report) {
  return run_with(settings, "duckdb_json_q12_2", 2, Clock::kWall, report);
}

}  // namespace

Bench bench_duckdb_json_q12() {
  return {.name = "duckdb_json_q12",
          .text = "q12 from a file of JSON, against DuckDB's processor time, one thread",
          .floor = 1.3,
          .aim = 2.5,
          .run = run_one};
}

Bench bench_duckdb_json_q12_2() {
  return {.name = "duckdb_json_q12_2",
          .text = "the same on two workers against two threads, wall time",
          .floor = 1.2,
          .aim = 2,
          .run = run_two};
}

}  // namespace thalweg::bench
