#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "bench.h"

namespace thalweg::bench {

// The columns of the bids, in order of time.
struct Bids {
  const std::int64_t* auctions;
  const std::int64_t* bidders;
  const std::int64_t* prices;
  const std::int64_t* times;  // Microseconds.
  std::uint64_t rows;
};

// A query over the bids against a loop.
struct BidContest {
  std::string name;
  std::string query;
  void (*loop)(const Bids& bids, Answer& answer);
  int rounds = 9;
};

// By processor time, the engine with one worker.
Status run_on_bids(const BidContest& contest, const Settings& settings, NexmarkInput& nexmark,
                   Report& report);

// The engine takes rows by so many, and changes are netted within a batch.
inline constexpr std::uint64_t kEngineBatchRows = 4096;

// Calls visit(begin, count) for each batch.
template <typename Visit>
void for_each_batch(std::uint64_t rows, Visit visit) {
  for (std::uint64_t begin = 0; begin < rows; begin += kEngineBatchRows) {
    visit(begin, rows - begin < kEngineBatchRows ? rows - begin : kEngineBatchRows);
  }
}

}  // namespace thalweg::bench
