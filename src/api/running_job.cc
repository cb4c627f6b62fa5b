#include "api/running_job.h"

#include <thread>

namespace thalweg {

RunningJob::Guard::Guard(RunningJob& running, Job& job) : running_(running) {
  running_.job_.store(&job);
}

RunningJob::Guard::~Guard() {
  running_.job_.store(nullptr);
  // Whoever saw the job before has counted itself before.
  while (running_.users_.load() != 0) {
    std::this_thread::yield();
  }
}

}  // namespace thalweg
