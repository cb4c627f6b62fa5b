#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

namespace thalweg {

// A piece of memory that columns share: 64-byte aligned, with at least 64 readable bytes
// after its size, so that kernels may read whole vectors. Written by the one who allocated it
// until it is shared; immutable from then on.
class Buffer {
 public:
  // Takes memory from this thread's pool of freed buffers where one fits.
  static std::shared_ptr<Buffer> allocate(std::size_t size);
  // The same, all bytes zero.
  static std::shared_ptr<Buffer> allocate_zeroed(std::size_t size);

  ~Buffer();
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;

  std::byte* data() { return data_; }
  const std::byte* data() const { return data_; }
  std::size_t size() const { return size_; }
  std::size_t capacity() const { return capacity_; }

  template <typename T>
  T* as() {
    return reinterpret_cast<T*>(data_);
  }
  template <typename T>
  const T* as() const {
    return reinterpret_cast<const T*>(data_);
  }

  // Requires: size <= capacity().
  void set_size(std::size_t size) { size_ = size; }

 private:
  Buffer(std::byte* data, std::size_t size, std::size_t capacity)
      : data_(data), size_(size), capacity_(capacity) {}

  std::byte* data_;
  std::size_t size_;
  std::size_t capacity_;
};

using BufferRef = std::shared_ptr<const Buffer>;

}  // namespace thalweg
