#pragma once

#include <algorithm>
#include <chrono>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// Fields of a KeyedProcessor's State that forget by themselves, and state of types of one's own.
namespace thalweg {

namespace detail {
template <typename T>
struct StateCodec;
}  // namespace detail

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

// Values in the order in which they were added, each with a time of its own.
template <typename T, Ttl kTtl = kNoTtl>
class ListState {
 public:
  const std::vector<T>& get() const { return values_; }
  std::size_t size() const { return values_.size(); }
  auto begin() const { return values_.begin(); }
  auto end() const { return values_.end(); }
  void add(T value) { values_.push_back(std::move(value)); }
  // Takes the oldest away until so many are left.
  void keep_last(std::size_t count) {
    const std::size_t gone = values_.size() - std::min(count, values_.size());
    values_.erase(values_.begin(), values_.begin() + static_cast<std::ptrdiff_t>(gone));
    written_.erase(written_.begin(),
                   written_.begin() + static_cast<std::ptrdiff_t>(std::min(gone, written_.size())));
  }
  void clear() { keep_last(0); }

 private:
  friend detail::StateCodec<ListState>;
  std::vector<T> values_;
  std::vector<std::int64_t> written_;  // Of the first ones; the others: in this call.
};

// Values by key, in the order of their keys, each with a time of its own.
template <typename K, typename V, Ttl kTtl = kNoTtl>
class MapState {
 public:
  struct Entry {
    V value{};
    std::optional<std::int64_t> written;  // For the engine.
  };

  // nullptr: there is none. Valid until the map changes.
  const V* find(const K& key) const {
    const auto found = entries_.find(key);
    return found == entries_.end() ? nullptr : &found->second.value;
  }
  bool contains(const K& key) const { return entries_.contains(key); }
  std::size_t size() const { return entries_.size(); }
  // for (const auto& [key, entry] : map) ... entry.value
  auto begin() const { return entries_.begin(); }
  auto end() const { return entries_.end(); }
  // Its time begins anew.
  void set(const K& key, V value) { entries_[key] = {std::move(value), std::nullopt}; }
  // Whether it was there.
  bool remove(const K& key) { return entries_.erase(key) > 0; }
  void clear() { entries_.clear(); }

 private:
  friend detail::StateCodec<MapState>;
  std::map<K, Entry> entries_;
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

}  // namespace thalweg
