#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "measure.h"
#include "nexmark_input.h"

namespace thalweg::bench {

struct Settings {
  bool quick = false;       // A tenth of the input, and fewer rounds.
  std::string python;       // With the other engines installed; empty: leave them out.
  std::string data_folder;  // Where input files are kept while they are needed.

  std::uint64_t scaled(std::uint64_t rows) const { return quick ? rows / 10 : rows; }
  int rounds(int usual) const { return quick ? 3 : usual; }
};

// A figure that is promised as such, not held against a loop. Less is better.
struct Promise {
  std::string name;
  double measured = 0;
  double promised = 0;
  std::string unit;
};

// What the benchmarks have found.
struct Report {
  std::vector<Figure> figures;
  std::vector<Promise> promises;

  Status add(const Contest& contest);
};

struct Bench {
  std::string_view name;
  std::string_view text;
  double floor = 0;  // Of the ratio.
  double aim = 0;
  Status (*run)(const Settings& settings, NexmarkInput& nexmark, Report& report);
};

// Every benchmark, each in the file of its name.
std::span<const Bench> benches();

Bench bench_q1();
Bench bench_q2();
Bench bench_q12();
Bench bench_q12_uniform();
Bench bench_q5_window();
Bench bench_q5_any_slide();
Bench bench_q7_window();
Bench bench_q11();
Bench bench_q15();
Bench bench_q17();
Bench bench_q18();
Bench bench_q19();
Bench bench_out_of_order();
Bench bench_over();
Bench bench_asof();
Bench bench_pattern_hot();
Bench bench_json_q12();
Bench bench_duckdb_json_q12();
Bench bench_duckdb_json_q12_2();
Bench bench_scale();
Bench bench_open_windows();
Bench bench_epoch_cost();
Bench bench_epoch_pause();
Bench bench_recover();
Bench bench_delta_write();
Bench bench_footprint();
Bench bench_client_produce();
Bench bench_client_consume();
Bench bench_kafka_consume();
Bench bench_kafka_produce();
Bench bench_kafka_eos();
Bench bench_kafka_latency();

}  // namespace thalweg::bench
