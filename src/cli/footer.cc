#include "footer.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>

#include "terminal.h"

namespace thalweg::cli {
namespace {

constexpr std::chrono::milliseconds kRedraw{250};
constexpr std::chrono::seconds kReport{30};
constexpr std::size_t kExamplesShown = 3;

double rate(std::uint64_t now, std::uint64_t before, double seconds) {
  return seconds > 0 ? static_cast<double>(now - before) / seconds : 0;
}

std::string watermark_text(const RunProgress& progress) {
  if (!progress.watermark_micros) {
    return "";
  }
  const std::int64_t now = std::chrono::duration_cast<std::chrono::microseconds>(
                               std::chrono::system_clock::now().time_since_epoch())
                               .count();
  const double behind = static_cast<double>(now - *progress.watermark_micros) / 1e6;
  return fmt::format(" · watermark {} ({} behind)", human_time(*progress.watermark_micros),
                     human_duration(std::max(behind, 0.0)));
}

}  // namespace

Footer::Footer(const Session& session, bool terminal)
    : session_(session), terminal_(terminal), thread_([this] { loop(); }) {}

Footer::~Footer() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  thread_.join();
  if (drawn_ && terminal_) {
    write_all(STDERR_FILENO, "\r\033[K");
  }
}

void Footer::loop() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    if (wake_.wait_for(
            lock,
            terminal_ ? std::chrono::milliseconds(kRedraw) : std::chrono::milliseconds(kReport),
            [this] { return stopping_; })) {
      return;
    }
    lock.unlock();
    show(session_.progress());
    lock.lock();
  }
}

void Footer::show(const RunProgress& progress) {
  const double seconds = progress.seconds - before_.seconds;
  const std::string line = fmt::format(
      "in {} ({:.0f}/s) · out {} ({:.0f}/s){}{}", human_count(progress.rows_in),
      rate(progress.rows_in, before_.rows_in, seconds), human_count(progress.rows_out),
      rate(progress.rows_out, before_.rows_out, seconds), watermark_text(progress),
      progress.rows_late > 0 ? fmt::format(" · late {}", human_count(progress.rows_late)) : "");
  write_all(STDERR_FILENO, terminal_ ? "\r\033[K" + line : line + "\n");
  before_ = progress;
  drawn_ = true;
}

std::string summary_line(const RunProgress& summary) {
  std::string line = fmt::format("in {} · out {} · late {}", human_count(summary.rows_in),
                                 human_count(summary.rows_out), human_count(summary.rows_late));
  std::string errors;
  for (const RunProgress::Rejected& rejected : summary.rejected) {
    if (!rejected.reason.starts_with("late")) {
      errors += fmt::format("{}{} {}", errors.empty() ? "" : ", ", rejected.reason,
                            human_count(rejected.rows));
    }
  }
  line += fmt::format(" · errors {}", errors.empty() ? "0" : errors);
  if (summary.rows_held > 0) {
    line += fmt::format(" · still held {}", human_count(summary.rows_held));
  }
  return line + fmt::format(" · {}", human_duration(summary.seconds));
}

std::string rejected_examples(const RunProgress& summary) {
  std::string text;
  const std::size_t shown = std::min(summary.samples.size(), kExamplesShown);
  for (std::size_t i = 0; i < shown; ++i) {
    const RunProgress::Sample& sample = summary.samples[i];
    text += fmt::format("  {}: {}{}{}\n", sample.reason, sample.origin,
                        sample.origin.empty() ? "" : ": ", sample.detail);
  }
  return text;
}

}  // namespace thalweg::cli
