#include "api/progress.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "columnar/value.h"

namespace thalweg {
namespace {

std::optional<std::int64_t> shown_watermark(EventTime time) {
  return time == kStartOfTime || time == kEndOfTime ? std::nullopt : std::optional(time.micros);
}

std::string plural(std::uint64_t count, std::string_view what) {
  return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

std::string source_names(const RunProgress& progress) {
  std::string names;
  constexpr std::size_t kNamesMax = 3;
  for (std::size_t i = 0; i < progress.partitions.size(); ++i) {
    if (i == kNamesMax) {
      names += fmt::format(" and {} more", progress.partitions.size() - kNamesMax);
      break;
    }
    names += (i == 0 ? "" : ", ") + progress.partitions[i].name;
  }
  return names;
}

bool picks_late_rows(const RunProgress::Operator& each) {
  return each.description.starts_with("LATE for ");
}

// Such a step judges each row as it comes.
bool keeps_no_rows(const RunProgress::Operator& each) {
  constexpr std::string_view kBeginnings[] = {"FROM ",   "SELECT ",  "WHERE ",
                                              "HAVING ", "QUALIFY ", "LATE "};
  return std::ranges::any_of(kBeginnings, [&each](std::string_view beginning) {
    return each.description.starts_with(beginning);
  });
}

// The last step that has taken rows in and given none out, in a run that was stopped: its rows
// wait for a window to close or an input to end.
const RunProgress::Operator* holding_operator(const RunProgress& progress) {
  const auto holding = std::find_if(
      progress.operators.begin(), progress.operators.end(), [](const RunProgress::Operator& each) {
        return each.rows_in > 0 && each.rows_out == 0 && !keeps_no_rows(each);
      });
  return holding == progress.operators.end() ? nullptr : &*holding;
}

std::string held_text(const RunProgress& progress) {
  if (!progress.stopped) {
    return {};
  }
  std::string text;
  if (const RunProgress::Operator* holding = holding_operator(progress)) {
    text = fmt::format("{} went into \"{}\", which was stopped before it could give a result",
                       plural(std::max(progress.rows_held, holding->rows_in), "row"),
                       holding->description);
  } else if (progress.rows_held > 0) {
    text = plural(progress.rows_held, "row") + " held when the run was stopped";
  } else {
    return {};
  }
  if (progress.watermark_micros) {
    const std::string holders = held_back_by(progress);
    text += fmt::format(" (the watermark stood at {}{})", time_text(*progress.watermark_micros),
                        holders.empty() ? "" : ", held back by " + holders);
  } else if (all_are_idle(progress)) {
    text += fmt::format(" ({})", kAllIdle);
  }
  return text;
}

std::optional<ResumedRun> resumed_run(const EpochProgress& epochs) {
  if (epochs.resumed_from == 0) {
    return std::nullopt;
  }
  return ResumedRun{.epoch = epochs.resumed_from,
                    .age_seconds = static_cast<double>(epochs.resumed_age_micros) * 1e-6,
                    .rows = epochs.resumed_rows,
                    .seconds = static_cast<double>(epochs.resume_nanos) * 1e-9,
                    .finished = epochs.was_finished,
                    .changes = epochs.read_anew};
}

}  // namespace

std::string time_text(std::int64_t micros) {
  return to_string(Value{type_of(TypeKind::kTimestamp), micros});
}

RunProgress to_run_progress(const JobProgress& progress) {
  RunProgress shown;
  shown.rows_in = progress.rows_in;
  shown.rows_out = progress.rows_out;
  shown.rows_filtered = progress.rows_filtered;
  shown.keys_expired = progress.keys_expired;
  if (progress.waits_for_memory) {
    shown.waiting = "memory limit";
  } else if (!progress.without_partitions.empty()) {
    shown.waiting = "partitions of " + progress.without_partitions;
  }
  if (progress.outage) {
    shown.reconnecting = progress.outage->who;
    shown.seconds_reconnecting = progress.outage->seconds;
  }
  shown.seconds_paused = static_cast<double>(progress.paused_nanos) * 1e-9;
  if (progress.epochs) {
    shown.epoch = progress.epochs->decided;
    shown.resumed = resumed_run(*progress.epochs);
  }
  for (int i = 0; i < kRowErrorCount; ++i) {
    const auto error = static_cast<RowError>(i);
    const std::uint64_t rows = progress.rejected[static_cast<std::size_t>(i)];
    if (error == RowError::kNone || rows == 0) {
      continue;
    }
    shown.rejected.push_back({.reason = std::string(to_string(error)),
                              .explanation = std::string(explain(error)),
                              .rows = rows});
    if (error == RowError::kLate || error == RowError::kLateAfterIdle) {
      shown.rows_late += rows;
    }
    if (error == RowError::kLateAfterIdle) {
      shown.rows_late_after_idle += rows;
    }
  }
  for (const RejectedExample& example : progress.examples) {
    shown.samples.push_back({.origin = example.origin,
                             .reason = std::string(to_string(example.error)),
                             .detail = example.detail});
  }
  shown.watermark_micros = shown_watermark(progress.watermark);
  for (const PartitionProgress& partition : progress.partitions) {
    shown.partitions.push_back({.source = partition.source,
                                .name = partition.name,
                                .watermark_micros = shown_watermark(partition.watermark),
                                .ended = partition.ended,
                                .timed = partition.timed,
                                .idle_micros = partition.idle_micros,
                                .holds_back = partition.holds_back,
                                .restarts = partition.restarts});
  }
  for (const OperatorProgress& each : progress.operators) {
    shown.operators.push_back({.description = each.description,
                               .explain_line = each.explain_line,
                               .rows_in = each.rows_in,
                               .rows_out = each.rows_out,
                               .bytes_out = each.bytes_out,
                               .batches_in = each.batches_in,
                               .nanos = each.nanos,
                               .held = each.held,
                               .due_micros = shown_watermark(each.due)});
    shown.rows_held += each.held;
  }
  return shown;
}

void add_progress(RunProgress& total, const RunProgress& later) {
  total.rows_in += later.rows_in;
  total.rows_out += later.rows_out;
  total.rows_filtered += later.rows_filtered;
  total.rows_late += later.rows_late;
  total.rows_late_after_idle += later.rows_late_after_idle;
  total.rows_held = later.rows_held;
  total.keys_expired += later.keys_expired;
  total.epoch = later.epoch;
  total.resumed = total.resumed ? total.resumed : later.resumed;
  for (const RunProgress::Rejected& rejected : later.rejected) {
    const auto same = std::find_if(
        total.rejected.begin(), total.rejected.end(),
        [&](const RunProgress::Rejected& each) { return each.reason == rejected.reason; });
    if (same == total.rejected.end()) {
      total.rejected.push_back(rejected);
    } else {
      same->rows += rejected.rows;
    }
  }
  total.samples.insert(total.samples.end(), later.samples.begin(), later.samples.end());
  total.watermark_micros = later.watermark_micros;
  total.partitions = later.partitions;
  total.operators.insert(total.operators.end(), later.operators.begin(), later.operators.end());
  total.waiting = later.waiting;
  total.reconnecting = later.reconnecting;
  total.seconds_reconnecting = later.seconds_reconnecting;
  total.seconds_paused += later.seconds_paused;
  total.stopped |= later.stopped;
}

std::uint64_t RunProgress::rows_rejected() const {
  std::uint64_t rows = 0;
  for (const Rejected& each : rejected) {
    rows += each.rows;
  }
  return rows;
}

std::string explain_empty(const RunProgress& progress) {
  const std::string names = source_names(progress);
  if (progress.rows_in == 0) {
    return names.empty() ? "nothing was read" : "nothing was read from " + names;
  }
  std::string text = plural(progress.rows_in, "row") + " read";
  if (!names.empty()) {
    text += " from " + names;
  }
  bool accounted = false;
  const auto add = [&](const std::string& part) {
    text += ", " + part;
    accounted = true;
  };
  if (progress.rows_filtered > 0) {
    add(fmt::format("{} dropped by WHERE or HAVING", progress.rows_filtered));
  }
  for (const RunProgress::Rejected& rejected : progress.rejected) {
    add(fmt::format("{} rejected as {}", rejected.rows, rejected.reason));
  }
  if (const std::string held = held_text(progress); !held.empty()) {
    add(held);
  }
  const bool only_late = std::any_of(
      progress.operators.begin(), progress.operators.end(), [](const RunProgress::Operator& each) {
        return picks_late_rows(each) && each.rows_in > 0 && each.rows_out == 0;
      });
  if (!accounted && only_late) {
    text += ", all in time for their windows";
  } else if (!accounted) {
    text += ", and the query makes no row of them";
  }
  return text;
}

}  // namespace thalweg
