#include "env/thread_priority.h"

#include <sys/resource.h>

namespace thalweg {

// Linux has a priority for each thread; 0 is the calling one. Nothing depends on its having worked.
void lower_thread_priority(int steps) {
  (void)::setpriority(PRIO_PROCESS, 0, ::getpriority(PRIO_PROCESS, 0) + steps);
}

}  // namespace thalweg
