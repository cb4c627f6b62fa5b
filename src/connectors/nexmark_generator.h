#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "columnar/builder.h"
#include "columnar/type.h"

// The events of the Nexmark benchmark: people, auctions and bids, each a function of the seed and
// the event's number alone, so that any part of the stream can be made by itself.
namespace thalweg::nexmark {

enum class Entity : std::uint8_t { kPerson, kAuction, kBid };

struct Options {
  std::uint64_t rate = 10'000;  // Events per second of event time.
  std::uint64_t disorder = 1;   // Events are out of order within groups of so many.
  std::uint64_t seed = 1;
  std::int64_t base_millis = 0;  // Event time of the beginning.
};

struct Event {
  std::uint64_t id = 0;
  std::int64_t millis = 0;
  Entity entity = Entity::kBid;
};

class Generator {
 public:
  explicit Generator(Options options) : options_(options) {}

  // The event that comes as number `index`, from 0.
  Event event(std::uint64_t index) const;

  // Event time of the n-th event of an ordered stream, milliseconds since 1970.
  std::int64_t millis_at(std::uint64_t n) const;

  const Options& options() const { return options_; }
  void begin_at(std::int64_t base_millis) { options_.base_millis = base_millis; }

 private:
  Options options_;
};

// One attribute of an entity: appends its value for an event of that entity. Each attribute draws
// its random numbers apart from the others, so that it is the same whichever others are asked for.
struct Attribute {
  std::string_view name;
  TypeKind type;
  void (*append)(const Generator& generator, const Event& event, ColumnBuilder& out);
};

// In the order of the benchmark's tables.
std::span<const Attribute> attributes(Entity entity);

Schema schema_of(Entity entity);

// event_type (0, 1, 2), person, auction and bid as rows of which one is set, dateTime.
Schema combined_schema();

}  // namespace thalweg::nexmark
