#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "commands.h"
#include "demo_data.h"
#include "footer.h"
#include "interrupt.h"
#include "screen.h"
#include "terminal.h"

namespace thalweg::cli {
namespace {

constexpr std::chrono::seconds kReplayTime{10};

constexpr std::string_view kQuakesSql = R"(
CREATE TABLE quakes (
  id TEXT, mag DOUBLE, place TEXT, net TEXT, time TIMESTAMP, updated TIMESTAMP,
  WATERMARK FOR time AS time - INTERVAL '1 day'
) WITH (connector = 'file', path = '{path}', format = 'json');

CREATE VIEW six_hours AS
SELECT window_start, count(*) AS quakes, max(mag) AS strongest
FROM TUMBLE(quakes, time, INTERVAL '6 hours')
GROUP BY window_start, window_end;

-- Every window as it closes, and strong earthquakes that were reported too late for theirs.
SELECT window_start AS six_hours, quakes, strongest, NULL AS late_by, NULL AS place
FROM six_hours
UNION ALL
SELECT window_start, NULL, mag, late_by, place FROM LATE(six_hours) WHERE mag >= 3;
)";

constexpr std::string_view kOrdersSql = R"(
CREATE TABLE bids (auction BIGINT, bidder BIGINT, price BIGINT, channel TEXT, "dateTime" TIMESTAMP,
  WATERMARK FOR "dateTime" AS "dateTime" - INTERVAL '1 second'
) WITH (connector = 'nexmark', type = 'bid', rate = 1000, live = true);

SELECT window_start AS ten_seconds, count(*) AS orders, sum(price) AS revenue
FROM TUMBLE(bids, "dateTime", INTERVAL '10 seconds')
GROUP BY window_start, window_end;
)";

// Prints rows in columns as they come: times and texts to the left, numbers to the right.
class RowPrinter final : public ResultReceiver {
 public:
  explicit RowPrinter(Screen& screen) : screen_(screen) {}

  void begin(const ResultHeader& header) override {
    std::string line;
    for (const ResultHeader::Column& column : header.columns) {
      add(line, column, column.name);
    }
    screen_.write(line + "\n");
  }

  bool rows(const ResultHeader& header, const Rows& rows) override {
    std::string text;
    for (std::uint32_t row = 0; row < rows.count(); ++row) {
      std::string line;
      for (std::uint32_t column = 0; column < header.columns.size(); ++column) {
        add(line, header.columns[column],
            rows.is_null(row, column) ? std::string() : rows.text(row, column));
      }
      line.erase(line.find_last_not_of(' ') + 1);
      text += line + "\n";
    }
    return screen_.write(text);
  }

 private:
  static void add(std::string& line, const ResultHeader::Column& column, std::string_view cell) {
    if (column.type == "BIGINT" || column.type == "DOUBLE") {
      line += fmt::format("{:>10}  ", cell);
    } else {
      line += fmt::format("{:<19}  ", cell);
    }
  }

  Screen& screen_;
};

// The number after `"updated":` of a line: when the report reached the feed, in milliseconds.
std::int64_t arrival_millis(std::string_view line) {
  constexpr std::string_view kKey = "\"updated\":";
  const std::size_t at = line.find(kKey);
  std::int64_t millis = 0;
  for (std::size_t i = at + kKey.size();
       at != std::string_view::npos && i < line.size() && line[i] >= '0' && line[i] <= '9'; ++i) {
    millis = millis * 10 + (line[i] - '0');
  }
  return millis;
}

// Writes the reports as the feed brought them, a week in kReplayTime; then closes the pipe.
void replay_quakes(int descriptor, const std::stop_token& stop) {
  const std::string_view data = quakes_jsonl();
  const auto begin = std::chrono::steady_clock::now();
  const std::int64_t first = arrival_millis(data.substr(0, data.find('\n')));
  const std::size_t last_line = data.rfind('\n', data.size() - 2) + 1;
  const std::int64_t last = arrival_millis(data.substr(last_line));
  std::string_view rest = data;
  while (!rest.empty() && !stop.stop_requested()) {
    const std::size_t end = rest.find('\n');
    const std::string_view line = rest.substr(0, end + 1);
    rest.remove_prefix(line.size());
    const double share =
        static_cast<double>(arrival_millis(line) - first) / static_cast<double>(last - first);
    std::this_thread::sleep_until(begin +
                                  std::chrono::duration_cast<std::chrono::steady_clock::duration>(
                                      std::chrono::duration<double>(kReplayTime) * share));
    if (!write_all(descriptor, line)) {
      break;
    }
  }
  ::close(descriptor);
}

std::string quakes_sql(std::string_view path) {
  std::string sql(kQuakesSql);
  const std::string_view placeholder = "{path}";
  return sql.replace(sql.find(placeholder), placeholder.size(), path);
}

int finish(const RunReport& report, const CommandLine& line) {
  for (const Problem& problem : report.problems) {
    write_all(STDERR_FILENO, problem.text);
  }
  if (!line.quiet) {
    tell("{}", summarize(report.summary));
  }
  const bool ended = report.outcome == Outcome::kDone || report.outcome == Outcome::kStopped;
  return ended ? kExitOk : kExitFailed;
}

int demo_quakes(const CommandLine& line) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) {
    tell("error: no pipe for the replay\n");
    return kExitFailed;
  }
  Screen screen;
  screen.write(
      fmt::format("A week of earthquakes as the feed reported them, replayed in {} seconds.\n{}\n",
                  kReplayTime.count(), quakes_sql("quakes.jsonl")));
  Session session(SessionOptions{.workers = line.workers});
  const InterruptGuard guard(session, line.quiet);
  RowPrinter printer(screen);
  RunReport report;
  {
    std::jthread feed([&](const std::stop_token& stop) { replay_quakes(ends[1], stop); });
    const std::string sql = quakes_sql(fmt::format("/dev/fd/{}", ends[0]));
    report = session.execute({.name = "quakes.sql", .text = sql}, printer);
    ::close(ends[0]);  // A feed still writing gets an error and ends.
  }
  const int code = finish(report, line);
  if (report.outcome == Outcome::kDone) {
    screen.write("\nNext: thalweg -c \"SELECT * FROM 'FILE.jsonl'\" over a file of yours.\n");
  }
  return code;
}

int demo_orders(const CommandLine& line) {
  Screen screen;
  screen.write(fmt::format("Generated orders, some 900 a second, until Ctrl-C.\n{}\n", kOrdersSql));
  Session session(SessionOptions{.workers = line.workers});
  const InterruptGuard guard(session, line.quiet);
  RowPrinter printer(screen);
  RunReport report;
  {
    std::optional<Footer> footer;
    if (!line.quiet) {
      footer.emplace(session, screen);
    }
    report = session.execute({.name = "orders.sql", .text = std::string(kOrdersSql)}, printer);
  }
  return finish(report, line);
}

}  // namespace

int run_demo(const CommandLine& line) {
  const std::string name = line.arguments.empty() ? "quakes" : line.arguments.front();
  if (name == "quakes") {
    return demo_quakes(line);
  }
  if (name == "orders") {
    return demo_orders(line);
  }
  tell("error: there is no demo \"{}\"; there are quakes and orders\n", name);
  return kExitUsage;
}

}  // namespace thalweg::cli
