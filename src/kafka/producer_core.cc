#include "kafka/producer_core.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <thread>

#include "kafka/admin_impl.h"
#include "kafka/error_mapping.h"
#include "kafka/partition_list.h"

namespace thalweg::kafka {
namespace {

constexpr std::size_t kExamplesMax = 100;
constexpr std::int64_t kNanosPerMilli = 1'000'000;
// How long librdkafka is asked at once to send all it has without lingering.
constexpr std::int64_t kFlushMillisMax = 5;
// How long a producer that is given up waits for its records' failures to be told.
constexpr int kPurgeMillisMax = 5'000;

constexpr std::array<std::string_view, 5> kCompressions{"none", "gzip", "snappy", "lz4", "zstd"};

SettingValues fields_of(const ProducerOptions& options) {
  // librdkafka counts headers and its own bytes too; what is refused is ours to decide.
  const std::uint64_t kbytes = options.in_flight_bytes_max / 512 + 65'536;
  const std::uint64_t kbytes_max = std::numeric_limits<std::int32_t>::max();
  return {
      {"compression.type", std::string(kCompressions[static_cast<int>(options.compression)])},
      {"linger.ms", std::to_string(options.linger.count())},
      {"batch.size", std::to_string(options.batch_bytes)},
      {"acks", options.acks == Acks::kAll      ? "-1"
               : options.acks == Acks::kLeader ? "1"
                                               : "0"},
      {"enable.idempotence", options.idempotent ? "true" : "false"},
      {"retries", std::to_string(options.retries)},
      {"message.timeout.ms", std::to_string(options.delivery_timeout.count())},
      {"queue.buffering.max.kbytes", std::to_string(std::min(kbytes, kbytes_max))},
  };
}

std::uint64_t bytes_of(const OutputRecord& record) {
  return (record.key ? record.key->size() : 0) + (record.value ? record.value->size() : 0);
}

rd_kafka_headers_t* headers_of(std::span<const HeaderView> headers) {
  if (headers.empty()) {
    return nullptr;
  }
  rd_kafka_headers_t* const made = rd_kafka_headers_new(headers.size());
  for (const HeaderView& header : headers) {
    rd_kafka_header_add(made, header.name.data(), static_cast<ssize_t>(header.name.size()),
                        !header.value           ? nullptr
                        : header.value->empty() ? ""
                                                : header.value->data(),
                        header.value ? static_cast<ssize_t>(header.value->size()) : 0);
  }
  return made;
}

// Where there is something, of no bytes too, its address is not null.
void set_bytes(rd_kafka_vu_t& to, rd_kafka_vtype_t type, std::optional<std::string_view> bytes) {
  to.vtype = type;
  to.u.mem.ptr = bytes ? const_cast<char*>(bytes->empty() ? "" : bytes->data()) : nullptr;
  to.u.mem.size = bytes ? bytes->size() : 0;
}

Error closed() { return {ErrorKind::kMisuse, "", "the producer is closed"}; }

}  // namespace

// Deliveries come as events, many at a time, in librdkafka's background thread.
class ProducerCore::Events final : public ClientEvents {
 public:
  Events(Env& env, const Connection& connection, ProducerCore& core)
      : ClientEvents(env, connection), core_(core) {}
  ProducerCore& core() { return core_; }

 private:
  ProducerCore& core_;
};

Expected<std::unique_ptr<ProducerCore>> ProducerCore::make(Env& env, const ProducerOptions& options,
                                                           const SettingValues& more_fields) {
  SettingValues fields = fields_of(options);
  if (!more_fields.empty()) {
    // Of a transactional producer librdkafka takes it from the transaction's timeout.
    fields.erase("message.timeout.ms");
  }
  for (const auto& [name, value] : more_fields) {
    fields[name] = value;
  }
  Expected<ConfPtr> conf = make_conf(env, options.connection, Side::kProducer, fields);
  if (!conf) {
    return conf.error();
  }
  std::unique_ptr<ProducerCore> core(new ProducerCore(options));
  rd_kafka_conf_set_events(conf->get(), RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_ERROR);
  rd_kafka_conf_set_background_event_cb(
      conf->get(), [](rd_kafka_t* /*client*/, rd_kafka_event_t* event, void* opaque) {
        const EventPtr owned(event);
        auto& events = *static_cast<Events*>(static_cast<ClientEvents*>(opaque));
        events.called([&] { events.core().on_event(event); });
      });
  Expected<std::unique_ptr<Client>> client =
      Client::make(RD_KAFKA_PRODUCER, std::move(*conf),
                   std::make_unique<Events>(env, options.connection, *core));
  if (!client) {
    return client.error();
  }
  core->client_ = std::move(*client);
  rd_kafka_queue_t* const main = rd_kafka_queue_get_main(core->client_->get());
  rd_kafka_queue_t* const background = rd_kafka_queue_get_background(core->client_->get());
  rd_kafka_queue_forward(main, background);
  rd_kafka_queue_destroy(background);
  rd_kafka_queue_destroy(main);
  return core;
}

ProducerCore::~ProducerCore() {
  if (client_ != nullptr && !closed_) {
    (void)close(std::chrono::milliseconds(0));
  }
  topics_.clear();
}

rd_kafka_topic_t* ProducerCore::topic_named(std::string_view name) {
  const absl::string_view key(name.data(), name.size());
  {
    const std::shared_lock lock(topics_mutex_);
    if (const auto found = topics_.find(key); found != topics_.end()) {
      return found->second.get();
    }
  }
  const std::unique_lock lock(topics_mutex_);
  TopicPtr& topic = topics_[std::string(name)];
  if (topic == nullptr) {
    topic.reset(rd_kafka_topic_new(client_->get(), std::string(name).c_str(), nullptr));
  }
  return topic.get();
}

rd_kafka_error_t* ProducerCore::produce(rd_kafka_topic_t* topic, const OutputRecord& record,
                                        DeliveryWaiter* waiter) {
  std::array<rd_kafka_vu_t, 8> parts;
  std::size_t count = 0;
  parts[count].vtype = RD_KAFKA_VTYPE_RKT;
  parts[count++].u.rkt = topic;
  parts[count].vtype = RD_KAFKA_VTYPE_PARTITION;
  parts[count++].u.i32 = record.partition.value_or(RD_KAFKA_PARTITION_UA);
  parts[count].vtype = RD_KAFKA_VTYPE_MSGFLAGS;
  parts[count++].u.i = RD_KAFKA_MSG_F_COPY;
  parts[count].vtype = RD_KAFKA_VTYPE_OPAQUE;
  parts[count++].u.ptr = waiter;
  set_bytes(parts[count++], RD_KAFKA_VTYPE_VALUE, record.value);
  set_bytes(parts[count++], RD_KAFKA_VTYPE_KEY, record.key);
  if (record.time) {
    parts[count].vtype = RD_KAFKA_VTYPE_TIMESTAMP;
    parts[count++].u.i64 = record.time->micros / 1000;
  }
  rd_kafka_headers_t* const headers = headers_of(record.headers);
  if (headers != nullptr) {
    parts[count].vtype = RD_KAFKA_VTYPE_HEADERS;
    parts[count++].u.headers = headers;
  }
  rd_kafka_error_t* const error = rd_kafka_produceva(client_->get(), parts.data(), count);
  if (error != nullptr && headers != nullptr) {
    rd_kafka_headers_destroy(headers);  // They are librdkafka's only where there is no error.
  }
  return error;
}

// A record alone may exceed the limit: otherwise it could never be sent.
bool ProducerCore::reserve(std::uint64_t bytes) {
  const std::uint64_t before = in_flight_.fetch_add(bytes);
  if (before == 0 || before + bytes <= options_.in_flight_bytes_max) {
    return true;
  }
  in_flight_.fetch_sub(bytes);
  return false;
}

void ProducerCore::release(std::uint64_t bytes) {
  in_flight_.fetch_sub(bytes);
  if (waiting_for_room_.load() > 0) {
    const std::lock_guard lock(mutex_);
    room_.notify_all();
  }
}

// Whether it makes sense to try once more.
bool ProducerCore::wait_for_room(std::int64_t until_nanos) {
  // Deliveries wake us; not, though, of records that librdkafka holds and we do not count.
  constexpr std::chrono::milliseconds kLookAgain{20};
  std::unique_lock lock(mutex_);
  if (closed_ || client_->events().env().steady_nanos() >= until_nanos ||
      client_->events().gives_up()) {
    return false;
  }
  room_.wait_for(lock, kLookAgain);
  return true;
}

Error ProducerCore::refused(rd_kafka_error_t* error, const OutputRecord& record) {
  const std::string doing = fmt::format("cannot send to topic \"{}\"", record.topic);
  if (rd_kafka_error_code(error) == RD_KAFKA_RESP_ERR__FATAL) {
    rd_kafka_error_destroy(error);
    std::array<char, 512> why{};
    const rd_kafka_resp_err_t code = rd_kafka_fatal_error(client_->get(), why.data(), why.size());
    const Error fatal = error_of(code, doing, why.data());
    return {ErrorKind::kFatal, fatal.name(), fatal.message()};
  }
  // What its flags say is about transactions, and this is about a record.
  const rd_kafka_resp_err_t code = rd_kafka_error_code(error);
  Error made = error_of(code, doing, rd_kafka_error_string(error));
  rd_kafka_error_destroy(error);
  return made;
}

Error ProducerCore::send(const OutputRecord& record, DeliveryWaiter* waiter) {
  if (closed_.load(std::memory_order_relaxed)) {
    return closed();
  }
  rd_kafka_topic_t* const topic = topic_named(record.topic);
  if (topic == nullptr) {
    return error_of(rd_kafka_last_error(),
                    fmt::format("cannot send to topic \"{}\"", record.topic));
  }
  const std::uint64_t bytes = bytes_of(record);
  std::optional<std::int64_t> until;
  while (true) {
    const bool has_room = reserve(bytes);
    rd_kafka_error_t* error = nullptr;
    if (has_room) {
      const RecordsUnderWay::Side side = under_way_.add();
      if (waiter != nullptr) {
        waiter->side = side;
      }
      error = produce(topic, record, waiter != nullptr ? waiter : &nobody_[side]);
      if (error == nullptr) {
        return {};
      }
      under_way_.remove(side, 1);
      release(bytes);
      if (rd_kafka_error_code(error) != RD_KAFKA_RESP_ERR__QUEUE_FULL) {
        return refused(error, record);
      }
      rd_kafka_error_destroy(error);
    }
    if (!until) {
      until = client_->events().env().steady_nanos() + options_.block_max.count() * kNanosPerMilli;
    }
    ++waiting_for_room_;
    const bool again = wait_for_room(*until);
    --waiting_for_room_;
    if (!again) {
      return closed_ ? closed()
                     : client_->explained(
                           error_of(RD_KAFKA_RESP_ERR__QUEUE_FULL,
                                    fmt::format("cannot send to topic \"{}\": {} bytes are on "
                                                "their way already",
                                                record.topic, in_flight_bytes())),
                           0);
    }
  }
}

void ProducerCore::on_event(rd_kafka_event_t* event) {
  if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_ERROR) {
    client_->events().on_error(rd_kafka_event_error(event), rd_kafka_event_error_string(event));
    if (in_flight_bytes() == 0) {
      client_->events().on_answer();  // Nobody waits for a broker.
    }
    return;
  }
  std::uint64_t bytes = 0;
  std::array<std::uint64_t, 2> ended{};  // By side.
  bool has_delivered = false;
  const rd_kafka_message_t* last = nullptr;  // That was delivered.
  while (const rd_kafka_message_t* const message = rd_kafka_event_message_next(event)) {
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
      has_delivered = true;
      if (last != nullptr && (last->rkt != message->rkt || last->partition != message->partition)) {
        note_offset(*last);  // Records of a partition come together.
      }
      last = message;
    }
    bytes += message->len + message->key_len;
    const auto& waiter = *static_cast<const DeliveryWaiter*>(message->_private);
    ++ended[waiter.side];
    if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR || waiter.done != nullptr) {
      delivered(*message);
    }
  }
  if (last != nullptr) {
    note_offset(*last);
  }
  if (bytes > 0) {
    release(bytes);
  }
  for (const RecordsUnderWay::Side side : {0, 1}) {
    under_way_.remove(side, ended[side]);  // Now that it is known which of them failed.
  }
  if (has_delivered) {
    client_->events().on_answer();
  }
}

void ProducerCore::delivered(const rd_kafka_message_t& message) {
  Delivery delivery{.partition = message.partition, .offset = message.offset};
  if (message.err != RD_KAFKA_RESP_ERR_NO_ERROR) {
    delivery.offset = -1;
    delivery.error = client_->explained(
        error_of(message.err,
                 fmt::format("cannot deliver to topic \"{}\"", rd_kafka_topic_name(message.rkt))),
        0);
    failed(message, delivery.error);
  }
  auto& waiter = *static_cast<DeliveryWaiter*>(message._private);
  if (waiter.done != nullptr) {
    waiter.done(waiter, std::move(delivery));
  }
}

void ProducerCore::note_offset(const rd_kafka_message_t& message) {
  const std::lock_guard lock(mutex_);
  std::int64_t& known =
      last_offsets_.try_emplace({rd_kafka_topic_name(message.rkt), message.partition}, -1)
          .first->second;
  known = std::max(known, message.offset);
}

std::optional<std::int64_t> ProducerCore::last_offset(const TopicPartition& partition,
                                                      std::chrono::milliseconds timeout) {
  rd_kafka_flush(client_->get(), timeout_of(timeout));  // What fails is told by whoever commits.
  const std::lock_guard lock(mutex_);
  const auto found = last_offsets_.find(partition);
  return found == last_offsets_.end() || found->second < 0 ? std::nullopt
                                                           : std::optional(found->second);
}

void ProducerCore::failed(const rd_kafka_message_t& message, const Error& error) {
  const std::lock_guard lock(mutex_);
  ++failures_;
  if (examples_.size() < kExamplesMax) {
    Undelivered& example = examples_.emplace_back();
    example.topic = rd_kafka_topic_name(message.rkt);
    if (message.key != nullptr) {
      example.key.emplace(static_cast<const char*>(message.key), message.key_len);
    }
    example.error = error;
  }
}

Flushed ProducerCore::take_failures() {
  const std::lock_guard lock(mutex_);
  Flushed taken{.undelivered = failures_.exchange(0), .examples = std::exchange(examples_, {})};
  if (!taken.examples.empty()) {
    taken.error = taken.examples.front().error;
  }
  return taken;
}

bool ProducerCore::wait_for_sent(std::chrono::milliseconds timeout) {
  Env& env = client_->events().env();
  const std::chrono::milliseconds limit(timeout_of(timeout));
  const std::int64_t until = env.steady_nanos() + limit.count() * kNanosPerMilli;
  const std::unique_lock turn(flushing_, limit);
  return turn.owns_lock() && under_way_.pass([&](const auto& is_done) {
    while (!is_done()) {
      const std::int64_t left = (until - env.steady_nanos() + kNanosPerMilli - 1) / kNanosPerMilli;
      if (left <= 0 || client_->events().gives_up()) {
        return false;
      }
      // It waits for all there is, so no longer than for a moment.
      if (rd_kafka_flush(client_->get(), static_cast<int>(std::min(left, kFlushMillisMax))) ==
          RD_KAFKA_RESP_ERR_NO_ERROR) {
        std::this_thread::yield();  // Somebody is sending just now.
      }
    }
    return true;
  });
}

// Nobody sends any more.
bool ProducerCore::wait_for_all(std::chrono::milliseconds timeout) {
  Env& env = client_->events().env();
  const std::int64_t until =
      env.steady_nanos() + std::int64_t{timeout_of(timeout)} * kNanosPerMilli;
  while (true) {
    const std::int64_t left =
        std::max<std::int64_t>((until - env.steady_nanos()) / kNanosPerMilli, 0);
    if (rd_kafka_flush(client_->get(), static_cast<int>(std::min(left, kFlushMillisMax))) ==
        RD_KAFKA_RESP_ERR_NO_ERROR) {
      return true;
    }
    if (left == 0 || client_->events().gives_up()) {
      return false;
    }
  }
}

Flushed ProducerCore::flush(std::chrono::milliseconds timeout) {
  const bool has_ended = wait_for_sent(timeout);
  Flushed flushed = take_failures();
  if (has_ended) {
    client_->look_again();  // Nothing may have been under way.
    return flushed;
  }
  const std::uint64_t waiting = under_way_.count();
  flushed.undelivered += waiting;
  if (!flushed.error) {
    const std::string after =
        client_->events().gives_up() ? "" : fmt::format(" after {} ms", timeout.count());
    flushed.error =
        client_->explained(error_of(RD_KAFKA_RESP_ERR__TIMED_OUT,
                                    fmt::format("{} records are not delivered{}", waiting, after)),
                           0);
  }
  return flushed;
}

Flushed ProducerCore::close(std::chrono::milliseconds timeout) {
  if (closed_.exchange(true)) {
    return {};
  }
  rd_kafka_t* const handle = client_->get();
  if (!wait_for_all(timeout)) {
    rd_kafka_purge(handle, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    rd_kafka_flush(handle, kPurgeMillisMax);
  }
  return take_failures();
}

Expected<std::int32_t> ProducerCore::partition_count(const std::string& topic) {
  return partition_count_of(*client_, topic, options_.block_max);
}

namespace {

// The results of a batch, filled in by librdkafka's thread.
struct BatchDeliveries {
  std::mutex mutex;  // Guards what follows.
  std::condition_variable all_done;
  std::size_t left = 0;
  std::vector<Delivery> results;

  void put(std::size_t index, Delivery&& delivery) {
    const std::lock_guard lock(mutex);
    results[index] = std::move(delivery);
    if (--left == 0) {
      all_done.notify_all();
    }
  }
};

struct BatchWaiter : DeliveryWaiter {
  BatchDeliveries* batch = nullptr;
  std::size_t index = 0;
};

}  // namespace

std::vector<Delivery> ProducerCore::send_all(std::span<const OutputRecord> records) {
  BatchDeliveries batch;
  batch.left = records.size();
  batch.results.resize(records.size());
  std::vector<BatchWaiter> waiters(records.size());
  for (std::size_t i = 0; i < records.size(); ++i) {
    waiters[i].done = [](DeliveryWaiter& waiter, Delivery&& delivery) {
      auto& own = static_cast<BatchWaiter&>(waiter);
      own.batch->put(own.index, std::move(delivery));
    };
    waiters[i].batch = &batch;
    waiters[i].index = i;
    if (Error error = send(records[i], &waiters[i])) {
      batch.put(i, {.error = std::move(error)});
    }
  }
  std::unique_lock lock(batch.mutex);
  batch.all_done.wait(lock, [&] { return batch.left == 0; });
  return std::move(batch.results);
}

}  // namespace thalweg::kafka
