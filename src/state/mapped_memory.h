#pragma once

#include <cstddef>

namespace thalweg {

// Memory in huge pages, straight from the system: zero as it comes.

// Sizes are given in whole huge pages.
inline constexpr std::size_t kHugePageBytes = std::size_t{2} << 20;

// For what is filled at once, while so many bytes go back: see admit_memory().
void* map_memory(std::size_t bytes, std::size_t bytes_replaced = 0);

// The same values at another address with room for more: pages move, bytes do not, and what is new
// is zero. Requires: bytes_before <= bytes.
void* grow_mapped_memory(void* memory, std::size_t bytes_before, std::size_t bytes);

void unmap_memory(void* memory, std::size_t bytes);

// The system may have these whole huge pages again; what stood there is lost.
void give_back_memory(void* memory, std::size_t bytes);

}  // namespace thalweg
