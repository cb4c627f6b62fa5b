#include "simulate/brute_force.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>
#include <tuple>

#include "simulate/watch.h"

namespace thalweg::tests {
namespace {

using Number = std::optional<std::int64_t>;

std::string json(const Number& number) { return number ? std::to_string(*number) : "null"; }

// A row with the watermark of its partition just before it.
struct Stamped {
  Row row;
  std::int64_t stamp = 0;
};

std::vector<Stamped> stamped_rows(const Feed& feed, const std::vector<FeedFile>& files) {
  std::vector<Stamped> all;
  for (const std::vector<Row>& partition : feed.partitions(files)) {
    std::int64_t watermark = std::numeric_limits<std::int64_t>::min();
    for (const Row& row : partition) {
      all.push_back({.row = row, .stamp = watermark});
      watermark = std::max(watermark, row.micros - feed.delay_seconds * kSecond);
    }
  }
  return all;
}

std::vector<Stamped> stamped_rows(const Feed& feed) { return stamped_rows(feed, feed.events); }

// Those that are in time for steps which order or match rows.
std::vector<Row> rows_in_time(const Feed& feed, const std::vector<FeedFile>& files) {
  std::vector<Row> rows;
  for (const Stamped& each : stamped_rows(feed, files)) {
    if (each.row.micros >= each.stamp) {
      rows.push_back(each.row);
    }
  }
  return rows;
}

// The same by time, then by their place in the input.
std::vector<Row> ordered_rows(const Feed& feed) {
  std::vector<Row> rows = rows_in_time(feed, feed.events);
  std::stable_sort(rows.begin(), rows.end(),
                   [](const Row& a, const Row& b) { return a.micros < b.micros; });
  return rows;
}

std::map<std::string, std::vector<Row>> by_key(const std::vector<Row>& rows) {
  std::map<std::string, std::vector<Row>> keys;
  for (const Row& row : rows) {
    keys[row.key].push_back(row);
  }
  return keys;
}

std::vector<Row> all_rows(const Feed& feed) {
  std::vector<Row> rows;
  for (const Stamped& each : stamped_rows(feed)) {
    rows.push_back(each.row);
  }
  return rows;
}

struct Sums {
  std::int64_t count = 0;
  Number total;
  Number most;

  void add(const Row& row) {
    ++count;
    if (row.value) {
      total = total.value_or(0) + *row.value;
      most = std::max(most.value_or(*row.value), *row.value);
    }
  }
};

}  // namespace

std::vector<std::string> expect_filter(const Feed& feed) {
  std::vector<std::string> lines;
  for (const Row& row : all_rows(feed)) {
    if (row.value && *row.value > 10) {
      lines.push_back(
          fmt::format(R"({{"id":{},"k":"{}","y":{}}})", row.id, row.key, *row.value * 2));
    }
  }
  return lines;
}

std::vector<std::string> expect_tumble(const Feed& feed) {
  constexpr std::int64_t kSize = 10 * kSecond;
  std::map<std::pair<std::int64_t, std::string>, Sums> windows;
  for (const Stamped& each : stamped_rows(feed)) {
    const std::int64_t start = each.row.micros / kSize * kSize;
    if (start + kSize > each.stamp) {
      windows[{start, each.row.key}].add(each.row);
    }
  }
  std::vector<std::string> lines;
  for (const auto& [window, sums] : windows) {
    lines.push_back(fmt::format(R"({{"s":"{}","k":"{}","n":{},"t":{},"m":{}}})",
                                time_text(window.first), window.second, sums.count,
                                json(sums.total), json(sums.most)));
  }
  return lines;
}

std::vector<std::string> expect_session(const Feed& feed) {
  constexpr std::int64_t kGap = 2 * kSecond;
  std::vector<std::string> lines;
  for (const auto& [key, rows] : by_key(ordered_rows(feed))) {
    for (std::size_t first = 0, next = 0; first < rows.size(); first = next) {
      Sums sums;
      for (next = first; next < rows.size() &&
                         (next == first || rows[next].micros - rows[next - 1].micros <= kGap);
           ++next) {
        sums.add(rows[next]);
      }
      lines.push_back(fmt::format(
          R"({{"k":"{}","s":"{}","e":"{}","n":{},"t":{}}})", key, time_text(rows[first].micros),
          time_text(rows[next - 1].micros + kGap), sums.count, json(sums.total)));
    }
  }
  return lines;
}

std::vector<std::string> expect_group(const Feed& feed) {
  std::vector<std::string> lines;
  for (const auto& [key, rows] : by_key(all_rows(feed))) {
    Sums sums;
    for (const Row& row : rows) {
      sums.add(row);
    }
    lines.push_back(fmt::format(R"({{"k":"{}","n":{},"t":{},"m":{}}})", key, sums.count,
                                json(sums.total), json(sums.most)));
  }
  return lines;
}

std::vector<std::string> expect_total(const Feed& feed) {
  Sums sums;
  for (const Row& row : all_rows(feed)) {
    sums.add(row);
  }
  return {fmt::format(R"({{"n":{},"t":{}}})", sums.count, json(sums.total))};
}

std::vector<std::string> expect_top(const Feed& feed) {
  std::vector<std::string> lines;
  for (auto& [key, rows] : by_key(all_rows(feed))) {
    std::vector<Row> sorted = rows;
    std::sort(sorted.begin(), sorted.end(), [](const Row& a, const Row& b) {
      return std::tuple(!a.value, -a.value.value_or(0), a.id) <
             std::tuple(!b.value, -b.value.value_or(0), b.id);
    });
    for (std::size_t i = 0; i < std::min<std::size_t>(sorted.size(), 3); ++i) {
      lines.push_back(fmt::format(R"({{"k":"{}","id":{},"v":{},"r":{}}})", key, sorted[i].id,
                                  json(sorted[i].value), i + 1));
    }
  }
  return lines;
}

std::vector<std::string> expect_first(const Feed& feed) {
  std::map<std::pair<std::string, Number>, std::int64_t> first;
  for (const Row& row : ordered_rows(feed)) {
    first.try_emplace({row.key, row.value}, row.id);
  }
  std::vector<std::string> lines;
  for (const auto& [key, id] : first) {
    lines.push_back(fmt::format(R"({{"k":"{}","v":{},"id":{}}})", key.first, json(key.second), id));
  }
  return lines;
}

std::vector<std::string> expect_joined(const Feed& feed) {
  std::vector<std::string> lines;
  const std::vector<Row> left = rows_in_time(feed, feed.events);
  const std::vector<Row> right = rows_in_time(feed, feed.others);
  std::vector<bool> has_partner(right.size(), false);
  const auto tell = [&lines](const Number& x, const Number& y) {
    lines.push_back(fmt::format(R"({{"x":{},"y":{}}})", json(x), json(y)));
  };
  for (const Row& row : left) {
    bool alone = true;
    for (std::size_t i = 0; i < right.size(); ++i) {
      const std::int64_t apart = right[i].micros - row.micros;
      if (right[i].key == row.key && apart >= -2 * kSecond && apart <= 3 * kSecond && row.value &&
          right[i].value && *row.value <= *right[i].value) {
        tell(row.id, right[i].id);
        has_partner[i] = true;
        alone = false;
      }
    }
    if (alone) {
      tell(row.id, std::nullopt);
    }
  }
  for (std::size_t i = 0; i < right.size(); ++i) {
    if (!has_partner[i]) {
      tell(std::nullopt, right[i].id);
    }
  }
  return lines;
}

std::vector<std::string> expect_watched(const Feed& feed) {
  std::vector<std::string> lines;
  for (const auto& [key, rows] : by_key(ordered_rows(feed))) {
    std::int64_t count = 0;
    std::int64_t total = 0;
    const auto tell = [&, name = key](std::string_view why) {
      lines.push_back(
          fmt::format(R"({{"k":"{}","why":"{}","n":{},"t":{}}})", name, why, count, total));
    };
    for (std::size_t i = 0; i < rows.size(); ++i) {
      ++count;
      total += rows[i].value.value_or(0);
      if (count % kWatchTells == 0) {
        tell("many");
      }
      if (i + 1 == rows.size() || rows[i + 1].micros > rows[i].micros + kWatchQuiet) {
        tell("quiet");
        total = 0;
      }
    }
  }
  return lines;
}

std::vector<std::string> expect_surveyed(const Feed& feed) {
  std::vector<std::string> lines;
  const auto all = ordered_rows(feed);
  std::int64_t count = 0;
  std::int64_t total = 0;
  for (const auto& row : all) {
    for (; static_cast<std::size_t>(count) < all.size() && all[count].micros <= row.micros;
         ++count) {
      total += all[count].value.value_or(0);
    }
    lines.push_back(fmt::format(R"({{"k":"{}","n":{},"t":{}}})", row.key, count, total));
  }
  return lines;
}

}  // namespace thalweg::tests
