#pragma once

#include <cstdint>
#include <string>

#include "runtime/job.h"
#include "thalweg/run_progress.h"

namespace thalweg {

RunProgress to_run_progress(const JobProgress& progress);

// Adds what a later job of the same script has done: counts are summed, the rest is the later
// one's.
void add_progress(RunProgress& total, const RunProgress& later);

// Microseconds since 1970 as people read a time.
std::string time_text(std::int64_t micros);

}  // namespace thalweg
