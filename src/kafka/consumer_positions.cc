#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "kafka/admin_impl.h"
#include "kafka/consumer_core.h"
#include "kafka/error_mapping.h"

namespace thalweg::kafka {
namespace {

// For a question about offsets to a broker.
constexpr int kAskMillis = 10'000;
// For so long brokers may not have heard yet of a partition that others of them have.
constexpr std::int64_t kPropagationNanos = 5'000'000'000;

std::string named(const rd_kafka_topic_partition_t& partition) {
  return name_of(partition.topic, partition.partition);
}

// The generation of a serialized membership: "CGMDv2:" and then, as this machine writes it, an
// int32. The member's id stands after the group's.
struct WrittenMembership {
  std::int32_t generation = -1;
  std::string member_id;
};

std::optional<WrittenMembership> read_membership(std::string_view bytes) {
  constexpr std::string_view kMagic = "CGMDv2:";
  WrittenMembership written;
  if (!bytes.starts_with(kMagic) || bytes.size() < kMagic.size() + sizeof(std::int32_t)) {
    return std::nullopt;
  }
  bytes.remove_prefix(kMagic.size());
  std::memcpy(&written.generation, bytes.data(), sizeof(std::int32_t));
  bytes.remove_prefix(sizeof(std::int32_t));
  const std::size_t group_end = bytes.find('\0');
  if (group_end == std::string_view::npos) {
    return std::nullopt;
  }
  bytes.remove_prefix(group_end + 1);
  written.member_id = bytes.substr(0, bytes.find('\0'));
  return written;
}

Expected<WrittenMembership> written_membership(
    const rd_kafka_consumer_group_metadata_t& membership) {
  void* buffer = nullptr;
  std::size_t size = 0;
  if (Error error = error_of(rd_kafka_consumer_group_metadata_write(&membership, &buffer, &size),
                             "cannot tell the group's membership")) {
    return error;
  }
  const auto written = read_membership({static_cast<const char*>(buffer), size});
  rd_kafka_mem_free(nullptr, buffer);
  if (!written) {
    return Error(ErrorKind::kFatal, "", "librdkafka writes memberships in another way");
  }
  return *written;
}

Error lost(std::string message) {
  return {ErrorKind::kAbortable, "_ASSIGNMENT_LOST", std::move(message)};
}

}  // namespace

Error ConsumerCore::resolve_committed(rd_kafka_topic_partition_list_t& list) {
  if (options_.group.empty()) {
    return {};
  }
  const PartitionList asked(rd_kafka_topic_partition_list_copy(&list));
  const std::string doing = fmt::format("cannot read the offsets of group \"{}\"", options_.group);
  if (Error error = error_of(rd_kafka_committed(client_->get(), asked.get(), kAskMillis), doing)) {
    return error;
  }
  for (int i = 0; i < list.cnt; ++i) {
    const rd_kafka_topic_partition_t& answer = asked->elems[i];
    // Also where a transaction is open that may commit another: it is asked again.
    if (Error error = error_of(answer.err, fmt::format("{} in {}", doing, named(answer)))) {
      return error;
    }
    if (list.elems[i].offset == RD_KAFKA_OFFSET_INVALID && answer.offset >= 0) {
      list.elems[i].offset = answer.offset;
    }
  }
  return {};
}

Error ConsumerCore::resolve_start(rd_kafka_topic_partition_t& partition) {
  if (options_.start.where == Start::Where::kRefuse) {
    return {ErrorKind::kPosition, "_NO_OFFSET",
            fmt::format("group \"{}\" has committed no offset for {}, and "
                        "ConsumerOptions::start refuses to choose one",
                        options_.group, named(partition))};
  }
  const std::string doing = fmt::format("cannot find the start of {}", named(partition));
  // Absolute offsets: librdkafka waits half a second before it goes to "the beginning".
  std::int64_t begin = 0;
  std::int64_t end = 0;
  if (Error error =
          error_of(rd_kafka_query_watermark_offsets(client_->get(), partition.topic,
                                                    partition.partition, &begin, &end, kAskMillis),
                   doing)) {
    return error;
  }
  if (options_.start.where != Start::Where::kTime) {
    partition.offset = options_.start.where == Start::Where::kEarliest ? begin : end;
    return {};
  }
  const PartitionList times = to_list(std::vector<PartitionOffset>{
      {partition.topic, partition.partition, options_.start.time.micros / 1000}});
  if (Error error =
          error_of(rd_kafka_offsets_for_times(client_->get(), times.get(), kAskMillis), doing)) {
    return error;
  }
  if (Error error = error_of(times->elems[0].err, doing)) {
    return error;
  }
  partition.offset = times->elems[0].offset >= 0 ? times->elems[0].offset : end;
  return {};
}

Error ConsumerCore::resolve_starts(rd_kafka_topic_partition_list_t& list) {
  if (Error error = resolve_committed(list)) {
    return error;
  }
  for (int i = 0; i < list.cnt; ++i) {
    if (list.elems[i].offset == RD_KAFKA_OFFSET_INVALID) {
      if (Error error = resolve_start(list.elems[i])) {
        return error;
      }
    }
  }
  return {};
}

Error ConsumerCore::assign_waiting() {
  if (Error error = resolve_starts(*to_assign_)) {
    return client_->explained(std::move(error), poll_began_nanos_);
  }
  const PartitionList list = std::move(to_assign_);
  {
    const std::lock_guard lock(mutex_);
    partitions_.clear();
  }
  begin_partitions(*list);
  if (Error error = error_of(rd_kafka_assign(client_->get(), list.get()), "cannot begin to read")) {
    return error;
  }
  if (Error error = hold_paused()) {
    return error;
  }
  if (options_.on_assigned) {
    options_.on_assigned(offsets_of(*list));
  }
  return {};
}

void ConsumerCore::begin_partitions(const rd_kafka_topic_partition_list_t& list) {
  const std::lock_guard lock(mutex_);
  for (const PartitionOffset& each : offsets_of(list)) {
    partitions_.emplace(Key(each.topic, each.partition), Partition(each.offset));
  }
}

Error ConsumerCore::add_partitions(const std::vector<AssignedPartition>& partitions) {
  if (options_.partitions.empty()) {
    return {ErrorKind::kMisuse, "",
            "cannot add partitions: the consumer shares topics with its group, which gives them "
            "out; ConsumerOptions::partitions are assigned by hand"};
  }
  PartitionList all = to_add_ == nullptr
                          ? new_partition_list()
                          : PartitionList(rd_kafka_topic_partition_list_copy(to_add_.get()));
  {
    const std::lock_guard lock(mutex_);
    for (const AssignedPartition& each : partitions) {
      if (is_assigned({each.topic, each.partition}) ||
          rd_kafka_topic_partition_list_find(all.get(), each.topic.c_str(), each.partition) !=
              nullptr) {
        return {ErrorKind::kMisuse, "",
                fmt::format("cannot add {}: it is assigned to this consumer already",
                            name_of(each.topic, each.partition))};
      }
      add_to(*all, each);
    }
  }
  to_add_ = std::move(all);
  add_until_nanos_ = client_->events().env().steady_nanos() + kPropagationNanos;
  look_nanos_ = 0;
  return {};
}

// librdkafka takes a partition that it has not heard of for one that is gone, and asks seldom.
Error ConsumerCore::look_for_added() {
  constexpr std::int64_t kPauseNanos = 100'000'000;
  constexpr std::chrono::milliseconds kLookMax{1'000};
  const std::int64_t now = poll_began_nanos_;
  std::map<std::string, std::int32_t> counts;
  for (int i = 0; i < to_add_->cnt; ++i) {
    const rd_kafka_topic_partition_t& each = to_add_->elems[i];
    const auto [count, is_new] = counts.try_emplace(each.topic, 0);
    if (is_new) {
      const Expected<std::int32_t> found = partition_count_of(*client_, each.topic, kLookMax);
      if (!found && (found.error().kind() == ErrorKind::kRetriable || now >= add_until_nanos_)) {
        return found.error();
      }
      count->second = found ? *found : 0;
    }
    if (each.partition >= count->second) {
      look_nanos_ = now + kPauseNanos;
      return {now < add_until_nanos_ ? ErrorKind::kRetriable : ErrorKind::kConfiguration,
              "_UNKNOWN_PARTITION", fmt::format("there is no partition {}", named(each))};
    }
  }
  return {};
}

Error ConsumerCore::add_waiting() {
  if (poll_began_nanos_ < look_nanos_) {
    return {};
  }
  if (Error error = look_for_added()) {
    return error;
  }
  bool all_know = true;  // Where they begin.
  for (int i = 0; i < to_add_->cnt; ++i) {
    all_know &= to_add_->elems[i].offset != RD_KAFKA_OFFSET_INVALID;
  }
  if (!all_know) {
    if (Error error = resolve_starts(*to_add_)) {
      return client_->explained(std::move(error), poll_began_nanos_);
    }
  }
  const PartitionList list = std::move(to_add_);
  begin_partitions(*list);
  if (Error error = error_of(rd_kafka_incremental_assign(client_->get(), list.get()),
                             "cannot begin to read")) {
    return error;
  }
  if (Error error = hold_paused()) {
    return error;
  }
  if (options_.on_assigned) {
    options_.on_assigned(offsets_of(*list));
  }
  return {};
}

Error ConsumerCore::commit() {
  if (options_.group.empty()) {
    return {};
  }
  std::vector<PartitionOffset> offsets;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [key, partition] : partitions_) {
      if (const std::int64_t next = partition.tracker.committable(); next > partition.committed) {
        offsets.push_back({key.first, key.second, next});
      }
    }
  }
  return offsets.empty() ? Error() : commit(offsets);
}

Error ConsumerCore::commit(const std::vector<PartitionOffset>& offsets) {
  const std::string doing = committing();
  if (options_.group.empty()) {
    return {ErrorKind::kMisuse, "", doing + ": ConsumerOptions::group names none"};
  }
  const std::int64_t since = client_->events().env().steady_nanos();
  const PartitionList list = to_list(offsets);
  if (Error error = error_of(rd_kafka_commit(client_->get(), list.get(), 0), doing)) {
    return client_->explained(std::move(error), since);
  }
  const std::lock_guard lock(mutex_);
  for (int i = 0; i < list->cnt; ++i) {
    const rd_kafka_topic_partition_t& each = list->elems[i];
    if (Error error = error_of(each.err, fmt::format("{} in {}", doing, named(each)))) {
      return error;
    }
    if (Partition* const partition = find(each.topic, each.partition)) {
      partition->committed = each.offset;
    }
  }
  return {};
}

Error ConsumerCore::request_commit(const std::vector<PartitionOffset>& offsets) {
  if (options_.group.empty()) {
    return {ErrorKind::kMisuse, "", committing() + ": ConsumerOptions::group names none"};
  }
  return error_of(rd_kafka_commit(client_->get(), to_list(offsets).get(), 1), committing());
}

std::string ConsumerCore::committing() const {
  return fmt::format("cannot commit the offsets of group \"{}\"", options_.group);
}

// By assigning anew: the call to seek in librdkafka 2.0.2 has a timeout a thousand times too short.
Error ConsumerCore::seek(const std::vector<PartitionOffset>& offsets) {
  PartitionList list;
  {
    const std::lock_guard lock(mutex_);
    for (const PartitionOffset& to : offsets) {
      if (find(to.topic, to.partition) == nullptr) {
        return {ErrorKind::kMisuse, "",
                fmt::format("cannot seek in {}: it is not assigned to this consumer",
                            name_of(to.topic, to.partition))};
      }
    }
    for (const PartitionOffset& to : offsets) {
      Partition moved(to.offset);
      Partition& partition = *find(to.topic, to.partition);
      moved.committed = partition.committed;
      partition = std::move(moved);
    }
    std::vector<PartitionOffset> all;
    for (const auto& [key, partition] : partitions_) {
      all.push_back({key.first, key.second, partition.next});
    }
    list = to_list(all);
  }
  if (Error error = error_of(rd_kafka_assign(client_->get(), list.get()), "cannot seek")) {
    return error;
  }
  return hold_paused();
}

Error ConsumerCore::rewind() {
  std::vector<PartitionOffset> back;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [key, partition] : partitions_) {
      if (partition.tracker.held() > 0) {
        back.push_back({key.first, key.second, partition.tracker.committable()});
      }
    }
  }
  return back.empty() || is_closed_ ? Error() : seek(back);
}

bool ConsumerCore::is_assigned(const TopicPartition& named) {
  const auto waits_in = [&](const PartitionList& list) {
    return list != nullptr && rd_kafka_topic_partition_list_find(list.get(), named.topic.c_str(),
                                                                 named.partition) != nullptr;
  };
  return find(named.topic, named.partition) != nullptr || waits_in(to_assign_) || waits_in(to_add_);
}

Error ConsumerCore::pause(const std::vector<TopicPartition>& partitions) {
  {
    const std::lock_guard lock(mutex_);
    for (const TopicPartition& each : partitions) {
      if (!is_assigned(each)) {
        return {ErrorKind::kMisuse, "",
                fmt::format("cannot pause {}: it is not assigned to this consumer",
                            name_of(each.topic, each.partition))};
      }
    }
    paused_.insert(partitions.begin(), partitions.end());
  }
  return hold_paused();  // Those that have not begun yet begin paused.
}

Error ConsumerCore::hold_paused() {
  PartitionList list;
  {
    const std::lock_guard lock(mutex_);
    std::vector<TopicPartition> all;
    for (const auto& [key, partition] : partitions_) {
      if (TopicPartition each{key.first, key.second}; holds_all_ || paused_.contains(each)) {
        all.push_back(std::move(each));
      }
    }
    list = to_list(all);
  }
  if (Error error =
          error_of(rd_kafka_pause_partitions(client_->get(), list.get()), "cannot pause")) {
    return error;
  }
  for (int i = 0; i < list->cnt; ++i) {
    const rd_kafka_topic_partition_t& each = list->elems[i];
    if (Error error = error_of(each.err, fmt::format("cannot pause {}", named(each)))) {
      return error;
    }
  }
  return {};
}

Error ConsumerCore::resume(const std::vector<TopicPartition>& partitions) {
  {
    const std::lock_guard lock(mutex_);
    for (const TopicPartition& each : partitions) {
      paused_.erase(each);
    }
    if (holds_all_) {
      return {};  // They go on when all are let go.
    }
  }
  return error_of(rd_kafka_resume_partitions(client_->get(), to_list(partitions).get()),
                  "cannot resume");
}

Error ConsumerCore::hold_all() {
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(holds_all_, true)) {
      return {};
    }
  }
  return hold_paused();
}

bool ConsumerCore::holds_all() const {
  const std::lock_guard lock(mutex_);
  return holds_all_;
}

Error ConsumerCore::let_go() {
  std::vector<TopicPartition> held;
  {
    const std::lock_guard lock(mutex_);
    if (!std::exchange(holds_all_, false)) {
      return {};
    }
    for (const auto& [key, partition] : partitions_) {
      if (TopicPartition each{key.first, key.second}; !paused_.contains(each)) {
        held.push_back(std::move(each));
      }
    }
  }
  return resume(held);
}

std::vector<TopicPartition> ConsumerCore::assignment() const {
  const std::lock_guard lock(mutex_);
  std::vector<TopicPartition> all;
  for (const auto& [key, partition] : partitions_) {
    all.push_back({key.first, key.second});
  }
  return all;
}

std::vector<PartitionOffset> ConsumerCore::positions() const {
  const std::lock_guard lock(mutex_);
  std::vector<PartitionOffset> all;
  for (const auto& [key, partition] : partitions_) {
    all.push_back({key.first, key.second, partition.next});
  }
  return all;
}

bool ConsumerCore::at_end() const {
  const std::lock_guard lock(mutex_);
  return !partitions_.empty() &&
         std::all_of(partitions_.begin(), partitions_.end(),
                     [](const auto& each) { return each.second.is_at_end; });
}

Expected<std::vector<PartitionLag>> ConsumerCore::lag() {
  std::vector<PartitionLag> all;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [key, partition] : partitions_) {
      all.push_back({key.first, key.second, partition.next, partition.committed});
    }
  }
  // Asked of the brokers: what librdkafka has seen last is the end of the partition also where
  // readers of committed records get no further than the first open transaction.
  std::vector<PartitionOffset> ends;
  for (const PartitionLag& each : all) {
    ends.push_back({each.topic, each.partition, RD_KAFKA_OFFSET_END});
  }
  const PartitionList list = to_list(ends);
  if (Error error = error_of(rd_kafka_offsets_for_times(client_->get(), list.get(), kAskMillis),
                             "cannot read the ends of partitions");
      error && !all.empty()) {
    return error;
  }
  for (std::size_t i = 0; i < all.size(); ++i) {
    const rd_kafka_topic_partition_t& end = list->elems[static_cast<int>(i)];
    if (Error error = error_of(end.err, fmt::format("cannot read the end of {}", named(end)))) {
      return error;
    }
    all[i].end = std::max(end.offset, all[i].position);
  }
  return all;
}

Expected<Membership> ConsumerCore::membership_for(
    const std::vector<PartitionOffset>& offsets) const {
  const std::string doing =
      fmt::format("cannot send the offsets of group \"{}\" with the transaction", options_.group);
  if (rd_kafka_assignment_lost(client_->get()) != 0) {
    return lost(doing + ": its partitions have gone to other members");
  }
  {
    const std::lock_guard lock(mutex_);
    for (const PartitionOffset& each : offsets) {
      if (partitions_.find(KeyView(each.topic, each.partition)) == partitions_.end()) {
        return lost(fmt::format("{}: {} is not assigned to this consumer", doing,
                                name_of(each.topic, each.partition)));
      }
    }
  }
  Membership membership(rd_kafka_consumer_group_metadata(client_->get()));
  if (membership == nullptr) {
    return Error(ErrorKind::kMisuse, "", doing + ": the consumer is in no group");
  }
  if (!options_.topics.empty()) {
    const Expected<WrittenMembership> written = written_membership(*membership);
    if (!written) {
      return written.error();
    }
    if (written->generation < 0 || written->member_id.empty()) {
      return lost(doing + ": this consumer is not a member of the group, or not any more");
    }
  }
  return membership;
}

}  // namespace thalweg::kafka
