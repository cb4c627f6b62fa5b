#include "runtime/memory_watch.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace thalweg {
namespace {

constexpr std::int64_t kNanosPerSecond = 1'000'000'000;

// A job that pauses goes on below this share of its limit, so that it does not pause again at once.
constexpr std::uint64_t kGoOnPercent = 95;
// Beyond this nothing large is taken, and a job ends at once. At the default limit, three quarters
// of the machine, it is short of the whole.
constexpr std::uint64_t kCeilingPercent = 125;
// How long workers may have nothing to do, and memory not get less, before a job is given up.
constexpr std::int64_t kPatienceNanos = 2 * kNanosPerSecond;
// Less than this share of the limit is no relief.
constexpr std::uint64_t kReliefShare = 256;

constexpr std::int64_t kReleaseNanos = kNanosPerSecond / 5;  // From one release to the next.

constexpr std::chrono::milliseconds kLookMin{10};
constexpr std::chrono::milliseconds kLookMax{100};
constexpr std::uint64_t kBytesPerMillisecond = std::uint64_t{4} << 20;  // No job grows faster.

constexpr std::size_t kTablesShown = 3;

std::uint64_t percent_of(std::uint64_t bytes, std::uint64_t percent) {
  return bytes / 100 * percent;
}

struct Largest {
  const GraphStep* step = nullptr;
  Kept kept;
};

// The steps that keep most, largest first.
std::vector<Largest> largest_of(const std::vector<GraphStep>& steps) {
  std::vector<Largest> found;
  for (const GraphStep& step : steps) {
    Largest sum{.step = &step, .kept = {}};
    for (const StepCounters* counters : step.counters) {
      sum.kept.count += counters->kept.count;
      sum.kept.bytes += counters->kept.bytes;
    }
    if (sum.kept.bytes > 0) {
      found.push_back(sum);
    }
  }
  std::ranges::stable_sort(found, std::ranges::greater(),
                           [](const Largest& each) { return each.kept.bytes; });
  found.resize(std::min(found.size(), kTablesShown));
  return found;
}

}  // namespace

std::string bytes_text(std::uint64_t bytes) {
  constexpr std::pair<double, const char*> kUnits[] = {
      {1024.0 * 1024 * 1024, "GiB"}, {1024.0 * 1024, "MiB"}, {1024.0, "KiB"}};
  for (const auto& [size, unit] : kUnits) {
    if (static_cast<double>(bytes) >= size) {
      const double number = static_cast<double>(bytes) / size;
      return fmt::format("{:.{}f} {}", number, number < 10 ? 1 : 0, unit);
    }
  }
  return fmt::format("{} bytes", bytes);
}

MemoryWatch::MemoryWatch(std::uint64_t limit_bytes, JobGraph& graph, Env& env)
    : limit_(limit_bytes), graph_(graph), env_(env) {}

Status MemoryWatch::look(Activity activity) {
  const std::int64_t now = env_.steady_nanos();
  std::uint64_t resident = env_.resident_bytes();
  if (!is_pausing() && resident > limit_) {
    resident = resident_after_release(now);
    if (resident > limit_) {
      pause(resident, now);
    }
  } else if (is_pausing()) {
    resident = resident_after_release(now);
    if (resident < percent_of(limit_, kGoOnPercent)) {
      go_on(now);
    }
  }
  if (refused_.load(std::memory_order_relaxed) == 0) {  // Else it stays what it was then.
    resident_.store(resident, std::memory_order_relaxed);
  }
  if (!is_pausing()) {
    return {};
  }
  still_nanos_ += activity == Activity::kStill ? now - looked_nanos_ : 0;
  looked_nanos_ = now;
  if (resident + limit_ / kReliefShare <= least_) {
    least_ = resident;
    still_nanos_ = 0;
  }
  if (still_nanos_ >= kPatienceNanos || resident > percent_of(limit_, kCeilingPercent)) {
    go_on(now);
    return failure();
  }
  return {};
}

std::uint64_t MemoryWatch::resident_after_release(std::int64_t now_nanos) {
  if (released_nanos_ == 0 || now_nanos - released_nanos_ >= kReleaseNanos) {
    released_nanos_ = now_nanos;
    env_.release_freed_memory();
  }
  return env_.resident_bytes();
}

void MemoryWatch::pause(std::uint64_t resident, std::int64_t now_nanos) {
  least_ = resident;
  still_nanos_ = 0;
  looked_nanos_ = now_nanos;
  paused_since_.store(now_nanos, std::memory_order_relaxed);
  graph_.signals.paused.store(true, std::memory_order_relaxed);
}

void MemoryWatch::go_on(std::int64_t now_nanos) {
  paused_nanos_.fetch_add(now_nanos - paused_since_.load(std::memory_order_relaxed),
                          std::memory_order_relaxed);
  graph_.signals.paused.store(false, std::memory_order_relaxed);
}

std::chrono::milliseconds MemoryWatch::until_next_look() const {
  const std::uint64_t resident = resident_.load(std::memory_order_relaxed);
  const std::uint64_t left = limit_ - std::min(limit_, resident);
  const std::chrono::milliseconds until(left / kBytesPerMillisecond);
  return std::clamp(until, kLookMin, kLookMax);
}

bool MemoryWatch::admits(std::size_t bytes) {
  const std::lock_guard lock(admitting_);
  const std::uint64_t ceiling = percent_of(limit_, kCeilingPercent);
  std::uint64_t resident = env_.resident_bytes();
  if (resident + admitted_ + bytes > ceiling) {
    env_.release_freed_memory();
    resident = env_.resident_bytes();
  }
  if (resident + admitted_ + bytes > ceiling) {
    resident_.store(resident, std::memory_order_relaxed);
    refused_.store(bytes, std::memory_order_relaxed);
    return false;
  }
  admitted_ += bytes;
  return true;
}

void MemoryWatch::note_filled(std::size_t bytes) {
  const std::lock_guard lock(admitting_);
  admitted_ -= bytes;
}

bool WorkerAdmission::admits(std::size_t bytes) {
  if (watch_ == nullptr) {
    return true;
  }
  note_filled();
  const bool admitted = watch_->admits(bytes);
  admitted_ = admitted ? bytes : 0;
  return admitted;
}

std::int64_t MemoryWatch::paused_nanos() const {
  const std::int64_t so_far = paused_nanos_.load(std::memory_order_relaxed);
  return is_pausing() ? so_far + env_.steady_nanos() - paused_since_.load(std::memory_order_relaxed)
                      : so_far;
}

Status MemoryWatch::failure() const {
  const std::uint64_t resident = resident_.load(std::memory_order_relaxed);
  std::string text = fmt::format("memory_limit is reached: the program has {}, and may have {}",
                                 bytes_text(resident), bytes_text(limit_));
  if (const std::uint64_t refused = refused_.load(std::memory_order_relaxed); refused > 0) {
    text += fmt::format("; it needs {} more at once", bytes_text(refused));
  }
  if (!graph_.restoring.empty()) {
    text += fmt::format("\n  while it takes back the state of {}", graph_.restoring);
  }
  const std::vector<Largest> largest = largest_of(graph_.steps);
  text += largest.empty() ? "" : "\n  what takes most:";
  for (const Largest& each : largest) {
    const std::string& id = each.step->id;
    text += fmt::format("\n    {}: {} {} in {}{}", each.step->description, each.kept.count,
                        each.kept.count == 1 ? "row or group" : "rows or groups",
                        bytes_text(std::min<std::uint64_t>(each.kept.bytes, resident)),
                        id.empty() ? "" : fmt::format(" ({})", id));
  }
  return {Code::kNoMemory,
          text +
              "\n  give it more with memory_limit, or let it keep less: smaller windows, a ttl, "
              "fewer columns"};
}

}  // namespace thalweg
