#include "connectors/kafka_transactions.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <string_view>
#include <utility>
#include <vector>

#include "connectors/kafka_limits.h"
#include "connectors/kafka_options.h"
#include "kafka/client_config.h"
#include "kafka/error_mapping.h"
#include "thalweg/kafka/admin.h"

namespace thalweg {
namespace {

// A transaction is open for an epoch, and its commit takes a while.
constexpr std::chrono::milliseconds kTimeoutMin{60'000};
constexpr int kIntervalsInTimeout = 3;
constexpr std::chrono::milliseconds kTimeoutMax{900'000};  // Of brokers that nobody has set up.

constexpr std::string_view kEpoch = "v1;epoch=";
constexpr std::string_view kIncarnation = ";incarnation=";

std::string to_metadata(const EpochName& epoch) {
  return fmt::format("{}{}{}{}", kEpoch, epoch.epoch, kIncarnation, epoch.incarnation);
}

template <typename T>
bool parse(std::string_view text, T& number) {
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  return parsed.ec == std::errc() && parsed.ptr == text.data() + text.size();
}

std::optional<EpochName> parse_metadata(std::string_view text) {
  const std::size_t split = text.find(kIncarnation);
  EpochName name;
  if (!text.starts_with(kEpoch) || split == std::string_view::npos ||
      !parse(text.substr(kEpoch.size(), split - kEpoch.size()), name.epoch)) {
    return std::nullopt;
  }
  name.incarnation = text.substr(split + kIncarnation.size());
  return name;
}

// Of the topic's partition 0.
Result<std::int64_t> end_of_first(const kafka::Connection& connection, const std::string& topic) {
  kafka::Expected<kafka::Admin> admin =
      kafka::Admin::open({.connection = kafka::for_side(connection, kafka::Side::kBoth)});
  if (!admin) {
    return kafka::to_status(admin.error());
  }
  const kafka::Expected<kafka::TopicDescription> found = admin->describe_topic(topic);
  if (!found) {
    return kafka::to_status(found.error());
  }
  return found->partitions.empty() ? 0 : found->partitions.front().end;
}

bool is_transactional(const Table& table) {
  return table.connector == "kafka" && may_be_exactly_once(table.options);
}

bool is_of_one_cluster(const kafka::Connection& a, const kafka::Connection& b) {
  return a.brokers == b.brokers && a.properties == b.properties;
}

Result<std::chrono::milliseconds> timeout_for(const Table& table, std::int64_t interval_micros) {
  constexpr std::string_view kOption = "properties.transaction.timeout.ms";
  const std::chrono::milliseconds interval(interval_micros / 1000);
  if (!table.options.has(kOption)) {
    return std::clamp(kIntervalsInTimeout * interval, kTimeoutMin,
                      std::max(kTimeoutMax, interval + kTimeoutMin));
  }
  std::int64_t millis = 0;
  if (!parse(table.options.text(kOption), millis) || millis <= interval.count()) {
    return invalid_argument(fmt::format(
        "table \"{}\": a transaction is open for as long as an epoch, {} ms, and {} is '{}': give "
        "it more, or a shorter checkpoint_interval",
        table.name, interval.count(), kOption, table.options.text(kOption)));
  }
  return std::chrono::milliseconds(millis);
}

}  // namespace

Result<std::unique_ptr<EpochDecider>> KafkaTransactions::make(const DeciderRequest& request) {
  const Table* first = nullptr;
  std::vector<std::string> topics;
  for (const Table* const table : request.sinks) {
    if (!is_transactional(*table)) {
      continue;
    }
    topics.push_back(table->options.text("topic"));
    if (first == nullptr) {
      first = table;
    } else if (!is_of_one_cluster(kafka_connection(first->options, kafka::Side::kProducer),
                                  kafka_connection(table->options, kafka::Side::kProducer))) {
      return invalid_argument(fmt::format(
          "tables \"{}\" and \"{}\" are to be seen exactly once, but one transaction cannot hold "
          "both: their brokers or properties differ. Make them equal, or give one delivery = "
          "'at-least-once'",
          first->name, table->name));
    }
  }
  if (first == nullptr) {
    return std::unique_ptr<EpochDecider>();
  }
  TW_TRY_ASSIGN(const std::chrono::milliseconds timeout,
                timeout_for(*first, request.interval_micros));
  kafka::TransactionalOptions options{
      .producer = {.connection = kafka_connection(first->options, kafka::Side::kProducer),
                   .delivery_timeout = timeout},
      .transactional_id = "thalweg." + request.job,
      .transaction_timeout = timeout};
  return std::unique_ptr<EpochDecider>(
      new KafkaTransactions(std::move(topics), std::move(options), request.stop_requested));
}

KafkaTransactions::KafkaTransactions(std::vector<std::string> topics,
                                     kafka::TransactionalOptions options,
                                     const std::atomic<bool>* stop_requested)
    : topics_(std::move(topics)), outage_(stop_requested), options_(std::move(options)) {}

std::string KafkaTransactions::name() const { return fmt::format("group \"{}\" of Kafka", id()); }

Status KafkaTransactions::open() {
  if (producer_) {
    return {};
  }
  TW_TRY(fit_to_topics(topics_, options_.producer));
  kafka::TransactionalOptions watched = options_;
  watched.producer.connection = outage_.watched(std::move(watched.producer.connection));
  kafka::Expected<kafka::TransactionalProducer> opened =
      kafka::TransactionalProducer::open(std::move(watched));
  if (!opened) {
    return kafka::to_status(opened.error());
  }
  producer_.emplace(std::move(*opened));
  TW_TRY_ASSIGN(end_, end_of_first(options_.producer.connection, topic()));
  return {};
}

Result<std::optional<EpochName>> KafkaTransactions::decided() {
  TW_TRY(open());
  return seen();
}

Result<std::optional<EpochName>> KafkaTransactions::seen() {
  kafka::Expected<kafka::Admin> admin = kafka::Admin::open(
      {.connection = kafka::for_side(options_.producer.connection, kafka::Side::kBoth)});
  if (!admin) {
    return kafka::to_status(admin.error());
  }
  const kafka::Expected<std::vector<kafka::GroupOffset>> offsets = admin->group_offsets(id());
  if (!offsets) {
    return kafka::to_status(offsets.error());
  }
  const auto told = std::find_if(
      offsets->begin(), offsets->end(),
      [&](const kafka::GroupOffset& each) { return each.topic == topic() && each.partition == 0; });
  if (told == offsets->end()) {
    return std::optional<EpochName>();
  }
  std::optional<EpochName> epoch = parse_metadata(told->metadata);
  if (!epoch) {
    return invalid_argument(fmt::format(
        "the offset of {}[0] in group \"{}\" says \"{}\", which is not of a pipeline: the group is "
        "another program's; give this pipeline another --name",
        topic(), id(), told->metadata));
  }
  return epoch;
}

Status KafkaTransactions::begin(std::uint64_t epoch) {
  TW_TRY(open());
  if (!transaction_) {
    kafka::Expected<kafka::Transaction> transaction = producer_->begin();
    if (!transaction) {
      return outage_.status_of(transaction.error());
    }
    transaction_.emplace(std::move(*transaction));
    begun_ = std::chrono::steady_clock::now();
  }
  epoch_.store(epoch, std::memory_order_release);
  return {};
}

Status KafkaTransactions::post(const kafka::OutputRecord& record) {
  return status_of(transaction_->post(record));
}

Status KafkaTransactions::decide(const EpochName& epoch) {
  TW_TRY(begin(epoch.epoch));
  kafka::Error error = transaction_->send_offsets(id(), {{.topic = topic(),
                                                          .partition = 0,
                                                          .offset = end_after_commit(),
                                                          .metadata = to_metadata(epoch)}});
  if (!error) {
    error = transaction_->commit();
  }
  transaction_.reset();
  epoch_.store(0, std::memory_order_release);
  if (!error) {
    return begin(epoch.epoch + 1);
  }
  return status_of(error);
}

std::int64_t KafkaTransactions::end_after_commit() {
  // It is only for people to watch.
  constexpr std::chrono::milliseconds kWaitMax{1000};
  constexpr std::int64_t kRecordAndMark = 2;  // A commit is a mark in each partition written to.
  if (const auto last = transaction_->last_offset({topic(), 0}, kWaitMax)) {
    end_ = std::max(end_, *last + kRecordAndMark);
  }
  return end_;
}

// Brokers answer the same to one that was shut out and to one whose transaction they have ended.
Status KafkaTransactions::status_of(const kafka::Error& error) {
  if (!error.is_fenced()) {
    return outage_.status_of(error);
  }
  if (std::chrono::steady_clock::now() - begun_ < options_.transaction_timeout) {
    return invalid_argument(fmt::format(
        "another process runs the pipeline of transactional id \"{}\" now, and this one has been "
        "shut out: {}",
        id(), error.message()));
  }
  return outage_.status_of({kafka::ErrorKind::kAbortable, error.name(),
                            fmt::format("the transaction was open for longer than {} ms: {}",
                                        options_.transaction_timeout.count(), error.message())});
}

}  // namespace thalweg
