#pragma once

#include <algorithm>
#include <chrono>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "thalweg/detail/state_parts.h"

// Fields of a KeyedProcessor's State that forget by themselves, and state of types of one's own.
namespace thalweg {

// How long something is kept after it was last written; part of its type.
struct Ttl {
  std::int64_t micros = 0;  // 0: for ever.
  friend auto operator<=>(const Ttl&, const Ttl&) = default;
};
inline constexpr Ttl kNoTtl{};

// A positive time; anything else does not compile. As `ttl` of SQL it counts in event time where
// the stream has event time, that of the row or timer at hand, else by the wall clock. What was
// written at 10:00 with ttl(1h) is there at 11:00 and gone a microsecond later, whether a row of
// its key comes or not.
consteval Ttl ttl(std::chrono::microseconds span) {
  if (span.count() <= 0) {
    throw "a ttl is more than nothing";  // Never at run time.
  }
  return {span.count()};
}

// One value or none: ValueState<double, ttl(1h)> last_price.
template <typename T, Ttl kTtl = kNoTtl>
class ValueState {
 public:
  bool has_value() const { return value_.has_value(); }
  const std::optional<T>& get() const { return value_; }
  T value_or(T other) const { return value_.value_or(std::move(other)); }
  // Its time begins anew.
  void set(T value) {
    value_ = std::move(value);
    written_.reset();
  }
  void clear() { value_.reset(); }

 private:
  friend detail::StateCodec<ValueState>;
  std::optional<T> value_;
  std::optional<std::int64_t> written_;  // When, in microseconds; empty: in this call.
};

// Values in the order in which they were added, each with a time of its own. Adding reads none of
// those that are there; everything else reads all.
template <typename T, Ttl kTtl = kNoTtl>
class ListState {
 public:
  ListState() = default;
  ListState(const ListState& other) : values_(other.get()), written_(other.written_) {}
  ListState& operator=(const ListState& other);
  ~ListState() = default;

  const std::vector<T>& get() const {
    read_all();
    return values_;
  }
  std::size_t size() const { return get().size(); }
  auto begin() const { return get().begin(); }
  auto end() const { return get().end(); }
  void add(T value) { values_.push_back(std::move(value)); }
  // Takes the oldest away until so many are left.
  void keep_last(std::size_t count);
  void clear();

 private:
  friend detail::StateCodec<ListState>;
  using Changes = std::vector<detail::PartChange>;

  void begin_call(detail::PartsOfField parts) {
    parts_ = parts;
    is_whole_ = false;
  }
  void end_call(std::int64_t expires_micros, Changes& out) const;
  void read_all() const;

  mutable std::vector<T> values_;
  std::vector<std::int64_t> written_;  // Of the first ones; the others: in this call.

  // Where each value is a part of its own: values_ are those of them that numbers_ names, and then
  // the ones that were added in this call.
  detail::PartsOfField parts_;
  mutable bool is_whole_ = true;  // Those that were there have been read, or are gone.
  bool is_cleared_ = false;
  mutable std::vector<std::uint64_t> numbers_;
  std::vector<std::uint64_t> removed_;
};

// Values by key, each with a time of its own. Finding, setting and removing one reads no others;
// size(), begin() and end() read all, and give them in the order of their keys.
template <typename K, typename V, Ttl kTtl = kNoTtl>
class MapState {
 public:
  struct Entry {
    V value{};
    // For the engine.
    std::optional<std::int64_t> written = std::nullopt;
    bool is_new = true;
  };

  MapState() = default;
  MapState(const MapState& other) : entries_(other.all()) {}
  MapState& operator=(const MapState& other);
  ~MapState() = default;

  // nullptr: there is none. Valid until the map changes.
  const V* find(const K& key) const;
  bool contains(const K& key) const { return find(key) != nullptr; }
  std::size_t size() const { return all().size(); }
  // for (const auto& [key, entry] : map) ... entry.value
  auto begin() const { return all().begin(); }
  auto end() const { return all().end(); }
  // Its time begins anew.
  void set(const K& key, V value) {
    entries_.insert_or_assign(key, Entry{.value = std::move(value)});
    removed_.erase(key);
  }
  // Whether it was there.
  bool remove(const K& key);
  void clear();

 private:
  friend detail::StateCodec<MapState>;
  using Changes = std::vector<detail::PartChange>;

  void begin_call(detail::PartsOfField parts) {
    parts_ = parts;
    is_whole_ = false;
  }
  void end_call(std::int64_t expires_micros, Changes& out) const;
  const std::map<K, Entry>& all() const;

  mutable std::map<K, Entry> entries_;

  // Where each entry is a part of its own: entries_ are those that were read or set in this call.
  detail::PartsOfField parts_;
  mutable bool is_whole_ = true;
  bool is_cleared_ = false;
  std::set<K> removed_;
};

// Specialized for a type that is to be state and is none of those that can be by themselves:
//
//   template <>
//   struct thalweg::StateEncoding<Sketch> {
//     static constexpr std::string_view kName = "sketch 1";
//     static void encode(const Sketch& sketch, std::string& out);  // Appends.
//     static bool decode(std::string_view bytes, Sketch& sketch);  // False: they are not one.
//   };
//
// Equal values must have equal bytes. What decode() is given may be anything, damage and malice
// included. A new kName says that the bytes mean something else: state of before is refused at the
// next start.
template <typename T>
struct StateEncoding;

template <typename T, Ttl kTtl>
ListState<T, kTtl>& ListState<T, kTtl>::operator=(const ListState& other) {
  if (this != &other) {
    std::vector<T> values = other.get();
    clear();
    values_ = std::move(values);
    written_ = parts_ ? std::vector<std::int64_t>() : other.written_;
  }
  return *this;
}

template <typename T, Ttl kTtl>
void ListState<T, kTtl>::keep_last(std::size_t count) {
  read_all();
  const auto cut = [](auto& from, std::size_t gone) {
    from.erase(from.begin(), from.begin() + static_cast<std::ptrdiff_t>(gone));
  };
  const std::size_t gone = values_.size() - std::min(count, values_.size());
  const std::size_t parts = std::min(gone, numbers_.size());
  removed_.insert(removed_.end(), numbers_.begin(),
                  numbers_.begin() + static_cast<std::ptrdiff_t>(parts));
  cut(numbers_, parts);
  cut(written_, std::min(gone, written_.size()));
  cut(values_, gone);
}

template <typename T, Ttl kTtl>
void ListState<T, kTtl>::clear() {
  values_.clear();
  written_.clear();
  numbers_.clear();
  is_whole_ = true;
  is_cleared_ = true;
}

template <typename T, Ttl kTtl>
void ListState<T, kTtl>::read_all() const {
  if (is_whole_) {
    return;
  }
  std::vector<T> values;
  parts_.visit([&](std::string_view name, std::string_view bytes) {
    numbers_.push_back(detail::number_of_name(name));
    values.push_back(detail::state_of_bytes<T>(bytes));
  });
  std::move(values_.begin(), values_.end(), std::back_inserter(values));
  values_ = std::move(values);
  is_whole_ = true;
}

template <typename T, Ttl kTtl>
void ListState<T, kTtl>::end_call(std::int64_t expires_micros, Changes& out) const {
  if (is_cleared_) {
    parts_.erase_all(out);
  } else {
    for (const std::uint64_t number : removed_) {
      parts_.erase(detail::name_of_number(number), out);
    }
  }
  if (values_.size() == numbers_.size()) {
    return;
  }
  const std::string_view last = parts_.parts->last_name(parts_.field);
  std::uint64_t number = last.empty() ? 0 : detail::number_of_name(last) + 1;
  for (std::size_t i = numbers_.size(); i < values_.size(); ++i) {
    parts_.put(detail::name_of_number(number++), detail::state_bytes<T>(values_[i]), expires_micros,
               out);
  }
}

template <typename K, typename V, Ttl kTtl>
MapState<K, V, kTtl>& MapState<K, V, kTtl>::operator=(const MapState& other) {
  if (this != &other) {
    std::map<K, Entry> entries = other.all();
    clear();
    entries_ = std::move(entries);
    for (auto& [key, entry] : entries_) {
      entry.is_new = true;
    }
  }
  return *this;
}

template <typename K, typename V, Ttl kTtl>
const V* MapState<K, V, kTtl>::find(const K& key) const {
  auto found = entries_.find(key);
  if (found == entries_.end() && !is_whole_ && !removed_.contains(key)) {
    if (const auto bytes = parts_.find(detail::state_bytes<K>(key))) {
      Entry entry{.value = detail::state_of_bytes<V>(*bytes), .is_new = false};
      found = entries_.emplace(key, std::move(entry)).first;
    }
  }
  return found == entries_.end() ? nullptr : &found->second.value;
}

template <typename K, typename V, Ttl kTtl>
bool MapState<K, V, kTtl>::remove(const K& key) {
  const bool was_there = contains(key);
  entries_.erase(key);
  if (was_there && parts_) {
    removed_.insert(key);
  }
  return was_there;
}

template <typename K, typename V, Ttl kTtl>
void MapState<K, V, kTtl>::clear() {
  entries_.clear();
  removed_.clear();
  is_whole_ = true;
  is_cleared_ = true;
}

template <typename K, typename V, Ttl kTtl>
auto MapState<K, V, kTtl>::all() const -> const std::map<K, Entry>& {
  if (!is_whole_) {
    parts_.visit([&](std::string_view name, std::string_view bytes) {
      K key = detail::state_of_bytes<K>(name);
      if (!entries_.contains(key) && !removed_.contains(key)) {
        Entry entry{.value = detail::state_of_bytes<V>(bytes), .is_new = false};
        entries_.emplace(std::move(key), std::move(entry));
      }
    });
    is_whole_ = true;
  }
  return entries_;
}

template <typename K, typename V, Ttl kTtl>
void MapState<K, V, kTtl>::end_call(std::int64_t expires_micros, Changes& out) const {
  if (is_cleared_) {
    parts_.erase_all(out);
  }
  for (const K& key : removed_) {
    parts_.erase(detail::state_bytes<K>(key), out);
  }
  for (const auto& [key, entry] : entries_) {
    if (entry.is_new) {
      parts_.put(detail::state_bytes<K>(key), detail::state_bytes<V>(entry.value), expires_micros,
                 out);
    }
  }
}

}  // namespace thalweg
