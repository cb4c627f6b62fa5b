#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "thalweg/detail/functions.h"
#include "thalweg/detail/keyed_call.h"
#include "thalweg/detail/keyed_state_codec.h"
#include "thalweg/detail/state_codec.h"
#include "thalweg/keyed_processor.h"

// Keyed processors as functions over one row or timer at a time.
namespace thalweg::detail {

// Whether a key is a struct of several fields, rather than the one field itself.
template <typename Key>
inline constexpr bool kIsStructKey = std::is_aggregate_v<Key> && !std::same_as<Key, Timestamp>;

template <typename Key>
std::vector<FieldInfo> fields_of_key() {
  if constexpr (kIsStructKey<Key>) {
    return fields_of<Key>();
  } else {
    return {{.name = {}, .kind = FieldTraits<Key>::kKind, .nullable = FieldTraits<Key>::kNullable}};
  }
}

// The key's columns are those of `places`, in order.
template <typename Key>
void read_key(const RowsIn& rows, std::uint32_t row, const std::vector<std::uint32_t>& places,
              Key& key) {
  if constexpr (kIsStructKey<Key>) {
    auto fields = tie_fields(key);
    [&]<std::size_t... I>(std::index_sequence<I...>) {
      (FieldTraits<FieldAt<Key, I>>::read(rows.columns[places[I]], row, std::get<I>(fields)), ...);
    }(std::make_index_sequence<field_count<Key>>());
  } else {
    FieldTraits<Key>::read(rows.columns[places[0]], row, key);
  }
}

// What the state of a step is made of.
template <typename State>
StateText text_of_state() {
  StateText text;
  describe_state<State>(text);
  return text;
}

template <typename P>
concept TakesBroadcast = requires { typename P::BroadcastState; };

// What a processor keeps of its broadcast input, where it has one.
template <typename P>
struct BroadcastSide {};
template <TakesBroadcast P>
struct BroadcastSide<P> {
  std::vector<std::string> names;  // Of the input's columns.
  typename RowStore<typename P::BroadcastInput>::Type row{};
  typename P::BroadcastState state{};
};

template <typename P>
class KeyedProcessorFunction final : public KeyedRowsFunction {
 public:
  using In = typename P::Input;
  using State = typename P::State;

  // `key_places`: the numbers of the key's columns among `names`.
  KeyedProcessorFunction(P processor, std::vector<std::string> names,
                         std::vector<std::uint32_t> key_places, BroadcastSide<P> broadcast = {})
      : processor_(std::move(processor)),
        names_(std::move(names)),
        key_places_(std::move(key_places)),
        broadcast_(std::move(broadcast)) {
    for (std::uint32_t i = 0; i < key_places_.size(); ++i) {
      own_places_.push_back(i);
    }
    const NoParts none;
    State state{};
    begin_call_of_parts(state, none);
    StateWriter out{.out = first_state_};
    write_state(state, out);
  }

  void call(KeyedCall& call, RowsOut& out) override {
    out.columns.resize(field_count<typename P::Result>);
    State state{};
    begin_call_of_parts(state, *call.parts);
    call.state_is_unreadable = !read(call, state);
    if (call.state_is_unreadable) {
      return;
    }
    if (!call.only_expires) {
      run(call, state, out);
    }
    call.new_state.clear();
    StateWriter writer{.out = call.new_state, .now_micros = call.ttl_micros};
    write_state(state, writer);
    call.expires_micros = writer.expires_micros;
    call.part_changes.clear();
    end_call_of_parts(state, call.ttl_micros, call.part_changes);
    if (call.new_state == first_state_) {
      call.new_state.clear();
    }
  }

  void call_broadcast(const RowsIn& rows, std::uint32_t row, std::int64_t time_micros) override {
    if constexpr (TakesBroadcast<P>) {
      RowCursor<typename P::BroadcastInput> cursor(rows, broadcast_.row, broadcast_.names);
      typename P::BroadcastState state = broadcast_.state;
      processor_.process_broadcast(cursor.at(row), state, BroadcastContext({time_micros}));
      broadcast_.state = std::move(state);
    }
  }

  std::string broadcast_state() const override {
    std::string bytes;
    if constexpr (TakesBroadcast<P>) {
      StateWriter writer{.out = bytes};
      write_state(broadcast_.state, writer);
    }
    return bytes;
  }

  bool restore_broadcast_state(std::string_view bytes) override {
    if constexpr (TakesBroadcast<P>) {
      StateReader in{.bytes = bytes};
      read_state(in, broadcast_.state);
      return !in.failed && in.bytes.empty();
    }
    return false;
  }

 private:
  typename P::Context context_of(KeyedCall& call, RowsOut& out) {
    if constexpr (TakesBroadcast<P>) {
      return {call, key_, out, broadcast_.state};
    } else {
      return {call, key_, out};
    }
  }

  static bool read(const KeyedCall& call, State& state) {
    if (call.state.empty()) {
      return true;
    }
    StateReader in{.bytes = call.state, .now_micros = call.ttl_micros};
    read_state(in, state);
    return !in.failed && in.bytes.empty();
  }

  void run(KeyedCall& call, State& state, RowsOut& out) {
    if (call.is_timer) {
      read_key(*call.key, 0, own_places_, key_);
    } else {
      read_key(*call.rows, call.rows->number(call.row), key_places_, key_);
    }
    typename P::Context context = context_of(call, out);
    if (call.is_timer) {
      processor_.on_timer(Timer{{call.timer_micros}, call.by_wall_clock}, state, context);
    } else {
      RowCursor<In> cursor(*call.rows, row_, names_);
      processor_.process(cursor.at(call.row), state, context);
    }
  }

  P processor_;
  std::vector<std::string> names_;
  std::vector<std::uint32_t> key_places_;
  std::vector<std::uint32_t> own_places_;  // Of the same columns where they stand alone.
  std::string first_state_;
  typename P::Key key_{};
  typename RowStore<In>::Type row_{};
  BroadcastSide<P> broadcast_;
};

}  // namespace thalweg::detail
