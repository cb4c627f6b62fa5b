#include <array>

#include "bench.h"

namespace thalweg::bench {

std::span<const Bench> benches() {
  static const std::array all = {
      bench_q1(),
      bench_q2(),
      bench_q12(),
      bench_q12_uniform(),
      bench_json_q12(),
      bench_duckdb_json_q12(),
      bench_duckdb_json_q12_2(),
      bench_scale(),
      bench_footprint(),
  };
  return all;
}

Status Report::add(const Contest& contest) {
  TW_TRY_ASSIGN(Figure figure, measure(contest));
  figures.push_back(std::move(figure));
  return {};
}

}  // namespace thalweg::bench
