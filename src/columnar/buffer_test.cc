#include "columnar/buffer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <thread>
#include <vector>

namespace thalweg {
namespace {

TEST(BufferTest, AlignedWithRoomAndAReadableTail) {
  for (const std::size_t size : {0UL, 1UL, 64UL, 65UL, 4096UL, (4UL << 20) + 1}) {
    const auto buffer = Buffer::allocate(size);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(buffer->data()) % 64, 0u);
    EXPECT_EQ(buffer->size(), size);
    EXPECT_GE(buffer->capacity(), size);
    std::memset(buffer->data(), 1, size + 64);
  }
}

TEST(BufferTest, ZeroedAlsoWhenTheMemoryWasUsedBefore) {
  {
    const auto used = Buffer::allocate(1000);
    std::memset(used->data(), 0xff, 1000);
  }
  const auto buffer = Buffer::allocate_zeroed(1000);
  EXPECT_TRUE(std::all_of(buffer->data(), buffer->data() + 1000,
                          [](std::byte byte) { return byte == std::byte{0}; }));
}

TEST(BufferTest, MayBeFreedOnAnotherThreadThanItsOwn) {
  std::vector<std::shared_ptr<Buffer>> buffers;
  std::thread{[&] {
    for (int i = 0; i < 100; ++i) {
      buffers.push_back(Buffer::allocate(1000));
    }
  }}.join();
  buffers.clear();
  std::thread{[] {
    auto kept = Buffer::allocate(1000);
    kept.reset();
    kept = Buffer::allocate(1000);
    // Freed by the thread's end, after its pool.
    thread_local std::shared_ptr<Buffer> last = kept;
  }}.join();
}

}  // namespace
}  // namespace thalweg
