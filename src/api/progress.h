#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "runtime/job.h"
#include "thalweg/run_progress.h"

namespace thalweg {

RunProgress to_run_progress(const JobProgress& progress);

// Adds what a later job of the same script has done: counts are summed, the rest is the later
// one's.
void add_progress(RunProgress& total, const RunProgress& later);

// Whether every partition that has not ended has been silent for longer than its idle_timeout.
bool all_are_idle(const RunProgress& progress);
inline constexpr std::string_view kAllIdle =
    "every partition is idle, and only the option advance_when_idle moves the watermark then";

// Microseconds since 1970 as people read a time.
std::string time_text(std::int64_t micros);

}  // namespace thalweg
