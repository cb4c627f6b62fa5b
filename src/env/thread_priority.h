#pragma once

namespace thalweg {

// Lets the calling thread give way where processors are scarce: `steps` as those of nice(1).
void lower_thread_priority(int steps);

}  // namespace thalweg
