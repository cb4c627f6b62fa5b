#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <utility>

#include "base/memory_admission.h"
#include "base/result.h"
#include "runtime/job_graph.h"

namespace thalweg {

// Whether any worker of a job has something to do.
enum class Activity : std::uint8_t { kMoving, kStill };

// Keeps a job within its memory_limit: above it the sources pause, until enough has been freed by
// what is inside; where nothing is, the job ends.
//
// Threading: look() is called by one thread, admits() and the rest by any.
class MemoryWatch {
 public:
  // Borrows both.
  MemoryWatch(std::uint64_t limit_bytes, JobGraph& graph, Env& env);

  // Pauses or lets go on. A failed Status: the job must end.
  Status look(Activity activity);

  // When to look next: memory that is far from its limit does not get there at once.
  std::chrono::milliseconds until_next_look() const;

  // Whether a piece can be taken at once without going far beyond the limit. It counts as taken
  // until note_filled(), for memory is resident only once it is written to.
  bool admits(std::size_t bytes);
  void note_filled(std::size_t bytes);

  bool is_pausing() const { return graph_.signals.paused.load(std::memory_order_relaxed); }
  // So far, and for all of it together.
  std::int64_t paused_nanos() const;

  // What a job that ends for want of memory says, once its workers have stopped.
  Status failure() const;

 private:
  // The resident bytes when freed memory has been given back; that takes a while, so that it is not
  // done each time.
  std::uint64_t resident_after_release(std::int64_t now_nanos);
  void pause(std::uint64_t resident, std::int64_t now_nanos);
  void go_on(std::int64_t now_nanos);

  const std::uint64_t limit_;
  JobGraph& graph_;
  Env& env_;
  std::atomic<std::uint64_t> resident_{0};  // When it last looked.
  std::atomic<std::uint64_t> refused_{0};   // A piece that was not admitted; 0: none.
  std::mutex admitting_;
  std::uint64_t admitted_ = 0;                 // And not filled; guarded by admitting_.
  std::atomic<std::int64_t> paused_nanos_{0};  // But for the pause under way,
  std::atomic<std::int64_t> paused_since_{0};  // which began then.
  std::int64_t released_nanos_ = 0;
  // While pausing: the least memory so far, and how long workers have had nothing to do since. Not
  // all at once: barriers go on.
  std::uint64_t least_ = 0;
  std::int64_t still_nanos_ = 0;
  std::int64_t looked_nanos_ = 0;
};

// The last piece that one worker of the job has been admitted: when it asks for the next one, that
// is filled, or gone again.
class WorkerAdmission final : public MemoryAdmission {
 public:
  // Borrows the watch; nullptr: all is admitted.
  explicit WorkerAdmission(MemoryWatch* watch) : watch_(watch) {}
  ~WorkerAdmission() override { note_filled(); }
  WorkerAdmission(const WorkerAdmission&) = delete;
  WorkerAdmission& operator=(const WorkerAdmission&) = delete;

  bool admits(std::size_t bytes) override;
  // Also at the end of each turn.
  void note_filled() {
    if (admitted_ != 0) {
      watch_->note_filled(std::exchange(admitted_, 0));
    }
  }

 private:
  MemoryWatch* const watch_;
  std::size_t admitted_ = 0;
};

// "1.5 GiB"
std::string bytes_text(std::uint64_t bytes);

}  // namespace thalweg
