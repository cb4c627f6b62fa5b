#pragma once

#include <algorithm>
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
// vectors, maps, sets and plain structs of such; further kinds specialize StateCodec.
namespace thalweg::detail {

// Where state is written to, at a moment: what is set in this call was written then.
struct StateWriter {
  std::string& out;
  std::int64_t now_micros = 0;
  std::int64_t expires_micros = INT64_MAX;  // When the first of what was written has had its time.

  void put(const void* bytes, std::size_t size) {
    out.append(static_cast<const char*>(bytes), size);
  }
};

// State read back is not trusted: what does not fit fails, and then all that follows.
struct StateReader {
  std::string_view bytes;
  std::int64_t now_micros = 0;  // What has had its time by then is left out.
  bool failed = false;

  // The next bytes; as many as wanted, or none and it has failed.
  std::string_view take(std::uint64_t size) {
    failed = failed || size > bytes.size();
    const std::string_view taken = failed ? std::string_view() : bytes.substr(0, size);
    bytes.remove_prefix(taken.size());
    return taken;
  }
  void get(void* value, std::size_t size) {
    const std::string_view taken = take(size);
    std::copy(taken.begin(), taken.end(), static_cast<char*>(value));
  }
};

// What state is made of, in one line: state of another text is another kind.
struct StateText {
  std::string text;
  bool expires = false;  // Some of it has a ttl.
};

template <typename T>
concept PlainState = std::is_arithmetic_v<T> || std::is_enum_v<T>;

template <typename T>
struct StateCodec;

template <typename T>
void write_state(const T& value, StateWriter& out) {
  StateCodec<T>::write(value, out);
}
template <typename T>
void read_state(StateReader& in, T& value) {
  StateCodec<T>::read(in, value);
}
template <typename T>
void describe_state(StateText& out) {
  StateCodec<T>::describe(out);
}

// A struct: one field after the other.
template <typename T>
struct StateCodec {
  static constexpr bool kIsStruct = true;
  static_assert(std::is_aggregate_v<T> && !std::is_array_v<T>,
                "state is a number, an enum, a std::string, a ValueState, ListState or MapState, a "
                "type with a StateEncoding, or a std::optional, pair, vector, map, set or plain "
                "struct of such");
  static void write(const T& value, StateWriter& out) {
    std::apply([&](const auto&... fields) { (write_state(fields, out), ...); }, tie_fields(value));
  }
  static void read(StateReader& in, T& value) {
    std::apply([&](auto&... fields) { (read_state(in, fields), ...); }, tie_fields(value));
  }
  static void describe(StateText& out) {
    [&]<std::size_t... I>(std::index_sequence<I...>) {
      (describe_field<I>(out), ...);
    }(std::make_index_sequence<field_count<T>>());
    out.text += '}';
  }

 private:
  template <std::size_t I>
  static void describe_field(StateText& out) {
    out.text += I == 0 ? "{" : ", ";
    out.text += field_names<T>[I];
    out.text += ' ';
    describe_state<FieldAt<T, I>>(out);
  }
};

template <PlainState T>
struct StateCodec<T> {
  static void write(const T& value, StateWriter& out) { out.put(&value, sizeof(T)); }
  static void read(StateReader& in, T& value) {
    if constexpr (std::is_same_v<T, bool>) {
      std::uint8_t byte = 0;
      in.get(&byte, sizeof(byte));
      in.failed = in.failed || byte > 1;
      value = byte == 1;
    } else {
      in.get(&value, sizeof(T));
    }
  }
  static void describe(StateText& out) {
    if constexpr (std::is_enum_v<T>) {
      out.text += "enum ";
      describe_state<std::underlying_type_t<T>>(out);
    } else if constexpr (std::is_same_v<T, bool>) {
      out.text += "bool";
    } else {
      out.text += std::is_floating_point_v<T> ? "float" : std::is_signed_v<T> ? "int" : "uint";
      out.text += std::to_string(8 * sizeof(T));
    }
  }
};

template <>
struct StateCodec<std::string> {
  static void write(const std::string& value, StateWriter& out) {
    write_state(static_cast<std::uint64_t>(value.size()), out);
    out.put(value.data(), value.size());
  }
  static void read(StateReader& in, std::string& value) {
    std::uint64_t size = 0;
    read_state(in, size);
    value.assign(in.take(size));
  }
  static void describe(StateText& out) { out.text += "text"; }
};

template <typename T>
struct StateCodec<std::optional<T>> {
  static void write(const std::optional<T>& value, StateWriter& out) {
    write_state(value.has_value(), out);
    if (value) {
      write_state(*value, out);
    }
  }
  static void read(StateReader& in, std::optional<T>& value) {
    bool has = false;
    read_state(in, has);
    value.reset();
    if (has) {
      read_state(in, value.emplace());
    }
  }
  static void describe(StateText& out) {
    out.text += "optional ";
    describe_state<T>(out);
  }
};

template <typename A, typename B>
struct StateCodec<std::pair<A, B>> {
  static void write(const std::pair<A, B>& value, StateWriter& out) {
    write_state(value.first, out);
    write_state(value.second, out);
  }
  static void read(StateReader& in, std::pair<A, B>& value) {
    read_state(in, value.first);
    read_state(in, value.second);
  }
  static void describe(StateText& out) {
    out.text += '(';
    describe_state<A>(out);
    out.text += ", ";
    describe_state<B>(out);
    out.text += ')';
  }
};

// What holds any number of values. `Value` can be assigned to, which a map's own cannot.
template <typename Container, typename Value>
struct ContainerCodec {
  static void write(const Container& values, StateWriter& out) {
    write_state(static_cast<std::uint64_t>(values.size()), out);
    for (const auto& value : values) {
      write_state<Value>(value, out);
    }
  }
  // A number of values that cannot be there is found out before memory is taken for them: each has
  // a byte at least.
  static void read(StateReader& in, Container& values) {
    std::uint64_t size = 0;
    read_state(in, size);
    values.clear();
    for (std::uint64_t i = 0; i < size && !in.failed; ++i) {
      Value value{};
      read_state(in, value);
      values.insert(values.end(), std::move(value));
    }
  }
};
template <typename T>
struct StateCodec<std::vector<T>> : ContainerCodec<std::vector<T>, T> {
  static void describe(StateText& out) {
    out.text += "list of ";
    describe_state<T>(out);
  }
};
template <typename T>
struct StateCodec<std::set<T>> : ContainerCodec<std::set<T>, T> {
  static void describe(StateText& out) {
    out.text += "set of ";
    describe_state<T>(out);
  }
};
template <typename K, typename V>
struct StateCodec<std::map<K, V>> : ContainerCodec<std::map<K, V>, std::pair<K, V>> {
  static void describe(StateText& out) {
    out.text += "map of ";
    describe_state<std::pair<K, V>>(out);
  }
};

}  // namespace thalweg::detail
