#pragma once

#include <cstddef>

namespace thalweg {

// Says whether a large piece of memory may be taken. Used by one thread at a time.
class MemoryAdmission {
 public:
  virtual ~MemoryAdmission() = default;
  virtual bool admits(std::size_t bytes) = 0;
};

// Has this thread's large pieces asked about until it goes out of scope. What they belong to is
// made far from where the limit is known, and memory is of the whole process, so that the thread
// carries the one who says; nullptr: all are admitted.
class AdmissionScope {
 public:
  explicit AdmissionScope(MemoryAdmission* admission);
  ~AdmissionScope();
  AdmissionScope(const AdmissionScope&) = delete;
  AdmissionScope& operator=(const AdmissionScope&) = delete;

 private:
  MemoryAdmission* const before_;
};

// Pieces from here on are asked about.
inline constexpr std::size_t kLargePieceBytes = std::size_t{4} << 20;

// Before a large piece is taken that is filled at once, as when a hash table doubles: by the time
// somebody looks it would be too late. Throws std::bad_alloc when it is refused, as taking memory
// does; the entry of the thread catches it.
void admit_memory(std::size_t bytes);

}  // namespace thalweg
