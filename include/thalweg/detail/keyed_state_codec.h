#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "thalweg/detail/state_codec.h"
#include "thalweg/detail/state_parts.h"
#include "thalweg/keyed_state.h"

// State that has a ttl, and of types of the program's own, as bytes.
namespace thalweg::detail {

template <typename T>
concept EncodedState = requires(const T& value, T& read, std::string& out, std::string_view bytes) {
  { StateEncoding<T>::kName } -> std::convertible_to<std::string_view>;
  StateEncoding<T>::encode(value, out);
  { StateEncoding<T>::decode(bytes, read) } -> std::same_as<bool>;
};

template <EncodedState T>
  requires(!PlainState<T>)
struct StateCodec<T> {
  static void write(const T& value, StateWriter& out) {
    std::string bytes;
    StateEncoding<T>::encode(value, bytes);
    write_state(bytes, out);
  }
  static void read(StateReader& in, T& value) {
    std::uint64_t size = 0;
    read_state(in, size);
    const std::string_view bytes = in.take(size);
    in.failed = in.failed || !StateEncoding<T>::decode(bytes, value);
  }
  static void describe(StateText& out) {
    out.text += '"';
    out.text += StateEncoding<T>::kName;
    out.text += '"';
  }
};

// When something was written, where it has a ttl.
template <Ttl kTtl>
struct WrittenAt {
  // When something written now has had its time; INT64_MAX: never.
  static std::int64_t end_of_new(std::int64_t now_micros) {
    return kTtl == kNoTtl ? INT64_MAX : end_of(now_micros);
  }
  static void write(std::optional<std::int64_t> written, StateWriter& out) {
    if constexpr (kTtl != kNoTtl) {
      const std::int64_t micros = written.value_or(out.now_micros);
      write_state(micros, out);
      out.expires_micros = std::min(out.expires_micros, end_of(micros));
    }
  }
  // Whether its time is over; nothing is told of what has no ttl.
  static bool read(StateReader& in, std::optional<std::int64_t>& written) {
    if constexpr (kTtl != kNoTtl) {
      read_state(in, written.emplace());
      return end_of(*written) < in.now_micros;
    }
    return false;
  }
  static void describe(StateText& out) {
    if constexpr (kTtl != kNoTtl) {
      out.text += " ttl " + std::to_string(kTtl.micros) + " us";
      out.expires = true;
    }
  }

 private:
  static std::int64_t end_of(std::int64_t micros) {
    std::int64_t end = 0;
    return __builtin_add_overflow(micros, kTtl.micros, &end) ? INT64_MAX : end;
  }
};

template <typename T, Ttl kTtl>
struct StateCodec<ValueState<T, kTtl>> {
  static void write(const ValueState<T, kTtl>& state, StateWriter& out) {
    write_state(state.value_, out);
    if (state.value_) {
      WrittenAt<kTtl>::write(state.written_, out);
    }
  }
  static void read(StateReader& in, ValueState<T, kTtl>& state) {
    read_state(in, state.value_);
    if (state.value_ && WrittenAt<kTtl>::read(in, state.written_)) {
      state.clear();
    }
  }
  static void describe(StateText& out) {
    out.text += "value of ";
    describe_state<T>(out);
    WrittenAt<kTtl>::describe(out);
  }
};

template <typename T, Ttl kTtl>
struct StateCodec<ListState<T, kTtl>> {
  static constexpr bool kIsParts = true;
  static void begin_call(ListState<T, kTtl>& state, PartsOfField parts) { state.begin_call(parts); }
  static void end_call(const ListState<T, kTtl>& state, std::int64_t now_micros,
                       std::vector<PartChange>& out) {
    state.end_call(WrittenAt<kTtl>::end_of_new(now_micros), out);
  }
  static void write(const ListState<T, kTtl>& state, StateWriter& out) {
    if (state.parts_) {
      return;
    }
    write_state(static_cast<std::uint64_t>(state.values_.size()), out);
    for (std::size_t i = 0; i < state.values_.size(); ++i) {
      const bool is_old = i < state.written_.size();
      write_state<T>(state.values_[i], out);
      WrittenAt<kTtl>::write(is_old ? std::optional(state.written_[i]) : std::nullopt, out);
    }
  }
  static void read(StateReader& in, ListState<T, kTtl>& state) {
    if (state.parts_) {
      return;
    }
    std::uint64_t size = 0;
    read_state(in, size);
    state.clear();
    for (std::uint64_t i = 0; i < size && !in.failed; ++i) {
      T value{};
      read_state(in, value);
      std::optional<std::int64_t> written;
      if (WrittenAt<kTtl>::read(in, written)) {
        continue;
      }
      state.values_.push_back(std::move(value));
      if (written) {
        state.written_.push_back(*written);
      }
    }
  }
  static void describe(StateText& out) {
    out.text += "list of ";
    describe_state<T>(out);
    WrittenAt<kTtl>::describe(out);
  }
};

template <typename K, typename V, Ttl kTtl>
struct StateCodec<MapState<K, V, kTtl>> {
  static constexpr bool kIsParts = true;
  static void begin_call(MapState<K, V, kTtl>& state, PartsOfField parts) {
    state.begin_call(parts);
  }
  static void end_call(const MapState<K, V, kTtl>& state, std::int64_t now_micros,
                       std::vector<PartChange>& out) {
    state.end_call(WrittenAt<kTtl>::end_of_new(now_micros), out);
  }
  static void write(const MapState<K, V, kTtl>& state, StateWriter& out) {
    if (state.parts_) {
      return;
    }
    write_state(static_cast<std::uint64_t>(state.entries_.size()), out);
    for (const auto& [key, entry] : state.entries_) {
      write_state(key, out);
      write_state(entry.value, out);
      WrittenAt<kTtl>::write(entry.written, out);
    }
  }
  static void read(StateReader& in, MapState<K, V, kTtl>& state) {
    if (state.parts_) {
      return;
    }
    std::uint64_t size = 0;
    read_state(in, size);
    state.clear();
    for (std::uint64_t i = 0; i < size && !in.failed; ++i) {
      K key{};
      typename MapState<K, V, kTtl>::Entry entry;
      read_state(in, key);
      read_state(in, entry.value);
      if (!WrittenAt<kTtl>::read(in, entry.written)) {
        state.entries_.insert_or_assign(state.entries_.end(), std::move(key), std::move(entry));
      }
    }
  }
  static void describe(StateText& out) {
    out.text += "map of ";
    describe_state<std::pair<K, V>>(out);
    WrittenAt<kTtl>::describe(out);
  }
};

template <typename T>
concept StateOfParts = requires { StateCodec<T>::kIsParts; };
template <typename T>
concept StructState = requires { StateCodec<T>::kIsStruct; };

// Calls `visit` with each list and map that stands in the state by itself or in structs within
// structs, and not in something whose number may change, in order.
template <typename T, typename Visit>
void for_each_of_parts(T& state, Visit& visit) {
  using Plain = std::remove_const_t<T>;
  if constexpr (StateOfParts<Plain>) {
    visit(state);
  } else if constexpr (StructState<Plain>) {
    std::apply([&](auto&... fields) { (for_each_of_parts(fields, visit), ...); },
               tie_fields(state));
  }
}

// From now on what they have is in `parts`, which outlive the call. Not what their record has.
template <typename T>
void begin_call_of_parts(T& state, const StateParts& parts) {
  std::uint32_t field = 0;
  const auto begin = [&]<typename Field>(Field& each) {
    StateCodec<Field>::begin_call(each, {.parts = &parts, .field = field++});
  };
  for_each_of_parts(state, begin);
}

// What the call has done to them.
template <typename T>
void end_call_of_parts(const T& state, std::int64_t now_micros, std::vector<PartChange>& out) {
  const auto end = [&]<typename Field>(const Field& each) {
    StateCodec<Field>::end_call(each, now_micros, out);
  };
  for_each_of_parts(state, end);
}

}  // namespace thalweg::detail
