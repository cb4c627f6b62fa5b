#include "state/mapped_memory.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdint>
#include <new>

#include "base/check.h"
#include "base/memory_admission.h"

namespace thalweg {
namespace {

// Addresses that nothing stands at, beginning with a huge page: only there do huge pages stay whole
// when they are moved.
void* reserve_addresses(std::size_t bytes) {
  const std::size_t more = bytes + kHugePageBytes;
  void* const found =
      mmap(nullptr, more, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (found == MAP_FAILED) {
    throw std::bad_alloc();
  }
  auto* const begin = static_cast<std::byte*>(found);
  const std::size_t past = reinterpret_cast<std::uintptr_t>(begin) % kHugePageBytes;
  const std::size_t in_front = past == 0 ? 0 : kHugePageBytes - past;
  if (in_front > 0) {
    munmap(begin, in_front);
  }
  munmap(begin + in_front + bytes, kHugePageBytes - in_front);
  return begin + in_front;
}

}  // namespace

void* map_memory(std::size_t bytes, std::size_t bytes_replaced) {
  admit_memory(bytes - std::min(bytes, bytes_replaced));
  void* const memory = reserve_addresses(bytes);
  TW_CHECK(mprotect(memory, bytes, PROT_READ | PROT_WRITE) == 0);
  madvise(memory, bytes, MADV_HUGEPAGE);
  return memory;
}

void* grow_mapped_memory(void* memory, std::size_t bytes_before, std::size_t bytes) {
  void* const place = reserve_addresses(bytes);
  void* const moved = mremap(memory, bytes_before, bytes, MREMAP_MAYMOVE | MREMAP_FIXED, place);
  TW_CHECK(moved != MAP_FAILED);
  madvise(moved, bytes, MADV_HUGEPAGE);
  return moved;
}

void unmap_memory(void* memory, std::size_t bytes) { munmap(memory, bytes); }

void give_back_memory(void* memory, std::size_t bytes) { madvise(memory, bytes, MADV_DONTNEED); }

}  // namespace thalweg
