#include "process_memory.h"

#include <malloc.h>

#include <fstream>
#include <string>

namespace thalweg::bench {
namespace {

// A line of /proc/PID/status, which is in KiB.
Result<std::uint64_t> status_bytes(const std::string& pid, const std::string& name) {
  std::ifstream status("/proc/" + pid + "/status");
  std::string word;
  std::uint64_t kib = 0;
  while (status >> word) {
    if (word == name && status >> kib) {
      return kib * 1024;
    }
  }
  return unavailable("/proc/" + pid + "/status does not tell " + name);
}

}  // namespace

Result<std::uint64_t> resident_bytes(const char* pid) { return status_bytes(pid, "VmRSS:"); }

Result<MemoryGrowth> MemoryGrowth::begin() {
  malloc_trim(0);
  std::ofstream("/proc/self/clear_refs") << "5";  // Sets the highest to what it is now.
  TW_TRY_ASSIGN(const std::uint64_t now, resident_bytes("self"));
  return MemoryGrowth(now);
}

Result<std::uint64_t> MemoryGrowth::bytes_max() const {
  TW_TRY_ASSIGN(const std::uint64_t highest, status_bytes("self", "VmHWM:"));
  return highest - bytes_before_;
}

}  // namespace thalweg::bench
