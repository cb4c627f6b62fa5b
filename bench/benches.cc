#include <array>

#include "bench.h"

namespace thalweg::bench {

std::span<const Bench> benches() {
  static const std::array all = {
      bench_q1(),
      bench_q2(),
      bench_q12(),
      bench_q12_uniform(),
      bench_q5_window(),
      bench_q5_any_slide(),
      bench_q7_window(),
      bench_q11(),
      bench_q15(),
      bench_q17(),
      bench_q18(),
      bench_q19(),
      bench_out_of_order(),
      bench_over(),
      bench_asof(),
      bench_pattern_hot(),
      bench_json_q12(),
      bench_duckdb_json_q12(),
      bench_duckdb_json_q12_2(),
      bench_scale(),
      bench_open_windows(),
      bench_epoch_cost(),
      bench_epoch_pause(),
      bench_recover(),
      bench_delta_write(),
      bench_footprint(),
      bench_client_produce(),
      bench_client_consume(),
      bench_kafka_consume(),
      bench_kafka_produce(),
      bench_kafka_eos(),
      bench_kafka_latency(),
  };
  return all;
}

Status Report::add(const Contest& contest) {
  TW_TRY_ASSIGN(Figure figure, measure(contest));
  figures.push_back(std::move(figure));
  return {};
}

}  // namespace thalweg::bench
