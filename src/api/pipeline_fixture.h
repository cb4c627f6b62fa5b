#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "thalweg/thalweg.h"

// Rows out of order, and the settings under which a pipeline must give the same results.
namespace thalweg {

struct Bid {
  std::int64_t auction;
  std::int32_t bidder;
  std::optional<double> price;
  std::string channel;
  Timestamp time;
};

constexpr std::int64_t kSecond = 1'000'000;
constexpr std::int64_t kMinute = 60 * kSecond;

// Out of order by up to half a minute, now and then by several.
inline std::vector<Bid> random_bids(std::size_t count, std::uint32_t seed) {
  std::mt19937 random(seed);
  std::vector<Bid> bids;
  for (std::size_t i = 0; i < count; ++i) {
    const std::int64_t behind = random() % 50 == 0 ? 240 * kSecond : 30 * kSecond;
    const std::int64_t time =
        static_cast<std::int64_t>(i) * kSecond / 4 -
        static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(behind));
    bids.push_back(
        {.auction = static_cast<std::int64_t>(random() % 11),
         .bidder = static_cast<std::int32_t>(random() % 100),
         .price = random() % 9 == 0 ? std::nullopt : std::optional(double(random() % 500)),
         .channel = random() % 2 == 0 ? "web" : "app",
         .time = {time}});
  }
  return bids;
}

// The watermark before each row: the largest time of those before it, less the delay.
inline std::vector<std::int64_t> stamps_of(const std::vector<Bid>& bids, std::int64_t delay) {
  std::vector<std::int64_t> stamps;
  std::int64_t largest = INT64_MIN + delay;
  for (const Bid& bid : bids) {
    stamps.push_back(largest - delay);
    largest = std::max(largest, bid.time.micros);
  }
  return stamps;
}

struct Setting {
  std::uint32_t workers;
  std::uint32_t batch_rows;
  std::optional<std::uint64_t> seed;
};

inline auto every_setting() {
  return testing::Values(Setting{1, 4096, {}}, Setting{4, 4096, {}}, Setting{4, 7, {}},
                         Setting{3, 50, 17}, Setting{4, 1, 4});
}

class BidsTest : public testing::TestWithParam<Setting> {
 protected:
  SessionOptions options() const {
    return {.workers = GetParam().workers,
            .batch_rows = GetParam().batch_rows,
            .interleaving_seed = GetParam().seed};
  }
};

// What the problems of a pipeline that cannot run say.
inline std::string problems_of(Pipeline& pipeline) {
  const RunReport report = pipeline.run({.workers = 1});
  EXPECT_EQ(report.outcome, Outcome::kInvalid);
  std::string text;
  for (const Problem& problem : report.problems) {
    text += problem.text;
  }
  return text;
}

}  // namespace thalweg
