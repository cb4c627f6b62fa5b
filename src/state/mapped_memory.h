#pragma once

#include <cstddef>

namespace thalweg {

// Memory in huge pages, straight from the system: zero as it comes.

// Sizes are given in whole huge pages.
inline constexpr std::size_t kHugePageBytes = std::size_t{2} << 20;

void* map_memory(std::size_t bytes);

// The same values at another address with room for more: pages move, bytes do not, and what is new
// is zero. Requires: bytes_before <= bytes.
void* grow_mapped_memory(void* memory, std::size_t bytes_before, std::size_t bytes);

void unmap_memory(void* memory, std::size_t bytes);

}  // namespace thalweg
