#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

#include "api/progress.h"
#include "plan/duration_text.h"

namespace thalweg {
namespace {

constexpr std::int64_t kMicrosPerSecond = 1'000'000;

// In whole seconds.
std::string span_text(std::int64_t micros) {
  return plan::duration_text(micros / kMicrosPerSecond * kMicrosPerSecond);
}

std::string state_of(const RunProgress::Partition& partition) {
  if (partition.ended) {
    return "ended";
  }
  if (partition.idle_micros) {
    return "idle for " + span_text(*partition.idle_micros) + ", holds nobody back";
  }
  return partition.holds_back ? "active, holds the watermark back" : "active";
}

using Cells = std::array<std::string, 4>;

std::string aligned(const std::vector<Cells>& rows) {
  std::array<std::size_t, 4> widths{};
  for (const Cells& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], row[i].size());
    }
  }
  std::string text;
  for (const Cells& row : rows) {
    text += fmt::format("{:<{}}  {:<{}}  {:<{}}  {}\n", row[0], widths[0], row[1], widths[1],
                        row[2], widths[2], row[3]);
  }
  return text;
}

constexpr std::size_t kNamesMax = 3;

// The partitions whose watermark must move before the next result can come.
std::string holders(const RunProgress& progress) {
  std::string names;
  std::size_t count = 0;
  for (const RunProgress::Partition& partition : progress.partitions) {
    if (partition.holds_back && ++count <= kNamesMax) {
      names += (names.empty() ? "" : ", ") + partition.source + " \"" + partition.name + '"';
    }
  }
  return count <= kNamesMax ? names : names + fmt::format(" and {} more", count - kNamesMax);
}

std::string operator_text(const RunProgress::Operator& each, const RunProgress& progress) {
  std::string text = fmt::format("{}: holds {}", each.description, each.held);
  if (!each.due_micros) {
    return text + ", given when its input ends\n";
  }
  text += ", the next result at watermark " + time_text(*each.due_micros);
  if (progress.watermark_micros && *each.due_micros > *progress.watermark_micros) {
    text += ", " + span_text(*each.due_micros - *progress.watermark_micros) + " ahead";
  }
  const std::string names = holders(progress);
  if (!names.empty()) {
    return text + "; it waits for " + names + '\n';
  }
  return text + (all_are_idle(progress) ? fmt::format("; {}\n", kAllIdle) : "\n");
}

}  // namespace

bool all_are_idle(const RunProgress& progress) {
  bool any = false;
  for (const RunProgress::Partition& partition : progress.partitions) {
    if (partition.timed && !partition.ended && !partition.idle_micros) {
      return false;
    }
    any |= partition.idle_micros.has_value();
  }
  return any;
}

std::string held_back_by(const RunProgress& progress) {
  const bool any_further = std::any_of(
      progress.partitions.begin(), progress.partitions.end(), [](const auto& partition) {
        return partition.timed && !partition.ended && !partition.holds_back;
      });
  return any_further ? holders(progress) : "";
}

std::string explain_watermarks(const RunProgress& progress) {
  std::vector<Cells> rows{{"source", "partition", "watermark", "state"}};
  for (const RunProgress::Partition& partition : progress.partitions) {
    const std::string watermark = !partition.timed ? "no event time"
                                  : partition.watermark_micros
                                      ? time_text(*partition.watermark_micros)
                                      : "none yet";
    rows.push_back({partition.source, partition.name, watermark, state_of(partition)});
  }
  std::string text = rows.size() > 1 ? aligned(rows) : "nothing is read\n";
  for (const RunProgress::Operator& each : progress.operators) {
    if (each.held > 0) {
      text += operator_text(each, progress);
    }
  }
  if (progress.rows_late > 0) {
    text += "late: " + human_late(progress) + '\n';
  }
  return text;
}

}  // namespace thalweg
