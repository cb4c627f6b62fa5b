// q12 from a file of JSON lines, against simdjson's on-demand parser and the loop of q12.
#include <simdjson.h>

#include <chrono>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

#include "bench.h"
#include "bid_file.h"
#include "engine_side.h"
#include "q12.h"
#include "window_counts.h"

namespace thalweg::bench {
namespace {

constexpr std::size_t kBlockBytes = std::size_t{1} << 20;

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

std::int64_t digits(const char* text, int count) {
  std::int64_t number = 0;
  for (int i = 0; i < count; ++i) {
    number = number * 10 + (text[i] - '0');
  }
  return number;
}

// Times of the form 2015-07-15T00:00:00.000Z; days are looked up once.
class TimeParser {
 public:
  std::int64_t micros(std::string_view text) {
    if (std::memcmp(text.data(), day_, sizeof day_) != 0) {
      std::memcpy(day_, text.data(), sizeof day_);
      const std::chrono::year_month_day date{
          std::chrono::year(static_cast<int>(digits(day_, 4))),
          std::chrono::month(static_cast<unsigned>(digits(day_ + 5, 2))),
          std::chrono::day(static_cast<unsigned>(digits(day_ + 8, 2)))};
      midnight_seconds_ =
          std::chrono::sys_days(date).time_since_epoch().count() * std::int64_t{86'400};
    }
    const char* const clock = text.data() + 11;
    const std::int64_t seconds =
        digits(clock, 2) * 3600 + digits(clock + 3, 2) * 60 + digits(clock + 6, 2);
    return (midnight_seconds_ + seconds) * 1'000'000 + digits(clock + 9, 3) * 1000;
  }

 private:
  char day_[10] = {};
  std::int64_t midnight_seconds_ = 0;
};

// Parses the bidder and time of each line of a block of whole lines.
class Loop {
 public:
  explicit Loop(Answer& answer) : counts_(kQ12WindowMicros, answer) {}

  Status add_block(const char* bytes, std::size_t size, std::size_t capacity) {
    times_.clear();
    bidders_.clear();
    simdjson::ondemand::document_stream lines;
    if (parser_.iterate_many(bytes, size, capacity).get(lines) != simdjson::SUCCESS) {
      return unavailable("simdjson does not take the block");
    }
    for (auto line : lines) {
      std::int64_t bidder = 0;
      std::string_view time;
      if (line["bidder"].get(bidder) != simdjson::SUCCESS ||
          line["dateTime"].get(time) != simdjson::SUCCESS) {
        return unavailable("simdjson does not find the fields");
      }
      bidders_.push_back(bidder);
      times_.push_back(time_parser_.micros(time));
    }
    counts_.add(times_.data(), bidders_.data(), times_.size());
    return {};
  }

  void close() { counts_.close(); }

 private:
  WindowCounts counts_;
  simdjson::ondemand::parser parser_;
  TimeParser time_parser_;
  std::vector<std::int64_t> times_;
  std::vector<std::int64_t> bidders_;
};

Status run_loop(const std::string& path, Answer& answer) {
  const std::unique_ptr<std::FILE, CloseFile> file(std::fopen(path.c_str(), "r"));
  if (file == nullptr) {
    return unavailable("cannot read " + path);
  }
  std::setvbuf(file.get(), nullptr, _IONBF, 0);
  Loop loop(answer);
  std::vector<char> block(kBlockBytes + simdjson::SIMDJSON_PADDING);
  std::size_t kept = 0;  // Of a line that is not whole.
  while (const std::size_t read =
             std::fread(block.data() + kept, 1, kBlockBytes - kept, file.get())) {
    const std::size_t filled = kept + read;
    const std::string_view all(block.data(), filled);
    const std::size_t whole = all.rfind('\n') + 1;
    TW_TRY(loop.add_block(block.data(), whole, kBlockBytes));
    kept = filled - whole;
    std::memmove(block.data(), block.data() + whole, kept);
  }
  loop.close();
  return {};
}

Status run(const Settings& settings, NexmarkInput& /*nexmark*/, Report& report) {
  TW_TRY_ASSIGN(const BidFile file,
                BidFile::make(settings.data_folder, settings.scaled(2'000'000)));
  EngineSide engine(1);
  TW_TRY(engine.declare(file.table_sql()));
  return report.add(
      {.name = "json_q12",
       .rows = file.rows(),
       .engine = timed(Clock::kProcessor, [&](Answer& a) { return engine.run(kQ12, a); }),
       .limit = timed(Clock::kProcessor, [&](Answer& a) { return run_loop(file.path(), a); }),
       .rounds = settings.rounds(11)});
}

}  // namespace

Bench bench_json_q12() {
  return {.name = "json_q12",
          .text = "q12 from a file of JSON, against simdjson on demand",
          .floor = 0.75,
          .aim = 1.2,
          .run = run};
}

}  // namespace thalweg::bench
