#pragma once

#include <xxhash.h>

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>

namespace thalweg {

static_assert(std::endian::native == std::endian::little, "the files are little-endian");

inline std::uint64_t checksum_of(std::string_view bytes) {
  return XXH3_64bits(bytes.data(), bytes.size());
}

// Appends numbers and texts to a string, in the form that docs/formats/checkpoint.md gives them.
class ByteWriter {
 public:
  explicit ByteWriter(std::string& out) : out_(out) {}

  template <typename T>
    requires std::is_arithmetic_v<T>
  void number(T value) {
    out_.append(reinterpret_cast<const char*>(&value), sizeof(T));
  }
  void text(std::string_view text) {
    number(static_cast<std::uint32_t>(text.size()));
    out_ += text;
  }
  void bytes(const void* data, std::size_t size) {
    if (size > 0) {
      out_.append(static_cast<const char*>(data), size);
    }
  }

 private:
  std::string& out_;
};

// Takes them off again. Trusts nothing: what is not there reads as zero or empty, and ok() is false
// from then on.
class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : bytes_(bytes) {}

  bool ok() const { return ok_; }
  std::size_t left() const { return bytes_.size(); }
  void fail() {
    ok_ = false;
    bytes_ = {};
  }

  template <typename T>
    requires std::is_arithmetic_v<T>
  T number() {
    T value{};
    if (const std::string_view from = bytes(sizeof(T)); !from.empty()) {
      std::memcpy(&value, from.data(), sizeof(T));
    }
    return value;
  }
  // A byte that is 0 or 1.
  bool flag() {
    const auto value = number<std::uint8_t>();
    if (value > 1) {
      fail();
    }
    return value == 1;
  }
  std::string_view text() { return bytes(number<std::uint32_t>()); }
  // A number of entries, each of at least so many bytes.
  std::uint32_t count(std::size_t entry_bytes_min) {
    const auto entries = number<std::uint32_t>();
    if (entries > bytes_.size() / entry_bytes_min) {
      fail();
      return 0;
    }
    return entries;
  }
  // Requires: size > 0, or the answer says nothing about ok().
  std::string_view bytes(std::size_t size) {
    if (size > bytes_.size()) {
      fail();
      return {};
    }
    const std::string_view front = bytes_.substr(0, size);
    bytes_.remove_prefix(size);
    return front;
  }

 private:
  std::string_view bytes_;
  bool ok_ = true;
};

}  // namespace thalweg
