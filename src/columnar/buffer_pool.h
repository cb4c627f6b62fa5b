#pragma once

namespace thalweg {

// Gives the freed buffers that this thread keeps for later back to the allocator.
void release_pooled_buffers();

}  // namespace thalweg
