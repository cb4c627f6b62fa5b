#pragma once

#include <sys/mman.h>

#include <cstdint>
#include <cstring>
#include <type_traits>
#include <utility>

namespace thalweg::bench {

// Values that are added at the end, in huge pages; growing moves pages, not bytes.
template <typename T>
class HugeArray {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  // Zeroes to begin with.
  explicit HugeArray(std::uint64_t size = 0) : size_(size) {
    while (capacity_ < size) {
      capacity_ *= 2;
    }
    data_ = static_cast<T*>(
        mmap(nullptr, bytes(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    madvise(data_, bytes(), MADV_HUGEPAGE);
  }
  ~HugeArray() { munmap(data_, bytes()); }
  HugeArray(const HugeArray&) = delete;
  HugeArray& operator=(const HugeArray&) = delete;
  void swap(HugeArray& other) {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(capacity_, other.capacity_);
  }

  T* data() { return data_; }
  T& operator[](std::uint64_t i) { return data_[i]; }
  const T& operator[](std::uint64_t i) const { return data_[i]; }
  std::uint64_t size() const { return size_; }
  std::uint64_t memory_bytes() const { return bytes(); }

  void push_back(const T& value) {
    if (size_ == capacity_) {
      const std::uint64_t bytes_before = bytes();
      capacity_ *= 2;
      data_ = static_cast<T*>(mremap(data_, bytes_before, bytes(), MREMAP_MAYMOVE));
      madvise(data_, bytes(), MADV_HUGEPAGE);
    }
    data_[size_++] = value;
  }

  void clear() { size_ = 0; }
  void fill_with_zeroes() { std::memset(static_cast<void*>(data_), 0, size_ * sizeof(T)); }

 private:
  std::uint64_t bytes() const { return capacity_ * sizeof(T); }

  T* data_;
  std::uint64_t size_;
  std::uint64_t capacity_ = (std::uint64_t{2} << 20) / sizeof(T);
};

}  // namespace thalweg::bench
