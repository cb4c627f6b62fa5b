// Each trade with the last quote of its symbol: a million symbols, ten quotes for each trade.
#include <algorithm>
#include <string>
#include <vector>

#include "bench.h"
#include "bid_contest.h"
#include "columnar/builder.h"
#include "connectors/nexmark_random.h"
#include "engine_side.h"
#include "key_numbers.h"
#include "result_rows.h"

namespace thalweg::bench {
namespace {

constexpr std::uint64_t kSymbols = 1'000'000;
constexpr std::uint64_t kQuotesPerTrade = 10;

constexpr const char* kTables = R"(
    CREATE TABLE trade (
      symbol BIGINT NOT NULL, amount BIGINT NOT NULL, ts TIMESTAMP NOT NULL,
      WATERMARK FOR ts AS ts - INTERVAL '4 seconds');
    CREATE TABLE quote (
      symbol BIGINT NOT NULL, price BIGINT NOT NULL, ts TIMESTAMP NOT NULL,
      WATERMARK FOR ts AS ts - INTERVAL '4 seconds');)";

constexpr const char* kQuery = R"(
    SELECT t.symbol, t.ts, t.amount, q.price
    FROM trade AS t ASOF JOIN quote AS q ON t.symbol = q.symbol AND q.ts <= t.ts)";

// Ten quotes, a trade and so on, a microsecond apart.
struct Market {
  Batch trades;
  Batch quotes;
};

Market make_market(std::uint64_t events) {
  nexmark::Random random(1, 1, 0);
  const auto trades = static_cast<std::uint32_t>(events / (kQuotesPerTrade + 1));
  const auto make = [&](std::uint32_t rows, std::uint64_t each, std::uint64_t first) {
    ColumnBuilder symbols(type_of(TypeKind::kBigint), rows);
    ColumnBuilder values(type_of(TypeKind::kBigint), rows);
    ColumnBuilder times(type_of(TypeKind::kTimestamp), rows);
    for (std::uint64_t row = 0; row < rows; ++row) {
      symbols.append(static_cast<std::int64_t>(random.below(kSymbols) * 7919));
      values.append(static_cast<std::int64_t>(random.below(10'000)));
      const std::uint64_t event = row / each * (kQuotesPerTrade + 1) + first + row % each;
      times.append(static_cast<std::int64_t>(event));
    }
    Batch batch;
    batch.length = rows;
    batch.columns = {symbols.finish(), values.finish(), times.finish()};
    return batch;
  };
  return {.trades = make(trades, 1, kQuotesPerTrade),
          .quotes = make(trades * static_cast<std::uint32_t>(kQuotesPerTrade), kQuotesPerTrade, 0)};
}

// The quotes of each symbol in order of time. Rows come in that order, so that each trade has its
// quote when it comes.
class Quotes {
 public:
  explicit Quotes(Answer& answer) : results_(answer) {}

  void add(const Batch& quotes, std::uint64_t begin, std::uint64_t count) {
    find(quotes, begin, count);
    for (std::uint64_t i = 0; i < count; ++i) {
      look_ahead(i, count);
      List& list = lists_[numbers_[i]];
      if (list.size == list.room) {
        make_room(list);
      }
      quotes_[list.begin + list.size++] = {.time = int64s(quotes, 2)[begin + i],
                                           .price = int64s(quotes, 1)[begin + i]};
    }
  }

  void join(const Batch& trades, std::uint64_t begin, std::uint64_t count) {
    find(trades, begin, count);
    for (std::uint64_t i = 0; i < count; ++i) {
      look_ahead(i, count);
      const std::int64_t time = int64s(trades, 2)[begin + i];
      const List& list = lists_[numbers_[i]];
      const Quote* const first = quotes_.data() + list.begin;
      const Quote* const found =
          std::upper_bound(first, first + list.size, time,
                           [](std::int64_t at, const Quote& quote) { return at < quote.time; });
      if (found != first) {
        results_.add(
            {int64s(trades, 0)[begin + i], time, int64s(trades, 1)[begin + i], (found - 1)->price});
      }
    }
  }

  void close() { results_.flush(); }

 private:
  static constexpr std::uint64_t kAhead = 16;
  static constexpr std::uint32_t kRoomMin = 4;

  struct Quote {
    std::int64_t time;
    std::int64_t price;
  };
  struct List {
    std::uint64_t begin;
    std::uint32_t size;
    std::uint32_t room;
  };

  void find(const Batch& batch, std::uint64_t begin, std::uint64_t count) {
    numbers_.resize(count);
    keys_.find(count, numbers_.data(),
               [&](std::uint64_t i) { return int64s(batch, 0)[begin + i]; });
    while (lists_.size() < keys_.size()) {
      lists_.push_back({});
    }
  }

  void look_ahead(std::uint64_t i, std::uint64_t count) {
    if (i + 2 * kAhead < count) {
      __builtin_prefetch(&lists_[numbers_[i + 2 * kAhead]], 1);
    }
    if (i + kAhead < count) {
      const List& list = lists_[numbers_[i + kAhead]];
      __builtin_prefetch(quotes_.data() + list.begin + list.size, 1);
    }
  }

  void make_room(List& list) {
    const std::uint32_t room = list.room == 0 ? kRoomMin : list.room * 2;
    const std::uint64_t begin = quotes_.size();
    quotes_.resize(begin + room);
    std::copy_n(quotes_.begin() + static_cast<std::ptrdiff_t>(list.begin), list.size,
                quotes_.begin() + static_cast<std::ptrdiff_t>(begin));
    list.begin = begin;
    list.room = room;
  }

  ResultRows<4> results_;
  KeyNumbers<std::int64_t> keys_;
  std::vector<std::uint32_t> numbers_;
  HugeArray<List> lists_;
  std::vector<Quote> quotes_;
};

// By turns as many quotes and trades as belong together.
void loop(const Market& market, Answer& answer) {
  Quotes quotes(answer);
  for_each_batch(market.trades.length, [&](std::uint64_t begin, std::uint64_t count) {
    // A trade sees no quote behind it.
    quotes.add(market.quotes, begin * kQuotesPerTrade, count * kQuotesPerTrade);
    quotes.join(market.trades, begin, count);
  });
  quotes.close();
}

Status run(const Settings& settings, NexmarkInput& nexmark, Report& report) {
  const Market market = make_market(nexmark.events());
  EngineSide engine(1);
  TW_TRY(engine.declare(kTables));
  TW_TRY(engine.fill("trade", market.trades));
  TW_TRY(engine.fill("quote", market.quotes));
  return report.add(
      {.name = "asof",
       .rows = std::uint64_t{market.trades.length} + market.quotes.length,
       .engine = timed(Clock::kProcessor, [&](Answer& a) { return engine.run(kQuery, a); }),
       .limit = timed(Clock::kProcessor,
                      [&](Answer& a) {
                        loop(market, a);
                        return Status();
                      }),
       .rounds = settings.rounds(5)});
}

}  // namespace

Bench bench_asof() {
  return {.name = "asof",
          .text = "each trade with the last quote of its symbol, a million symbols",
          .floor = 0.35,
          .aim = 0.5,
          .run = run};
}

}  // namespace thalweg::bench
