#include "kafka/consumer_core.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "kafka/error_mapping.h"

namespace thalweg::kafka {
namespace {

// A group's name is asked for by librdkafka even where no group takes part.
constexpr std::string_view kNoGroup = "thalweg-without-group";

SettingValues fields_of(const ConsumerOptions& options) {
  SettingValues fields = {
      {"group.id", options.group.empty() ? std::string(kNoGroup) : options.group},
      {"isolation.level", options.read_committed ? "read_committed" : "read_uncommitted"},
      {"session.timeout.ms", std::to_string(options.session_timeout.count())},
      {"heartbeat.interval.ms", std::to_string(options.heartbeat_interval.count())},
      {"max.poll.interval.ms", std::to_string(options.poll_interval_max.count())},
      {"queued.max.messages.kbytes", std::to_string(std::clamp<std::uint64_t>(
                                         options.fetch_ahead_bytes_max / 1024, 1, 2'097'151))},
  };
  if (!options.instance_id.empty()) {
    fields["group.instance.id"] = options.instance_id;
  }
  return fields;
}

// What nobody may set: nothing is committed by itself, and an offset that is gone is an error.
void set_own(rd_kafka_conf_t* conf) {
  constexpr std::pair<const char*, const char*> kOwn[] = {{"enable.auto.commit", "false"},
                                                          {"enable.auto.offset.store", "false"},
                                                          {"auto.offset.reset", "error"},
                                                          {"enable.partition.eof", "true"}};
  for (const auto& [name, value] : kOwn) {
    rd_kafka_conf_set(conf, name, value, nullptr, 0);
  }
}

Error wrong(std::string message) { return {ErrorKind::kConfiguration, "", std::move(message)}; }

Error check_options(const ConsumerOptions& options) {
  if (options.topics.empty() == options.partitions.empty()) {
    return wrong("a consumer reads either ConsumerOptions::topics or ::partitions");
  }
  if (!options.topics.empty() && options.group.empty()) {
    return wrong(
        "topics are shared by a group: ConsumerOptions::group names it; without one, "
        "assign partitions");
  }
  return {};
}

class ConsumerEvents final : public ClientEvents {
 public:
  ConsumerEvents(Env& env, const Connection& connection, ConsumerCore& core)
      : ClientEvents(env, connection), core_(core) {}
  ConsumerCore& core() { return core_; }

 private:
  ConsumerCore& core_;
};

}  // namespace

Expected<std::unique_ptr<ConsumerCore>> ConsumerCore::make(Env& env, ConsumerOptions options) {
  if (Error problem = check_options(options)) {
    return problem;
  }
  Expected<ConfPtr> conf = make_conf(env, options.connection, Side::kConsumer, fields_of(options));
  if (!conf) {
    return conf.error();
  }
  set_own(conf->get());
  std::unique_ptr<ConsumerCore> core(new ConsumerCore(std::move(options)));
  rd_kafka_conf_set_rebalance_cb(conf->get(), &ConsumerCore::rebalanced);
  Expected<std::unique_ptr<Client>> client =
      Client::make(RD_KAFKA_CONSUMER, std::move(*conf),
                   std::make_unique<ConsumerEvents>(env, core->options_.connection, *core));
  if (!client) {
    return client.error();
  }
  core->client_ = std::move(*client);
  if (Error problem = core->begin()) {
    return problem;
  }
  return core;
}

Error ConsumerCore::begin() {
  rd_kafka_poll_set_consumer(client_->get());
  if (!options_.partitions.empty()) {
    to_assign_ = to_list(options_.partitions);
    return {};
  }
  const PartitionList topics = new_partition_list();
  for (const std::string& topic : options_.topics) {
    rd_kafka_topic_partition_list_add(topics.get(), topic.c_str(), RD_KAFKA_PARTITION_UA);
  }
  return error_of(rd_kafka_subscribe(client_->get(), topics.get()),
                  fmt::format("cannot read topics {}", fmt::join(options_.topics, ", ")));
}

ConsumerCore::~ConsumerCore() {
  constexpr std::chrono::milliseconds kCloseAtEnd{10'000};
  constexpr std::chrono::milliseconds kCloseWhileAway{500};  // Nobody hears that it leaves.
  if (client_ != nullptr) {
    (void)close(client_->events().is_away() ? kCloseWhileAway : kCloseAtEnd);
  }
}

void ConsumerCore::rebalanced(rd_kafka_t* client, rd_kafka_resp_err_t code,
                              rd_kafka_topic_partition_list_t* partitions, void* opaque) {
  ConsumerCore& core = static_cast<ConsumerEvents*>(static_cast<ClientEvents*>(opaque))->core();
  if (code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
    core.assigned(*partitions);
    return;
  }
  if (code == RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS) {
    core.revoked(*partitions);
  } else {
    core.problem_ = error_of(
        code, fmt::format("group \"{}\" cannot share out its partitions", core.options_.group));
  }
  rd_kafka_assign(client, nullptr);
}

void ConsumerCore::assigned(const rd_kafka_topic_partition_list_t& partitions) {
  to_assign_.reset(rd_kafka_topic_partition_list_copy(&partitions));
  for (int i = 0; i < to_assign_->cnt; ++i) {
    to_assign_->elems[i].offset = RD_KAFKA_OFFSET_INVALID;
  }
  if (Error problem = assign_waiting(); problem && problem.kind() != ErrorKind::kRetriable) {
    problem_ = problem;
  }
}

void ConsumerCore::revoked(const rd_kafka_topic_partition_list_t& partitions) {
  to_assign_.reset();
  if (filling_ != nullptr) {
    filling_->clear();  // Nobody has seen them: whoever gets the partitions reads them.
    ends_.clear();
  }
  const bool is_lost = rd_kafka_assignment_lost(client_->get()) != 0;
  const auto& told = is_lost ? options_.on_lost : options_.on_revoked;
  if (before_) {
    before_(is_lost);
  }
  if (told) {
    told(partitions_of(partitions));
  }
  if (!is_lost) {
    if (Error problem = commit()) {
      problem_ = problem;
    }
  }
  const std::lock_guard lock(mutex_);
  partitions_.clear();
  paused_.clear();
  holds_all_ = false;
}

Expected<RecordBatch> ConsumerCore::poll(const PollLimits& limits) {
  if (is_closed_) {
    return Error(ErrorKind::kMisuse, "", "the consumer is closed");
  }
  Env& env = client_->events().env();
  poll_began_nanos_ = env.steady_nanos();
  if (to_assign_ != nullptr) {
    if (Error problem = assign_waiting(); problem && problem.kind() != ErrorKind::kRetriable) {
      return problem;
    }
  }
  if (to_add_ != nullptr && to_assign_ == nullptr) {
    if (Error problem = add_waiting(); problem && problem.kind() != ErrorKind::kRetriable) {
      to_add_.reset();  // The others can be read on.
      return problem;
    }
  }
  RecordBatch batch;
  batch.client_ = client_;
  filling_ = &batch;
  std::uint64_t bytes = 0;
  int wait = timeout_of(limits.wait);
  // One at a time: librdkafka's calls for many hand out records of partitions that are lost.
  while (!problem_ && batch.size() < limits.records && bytes < limits.bytes) {
    rd_kafka_message_t* const message = rd_kafka_consumer_poll(client_->get(), wait);
    if (message == nullptr) {
      break;
    }
    const std::size_t size = message->len + message->key_len;
    if (take(message, batch)) {
      bytes += size;
      wait = 0;
    } else {
      rd_kafka_message_destroy(message);
    }
  }
  filling_ = nullptr;
  hand_out(batch);
  if (!batch.empty()) {
    heard_nanos_ = env.steady_nanos();
    client_->events().on_answer();
    return batch;
  }
  client_->look_again();
  if (problem_) {
    return std::exchange(problem_, {});
  }
  if (const std::optional<Error> trouble = client_->events().trouble_since(poll_began_nanos_)) {
    if (trouble->kind() == ErrorKind::kAuthorization) {
      return *trouble;
    }
    if (trouble->name() == kAnswerTooLarge) {
      return Error(trouble->kind(), trouble->name(),
                   fmt::format("cannot read on in {}: {}", where_it_stands(), trouble->message()));
    }
  }
  return batch;
}

std::string ConsumerCore::where_it_stands() const {
  constexpr std::size_t kNamedMax = 3;
  const std::lock_guard lock(mutex_);
  std::vector<std::string> named;
  for (const auto& [key, partition] : partitions_) {
    if (!partition.is_at_end && named.size() < kNamedMax) {
      named.push_back(
          fmt::format("{} at offset {}", name_of(key.first, key.second), partition.next));
    }
  }
  return fmt::format("{}", fmt::join(named, ", "));
}

bool ConsumerCore::take(rd_kafka_message_t* message, RecordBatch& batch) {
  if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
    batch.messages_.push_back(message);
    return true;
  }
  if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
    ends_.push_back({rd_kafka_topic_name(message->rkt), message->partition, message->offset});
  } else if (message->rkt == nullptr && ClientEvents::is_disturbance(message->err)) {
    client_->events().on_error(message->err, rd_kafka_message_errstr(message));
  } else {
    problem_ = problem_of(*message);
  }
  return false;
}

Error ConsumerCore::problem_of(const rd_kafka_message_t& message) {
  if (message.err == RD_KAFKA_RESP_ERR__FATAL) {
    std::array<char, 512> why{};
    const rd_kafka_resp_err_t code = rd_kafka_fatal_error(client_->get(), why.data(), why.size());
    const Error fatal = error_of(code, fmt::format("group \"{}\"", options_.group), why.data());
    return {ErrorKind::kFatal, fatal.name(), fatal.message()};
  }
  const std::string topic = message.rkt == nullptr ? "" : rd_kafka_topic_name(message.rkt);
  const std::string where = topic.empty() ? fmt::format("group \"{}\"", options_.group)
                            : message.partition >= 0
                                ? fmt::format("cannot read {} at offset {}",
                                              name_of(topic, message.partition), message.offset)
                                : fmt::format("cannot read topic \"{}\"", topic);
  return error_of(message.err, where, rd_kafka_message_errstr(&message));
}

ConsumerCore::Partition* ConsumerCore::find(std::string_view topic, std::int32_t partition) {
  const auto found = partitions_.find(KeyView(topic, partition));
  return found == partitions_.end() ? nullptr : &found->second;
}

void ConsumerCore::hand_out(const RecordBatch& batch) {
  const std::lock_guard lock(mutex_);
  const rd_kafka_topic_t* topic = nullptr;
  std::int32_t number = -1;
  Partition* partition = nullptr;
  for (void* const each : batch.messages_) {
    const auto& message = *static_cast<const rd_kafka_message_t*>(each);
    if (message.rkt != topic || message.partition != number) {
      topic = message.rkt;
      number = message.partition;
      partition = find(rd_kafka_topic_name(topic), number);
    }
    if (partition != nullptr) {
      partition->tracker.handed_out(message.offset);
      partition->next = message.offset + 1;
      partition->is_at_end = false;
    }
  }
  for (const PartitionOffset& end : ends_) {
    Partition* const ended = find(end.topic, end.partition);
    if (ended != nullptr && end.offset >= ended->next) {
      ended->tracker.nothing_before(end.offset);
      ended->next = end.offset;
      ended->is_at_end = true;
    }
  }
  ends_.clear();
}

void ConsumerCore::done(const RecordBatch& batch) {
  const std::lock_guard lock(mutex_);
  for (void* const each : batch.messages_) {
    const auto& message = *static_cast<const rd_kafka_message_t*>(each);
    if (Partition* const partition = find(rd_kafka_topic_name(message.rkt), message.partition)) {
      partition->tracker.done(message.offset);
    }
  }
}

void ConsumerCore::done(std::string_view topic, std::int32_t partition, std::int64_t offset) {
  const std::lock_guard lock(mutex_);
  if (Partition* const found = find(topic, partition)) {
    found->tracker.done(offset);
  }
}

Error ConsumerCore::trouble() const {
  return client_->events().trouble_since(heard_nanos_).value_or(Error());
}

Error ConsumerCore::close(std::chrono::milliseconds timeout) {
  if (std::exchange(is_closed_, true)) {
    return {};
  }
  Error problem = commit();
  rd_kafka_t* const handle = client_->get();
  Env& env = client_->events().env();
  const std::int64_t until = env.steady_nanos() + timeout.count() * 1'000'000;
  // Revoked in the callback like any other time.
  rd_kafka_queue_t* const queue = rd_kafka_queue_new(handle);
  Error closing = error_of(rd_kafka_consumer_close_queue(handle, queue), "cannot close");
  while (!closing && rd_kafka_consumer_closed(handle) == 0 && env.steady_nanos() < until) {
    // Records come too: librdkafka's other calls would end the process at one.
    if (rd_kafka_message_t* const message = rd_kafka_consume_queue(queue, 20)) {
      rd_kafka_message_destroy(message);
    }
  }
  const bool is_closed = rd_kafka_consumer_closed(handle) != 0;
  rd_kafka_queue_destroy(queue);
  if (!is_closed) {
    return {ErrorKind::kRetriable, "_TIMED_OUT",
            fmt::format("group \"{}\" was not left in {} ms", options_.group, timeout.count())};
  }
  return problem;
}

}  // namespace thalweg::kafka
