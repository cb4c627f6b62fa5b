#include "connectors/kafka_source.h"

#include <fmt/format.h>
#include <xxhash.h>

#include <algorithm>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/growing_list.h"
#include "connectors/kafka_discovery.h"
#include "connectors/kafka_options.h"
#include "connectors/kafka_outage.h"
#include "connectors/kafka_reader.h"
#include "connectors/kafka_records.h"
#include "connectors/kafka_topics.h"
#include "kafka/error_mapping.h"
#include "thalweg/kafka/admin.h"
#include "thalweg/kafka/consumer.h"

namespace thalweg {
namespace {

constexpr std::size_t kBlockRecords = 8 * 1024;
constexpr std::size_t kBlockBytes = 512 * 1024;
// What has come of a partition and is not claimed: above the first it is fetched no more, below the
// second it is again.
constexpr std::size_t kWaitingBytesMax = 8 << 20;
constexpr std::size_t kWaitingBytesMin = 2 << 20;
constexpr int kTriesToBegin = 20;

class TopicPartition;

// By which a record is known again: a topic that was made anew has others at its offsets.
std::string mark_of(std::optional<std::string_view> key, std::optional<std::string_view> value,
                    std::int64_t time_micros) {
  std::uint64_t hash = XXH3_64bits_withSeed(&time_micros, sizeof(time_micros), key.has_value());
  for (const std::optional<std::string_view>& part : {key, value}) {
    const std::string_view bytes = part.value_or(std::string_view());
    hash = XXH3_64bits_withSeed(bytes.data(), bytes.size(), hash + (part ? 1 : 0));
  }
  return fmt::format("{:016x}", hash);
}

std::string mark_of_last(const KafkaRecords& records) {
  const std::uint32_t last = records.size() - 1;
  const bool has_value = !records.valued.empty() && records.valued.back() == last;
  return mark_of(
      records.has_key[last] ? std::optional(records.keys[last]) : std::nullopt,
      has_value ? std::optional(records.values[records.valued.size() - 1]) : std::nullopt,
      records.times[last]);
}

// Of what a job was reading: it cannot go on.
Status has_gone(const kafka::Error& error) {
  if (is_unknown_topic(error)) {
    return topic_has_gone(error.message());
  }
  return invalid_argument(
      fmt::format("{}. Either records were deleted before they were read, and on_missing = 'skip' "
                  "has the next start go on with the first that there is; or the topic has been "
                  "made anew, and is to be read --from-scratch",
                  error.message()));
}

// One consumer for all partitions of a scan.
class Feed {
 public:
  Feed(kafka::ConsumerOptions options, KafkaOutage& outage, bool with_headers)
      : options_(std::move(options)), outage_(outage), with_headers_(with_headers) {}

  // Before anybody polls.
  void add(TopicPartition& partition) { partitions_.push_back(&partition); }
  // While others poll. Requires: it is known where the partition begins.
  Status join(TopicPartition& partition);

  // Brings what there is. Any worker.
  Status poll();
  // Tells the group how far it has come. For people to watch: nothing follows from it, nobody waits
  // for it, and what fails is told with the next epoch.
  void commit(const std::vector<kafka::PartitionOffset>& offsets);

 private:
  Status open();
  Status take(const kafka::RecordBatch& batch);
  Status pause_or_resume();
  void note_ends();
  TopicPartition* find(std::string_view topic, std::int32_t partition) const;

  std::mutex mutex_;  // Guards all that follows, and what partitions call theirs.
  kafka::ConsumerOptions options_;
  KafkaOutage& outage_;
  const bool with_headers_;
  std::vector<TopicPartition*> partitions_;
  std::optional<kafka::Consumer> consumer_;

  friend class TopicPartition;
};

class TopicPartition final : public Partition {
 public:
  struct Setup {
    std::int64_t start = 0;
    bool bounded = false;
    bool short_blocks = false;
    bool skips_missing = false;
    bool in_feed = false;  // Else it joins the feed when it is claimed first.
    Status problem = {};   // Why it cannot begin at `start`, if it cannot.
  };

  TopicPartition(Feed& feed, PartitionBounds place, const Setup& setup)
      : feed_(feed),
        place_(std::move(place)),
        name_(fmt::format("{}/{}", place_.topic, place_.partition)),
        bounded_(setup.bounded),
        block_records_(setup.short_blocks ? 2 : kBlockRecords),
        skips_missing_(setup.skips_missing),
        is_in_feed_(setup.in_feed),
        problem_(setup.problem),
        next_(setup.start),
        read_to_(setup.start) {}

  std::string_view name() const override { return name_; }
  std::string_view position_unit() const override { return "offset"; }

  Result<Claim> claim(Block& block) override {
    TW_TRY(Status(problem_));
    if (!std::exchange(is_in_feed_, true)) {
      TW_TRY(feed_.join(*this));
    }
    std::shared_ptr<KafkaRecords> records = take_waiting();
    if (records == nullptr) {
      TW_TRY(feed_.poll());
      records = take_waiting();
    }
    if (records == nullptr) {
      return bounded_ && has_ended() ? Claim::kEnd : Claim::kNothingYet;
    }
    block = Block{.number = blocks_++, .position = records->offsets.front()};
    records->missing_from = std::exchange(missing_from_, -1);
    next_ = records->offsets.back() + 1;
    records->keys.close();
    records->values.close();
    mark_ = mark_of_last(*records);
    block.content = std::move(records);
    return Claim::kBlock;
  }

  // What is missing is told with the next record, and until then after each start.
  ReadPosition position() const override {
    return {.position = missing_from_ >= 0 ? missing_from_ : next_, .mark = mark_};
  }

  Status resume(const ReadPosition& place) override {
    const bool is_missing = place.position < place_.begin;
    if (is_missing && skips_missing_) {
      missing_from_ = place.position;
      begin_at(place_.begin);
      return {};
    }
    if (is_missing || place.position > place_.end) {
      return invalid_argument(fmt::format(
          "cannot go on reading {} at offset {}: it has the offsets {} to {} now; {}the topic has "
          "been made anew. {}egin anew with --from-scratch",
          name_, place.position, place_.begin, place_.end,
          is_missing ? "what was not read is gone, or " : "",
          is_missing ? "Say on_missing = 'skip' to go on with the first record that there is, or b"
                     : "B"));
    }
    begin_at(place.position);
    mark_ = place.mark;
    const std::lock_guard lock(feed_.mutex_);
    is_to_be_known_again_ = !mark_.empty() && place.position > place_.begin;
    return {};
  }

  Status read_whole(std::span<const ReadPosition> /*earlier*/) override {
    begin_at(place_.begin);
    return {};
  }

  const PartitionBounds& place() const { return place_; }

  // Where a reader that has come to `position` goes on: what follows may be the marks that
  // transactions end with, or what was aborted.
  std::int64_t behind_nothing(std::int64_t position) const {
    const std::lock_guard lock(feed_.mutex_);
    return nothing_from_ == position ? nothing_to_ : position;
  }

 private:
  friend class Feed;

  void begin_at(std::int64_t offset) {
    problem_ = Status();
    next_ = offset;
    const std::lock_guard lock(feed_.mutex_);
    read_to_ = offset;
  }

  std::shared_ptr<KafkaRecords> take_waiting() {
    const std::lock_guard lock(feed_.mutex_);
    if (waiting_.empty()) {
      return nullptr;
    }
    std::shared_ptr<KafkaRecords> records = std::move(waiting_.front());
    waiting_.erase(waiting_.begin());
    waiting_bytes_ -= records->bytes();
    return records;
  }

  bool has_ended() const {
    const std::lock_guard lock(feed_.mutex_);
    return waiting_.empty() && read_to_ >= place_.end && !is_to_be_known_again_;
  }

  // The record before the first one to be read comes, too, where one has been read. It may have
  // been deleted since.
  std::int64_t fetched_from() const { return next_ - (is_to_be_known_again_ ? 1 : 0); }

  // Under the feed's lock; nothing has been claimed yet.
  Status know_again(const kafka::Record& record) {
    is_to_be_known_again_ = false;
    const std::int64_t time = record.time ? record.time->micros : KafkaRecords::kNoTime;
    if (record.offset >= next_ || mark_of(record.key, record.value, time) == mark_) {
      return {};
    }
    return invalid_argument(fmt::format(
        "cannot go on reading {} at offset {}: the record before it is not the one that was read; "
        "the topic has been made anew. Begin anew with --from-scratch",
        name_, next_));
  }

  // Under the feed's lock.
  void pass_to(std::int64_t offset) {
    if (offset > read_to_) {
      nothing_from_ = nothing_to_ == read_to_ ? nothing_from_ : read_to_;
      nothing_to_ = read_to_ = offset;
    }
  }

  // Under the feed's lock.
  void add(const kafka::Record& record, bool with_headers) {
    if (record.offset < read_to_) {
      return;  // It was only to be known again.
    }
    read_to_ = record.offset + 1;
    if (bounded_ && record.offset >= place_.end) {
      return;
    }
    if (waiting_.empty() || waiting_.back()->size() >= block_records_ ||
        waiting_.back()->bytes() >= kBlockBytes) {
      auto records = std::make_shared<KafkaRecords>();
      records->topic = place_.topic;
      records->partition = place_.partition;
      waiting_.push_back(std::move(records));
    }
    KafkaRecords& records = *waiting_.back();
    const std::size_t before = records.bytes();
    records.add(record, with_headers);
    waiting_bytes_ += records.bytes() - before;
  }

  Feed& feed_;
  const PartitionBounds place_;
  const std::string name_;
  const bool bounded_;
  const std::size_t block_records_;
  const bool skips_missing_;
  bool is_in_feed_;
  Status problem_;
  std::int64_t next_;               // The first offset behind what has been claimed.
  std::string mark_;                // Of the last record before it; empty: none has been claimed.
  std::int64_t missing_from_ = -1;  // What is gone from there to next_ has not been told; -1: none.
  std::uint64_t blocks_ = 0;

  // The feed's lock guards what follows.
  std::int64_t read_to_;  // What stands before has come.
  // Where there was no record that anybody sees, last.
  std::int64_t nothing_from_ = -1;
  std::int64_t nothing_to_ = -1;
  std::vector<std::shared_ptr<KafkaRecords>> waiting_;
  std::size_t waiting_bytes_ = 0;
  bool is_paused_ = false;
  bool is_to_be_known_again_ = false;  // The first record that comes, by mark_.
};

Status Feed::join(TopicPartition& partition) {
  const std::lock_guard lock(mutex_);
  partitions_.push_back(&partition);
  if (!consumer_) {
    return {};  // It begins with all of them.
  }
  return kafka::to_status(consumer_->add_partitions({{.topic = partition.place_.topic,
                                                      .partition = partition.place_.partition,
                                                      .offset = partition.fetched_from()}}));
}

Status Feed::poll() {
  const std::lock_guard lock(mutex_);
  if (!consumer_) {
    TW_TRY(open());
  }
  TW_TRY(pause_or_resume());
  kafka::Expected<kafka::RecordBatch> batch =
      consumer_->poll({.records = kBlockRecords, .wait = std::chrono::milliseconds(0)});
  if (!batch) {
    const bool gone =
        is_unknown_topic(batch.error()) || batch.error().kind() == kafka::ErrorKind::kPosition;
    return gone ? has_gone(batch.error()) : outage_.status_of(batch.error());
  }
  if (batch->empty()) {
    note_ends();
    return {};
  }
  return take(*batch);
}

Status Feed::open() {
  for (const TopicPartition* const partition : partitions_) {
    options_.partitions.push_back({.topic = partition->place_.topic,
                                   .partition = partition->place_.partition,
                                   .offset = partition->fetched_from()});
  }
  kafka::Expected<kafka::Consumer> consumer = kafka::Consumer::open(options_);
  if (!consumer) {
    return kafka::to_status(consumer.error());
  }
  consumer_.emplace(std::move(*consumer));
  return {};
}

Status Feed::take(const kafka::RecordBatch& batch) {
  TopicPartition* partition = nullptr;
  for (const kafka::Record& record : batch) {
    if (partition == nullptr || partition->place_.partition != record.partition ||
        partition->place_.topic != record.topic) {
      partition = find(record.topic, record.partition);
      TW_CHECK(partition != nullptr);
    }
    if (partition->is_to_be_known_again_) {
      TW_TRY(partition->know_again(record));
    }
    partition->add(record, with_headers_);
  }
  return {};
}

// A partition that nobody claims is not fetched without end.
Status Feed::pause_or_resume() {
  std::vector<kafka::TopicPartition> full;
  std::vector<kafka::TopicPartition> free;
  for (TopicPartition* const partition : partitions_) {
    const bool paused =
        partition->waiting_bytes_ > (partition->is_paused_ ? kWaitingBytesMin : kWaitingBytesMax);
    if (paused != std::exchange(partition->is_paused_, paused)) {
      (paused ? full : free)
          .push_back({.topic = partition->place_.topic, .partition = partition->place_.partition});
    }
  }
  if (!full.empty()) {
    TW_TRY(kafka::to_status(consumer_->pause(full)));
  }
  return free.empty() ? Status() : kafka::to_status(consumer_->resume(free));
}

// Offsets of records that nobody will see are passed, too.
void Feed::note_ends() {
  for (const kafka::PartitionOffset& position : consumer_->positions()) {
    if (TopicPartition* const partition = find(position.topic, position.partition)) {
      partition->pass_to(position.offset);
      if (partition->is_to_be_known_again_ && position.offset >= partition->next_) {
        partition->is_to_be_known_again_ = false;  // It is not there any more.
      }
    }
  }
}

void Feed::commit(const std::vector<kafka::PartitionOffset>& offsets) {
  const std::lock_guard lock(mutex_);
  if (consumer_ && !options_.group.empty()) {
    (void)consumer_->request_commit(offsets);
  }
}

TopicPartition* Feed::find(std::string_view topic, std::int32_t partition) const {
  const auto found =
      std::find_if(partitions_.begin(), partitions_.end(), [&](const TopicPartition* candidate) {
        return candidate->place_.partition == partition && candidate->place_.topic == topic;
      });
  return found == partitions_.end() ? nullptr : *found;
}

// Where a job without state begins to read.
enum class Begin : std::uint8_t { kEarliest, kLatest, kTimestamp, kGroup };

Begin begin_of(const Options& options) {
  const std::string& start = options.text("start");
  return start.starts_with("earliest") ? Begin::kEarliest
         : start.starts_with("latest") ? Begin::kLatest
         : start == "timestamp"        ? Begin::kTimestamp
                                       : Begin::kGroup;
}

class KafkaSource final : public Source {
 public:
  KafkaSource(const ScanRequest& request, std::unique_ptr<BlockReader> first_reader)
      : table_(request.table),
        columns_(request.columns),
        short_blocks_(request.short_blocks),
        first_reader_(std::move(first_reader)),
        topics_(table_.options.text("topic")),
        feed_(watched_options(), outage_, reads_headers(request)) {}

  Status open() override {
    TW_TRY_ASSIGN(const std::vector<PartitionBounds> places, find_places());
    if (places.empty() && !may_grow()) {
      return no_topics();
    }
    TW_TRY_ASSIGN(const std::vector<std::int64_t> starts, find_starts(places));
    const Status problem = begin_of(table_.options) == Begin::kGroup && !places.empty()
                               ? check_commits(places)
                               : Status();
    for (std::size_t i = 0; i < places.size(); ++i) {
      feed_.add(*partitions_.append(
          std::make_unique<TopicPartition>(feed_, places[i],
                                           TopicPartition::Setup{.start = starts[i],
                                                                 .bounded = bounded(),
                                                                 .short_blocks = short_blocks_,
                                                                 .skips_missing = skips_missing(),
                                                                 .in_feed = true,
                                                                 .problem = problem})));
    }
    if (may_grow()) {
      discovery_.emplace(
          KafkaDiscovery::Options{
              .connection = kafka_connection(table_.options, kafka::Side::kBoth),
              .interval = std::chrono::microseconds(discovery_micros()),
              .is_away = [this] { return outage_.now().has_value(); }},
          topics_, places);
    }
    return {};
  }

  bool bounded() const override { return table_.options.boolean("bounded"); }
  bool can_resume() const override { return true; }

  std::vector<Partition*> partitions() override {
    std::vector<Partition*> all;
    for (const auto& partition : partitions_) {
      all.push_back(partition.get());
    }
    return all;
  }

  bool may_grow() const override { return !bounded() && discovery_micros() > 0; }

  Result<std::vector<Partition*>> new_partitions() override {
    TW_TRY_ASSIGN(const std::vector<PartitionBounds> found, discovery_->take());
    std::vector<Partition*> come;
    for (const PartitionBounds& place : found) {
      come.push_back(partitions_
                         .append(std::make_unique<TopicPartition>(
                             feed_, place,
                             TopicPartition::Setup{.start = place.begin,
                                                   .short_blocks = short_blocks_,
                                                   .skips_missing = skips_missing()}))
                         .get());
    }
    return come;
  }

  bool may_come(std::string_view partition) const override {
    const std::string_view topic = partition.substr(0, partition.rfind('/'));
    return may_grow() && topics_.matches_pattern(std::string(topic));
  }

  std::unique_ptr<BlockReader> make_reader() override {
    if (first_reader_ != nullptr) {
      return std::move(first_reader_);
    }
    return make_kafka_reader({.table = table_, .columns = columns_}).take();
  }

  void epoch_counts(const std::vector<ReadPosition>& positions) override {
    std::vector<kafka::PartitionOffset> offsets;
    for (std::size_t i = 0; i < positions.size(); ++i) {
      const TopicPartition& partition = *partitions_[i];
      offsets.push_back({partition.place().topic, partition.place().partition,
                         partition.behind_nothing(positions[i].position)});
    }
    feed_.commit(offsets);
  }

  std::optional<Outage> outage() const override { return outage_.now(); }

 private:
  kafka::ConsumerOptions consumer_options() const {
    kafka::ConsumerOptions options{.connection =
                                       kafka_connection(table_.options, kafka::Side::kConsumer)};
    if (table_.options.has("group")) {
      options.group = table_.options.text("group");
    }
    options.start = kafka::Start::refuse();
    return options;
  }

  kafka::ConsumerOptions watched_options() {
    kafka::ConsumerOptions options = consumer_options();
    options.connection = outage_.watched(std::move(options.connection));
    return options;
  }

  Result<std::vector<PartitionBounds>> find_places() const {
    const kafka::Connection connection = kafka_connection(table_.options, kafka::Side::kBoth);
    kafka::Expected<kafka::Admin> admin = kafka::Admin::open({.connection = connection});
    if (!admin) {
      return kafka::to_status(admin.error());
    }
    TW_TRY(check_group(*admin));
    return topics_.find(*admin, connection);
  }

  bool skips_missing() const { return table_.options.text("on_missing") == "skip"; }

  std::int64_t discovery_micros() const {
    return table_.options.duration_micros("discovery_interval");
  }

  // Where none will come, an empty answer would hide a mistake.
  Status no_topics() const {
    return invalid_argument(
        fmt::format("table \"{}\": no topic matches '{}', and {}; `thalweg topics list` shows what "
                    "there is",
                    table_.name, table_.options.text("topic"),
                    bounded() ? "bounded = true reads only what there is at the start"
                              : "discovery_interval = '0' looks for none that come later"));
  }

  // Its offsets are its members' while it has any: brokers take none from beside them.
  Status check_group(kafka::Admin& admin) const {
    if (!table_.options.has("group")) {
      return {};
    }
    const std::string& group = table_.options.text("group");
    const kafka::Expected<kafka::GroupDescription> found = admin.describe_group(group);
    if (!found) {
      return kafka::to_status(found.error());
    }
    if (found->members.empty()) {
      return {};
    }
    const kafka::GroupMember& first = found->members.front();
    return unavailable(fmt::format(
        "table \"{}\": group \"{}\" has members, \"{}\" from {} for one, who commit its offsets: "
        "stop them, or name another group",
        table_.name, group, first.client_id, first.host));
  }

  // A name with a mistake in it would read all from the beginning. It matters to those alone who
  // do not go on where their state is.
  Status check_commits(const std::vector<PartitionBounds>& places) const {
    kafka::Expected<kafka::Admin> admin =
        kafka::Admin::open({.connection = kafka_connection(table_.options, kafka::Side::kBoth)});
    if (!admin) {
      return kafka::to_status(admin.error());
    }
    const std::string& group = table_.options.text("group");
    const kafka::Expected<std::vector<kafka::GroupOffset>> offsets = admin->group_offsets(group);
    if (!offsets) {
      return kafka::to_status(offsets.error());
    }
    const bool has_any = std::ranges::any_of(*offsets, [&](const kafka::GroupOffset& each) {
      return std::ranges::any_of(
          places, [&](const PartitionBounds& place) { return place.topic == each.topic; });
    });
    return has_any
               ? Status()
               : invalid_argument(fmt::format(
                     "table \"{}\": start = 'group', and group \"{}\" has committed no offset "
                     "of topic \"{}\"; say start = 'earliest' or 'latest'; `thalweg groups list` "
                     "shows what groups there are",
                     table_.name, group, table_.options.text("topic")));
  }

  Result<std::vector<std::int64_t>> find_starts(const std::vector<PartitionBounds>& places) const {
    const Begin begin = begin_of(table_.options);
    std::vector<std::int64_t> starts;
    for (const PartitionBounds& place : places) {
      starts.push_back(place.begin);
    }
    if (begin == Begin::kEarliest || places.empty()) {
      return starts;
    }
    kafka::ConsumerOptions options = consumer_options();
    if (begin == Begin::kLatest) {  // What is not decided yet comes later.
      options.group.clear();
      options.start = kafka::Start::latest();
    } else if (begin == Begin::kTimestamp) {
      options.group.clear();
      options.start =
          kafka::Start::at(Timestamp::from_millis(table_.options.integer("start_timestamp")));
    } else {  // What the group has not begun with has come since.
      options.start = kafka::Start::earliest();
    }
    for (const PartitionBounds& place : places) {
      options.partitions.push_back({.topic = place.topic, .partition = place.partition});
    }
    kafka::Expected<kafka::Consumer> consumer = kafka::Consumer::open(options);
    if (!consumer) {
      return kafka::to_status(consumer.error());
    }
    std::vector<kafka::PartitionOffset> found = consumer->positions();
    for (int tries = 0; found.size() < places.size(); ++tries) {
      if (tries == kTriesToBegin) {
        return unavailable(fmt::format("cannot find where to begin in topic \"{}\"",
                                       table_.options.text("topic")));
      }
      kafka::Expected<kafka::RecordBatch> nothing = consumer->poll({.records = 0});
      if (!nothing) {
        return kafka::to_status(nothing.error());
      }
      found = consumer->positions();
    }
    for (const kafka::PartitionOffset& position : found) {
      for (std::size_t i = 0; i < places.size(); ++i) {
        if (places[i].topic == position.topic && places[i].partition == position.partition) {
          starts[i] = std::clamp(position.offset, places[i].begin, places[i].end);
        }
      }
    }
    return starts;
  }

  const Table& table_;
  const std::vector<std::uint32_t> columns_;
  const bool short_blocks_;
  std::unique_ptr<BlockReader> first_reader_;  // Made to see whether it can be.
  const TopicChoice topics_;
  KafkaOutage outage_;
  Feed feed_;
  // Those that come while it is read, too, while a thread may tell how far it has come.
  GrowingList<std::unique_ptr<TopicPartition>> partitions_;
  std::optional<KafkaDiscovery> discovery_;  // Where partitions may come.
};

}  // namespace

Result<std::unique_ptr<Source>> make_kafka_source(World& /*world*/, const ScanRequest& request) {
  TW_TRY_ASSIGN(std::unique_ptr<BlockReader> reader, make_kafka_reader(request));
  return std::unique_ptr<Source>(std::make_unique<KafkaSource>(request, std::move(reader)));
}

}  // namespace thalweg
