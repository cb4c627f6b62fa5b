#include "simulate/feed.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>

namespace thalweg::tests {
namespace {

constexpr std::int64_t kBegin = 1'699'999'000 * kSecond;
constexpr std::int64_t kBetweenRows = kSecond / 4;

constexpr std::string_view kTable = R"(
CREATE TABLE {0} (id BIGINT, k TEXT, v BIGINT, x DOUBLE, ts TIMESTAMP,
  WATERMARK FOR ts AS ts - INTERVAL '{1} seconds')
  WITH (connector = 'file', path = '{0}/*', format = '{2}', block_bytes = '{3}B', partitions = '{4}',
        follow = {5});
)";

std::string json_line(const Row& row) {
  return fmt::format(R"({{"id":{},"k":"{}","v":{},"x":{},"ts":"{}"}})"
                     "\n",
                     row.id, row.key, row.value ? std::to_string(*row.value) : "null",
                     static_cast<double>(row.quarters) / 4, time_text(row.micros));
}

std::string csv_line(const Row& row) {
  return fmt::format("{},{},{},{},{}\n", row.id, row.key,
                     row.value ? std::to_string(*row.value) : "",
                     static_cast<double>(row.quarters) / 4, time_text(row.micros, ' '));
}

struct Shape {
  std::size_t rows;
  std::uint64_t keys;
  std::uint64_t disorder_seconds;
};

Row draw_row(Dice& dice, const Shape& shape, std::int64_t id) {
  std::int64_t behind = 0;
  if (shape.disorder_seconds > 0) {
    behind = static_cast<std::int64_t>(below(dice, shape.disorder_seconds * 4)) * kBetweenRows;
  }
  return {.id = id,
          .key = fmt::format("k{}", below(dice, shape.keys)),
          .value = one_in(dice, 20) ? std::nullopt
                                    : std::optional(static_cast<std::int64_t>(below(dice, 50))),
          .quarters = static_cast<std::int64_t>(below(dice, 400)),
          .micros = kBegin + id * kBetweenRows - behind};
}

std::vector<FeedFile> draw_files(Dice& dice, const std::string& table, const Shape& shape,
                                 bool json) {
  std::vector<FeedFile> files(1 + below(dice, 3));
  for (std::size_t i = 0; i < files.size(); ++i) {
    files[i].path = fmt::format("{}/{}", table, i);
    files[i].text = json ? "" : "id,k,v,x,ts\n";
  }
  for (std::size_t id = 0; id < shape.rows; ++id) {
    FeedFile& file = files[below(dice, files.size())];
    file.rows.push_back(draw_row(dice, shape, static_cast<std::int64_t>(id)));
    file.text += json ? json_line(file.rows.back()) : csv_line(file.rows.back());
    if (json && one_in(dice, 100)) {
      file.text += "{\"id\": no number}\n";
    }
  }
  return files;
}

}  // namespace

std::string time_text(std::int64_t micros, char between) {
  const std::int64_t fraction = micros % kSecond;
  const auto seconds = fmt::gmtime(static_cast<std::time_t>(micros / kSecond));
  std::string text = fmt::format("{:%Y-%m-%d}{}{:%H:%M:%S}", seconds, between, seconds);
  if (fraction != 0) {
    text += fmt::format(".{:06}", fraction);
    text.erase(text.find_last_not_of('0') + 1);
  }
  return between == 'T' ? text + 'Z' : text;
}

std::vector<std::vector<Row>> Feed::partitions(const std::vector<FeedFile>& files) const {
  std::vector<std::vector<Row>> all;
  for (const FeedFile& file : files) {
    if (all.empty() || !one_partition) {
      all.emplace_back();
    }
    all.back().insert(all.back().end(), file.rows.begin(), file.rows.end());
  }
  return all;
}

Feed draw_feed(Dice& dice, const FeedLimits& limits) {
  Feed feed;
  feed.delay_seconds = pick(dice, {0, 3, 10});
  feed.follows = one_in(dice, 3) && limits.may_follow;
  feed.one_partition = one_in(dice, 4);
  const Shape shape{
      .rows = 1 + below(dice, one_in(dice, 4) ? limits.rows_max : limits.rows_max / 4),
      .keys = pick<std::uint64_t>(dice, {1, 4, 20, 500}),
      .disorder_seconds = pick<std::uint64_t>(dice, {0, 2, 8, 25})};
  feed.events = draw_files(dice, "events", shape, /*json=*/true);
  feed.others = draw_files(dice, "others", shape, /*json=*/false);
  for (const bool json : {true, false}) {
    feed.declarations += fmt::format(kTable, json ? "events" : "others", feed.delay_seconds,
                                     json ? "json" : "csv", pick(dice, {200, 700, 4000, 500'000}),
                                     feed.one_partition ? "one" : "each", feed.follows);
  }
  return feed;
}

std::vector<Growth> put_feed(const Feed& feed, Dice& dice, bool whole, FakeEnv& disk) {
  std::vector<std::vector<Growth>> to_come;  // By file.
  for (const std::vector<FeedFile>& files : {feed.events, feed.others}) {
    for (const FeedFile& file : files) {
      // Of files that are read one after the other only the last may grow.
      const bool last = file.path == files.back().path;
      const bool grows = feed.follows && !whole && (last || !feed.one_partition);
      std::size_t end = grows ? below(dice, file.text.size() + 1) : file.text.size();
      disk.put(file.path, file.text.substr(0, end));
      std::vector<Growth> pieces;
      while (end < file.text.size()) {
        pieces.push_back({.path = file.path, .text = file.text.substr(end, 1 + below(dice, 2000))});
        end += pieces.back().text.size();
      }
      std::reverse(pieces.begin(), pieces.end());
      to_come.push_back(std::move(pieces));
    }
  }
  std::vector<Growth> mixed;
  for (std::erase_if(to_come, [](const auto& pieces) { return pieces.empty(); });
       !to_come.empty();) {
    const std::size_t file = below(dice, to_come.size());
    mixed.push_back(std::move(to_come[file].back()));
    to_come[file].pop_back();
    std::erase_if(to_come, [](const auto& pieces) { return pieces.empty(); });
  }
  return mixed;
}

}  // namespace thalweg::tests
