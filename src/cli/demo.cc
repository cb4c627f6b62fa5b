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
  WATERMARK FOR time AS time - INTERVAL '6 hours'
) WITH (connector = 'file', path = '{path}', format = 'json');

SELECT window_start AS six_hours, count(*) AS quakes, max(mag) AS strongest
FROM TUMBLE(quakes, time, INTERVAL '6 hours')
GROUP BY window_start, window_end;
)";

constexpr std::string_view kOrdersSql = R"(
CREATE TABLE bids (auction BIGINT, bidder BIGINT, price BIGINT, channel TEXT, "dateTime" TIMESTAMP,
  WATERMARK FOR "dateTime" AS "dateTime" - INTERVAL '1 second'
) WITH (connector = 'nexmark', type = 'bid', rate = 1000, live = true);

SELECT window_start AS ten_seconds, count(*) AS orders, sum(price) AS revenue
FROM TUMBLE(bids, "dateTime", INTERVAL '10 seconds')
GROUP BY window_start, window_end;
)";

// Prints each window on a line of its own as it closes, and between them the late rows that came.
class WindowPrinter final : public ResultReceiver {
 public:
  WindowPrinter(const Session& session, Screen& screen) : session_(session), screen_(screen) {}

  void begin(const ResultHeader& header) override {
    std::string text;
    for (const ResultHeader::Column& column : header.columns) {
      text += fmt::format("{:<{}}", column.name, kColumnWidth);
    }
    screen_.write(text + "\n");
  }

  bool rows(const ResultHeader& header, const Rows& rows) override {
    std::string text = late_line();
    for (std::uint32_t row = 0; row < rows.count(); ++row) {
      for (std::uint32_t column = 0; column < header.columns.size(); ++column) {
        text += fmt::format("{:<{}}", rows.text(row, column), kColumnWidth);
      }
      text += '\n';
    }
    return screen_.write(text);
  }

  void end(const ResultHeader& /*header*/, const RunProgress& /*summary*/) override {
    screen_.write(late_line());
  }

 private:
  static constexpr int kColumnWidth = 22;

  std::string late_line() {
    const std::uint64_t late = session_.progress().rows_late;
    if (late == late_shown_) {
      return {};
    }
    std::string text = fmt::format("{:<{}}{} came after their window had closed\n", "  late",
                                   kColumnWidth, late - late_shown_);
    late_shown_ = late;
    return text;
  }

  const Session& session_;
  Screen& screen_;
  std::uint64_t late_shown_ = 0;
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
    fmt::print(stderr, "{}", summarize(report.summary));
  }
  const bool ended = report.outcome == Outcome::kDone || report.outcome == Outcome::kStopped;
  return ended ? kExitOk : kExitFailed;
}

int demo_quakes(const CommandLine& line) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) {
    fmt::print(stderr, "error: no pipe for the replay\n");
    return kExitFailed;
  }
  Screen screen;
  screen.write(
      fmt::format("A week of earthquakes as the feed reported them, replayed in {} "
                  "seconds. Windows come as they close.\n{}\n",
                  kReplayTime.count(), quakes_sql("quakes.jsonl")));
  Session session(SessionOptions{.workers = line.workers});
  const InterruptGuard guard(session, line.quiet);
  WindowPrinter printer(session, screen);
  RunReport report;
  {
    std::jthread feed([&](const std::stop_token& stop) { replay_quakes(ends[1], stop); });
    const std::string sql = quakes_sql(fmt::format("/dev/fd/{}", ends[0]));
    report = session.execute({.name = "quakes.sql", .text = sql}, printer);
    ::close(ends[0]);  // A feed still writing gets an error and ends.
  }
  const int code = finish(report, line);
  if (report.outcome == Outcome::kDone) {
    screen.write("\nNext: thalweg -c \"SELECT * FROM 'events.jsonl'\"\n");
  }
  return code;
}

int demo_orders(const CommandLine& line) {
  Screen screen;
  screen.write(fmt::format("Generated orders, 1,000 a second, until Ctrl-C.\n{}\n", kOrdersSql));
  Session session(SessionOptions{.workers = line.workers});
  const InterruptGuard guard(session, line.quiet);
  WindowPrinter printer(session, screen);
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
  fmt::print(stderr, "error: there is no demo \"{}\"; there are quakes and orders\n", name);
  return kExitUsage;
}

}  // namespace thalweg::cli
