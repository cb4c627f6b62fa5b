#include "kafka/transaction_core.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <future>
#include <thread>
#include <utility>

#include "kafka/admin_impl.h"
#include "kafka/error_mapping.h"
#include "kafka/partition_list.h"

namespace thalweg::kafka {
namespace {

constexpr std::int64_t kNanosPerMilli = 1'000'000;
constexpr std::chrono::milliseconds kPause{50};
constexpr int kCallMillisMax = 5'000;
constexpr std::chrono::milliseconds kLook{20};  // Whether anybody still waits.
// Of a call that has its own timeout, and heeds it.
constexpr std::chrono::milliseconds kLateAnswerMax{60'000};
constexpr std::chrono::milliseconds kAbandonMax{5'000};

Error wrong(std::string message) { return {ErrorKind::kConfiguration, "", std::move(message)}; }
Error misuse(std::string message) { return {ErrorKind::kMisuse, "", std::move(message)}; }

// What was sent and was not committed before the transaction: it tells whether it is committed.
std::vector<PartitionOffset> new_ones(const OffsetsByPartition& sent,
                                      const OffsetsByPartition& before) {
  std::vector<PartitionOffset> all;
  for (const auto& [partition, offset] : sent) {
    const auto known = before.find(partition);
    if (known == before.end() || known->second != offset) {
      all.push_back(offset);
    }
  }
  return all;
}

// A copy, for the original may be gone before the call is done.
using GroupMetadata = std::shared_ptr<rd_kafka_consumer_group_metadata_t>;
Expected<GroupMetadata> copy_of(const rd_kafka_consumer_group_metadata_t& membership,
                                const std::string& doing) {
  void* bytes = nullptr;
  std::size_t size = 0;
  Error error = error_of(rd_kafka_consumer_group_metadata_write(&membership, &bytes, &size), doing);
  rd_kafka_consumer_group_metadata_t* copy = nullptr;
  if (!error) {
    error = error_of(rd_kafka_consumer_group_metadata_read(&copy, bytes, size), doing);
    rd_kafka_mem_free(nullptr, bytes);
  }
  if (error) {
    return error;
  }
  return GroupMetadata(copy, &rd_kafka_consumer_group_metadata_destroy);
}

bool has_all(const std::vector<PartitionOffset>& committed,
             const std::vector<PartitionOffset>& sent) {
  return std::all_of(sent.begin(), sent.end(), [&](const PartitionOffset& each) {
    return std::find(committed.begin(), committed.end(), each) != committed.end();
  });
}

}  // namespace

Expected<std::unique_ptr<TransactionCore>> TransactionCore::make(Env& env,
                                                                 TransactionalOptions options) {
  if (options.transactional_id.empty()) {
    return wrong("TransactionalOptions::transactional_id names no id");
  }
  options.producer.idempotent = true;
  options.producer.acks = Acks::kAll;
  std::unique_ptr<TransactionCore> core(new TransactionCore(env, std::move(options)));
  if (Error error = core->renew()) {
    return error;
  }
  core->renewals_ = 0;
  return core;
}

TransactionCore::~TransactionCore() {
  if (is_stuck_) {
    producer_->client().events().fall_silent();
  }
}

Error TransactionCore::renew() {
  if (std::exchange(is_stuck_, false)) {
    producer_->client().events().fall_silent();  // It stays until its call comes back.
  }
  producer_.reset();  // At most one at a time: two would fence each other.
  Expected<std::unique_ptr<ProducerCore>> made = ProducerCore::make(
      env_, options_.producer,
      {{"transactional.id", options_.transactional_id},
       {"transaction.timeout.ms", std::to_string(options_.transaction_timeout.count())},
       // Else librdkafka keeps to itself that a connection was lost.
       {"log.connection.close", "true"}});
  if (!made) {
    is_dead_ = true;
    return made.error();
  }
  producer_ = std::move(*made);
  ++renewals_;
  const std::string doing =
      fmt::format("cannot begin as transactional id \"{}\"", options_.transactional_id);
  const std::int64_t since = env_.steady_nanos();
  const std::int64_t until = since + options_.transaction_timeout.count() * kNanosPerMilli;
  while (true) {
    const int left =
        static_cast<int>(std::max<std::int64_t>((until - env_.steady_nanos()) / kNanosPerMilli, 1));
    const Error error = error_of(
        rd_kafka_init_transactions(producer_->client().get(), std::min(left, 5'000)), doing);
    if (!error) {
      needs_renewal_ = false;
      producer_->client().events().end_outage();
      disturbances_before_end_ = producer_->client().events().disturbances();
      return {};
    }
    const Error explained = producer_->client().explained(error, since);
    if (explained.kind() != ErrorKind::kRetriable || env_.steady_nanos() >= until ||
        producer_->client().events().gives_up()) {
      needs_renewal_ = true;
      return explained;
    }
    std::this_thread::sleep_for(kPause);
  }
}

Error TransactionCore::begin() {
  if (is_open_) {
    return misuse("a transaction is open already: commit or abort it first");
  }
  if (is_dead_) {
    return misuse("the producer has failed for good: open a new one");
  }
  // Asked here too: what breaks may be told of a moment after the answer.
  if (needs_renewal_ || producer_ == nullptr ||
      producer_->client().events().disturbances() != disturbances_before_end_) {
    if (Error error = renew()) {
      return error;
    }
  }
  (void)producer_->take_failures();  // Of records that an abort has thrown away.
  if (Error error = error_of(rd_kafka_begin_transaction(producer_->client().get()),
                             "cannot begin a transaction")) {
    is_dead_ = error.kind() == ErrorKind::kFatal;
    return error;
  }
  sent_offsets_.clear();
  is_open_ = true;
  return {};
}

Error TransactionCore::send_offsets(const std::string& group,
                                    const rd_kafka_consumer_group_metadata_t& membership,
                                    const std::vector<PartitionOffset>& offsets) {
  if (Error error = learn_committed(group, offsets)) {
    return error;
  }
  const std::int64_t until =
      env_.steady_nanos() + options_.transaction_timeout.count() * kNanosPerMilli;
  while (true) {
    // It is called again with the same arguments, for it cannot be resumed.
    Error error = send_offsets_once(group, membership, offsets, until);
    if (!error) {
      keep(offsets, sent_offsets_[group]);
      return {};
    }
    if (error.kind() != ErrorKind::kRetriable || env_.steady_nanos() >= until || is_stuck_) {
      return error;
    }
    std::this_thread::sleep_for(kPause);
  }
}

// Calls, in a thread of its own, and waits for the answer until then, or nobody wants to any more:
// then the handle is still in that call. `call` keeps what it needs.
std::optional<Error> TransactionCore::call_apart(std::function<Error(ProducerCore&)> call,
                                                 std::int64_t until_nanos) {
  std::promise<Error> done;
  std::future<Error> answer = done.get_future();
  std::thread([handle = producer_, call = std::move(call), done = std::move(done)]() mutable {
    Error error = call(*handle);
    handle.reset();  // Before it can be renewed.
    done.set_value(std::move(error));
  }).detach();
  while (true) {
    const std::chrono::nanoseconds left(until_nanos - env_.steady_nanos());
    if (answer.wait_for(std::min<std::chrono::nanoseconds>(left, kLook)) ==
        std::future_status::ready) {
      return answer.get();
    }
    producer_->client().look_again();  // The call may not find out that all brokers are away.
    if (left <= kLook || producer_->client().events().gives_up()) {
      is_stuck_ = true;
      needs_renewal_ = true;
      return std::nullopt;
    }
  }
}

// librdkafka up to 2.0.2 heeds no timeout while it waits for the group's coordinator, so another
// thread calls.
Error TransactionCore::send_offsets_once(const std::string& group,
                                         const rd_kafka_consumer_group_metadata_t& membership,
                                         const std::vector<PartitionOffset>& offsets,
                                         std::int64_t until_nanos) {
  const std::string doing = fmt::format("cannot send the offsets of group \"{}\"", group);
  Expected<GroupMetadata> copy = copy_of(membership, doing);
  if (!copy) {
    return copy.error();
  }
  const std::optional<Error> answer = call_apart(
      [list = std::shared_ptr(to_list(offsets)), membership = std::move(*copy),
       doing](ProducerCore& handle) {
        return error_of(rd_kafka_send_offsets_to_transaction(handle.client().get(), list.get(),
                                                             membership.get(), kCallMillisMax),
                        doing);
      },
      std::max(until_nanos, env_.steady_nanos() + kCallMillisMax * kNanosPerMilli));
  if (answer) {
    return *answer;
  }
  return producer_->client().explained(
      {ErrorKind::kRetriable, rd_kafka_err2name(RD_KAFKA_RESP_ERR__TIMED_OUT),
       fmt::format("{}: the group's coordinator has not answered", doing)},
      0);
}

// What the group had committed before, of partitions that this producer has not committed yet.
Error TransactionCore::learn_committed(const std::string& group,
                                       const std::vector<PartitionOffset>& offsets) {
  OffsetsByPartition& known = committed_[group];
  std::vector<TopicPartition> unknown;
  for (const PartitionOffset& each : offsets) {
    if (TopicPartition partition{each.topic, each.partition}; !known.contains(partition)) {
      unknown.push_back(std::move(partition));
    }
  }
  if (unknown.empty()) {
    return {};
  }
  const Expected<std::vector<PartitionOffset>> found =
      committed_offsets(producer_->client(), group, unknown, options_.transaction_timeout);
  if (!found) {
    return found.error();
  }
  keep(*found, known);
  return {};
}

// For so long at most: with -1, which librdkafka asks for, 2.0.2 waits for ever where the broker is
// away. That its state may not be right after a timeout does no harm: the handle is not used again.
// A request that was sent twice may end the next transaction, so what could be one is noted.
Error TransactionCore::until_answered(rd_kafka_error_t* (*call)(rd_kafka_t*, int),
                                      std::string_view doing, std::chrono::milliseconds timeout) {
  const std::int64_t began = env_.steady_nanos();
  const std::int64_t until = began + timeout.count() * kNanosPerMilli;
  disturbances_before_end_ = producer_->client().events().disturbances();
  while (true) {
    const std::chrono::nanoseconds left(until - env_.steady_nanos());
    const int wait = timeout_of(std::chrono::ceil<std::chrono::milliseconds>(left));
    const std::optional<Error> answer = call_apart(
        [call, wait, doing = std::string(doing)](ProducerCore& handle) {
          return error_of(call(handle.client().get(), wait), doing);
        },
        until + kLateAnswerMax.count() * kNanosPerMilli);
    if (!answer) {
      return producer_->client().explained(
          {ErrorKind::kRetriable, rd_kafka_err2name(RD_KAFKA_RESP_ERR__TIMED_OUT),
           fmt::format("{}: no broker has answered", doing)},
          0);
    }
    const std::int64_t took = env_.steady_nanos() - began;
    if (!*answer) {
      producer_->client().events().on_answer();
    }
    needs_renewal_ |= answer->kind() == ErrorKind::kRetriable ||
                      took >= options_.suspicious_after.count() * kNanosPerMilli;
    if (answer->kind() != ErrorKind::kRetriable || env_.steady_nanos() >= until) {
      return *answer;
    }
    std::this_thread::sleep_for(kPause);
  }
}

Error TransactionCore::commit() {
  if (!is_open_) {
    return misuse("the transaction has ended");
  }
  if (is_stuck_) {
    return abort_for({ErrorKind::kRetriable, "", "its offsets could not be sent"});
  }
  Flushed flushed = producer_->flush(options_.transaction_timeout);
  if (flushed.error) {
    return abort_for(std::move(flushed.error));
  }
  Error error = until_answered(&rd_kafka_commit_transaction, "cannot commit the transaction",
                               options_.transaction_timeout);
  if (!error) {
    is_open_ = false;
    keep_sent();
    return {};
  }
  if (error.kind() == ErrorKind::kAbortable) {
    return abort_for(std::move(error));
  }
  if (error.kind() == ErrorKind::kRetriable) {
    return end_in_doubt(std::move(error));
  }
  is_open_ = false;
  is_dead_ = true;
  return error;
}

Error TransactionCore::abort_within(std::chrono::milliseconds timeout) {
  if (!is_open_) {
    return misuse("the transaction has ended");
  }
  is_open_ = false;
  if (is_stuck_) {
    return {};  // The handle that takes its place aborts it.
  }
  Error error =
      until_answered(&rd_kafka_abort_transaction, "cannot abort the transaction", timeout);
  if (error.kind() == ErrorKind::kRetriable) {
    needs_renewal_ = true;  // That aborts it too.
    return {};
  }
  is_dead_ = static_cast<bool>(error);
  return error;
}

void TransactionCore::abandon() {
  (void)abort_within(std::min(options_.transaction_timeout, kAbandonMax));
}

// The transaction's work can be done again; what has failed says why it has to.
Error TransactionCore::abort_for(Error why) {
  if (Error error = abort()) {
    return error;
  }
  const bool keeps_kind = why.kind() == ErrorKind::kAuthorization ||
                          why.kind() == ErrorKind::kConfiguration ||
                          why.kind() == ErrorKind::kRecord;  // It would fail again.
  return {keeps_kind ? why.kind() : ErrorKind::kAbortable, why.name(),
          fmt::format("the transaction was aborted: {}", why.message())};
}

Error TransactionCore::end_in_doubt(Error why) {
  is_open_ = false;
  if (producer_->client().events().gives_up()) {
    return {ErrorKind::kInDoubt, why.name(),
            fmt::format("{}, and it was not asked whether it is committed", why.message())};
  }
  if (Error error = renew()) {
    return {ErrorKind::kInDoubt, why.name(),
            fmt::format("{}, and whether it is committed cannot be asked: {}", why.message(),
                        error.message())};
  }
  return resolve(std::move(why));
}

void TransactionCore::keep_sent() {
  for (const auto& [group, sent] : sent_offsets_) {
    for (const auto& [partition, offset] : sent) {
      committed_[group].insert_or_assign(partition, offset);
    }
  }
}

void TransactionCore::keep(const std::vector<PartitionOffset>& offsets, OffsetsByPartition& in) {
  for (const PartitionOffset& each : offsets) {
    in.insert_or_assign({each.topic, each.partition}, each);
  }
}

Error TransactionCore::resolve(Error why) {
  for (const auto& [group, sent] : sent_offsets_) {
    const std::vector<PartitionOffset> telling = new_ones(sent, committed_[group]);
    if (telling.empty()) {
      continue;
    }
    std::vector<TopicPartition> partitions;
    for (const PartitionOffset& each : telling) {
      partitions.push_back({each.topic, each.partition});
    }
    const Expected<std::vector<PartitionOffset>> committed =
        committed_offsets(producer_->client(), group, partitions, options_.transaction_timeout);
    if (!committed) {
      return {ErrorKind::kInDoubt, why.name(),
              fmt::format("{}, and the offsets that would tell cannot be read: {}", why.message(),
                          committed.error().message())};
    }
    if (has_all(*committed, telling)) {
      keep_sent();
      return {};
    }
    return {ErrorKind::kAbortable, why.name(),
            fmt::format("{}; it is aborted, as the offsets of group \"{}\" tell", why.message(),
                        group)};
  }
  return {ErrorKind::kInDoubt, why.name(),
          fmt::format("{}, and without new offsets in it nothing tells whether it is committed",
                      why.message())};
}

}  // namespace thalweg::kafka
