#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace thalweg {

// A process as others on this host, and elsewhere, may tell it from all that there have ever been.
struct ProcessIdentity {
  std::string host;
  std::string numbering;  // Of processes: containers of one host may each have their own.
  std::int64_t number = 0;
  std::uint64_t began = 0;  // In ticks since the host's start.
  friend bool operator==(const ProcessIdentity&, const ProcessIdentity&) = default;
};

ProcessIdentity this_process();

// Of another one: false where it has ended; nothing where that cannot be told from here.
std::optional<bool> is_alive(const ProcessIdentity& process);

}  // namespace thalweg
