#pragma once

#include <simdjson.h>

#include <chrono>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "q12.h"
#include "window_counts.h"

namespace thalweg::bench {

// q12 of bids as JSON lines, by hand: simdjson's on-demand parser and the loop of q12.
class JsonBids {
 public:
  explicit JsonBids(Answer& answer) : counts_(kQ12WindowMicros, answer) {}

  // Parses the bidder and time of each line of a block of whole lines, behind which simdjson's
  // padding may be read.
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
    static std::int64_t digits(const char* text, int count) {
      std::int64_t number = 0;
      for (int i = 0; i < count; ++i) {
        number = number * 10 + (text[i] - '0');
      }
      return number;
    }

    char day_[10] = {};
    std::int64_t midnight_seconds_ = 0;
  };

  WindowCounts counts_;
  simdjson::ondemand::parser parser_;
  TimeParser time_parser_;
  std::vector<std::int64_t> times_;
  std::vector<std::int64_t> bidders_;
};

}  // namespace thalweg::bench
