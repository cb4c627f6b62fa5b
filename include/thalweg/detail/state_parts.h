#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "thalweg/detail/state_codec.h"

// What the state of a key has apart from its record: the entries of lists and maps, each read and
// written by itself.
namespace thalweg::detail {

// Parts have the number of their field and a name. Those that have had their ttl are not there.
class StateParts {
 public:
  virtual ~StateParts() = default;

  // Valid until the call is over.
  virtual std::optional<std::string_view> find(std::uint32_t field,
                                               std::string_view name) const = 0;
  // In the order of their names' bytes.
  using Visit = std::function<void(std::string_view name, std::string_view bytes)>;
  virtual void visit(std::uint32_t field, const Visit& visit) const = 0;
  // The last one in that order, with those that have had their ttl; empty: there is none.
  virtual std::string_view last_name(std::uint32_t field) const = 0;
};

class NoParts final : public StateParts {
 public:
  std::optional<std::string_view> find(std::uint32_t /*field*/,
                                       std::string_view /*name*/) const override {
    return std::nullopt;
  }
  void visit(std::uint32_t /*field*/, const Visit& /*visit*/) const override {}
  std::string_view last_name(std::uint32_t /*field*/) const override { return {}; }
};

// What a call has done to parts, one after the other.
struct PartChange {
  std::uint32_t field = 0;
  std::string name;
  std::optional<std::string> bytes;         // Nothing: it goes.
  std::int64_t expires_micros = INT64_MAX;  // Its time is over behind this; INT64_MAX: never.
};

// The parts of one field; none: the field is a part of something else, or stands for itself.
struct PartsOfField {
  const StateParts* parts = nullptr;
  std::uint32_t field = 0;

  explicit operator bool() const { return parts != nullptr; }
  std::optional<std::string_view> find(std::string_view name) const {
    return parts->find(field, name);
  }
  void visit(const StateParts::Visit& visit) const { parts->visit(field, visit); }

  void put(std::string name, std::string bytes, std::int64_t expires_micros,
           std::vector<PartChange>& out) const {
    out.push_back({field, std::move(name), std::move(bytes), expires_micros});
  }
  void erase(std::string name, std::vector<PartChange>& out) const {
    out.push_back({.field = field, .name = std::move(name), .bytes = std::nullopt});
  }
  void erase_all(std::vector<PartChange>& out) const {
    visit([&](std::string_view name, std::string_view) { erase(std::string(name), out); });
  }
};

// Thrown where bytes that were kept are not what is written, and never seen by programs.
struct UnreadableState {};

template <typename T>
std::string state_bytes(const T& value) {
  std::string bytes;
  StateWriter out{.out = bytes};
  write_state<T>(value, out);
  return bytes;
}

template <typename T>
T state_of_bytes(std::string_view bytes) {
  StateReader in{.bytes = bytes};
  T value{};
  read_state<T>(in, value);
  if (in.failed || !in.bytes.empty()) {
    throw UnreadableState();
  }
  return value;
}

// Names of a list's parts: their numbers, in an order that bytes have too.
inline std::string name_of_number(std::uint64_t number) {
  std::string name;
  for (int shift = 56; shift >= 0; shift -= 8) {
    name += static_cast<char>(number >> shift & 0xFF);
  }
  return name;
}

inline std::uint64_t number_of_name(std::string_view name) {
  if (name.size() != sizeof(std::uint64_t)) {
    throw UnreadableState();
  }
  std::uint64_t number = 0;
  for (const char byte : name) {
    number = number << 8 | static_cast<std::uint8_t>(byte);
  }
  return number;
}

}  // namespace thalweg::detail
