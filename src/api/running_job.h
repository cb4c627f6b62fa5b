#pragma once

#include <atomic>

#include "runtime/job.h"

namespace thalweg {

// The job that runs now, for those who stop or watch it from other threads and from signal
// handlers, where no lock may be taken.
class RunningJob {
 public:
  // Shows `job` to the others until the guard is gone, which waits for those who use it just then.
  class Guard {
   public:
    Guard(RunningJob& running, Job& job);
    ~Guard();
    Guard(const Guard&) = delete;
    Guard& operator=(const Guard&) = delete;

   private:
    RunningJob& running_;
  };

  // Calls use(job) where there is one. Waits for nothing.
  template <typename Use>
  bool visit(Use use) {
    users_.fetch_add(1);
    Job* const job = job_.load();
    if (job != nullptr) {
      use(*job);
    }
    users_.fetch_sub(1);
    return job != nullptr;
  }

 private:
  std::atomic<Job*> job_{nullptr};
  std::atomic<int> users_{0};
};

}  // namespace thalweg
