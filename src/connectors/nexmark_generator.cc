#include "connectors/nexmark_generator.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include "connectors/nexmark_random.h"

namespace thalweg::nexmark {
namespace {

// Of 50 events one is a person, three are auctions, and the others bids, in this order.
constexpr std::uint64_t kGroupSize = 50;
constexpr std::uint64_t kAuctionsPerGroup = 3;

constexpr std::int64_t kFirstId = 1000;
constexpr std::int64_t kFirstCategory = 10;
constexpr std::uint64_t kCategories = 5;
constexpr std::int64_t kActivePeople = 1000;
constexpr std::int64_t kPeopleAhead = 10;
constexpr std::int64_t kAuctionsInFlight = 100;
constexpr std::int64_t kAuctionsAhead = 10;
constexpr std::int64_t kHotIdEvery = 100;
constexpr std::uint64_t kHotSellersRatio = 4;
constexpr std::uint64_t kHotAuctionsRatio = 2;
constexpr std::uint64_t kHotBiddersRatio = 4;
constexpr std::uint64_t kChannels = 10'000;
constexpr std::int64_t kPersonBytes = 200;
constexpr std::int64_t kAuctionBytes = 500;
constexpr std::int64_t kBidBytes = 100;
constexpr std::int64_t kBidBytesWithoutText = 32;

constexpr std::array<std::string_view, 11> kFirstNames = {
    "Peter", "Paul", "Luke", "John", "Saul", "Vicky", "Kate", "Julie", "Sarah", "Deiter", "Walter"};
constexpr std::array<std::string_view, 9> kLastNames = {
    "Shultz", "Abrams", "Spencer", "White", "Bartels", "Walton", "Smith", "Jones", "Noris"};
constexpr std::array<std::string_view, 10> kCities = {
    "Phoenix", "Los Angeles", "San Francisco", "Boise", "Portland",
    "Bend",    "Redmond",     "Seattle",       "Kent",  "Cheyenne"};
constexpr std::array<std::string_view, 6> kStates = {"AZ", "CA", "ID", "OR", "WA", "WY"};
constexpr std::array<std::string_view, 4> kHotChannels = {"Google", "Facebook", "Baidu", "Apple"};

// Which sequence of random numbers an attribute draws from.
enum Draw : std::uint64_t {
  kName,
  kEmail,
  kCard,
  kCity,
  kState,
  kPersonExtra,
  kItemName,
  kDescription,
  kInitialBid,
  kReserve,
  kExpires,
  kSeller,
  kCategory,
  kAuctionExtra,
  kAuctionOfBid,
  kBidder,
  kPrice,
  kChannel,
  kUrl,
  kBidExtra,
};

Random random_for(const Generator& generator, const Event& event, Draw draw) {
  return {generator.options().seed, event.id, draw};
}

// The newest person and auction when the event happens, counted from 0.
std::int64_t last_person(std::uint64_t id) { return static_cast<std::int64_t>(id / kGroupSize); }

std::int64_t last_auction(std::uint64_t id) {
  auto group = static_cast<std::int64_t>(id / kGroupSize);
  auto offset = static_cast<std::int64_t>(id % kGroupSize);
  const auto auctions = static_cast<std::int64_t>(kAuctionsPerGroup);
  if (offset < 1) {
    --group;
    offset = auctions - 1;
  } else {
    offset = std::min(offset - 1, auctions - 1);
  }
  return group * auctions + offset;
}

// One of the active people, or one who has not come yet.
std::int64_t next_person(Random& random, std::uint64_t id) {
  const std::int64_t people = last_person(id) + 1;
  const std::int64_t active = std::min(people, kActivePeople);
  const auto drawn =
      static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(active + kPeopleAhead)));
  return people - active + drawn;
}

void append_millis(std::int64_t millis, ColumnBuilder& out) {
  out.append<std::int64_t>(millis * 1000);
}

void date_time(const Generator&, const Event& event, ColumnBuilder& out) {
  append_millis(event.millis, out);
}

// Person.

void person_id(const Generator&, const Event& event, ColumnBuilder& out) {
  out.append<std::int64_t>(last_person(event.id) + kFirstId);
}

std::string name_of(const Generator& generator, const Event& event) {
  Random random = random_for(generator, event, kName);
  const std::string_view first = kFirstNames[random.below(kFirstNames.size())];
  return fmt::format("{} {}", first, kLastNames[random.below(kLastNames.size())]);
}

std::string email_of(const Generator& generator, const Event& event) {
  Random random = random_for(generator, event, kEmail);
  std::string email;
  append_random_text(random, 7, ' ', email);
  email += '@';
  append_random_text(random, 5, ' ', email);
  return email + ".com";
}

std::string card_of(const Generator& generator, const Event& event) {
  Random random = random_for(generator, event, kCard);
  std::string card;
  for (int group = 0; group < 4; ++group) {
    fmt::format_to(std::back_inserter(card), "{}{:04}", group == 0 ? "" : " ",
                   random.below(10'000));
  }
  return card;
}

std::string_view city_of(const Generator& generator, const Event& event) {
  return kCities[random_for(generator, event, kCity).below(kCities.size())];
}

std::string_view state_of(const Generator& generator, const Event& event) {
  return kStates[random_for(generator, event, kState).below(kStates.size())];
}

template <auto text_of>
void append(const Generator& generator, const Event& event, ColumnBuilder& out) {
  out.append_text(text_of(generator, event));
}

void person_extra(const Generator& generator, const Event& event, ColumnBuilder& out) {
  const std::size_t size = 8 + name_of(generator, event).size() +
                           email_of(generator, event).size() + card_of(generator, event).size() +
                           city_of(generator, event).size() + state_of(generator, event).size();
  Random random = random_for(generator, event, kPersonExtra);
  std::string extra;
  append_padding(random, static_cast<std::int64_t>(size), kPersonBytes, extra);
  out.append_text(extra);
}

// Auction.

void auction_id(const Generator&, const Event& event, ColumnBuilder& out) {
  out.append<std::int64_t>(last_auction(event.id) + kFirstId);
}

std::string item_name_of(const Generator& generator, const Event& event) {
  Random random = random_for(generator, event, kItemName);
  std::string name;
  append_random_text(random, 20, ' ', name);
  return name;
}

std::string description_of(const Generator& generator, const Event& event) {
  Random random = random_for(generator, event, kDescription);
  std::string description;
  append_random_text(random, 100, ' ', description);
  return description;
}

std::int64_t initial_bid_of(const Generator& generator, const Event& event) {
  Random random = random_for(generator, event, kInitialBid);
  return random_price(random);
}

void initial_bid(const Generator& generator, const Event& event, ColumnBuilder& out) {
  out.append<std::int64_t>(initial_bid_of(generator, event));
}

void reserve(const Generator& generator, const Event& event, ColumnBuilder& out) {
  Random random = random_for(generator, event, kReserve);
  out.append<std::int64_t>(initial_bid_of(generator, event) + random_price(random));
}

void expires(const Generator& generator, const Event& event, ColumnBuilder& out) {
  // About as long as it takes until this many auctions more have been bid on.
  const std::uint64_t events_ahead =
      static_cast<std::uint64_t>(kAuctionsInFlight) * kGroupSize / kAuctionsPerGroup;
  const std::int64_t horizon = generator.millis_at(event.id - 1 + events_ahead) - event.millis;
  Random random = random_for(generator, event, kExpires);
  const auto length = static_cast<std::uint64_t>(std::max<std::int64_t>(horizon * 2, 1));
  append_millis(event.millis + 1 + static_cast<std::int64_t>(random.below(length)), out);
}

void seller(const Generator& generator, const Event& event, ColumnBuilder& out) {
  Random random = random_for(generator, event, kSeller);
  const std::int64_t id = random.below(kHotSellersRatio) > 0
                              ? last_person(event.id) / kHotIdEvery * kHotIdEvery
                              : next_person(random, event.id);
  out.append<std::int64_t>(id + kFirstId);
}

void category(const Generator& generator, const Event& event, ColumnBuilder& out) {
  Random random = random_for(generator, event, kCategory);
  out.append<std::int64_t>(kFirstCategory + static_cast<std::int64_t>(random.below(kCategories)));
}

void auction_extra(const Generator& generator, const Event& event, ColumnBuilder& out) {
  const std::size_t size =
      8 + item_name_of(generator, event).size() + description_of(generator, event).size() + 5 * 8;
  Random random = random_for(generator, event, kAuctionExtra);
  std::string extra;
  append_padding(random, static_cast<std::int64_t>(size), kAuctionBytes, extra);
  out.append_text(extra);
}

// Bid.

void bid_auction(const Generator& generator, const Event& event, ColumnBuilder& out) {
  Random random = random_for(generator, event, kAuctionOfBid);
  const std::int64_t last = last_auction(event.id);
  std::int64_t id = last / kHotIdEvery * kHotIdEvery;
  if (random.below(kHotAuctionsRatio) == 0) {
    const std::int64_t first = std::max<std::int64_t>(last - kAuctionsInFlight, 0);
    id = first + static_cast<std::int64_t>(
                     random.below(static_cast<std::uint64_t>(last - first + 1 + kAuctionsAhead)));
  }
  out.append<std::int64_t>(id + kFirstId);
}

void bidder(const Generator& generator, const Event& event, ColumnBuilder& out) {
  Random random = random_for(generator, event, kBidder);
  const std::int64_t id = random.below(kHotBiddersRatio) > 0
                              ? last_person(event.id) / kHotIdEvery * kHotIdEvery + 1
                              : next_person(random, event.id);
  // The benchmark's own generator adds the first id twice; its answers depend on it.
  out.append<std::int64_t>(id + 2 * kFirstId);
}

void price(const Generator& generator, const Event& event, ColumnBuilder& out) {
  Random random = random_for(generator, event, kPrice);
  out.append<std::int64_t>(random_price(random));
}

struct Channel {
  bool hot = false;
  std::uint64_t number = 0;
};

Channel channel_of(const Generator& generator, const Event& event) {
  Random random = random_for(generator, event, kChannel);
  const bool hot = random.below(2) == 0;
  return {.hot = hot, .number = random.below(hot ? kHotChannels.size() : kChannels)};
}

void channel(const Generator& generator, const Event& event, ColumnBuilder& out) {
  const Channel chosen = channel_of(generator, event);
  out.append_text(chosen.hot ? std::string(kHotChannels[chosen.number])
                             : fmt::format("channel-{}", chosen.number));
}

std::uint32_t reverse_bits(std::uint32_t value) {
  std::uint32_t reversed = 0;
  for (int bit = 0; bit < 32; ++bit) {
    reversed = (reversed << 1) | ((value >> bit) & 1);
  }
  return reversed;
}

// A channel has one address, whatever the event.
std::string url_of(const Generator& generator, const Channel& chosen) {
  Random random(generator.options().seed, chosen.number + (chosen.hot ? kChannels : 0), kUrl);
  std::string url = "https://www.nexmark.com/";
  for (int part = 0; part < 3; ++part) {
    append_random_text(random, 5, '_', url);
    url += '/';
  }
  url += "item.htm?query=1";
  if (chosen.hot || random.below(10) > 0) {
    const auto id =
        static_cast<std::int32_t>(reverse_bits(static_cast<std::uint32_t>(chosen.number)));
    url += fmt::format("&channel_id={}", std::abs(std::int64_t{id}));
  }
  return url;
}

void url(const Generator& generator, const Event& event, ColumnBuilder& out) {
  out.append_text(url_of(generator, channel_of(generator, event)));
}

void bid_extra(const Generator& generator, const Event& event, ColumnBuilder& out) {
  Random random = random_for(generator, event, kBidExtra);
  std::string extra;
  append_padding(random, kBidBytesWithoutText, kBidBytes, extra);
  out.append_text(extra);
}

constexpr std::array<Attribute, 8> kPerson = {{
    {"id", TypeKind::kBigint, person_id},
    {"name", TypeKind::kText, append<name_of>},
    {"emailAddress", TypeKind::kText, append<email_of>},
    {"creditCard", TypeKind::kText, append<card_of>},
    {"city", TypeKind::kText, append<city_of>},
    {"state", TypeKind::kText, append<state_of>},
    {"dateTime", TypeKind::kTimestamp, date_time},
    {"extra", TypeKind::kText, person_extra},
}};

constexpr std::array<Attribute, 10> kAuction = {{
    {"id", TypeKind::kBigint, auction_id},
    {"itemName", TypeKind::kText, append<item_name_of>},
    {"description", TypeKind::kText, append<description_of>},
    {"initialBid", TypeKind::kBigint, initial_bid},
    {"reserve", TypeKind::kBigint, reserve},
    {"dateTime", TypeKind::kTimestamp, date_time},
    {"expires", TypeKind::kTimestamp, expires},
    {"seller", TypeKind::kBigint, seller},
    {"category", TypeKind::kBigint, category},
    {"extra", TypeKind::kText, auction_extra},
}};

constexpr std::array<Attribute, 7> kBid = {{
    {"auction", TypeKind::kBigint, bid_auction},
    {"bidder", TypeKind::kBigint, bidder},
    {"price", TypeKind::kBigint, price},
    {"channel", TypeKind::kText, channel},
    {"url", TypeKind::kText, url},
    {"dateTime", TypeKind::kTimestamp, date_time},
    {"extra", TypeKind::kText, bid_extra},
}};

}  // namespace

Event Generator::event(std::uint64_t index) const {
  // The benchmark counts its events from 1, and their ids from one more.
  const std::uint64_t number = index + 1;
  const std::uint64_t group = options_.disorder;
  const std::uint64_t n = number / group * group + number * 953 % group;
  Event event{.id = n + 1, .millis = millis_at(n), .entity = Entity::kBid};
  const std::uint64_t place = event.id % kGroupSize;
  if (place == 0) {
    event.entity = Entity::kPerson;
  } else if (place <= kAuctionsPerGroup) {
    event.entity = Entity::kAuction;
  }
  return event;
}

std::int64_t Generator::millis_at(std::uint64_t n) const {
  __extension__ using Wide = unsigned __int128;
  return options_.base_millis + static_cast<std::int64_t>(Wide{n} * 1000 / options_.rate);
}

std::span<const Attribute> attributes(Entity entity) {
  switch (entity) {
    case Entity::kPerson:
      return kPerson;
    case Entity::kAuction:
      return kAuction;
    case Entity::kBid:
      break;
  }
  return kBid;
}

Schema schema_of(Entity entity) {
  Schema schema;
  for (const Attribute& attribute : attributes(entity)) {
    schema.push_back({std::string(attribute.name), type_of(attribute.type)});
  }
  return schema;
}

Schema combined_schema() {
  return {{"event_type", type_of(TypeKind::kInt)},
          {"person", struct_type(schema_of(Entity::kPerson))},
          {"auction", struct_type(schema_of(Entity::kAuction))},
          {"bid", struct_type(schema_of(Entity::kBid))},
          {"dateTime", type_of(TypeKind::kTimestamp)}};
}

}  // namespace thalweg::nexmark
