#pragma once

#include <cstdint>

#include "answer.h"

namespace thalweg::bench {

inline constexpr std::int64_t kQ12WindowMicros = 10'000'000;

// Of a table `bid` with bidder and dateTime.
inline constexpr const char* kQ12 = R"(
    SELECT window_start, bidder, count(*) AS bids
    FROM TUMBLE(bid, "dateTime", INTERVAL '10 seconds')
    GROUP BY window_start, window_end, bidder)";

// The same by hand. Requires: rows in order of time.
void q12_loop(const std::int64_t* times, const std::int64_t* bidders, std::uint64_t rows,
              Answer& answer);

}  // namespace thalweg::bench
