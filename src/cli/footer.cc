#include "footer.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <optional>

#include "terminal.h"

namespace thalweg::cli {
namespace {

constexpr std::chrono::milliseconds kRedraw{250};
constexpr std::chrono::milliseconds kReport{30'000};
constexpr std::size_t kRateRedraws = 8;  // Rates for people are of the last two seconds.

double rate(std::uint64_t now, std::uint64_t before, double seconds) {
  // A job that goes on from its last epoch has done less than before.
  return seconds > 0 && now > before ? static_cast<double>(now - before) / seconds : 0;
}

// How far the watermark is behind the clock; nothing where there is none.
std::optional<double> seconds_behind(const RunProgress& progress) {
  if (!progress.watermark_micros) {
    return std::nullopt;
  }
  const std::int64_t now = std::chrono::duration_cast<std::chrono::microseconds>(
                               std::chrono::system_clock::now().time_since_epoch())
                               .count();
  return std::max(static_cast<double>(now - *progress.watermark_micros) / 1e6, 0.0);
}

std::uint64_t restarts(const RunProgress& progress) {
  std::uint64_t sum = 0;
  for (const RunProgress::Partition& partition : progress.partitions) {
    sum += partition.restarts;
  }
  return sum;
}

struct Rates {
  double in = 0;
  double out = 0;
};

std::string line_for_people(const RunProgress& progress, Rates rates) {
  std::string line = progress.waiting.empty() ? "" : "waiting: " + progress.waiting + " · ";
  if (!progress.reconnecting.empty()) {
    line += fmt::format("reconnecting: {}, {:.0f} s · ", progress.reconnecting,
                        progress.seconds_reconnecting);
  }
  line += fmt::format("in {} ({:.0f}/s) · out {} ({:.0f}/s)", human_count(progress.rows_in),
                      rates.in, human_count(progress.rows_out), rates.out);
  if (const std::optional<double> behind = seconds_behind(progress)) {
    const std::string holders = held_back_by(progress);
    line += fmt::format(" · watermark {} ({} behind{})", human_time(*progress.watermark_micros),
                        human_duration(*behind), holders.empty() ? "" : ", held by " + holders);
  }
  if (progress.rows_late > 0) {
    line += " · late " + human_late(progress);
  }
  if (const std::uint64_t errors = progress.rows_rejected() - progress.rows_late; errors > 0) {
    line += fmt::format(" · errors {}", human_count(errors));
  }
  if (const std::uint64_t times = restarts(progress); times > 0) {
    line += fmt::format(" · begun again {}", human_count(times));
  }
  return line;
}

std::string line_for_programs(const RunProgress& progress, Rates rates) {
  std::string line = fmt::format(
      "progress seconds={:.0f} rows_in={} rows_in_per_second={:.0f} rows_out={} "
      "rows_out_per_second={:.0f} rows_late={} rows_in_error={} restarts={}",
      progress.seconds, progress.rows_in, rates.in, progress.rows_out, rates.out,
      progress.rows_late, progress.rows_rejected() - progress.rows_late, restarts(progress));
  if (const std::optional<double> behind = seconds_behind(progress)) {
    std::string time = human_time(*progress.watermark_micros);
    std::replace(time.begin(), time.end(), ' ', 'T');
    line += fmt::format(" watermark={}Z seconds_behind={:.1f}", time, *behind);
  }
  if (!progress.waiting.empty()) {
    std::string reason = progress.waiting;
    std::replace(reason.begin(), reason.end(), ' ', '_');
    line += " waiting=" + reason;
  }
  if (!progress.reconnecting.empty()) {
    line += fmt::format(" reconnecting_seconds={:.0f}", progress.seconds_reconnecting);
  }
  return line + "\n";
}

}  // namespace

Footer::Footer(const Session& session, Screen& screen)
    : session_(session),
      screen_(screen),
      terminal_(can_redraw(STDERR_FILENO)),
      thread_([this] { loop(); }) {}

Footer::~Footer() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  thread_.join();
  screen_.remove_line();
}

void Footer::loop() {
  const std::chrono::milliseconds period = terminal_ ? kRedraw : kReport;
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, period, [this] { return stopping_; })) {
    lock.unlock();
    show(session_.progress());
    lock.lock();
  }
}

void Footer::show(const RunProgress& progress) {
  const RunProgress before = before_.empty() ? RunProgress{} : before_.front();
  const double seconds = progress.seconds - before.seconds;
  const Rates rates{.in = rate(progress.rows_in, before.rows_in, seconds),
                    .out = rate(progress.rows_out, before.rows_out, seconds)};
  if (terminal_) {
    screen_.draw_line(line_for_people(progress, rates));
  } else {
    write_all(STDERR_FILENO, line_for_programs(progress, rates));
  }
  before_.push_back(progress);
  if (before_.size() > (terminal_ ? kRateRedraws : 1)) {
    before_.pop_front();
  }
}

}  // namespace thalweg::cli
