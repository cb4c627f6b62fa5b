#pragma once

#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "simulate/simulated_env.h"

namespace thalweg::tests {

using Dice = std::mt19937_64;
inline std::uint64_t below(Dice& dice, std::uint64_t end) { return dice() % end; }
inline bool one_in(Dice& dice, std::uint64_t count) { return dice() % count == 0; }
template <typename T>
T pick(Dice& dice, std::initializer_list<T> values) {
  return values.begin()[dice() % values.size()];
}

inline constexpr std::int64_t kSecond = 1'000'000;

struct Row {
  std::int64_t id = 0;
  std::string key;
  std::optional<std::int64_t> value;
  std::int64_t quarters = 0;  // Of the column x.
  std::int64_t micros = 0;
};

// One file that a job reads, with the rows that are in it.
struct FeedFile {
  std::string path;
  std::vector<Row> rows;
  std::string text;
};

// What a job reads: a table `events` of JSON, and a table `others` of CSV with the same columns.
struct Feed {
  std::int64_t delay_seconds = 0;  // Of the watermark.
  bool follows = false;            // Files have no end.
  bool one_partition = false;      // The files of a table are read one after the other.
  std::vector<FeedFile> events;
  std::vector<FeedFile> others;

  // The tables, as SQL.
  std::string declarations;

  // The partitions of a table's files, as rows in the order in which they are read.
  std::vector<std::vector<Row>> partitions(const std::vector<FeedFile>& files) const;
};

struct FeedLimits {
  std::size_t rows_max = 480;
  bool may_follow = true;
};
Feed draw_feed(Dice& dice, const FeedLimits& limits);

// Puts the files there: all of each, or where they have no end only what is there at first, and
// gives what is to come.
std::vector<Growth> put_feed(const Feed& feed, Dice& dice, bool whole, FakeEnv& disk);

// "2023-11-14T22:13:20.250Z", or with another character between date and time and none behind.
std::string time_text(std::int64_t micros, char between = 'T');

}  // namespace thalweg::tests
