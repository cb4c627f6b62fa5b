#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <optional>
#include <utility>

#include "columnar/value.h"
#include "connectors/connector.h"
#include "connectors/nexmark_generator.h"

namespace thalweg {
namespace {

using nexmark::Entity;
using nexmark::Event;
using nexmark::Generator;

constexpr std::uint64_t kBlockEvents = 8192;
constexpr std::uint64_t kShortBlockEvents = 32;

bool is_timestamp(std::string_view text) {
  return parse_value(text, type_of(TypeKind::kTimestamp)).ok();
}

std::span<const OptionSpec> nexmark_options() {
  static const std::array<OptionSpec, 10> specs{{
      {.name = "type",
       .type = OptionType::kChoice,
       .required = false,
       .default_value = "all",
       .text = "all: one table of all events; else a flat table of this kind of event alone.",
       .choices = {"all", "person", "auction", "bid"},
       .aliases = {"table.type", "nexmark.table.type"}},
      {.name = "events",
       .type = OptionType::kInteger,
       .required = false,
       .default_value = {},
       .text = "How many events of all kinds there are: 2 % people, 6 % auctions, 92 % bids. "
               "Without it they never end.",
       .choices = {},
       .aliases = {"events.num", "nexmark.event.num", "number-of-rows"},
       .accepts = is_natural,
       .expects = kNaturalExpected},
      {.name = "rate",
       .type = OptionType::kInteger,
       .required = false,
       .default_value = "10000",
       .text = "Events per second of event time.",
       .choices = {},
       .aliases = {"event_rate", "first-event.rate", "next-event.rate", "rows-per-second"},
       .accepts = is_positive,
       .expects = kPositiveExpected},
      {.name = "person_proportion",
       .type = OptionType::kChoice,
       .required = false,
       .default_value = "1",
       .text = "How many of 50 events are people.",
       .choices = {"1"},
       .aliases = {"person.proportion"}},
      {.name = "auction_proportion",
       .type = OptionType::kChoice,
       .required = false,
       .default_value = "3",
       .text = "How many of 50 events are auctions.",
       .choices = {"3"},
       .aliases = {"auction.proportion"}},
      {.name = "bid_proportion",
       .type = OptionType::kChoice,
       .required = false,
       .default_value = "46",
       .text = "How many of 50 events are bids.",
       .choices = {"46"},
       .aliases = {"bid.proportion"}},
      {.name = "live",
       .type = OptionType::kBoolean,
       .required = false,
       .default_value = "false",
       .text = "Events come at that rate by the wall clock too, not as fast as they can be read.",
       .choices = {},
       .aliases = {}},
      {.name = "disorder",
       .type = OptionType::kInteger,
       .required = false,
       .default_value = "1",
       .text = "Events are out of order within groups of so many.",
       .choices = {},
       .aliases = {"out-of-order-group-size"},
       .accepts = is_positive,
       .expects = kPositiveExpected},
      {.name = "seed",
       .type = OptionType::kInteger,
       .required = false,
       .default_value = "1",
       .text = "Another seed gives other events.",
       .choices = {},
       .aliases = {}},
      {.name = "base_time",
       .type = OptionType::kText,
       .required = false,
       .default_value = {},
       .text = "When events begin: 2015-07-15 00:00:00 by default, the present when live.",
       .choices = {},
       .aliases = {"base-time"},
       .accepts = is_timestamp,
       .expects = "a time such as '2026-01-31 12:00:00'"},
  }};
  return specs;
}

constexpr std::int64_t kBaseMillis = 1'436'918'400'000;

std::optional<Entity> entity_of(const Options& options) {
  const std::string type = options.has("type") ? options.text("type") : "all";
  if (type == "person") {
    return Entity::kPerson;
  }
  if (type == "auction") {
    return Entity::kAuction;
  }
  return type == "bid" ? std::optional(Entity::kBid) : std::nullopt;
}

std::optional<Schema> own_schema(const Options& options) {
  const std::optional<Entity> entity = entity_of(options);
  return entity ? nexmark::schema_of(*entity) : nexmark::combined_schema();
}

// Fills one column for the events of a piece.
class ColumnMaker {
 public:
  virtual ~ColumnMaker() = default;
  virtual Column make(const Generator& generator, std::span<const Event> events) = 0;
};

class AttributeMaker final : public ColumnMaker {
 public:
  explicit AttributeMaker(const nexmark::Attribute& attribute)
      : attribute_(attribute), builder_(type_of(attribute.type)) {}

  Column make(const Generator& generator, std::span<const Event> events) override {
    for (const Event& event : events) {
      attribute_.append(generator, event, builder_);
    }
    return builder_.finish();
  }

 private:
  const nexmark::Attribute& attribute_;
  ColumnBuilder builder_;
};

// A row of the attributes of one kind of event, NULL for the other kinds.
class RowMaker final : public ColumnMaker {
 public:
  explicit RowMaker(Entity entity)
      : entity_(entity), builder_(struct_type(nexmark::schema_of(entity))) {}

  Column make(const Generator& generator, std::span<const Event> events) override {
    const std::span<const nexmark::Attribute> attributes = nexmark::attributes(entity_);
    for (const Event& event : events) {
      if (event.entity != entity_) {
        builder_.append_null();
        continue;
      }
      for (std::size_t i = 0; i < attributes.size(); ++i) {
        attributes[i].append(generator, event, builder_.child(i));
      }
      builder_.close_row();
    }
    return builder_.finish();
  }

 private:
  const Entity entity_;
  ColumnBuilder builder_;
};

class EventTypeMaker final : public ColumnMaker {
 public:
  Column make(const Generator& /*generator*/, std::span<const Event> events) override {
    for (const Event& event : events) {
      builder_.append<std::int32_t>(static_cast<std::int32_t>(event.entity));
    }
    return builder_.finish();
  }

 private:
  ColumnBuilder builder_{type_of(TypeKind::kInt)};
};

std::unique_ptr<ColumnMaker> make_column_maker(std::optional<Entity> entity, std::size_t column) {
  if (entity) {
    return std::make_unique<AttributeMaker>(nexmark::attributes(*entity)[column]);
  }
  switch (column) {
    case 0:
      return std::make_unique<EventTypeMaker>();
    case 1:
      return std::make_unique<RowMaker>(Entity::kPerson);
    case 2:
      return std::make_unique<RowMaker>(Entity::kAuction);
    case 3:
      return std::make_unique<RowMaker>(Entity::kBid);
    default:
      break;
  }
  const std::span<const nexmark::Attribute> bid = nexmark::attributes(Entity::kBid);
  const auto date_time = std::find_if(
      bid.begin(), bid.end(), [](const auto& attribute) { return attribute.name == "dateTime"; });
  return std::make_unique<AttributeMaker>(*date_time);
}

// The stream of events; blocks are ranges of event numbers.
class NexmarkPartition final : public Partition {
 public:
  NexmarkPartition(Env& env, Generator& generator, std::optional<std::uint64_t> events, bool live,
                   bool begins_now, std::uint64_t block_events)
      : env_(env),
        generator_(generator),
        events_(events),
        live_(live),
        begins_now_(begins_now),
        block_events_(block_events) {}

  std::string_view name() const override { return "nexmark"; }

  Result<Claim> claim(Block& block) override {
    if (next_ == events_) {
      return Claim::kEnd;
    }
    std::uint64_t end = next_ + block_events_;
    if (live_) {
      end = std::min(end, events_due());
    }
    end = std::min(end, events_.value_or(end));
    if (end <= next_) {
      return Claim::kNothingYet;
    }
    block = Block{.number = blocks_++,
                  .position = static_cast<std::int64_t>(next_),
                  .bytes = nullptr,
                  .rows = static_cast<std::uint32_t>(end - next_)};
    next_ = end;
    return Claim::kBlock;
  }

  ReadPosition position() const override {
    return {.position = static_cast<std::int64_t>(next_), .mark = mark()};
  }

  Status resume(const ReadPosition& place) override {
    std::int64_t base = generator_.options().base_millis;
    if (begins_now_) {
      const std::size_t last = place.mark.rfind(' ') + 1;
      std::from_chars(place.mark.data() + last, place.mark.data() + place.mark.size(), base);
    }
    generator_.begin_at(base);
    if (place.mark != mark() || place.position < 0) {
      return invalid_argument(
          fmt::format("cannot go on at event {}: seed, rate, disorder or base_time is another than "
                      "in the last run, and so are the events; set it back, or begin anew with "
                      "--from-scratch",
                      place.position));
    }
    resumed_at_ = static_cast<std::uint64_t>(place.position);
    next_ = events_ ? std::min(resumed_at_, *events_) : resumed_at_;
    return {};
  }

 private:
  // The events are a function of this.
  std::string mark() const {
    const nexmark::Options& options = generator_.options();
    return fmt::format("{} {} {} {}", options.seed, options.rate, options.disorder,
                       options.base_millis);
  }

  // How many events have happened by now; time stands still between two runs.
  std::uint64_t events_due() {
    const std::int64_t now = env_.steady_nanos();
    if (!started_nanos_) {
      started_nanos_ = now;
    }
    const double since = static_cast<double>(now - *started_nanos_) * 1e-9 *
                         static_cast<double>(generator_.options().rate);
    return resumed_at_ + static_cast<std::uint64_t>(since);
  }

  Env& env_;
  Generator& generator_;
  const std::optional<std::uint64_t> events_;
  const bool live_;
  const bool begins_now_;  // The time of the first event is that of the first run.
  const std::uint64_t block_events_;
  std::optional<std::int64_t> started_nanos_;
  std::uint64_t resumed_at_ = 0;
  std::uint64_t next_ = 0;
  std::uint64_t blocks_ = 0;
};

class NexmarkReader final : public BlockReader {
 public:
  NexmarkReader(const Generator& generator, std::optional<Entity> entity,
                const std::vector<std::size_t>& columns)
      : generator_(generator), entity_(entity) {
    for (const std::size_t column : columns) {
      makers_.push_back(make_column_maker(entity, column));
    }
  }

  void begin(const Partition& /*partition*/, const Block& block) override {
    first_ = static_cast<std::uint64_t>(block.position);
    next_ = first_;
    end_ = first_ + block.rows;
  }

  bool next(std::uint32_t rows_max, DecodedRows& out) override {
    events_.clear();
    out.offsets.clear();
    for (; next_ < end_ && events_.size() < rows_max; ++next_) {
      const Event event = generator_.event(next_);
      if (!entity_ || event.entity == *entity_) {
        events_.push_back(event);
        out.offsets.push_back(next_ - first_);
      }
    }
    out.rows = static_cast<std::uint32_t>(events_.size());
    out.columns.clear();
    for (const auto& maker : makers_) {
      out.columns.push_back(maker->make(generator_, events_));
    }
    return !events_.empty();
  }

 private:
  const Generator& generator_;
  const std::optional<Entity> entity_;
  std::vector<std::unique_ptr<ColumnMaker>> makers_;
  std::vector<Event> events_;
  std::uint64_t first_ = 0;
  std::uint64_t next_ = 0;
  std::uint64_t end_ = 0;
};

class NexmarkSource final : public Source {
 public:
  NexmarkSource(Env& env, const Options& options, nexmark::Options generator_options,
                std::vector<std::size_t> columns, std::uint64_t block_events)
      : env_(env),
        entity_(entity_of(options)),
        live_(options.boolean("live")),
        begins_now_(live_ && !options.has("base_time")),
        generator_(generator_options),
        columns_(std::move(columns)),
        block_events_(block_events) {
    if (options.has("events")) {
      events_ = static_cast<std::uint64_t>(options.integer("events"));
    }
  }

  Status open() override {
    partition_ = std::make_unique<NexmarkPartition>(env_, generator_, events_, live_, begins_now_,
                                                    block_events_);
    return {};
  }
  bool bounded() const override { return events_.has_value(); }
  bool can_resume() const override { return true; }
  std::vector<Partition*> partitions() override { return {partition_.get()}; }
  std::unique_ptr<BlockReader> make_reader() override {
    return std::make_unique<NexmarkReader>(generator_, entity_, columns_);
  }

 private:
  Env& env_;
  const std::optional<Entity> entity_;
  const bool live_;
  const bool begins_now_;
  Generator generator_;
  const std::vector<std::size_t> columns_;
  const std::uint64_t block_events_;
  std::optional<std::uint64_t> events_;
  std::unique_ptr<NexmarkPartition> partition_;
};

bool same_name(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](unsigned char x, unsigned char y) {
    return std::tolower(x) == std::tolower(y);
  });
}

// Which of the generator's columns a declared one is, by its name.
Result<std::size_t> find_column(const Schema& own, const Field& declared) {
  for (std::size_t i = 0; i < own.size(); ++i) {
    if (!same_name(own[i].name, declared.name)) {
      continue;
    }
    if (own[i].type.kind != TypeKind::kStruct && !(own[i].type == declared.type)) {
      return invalid_argument(fmt::format("column \"{}\" of connector nexmark is {}, not {}",
                                          declared.name, to_string(own[i].type),
                                          to_string(declared.type)));
    }
    if (own[i].type.kind == TypeKind::kStruct && !(own[i].type == declared.type)) {
      return invalid_argument(
          fmt::format("column \"{}\" of connector nexmark is {}; declare it so, or leave out all "
                      "columns",
                      declared.name, to_string(own[i].type)));
    }
    return i;
  }
  std::string names;
  for (const Field& field : own) {
    names += (names.empty() ? "" : ", ") + field.name;
  }
  return invalid_argument(
      fmt::format("connector nexmark has no column \"{}\"; it has {}", declared.name, names));
}

std::uint64_t number(const Options& options, std::string_view name, std::uint64_t otherwise) {
  return options.has(name) ? static_cast<std::uint64_t>(options.integer(name)) : otherwise;
}

Result<nexmark::Options> generator_options(Env& env, const Options& options) {
  nexmark::Options made;
  made.rate = number(options, "rate", 10'000);
  made.disorder = number(options, "disorder", 1);
  made.seed = number(options, "seed", 1);
  made.base_millis = options.boolean("live") ? env.wall_now().micros / 1000 : kBaseMillis;
  if (options.has("base_time")) {
    TW_TRY_ASSIGN(const Value base,
                  parse_value(options.text("base_time"), type_of(TypeKind::kTimestamp)));
    made.base_millis = std::get<std::int64_t>(base.data) / 1000;
  }
  return made;
}

Result<std::unique_ptr<Source>> make_source(World& world, const ScanRequest& request) {
  const Options& options = request.table.options;
  TW_TRY_ASSIGN(const nexmark::Options made, generator_options(world.env, options));
  const Schema own = *own_schema(options);
  std::vector<std::size_t> columns;
  for (const std::uint32_t column : request.columns) {
    TW_TRY_ASSIGN(const std::size_t found, find_column(own, request.table.columns[column].field));
    columns.push_back(found);
  }
  return std::unique_ptr<Source>(
      std::make_unique<NexmarkSource>(world.env, options, made, std::move(columns),
                                      request.short_blocks ? kShortBlockEvents : kBlockEvents));
}

}  // namespace

Connector nexmark_connector() {
  return {.info = {.name = "nexmark",
                   .aliases = {},
                   .text = "Made-up people, auctions and bids of the Nexmark benchmark.",
                   .can_read = true,
                   .can_write = false,
                   .takes_format = false,
                   .takes_changes = false,
                   .default_format = {},
                   .options = nexmark_options(),
                   .bounded = [](const Options& options) { return options.has("events"); },
                   .own_schema = own_schema},
          .make_source = make_source,
          .make_sink = nullptr};
}

}  // namespace thalweg
