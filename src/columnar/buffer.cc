#include "columnar/buffer.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdlib>
#include <cstring>
#include <new>

#include "base/memory_admission.h"
#include "columnar/buffer_pool.h"

// Under AddressSanitizer freed memory must go back to the allocator, or uses after free would
// go unseen.
#if defined(__SANITIZE_ADDRESS__)
#define TW_BUFFER_POOL 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define TW_BUFFER_POOL 0
#endif
#endif
#ifndef TW_BUFFER_POOL
#define TW_BUFFER_POOL 1
#endif

namespace thalweg {
namespace {

constexpr std::size_t kAlignment = 64;
constexpr std::size_t kReadableTail = 64;
constexpr int kClassBitsMin = 6;   // 64 bytes.
constexpr int kClassBitsMax = 22;  // 4 MiB; larger buffers are the allocator's business.
constexpr std::size_t kPoolBytesMax = std::size_t{64} << 20;

std::size_t capacity_for(std::size_t size) {
  const std::size_t rounded = std::bit_ceil(std::max(size, std::size_t{1} << kClassBitsMin));
  if (rounded <= std::size_t{1} << kClassBitsMax) {
    return rounded;
  }
  return (size + kAlignment - 1) / kAlignment * kAlignment;
}

std::byte* allocate_block(std::size_t capacity) {
  void* block = std::aligned_alloc(kAlignment, capacity + kReadableTail);
  if (block == nullptr) {
    throw std::bad_alloc();
  }
  return static_cast<std::byte*>(block);
}

// Freed blocks of one thread, one list per power of two. A block that was allocated on another
// thread joins the list of the thread that frees it.
class Pool {
 public:
  Pool() = default;
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;
  ~Pool();

  // Null when there is none of this capacity.
  std::byte* take(std::size_t capacity) {
    FreeBlock*& head = lists_[index(capacity)];
    if (head == nullptr) {
      return nullptr;
    }
    FreeBlock* block = head;
    head = block->next;
    bytes_ -= capacity;
    return reinterpret_cast<std::byte*>(block);
  }

  // False when the pool is full: the block stays the caller's.
  bool put(std::byte* data, std::size_t capacity) {
    if (bytes_ + capacity > kPoolBytesMax) {
      return false;
    }
    FreeBlock*& head = lists_[index(capacity)];
    head = new (data) FreeBlock{head};
    bytes_ += capacity;
    return true;
  }

  void release();

 private:
  struct FreeBlock {
    FreeBlock* next;
  };

  static std::size_t index(std::size_t capacity) {
    return static_cast<std::size_t>(std::countr_zero(capacity) - kClassBitsMin);
  }

  std::array<FreeBlock*, kClassBitsMax - kClassBitsMin + 1> lists_{};
  std::size_t bytes_ = 0;
};

// Buffers may outlive the pool of their thread: those freed by destructors of other thread-local
// objects. This flag outlives both, having no destructor.
thread_local bool pool_gone = false;
thread_local Pool thread_pool;

Pool::~Pool() {
  pool_gone = true;
  release();
}

void Pool::release() {
  for (FreeBlock*& head : lists_) {
    while (head != nullptr) {
      FreeBlock* const next = head->next;
      std::free(head);
      head = next;
    }
  }
  bytes_ = 0;
}

bool is_pooled(std::size_t capacity) {
  return TW_BUFFER_POOL != 0 && capacity <= std::size_t{1} << kClassBitsMax && !pool_gone;
}

// Null when the pool has none.
std::byte* take_pooled(std::size_t capacity) {
  return is_pooled(capacity) ? thread_pool.take(capacity) : nullptr;
}

void free_block(std::byte* data, std::size_t capacity) {
  if (!is_pooled(capacity) || !thread_pool.put(data, capacity)) {
    std::free(data);
  }
}

// Gives std::allocate_shared() memory of the pool: a batch makes and frees dozens of buffers, and
// their objects would wander through the lists of the allocator, far from the caches.
template <typename T>
struct PoolAllocator {
  using value_type = T;

  PoolAllocator() = default;
  template <typename U>
  explicit PoolAllocator(const PoolAllocator<U>& /*other*/) {}

  T* allocate(std::size_t count) {
    const std::size_t capacity = capacity_for(count * sizeof(T));
    std::byte* const pooled = take_pooled(capacity);
    return reinterpret_cast<T*>(pooled != nullptr ? pooled : allocate_block(capacity));
  }
  void deallocate(T* memory, std::size_t count) {
    free_block(reinterpret_cast<std::byte*>(memory), capacity_for(count * sizeof(T)));
  }

  friend bool operator==(const PoolAllocator& /*a*/, const PoolAllocator& /*b*/) { return true; }
};

}  // namespace

void release_pooled_buffers() { thread_pool.release(); }

std::shared_ptr<Buffer> Buffer::allocate(std::size_t size) {
  // Lets allocate_shared reach the constructor, and with it one piece for object and count.
  struct Made : Buffer {
    Made(std::byte* data, std::size_t size, std::size_t capacity) : Buffer(data, size, capacity) {}
  };
  const std::size_t capacity = capacity_for(size);
  std::byte* data = take_pooled(capacity);
  if (data == nullptr) {
    if (capacity >= kLargePieceBytes) {
      admit_memory(capacity);
    }
    data = allocate_block(capacity);
  }
  return std::allocate_shared<Made>(PoolAllocator<Made>(), data, size, capacity);
}

std::shared_ptr<Buffer> Buffer::allocate_zeroed(std::size_t size) {
  auto buffer = allocate(size);
  std::memset(buffer->data(), 0, size);
  return buffer;
}

Buffer::~Buffer() { free_block(data_, capacity_); }

}  // namespace thalweg
