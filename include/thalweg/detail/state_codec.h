#pragma once

#include <cstdint>
#include <cstring>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "thalweg/detail/reflect.h"

// The state that a program keeps for a key, as bytes: numbers, enums, texts, and optionals, pairs,
// vectors, maps, sets and plain structs of such.
namespace thalweg::detail {

template <typename T>
concept PlainState = std::is_arithmetic_v<T> || std::is_enum_v<T>;

template <typename T>
struct StateCodec;

template <typename T>
void write_state(const T& value, std::string& out) {
  StateCodec<T>::write(value, out);
}
template <typename T>
void read_state(std::string_view& bytes, T& value) {
  StateCodec<T>::read(bytes, value);
}

// A struct: one field after the other.
template <typename T>
struct StateCodec {
  static_assert(std::is_aggregate_v<T> && !std::is_array_v<T>,
                "state is a number, an enum, a std::string, or a std::optional, pair, vector, map, "
                "set or plain struct of such");
  static void write(const T& value, std::string& out) {
    std::apply([&](const auto&... fields) { (write_state(fields, out), ...); }, tie_fields(value));
  }
  static void read(std::string_view& bytes, T& value) {
    std::apply([&](auto&... fields) { (read_state(bytes, fields), ...); }, tie_fields(value));
  }
};

template <PlainState T>
struct StateCodec<T> {
  static void write(const T& value, std::string& out) {
    out.append(reinterpret_cast<const char*>(&value), sizeof(T));
  }
  static void read(std::string_view& bytes, T& value) {
    std::memcpy(&value, bytes.data(), sizeof(T));
    bytes.remove_prefix(sizeof(T));
  }
};

template <>
struct StateCodec<std::string> {
  static void write(const std::string& value, std::string& out) {
    write_state(static_cast<std::uint64_t>(value.size()), out);
    out += value;
  }
  static void read(std::string_view& bytes, std::string& value) {
    std::uint64_t size = 0;
    read_state(bytes, size);
    value.assign(bytes.substr(0, size));
    bytes.remove_prefix(size);
  }
};

template <typename T>
struct StateCodec<std::optional<T>> {
  static void write(const std::optional<T>& value, std::string& out) {
    write_state(value.has_value(), out);
    if (value) {
      write_state(*value, out);
    }
  }
  static void read(std::string_view& bytes, std::optional<T>& value) {
    bool has = false;
    read_state(bytes, has);
    value.reset();
    if (has) {
      read_state(bytes, value.emplace());
    }
  }
};

template <typename A, typename B>
struct StateCodec<std::pair<A, B>> {
  static void write(const std::pair<A, B>& value, std::string& out) {
    write_state(value.first, out);
    write_state(value.second, out);
  }
  static void read(std::string_view& bytes, std::pair<A, B>& value) {
    read_state(bytes, value.first);
    read_state(bytes, value.second);
  }
};

// What holds any number of values. `Value` can be assigned to, which a map's own cannot.
template <typename Container, typename Value>
struct ContainerCodec {
  static void write(const Container& values, std::string& out) {
    write_state(static_cast<std::uint64_t>(values.size()), out);
    for (const auto& value : values) {
      write_state<Value>(value, out);
    }
  }
  static void read(std::string_view& bytes, Container& values) {
    std::uint64_t size = 0;
    read_state(bytes, size);
    values.clear();
    for (std::uint64_t i = 0; i < size; ++i) {
      Value value{};
      read_state(bytes, value);
      values.insert(values.end(), std::move(value));
    }
  }
};
template <typename T>
struct StateCodec<std::vector<T>> : ContainerCodec<std::vector<T>, T> {};
template <typename T>
struct StateCodec<std::set<T>> : ContainerCodec<std::set<T>, T> {};
template <typename K, typename V>
struct StateCodec<std::map<K, V>> : ContainerCodec<std::map<K, V>, std::pair<K, V>> {};

}  // namespace thalweg::detail
