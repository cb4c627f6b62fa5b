#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace date {
class time_zone;
}

namespace thalweg {

// A time zone of the IANA database, with the last offset found kept: times that come in order
// mostly have the same one. All times are microseconds since 1970.
class TimeZone {
 public:
  // "UTC", "Europe/Berlin", case aside. Nothing when there is no such zone.
  static std::optional<TimeZone> find(std::string_view name);
  // Of all zones there are.
  static std::vector<std::string> names();

  // As the database spells it.
  std::string name() const;
  bool is_utc() const { return zone_ == nullptr; }

  // What the clocks there show at an instant.
  std::int64_t to_local(std::int64_t utc_micros);
  // The instant at which the clocks there show this. Times that a change of the clocks skips count
  // by the old offset, those that come twice are the second: as in PostgreSQL.
  std::int64_t to_utc(std::int64_t local_micros);

 private:
  explicit TimeZone(const date::time_zone* zone) : zone_(zone) {}

  const date::time_zone* zone_;    // Nullptr: UTC. Owned by the database.
  std::int64_t begin_micros_ = 0;  // Of the range with that offset; empty at first.
  std::int64_t end_micros_ = 0;
  std::int64_t offset_micros_ = 0;
};

}  // namespace thalweg
