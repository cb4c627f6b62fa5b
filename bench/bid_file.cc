#include "bid_file.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <utility>

#include "nexmark_input.h"

namespace thalweg::bench {
namespace {

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

std::string time_text(std::int64_t micros) {
  const std::chrono::sys_time<std::chrono::seconds> seconds{
      std::chrono::seconds(micros / 1'000'000)};
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", fmt::gmtime(seconds.time_since_epoch().count()),
                     micros % 1'000'000 / 1000);
}

void append_line(const Batch& bids, RowIndex row, std::string& out) {
  fmt::format_to(std::back_inserter(out),
                 R"({{"auction":{},"bidder":{},"price":{},"channel":"{}","url":"{}",)"
                 R"("dateTime":"{}","extra":"{}"}})"
                 "\n",
                 int64s(bids, 0)[row], int64s(bids, 1)[row], int64s(bids, 2)[row],
                 bids.columns[3].text(row), bids.columns[4].text(row),
                 time_text(int64s(bids, 5)[row]), bids.columns[6].text(row));
}

}  // namespace

Result<BidFile> BidFile::make(const std::string& folder, std::uint64_t events) {
  std::filesystem::create_directories(folder);
  const std::string path = folder + "/bids.jsonl";
  const std::unique_ptr<std::FILE, CloseFile> file(std::fopen(path.c_str(), "w"));
  if (file == nullptr) {
    return unavailable("cannot write " + path);
  }
  const Batch bids = NexmarkInput::make(
      nexmark::Entity::kBid, {"auction", "bidder", "price", "channel", "url", "dateTime", "extra"},
      events);
  std::string lines;
  for (RowIndex row = 0; row < bids.length; ++row) {
    append_line(bids, row, lines);
    if (lines.size() > std::size_t{1} << 20 || row + 1 == bids.length) {
      if (std::fwrite(lines.data(), 1, lines.size(), file.get()) != lines.size()) {
        return unavailable("cannot write " + path);
      }
      lines.clear();
    }
  }
  return BidFile(path, bids.length);
}

BidFile::~BidFile() {
  if (!path_.empty()) {
    std::filesystem::remove(path_);
  }
}

BidFile::BidFile(BidFile&& other) noexcept
    : path_(std::exchange(other.path_, {})), rows_(other.rows_) {}

std::string BidFile::table_sql() const {
  return fmt::format(R"(
      CREATE TABLE bid (
        auction BIGINT, bidder BIGINT, price BIGINT, channel TEXT, url TEXT,
        "dateTime" TIMESTAMP, extra TEXT,
        WATERMARK FOR "dateTime" AS "dateTime" - INTERVAL '4 seconds')
      WITH (connector = 'file', path = '{}', format = 'json');)",
                     path_);
}

}  // namespace thalweg::bench
