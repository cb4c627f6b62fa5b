#include "kafka/error_mapping.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace thalweg::kafka {
namespace {

struct Meaning {
  rd_kafka_resp_err_t code;
  ErrorKind kind;
  std::string_view cure;  // Empty: there is nothing to do but what the kind says.
};

#define TW_ERR(name) RD_KAFKA_RESP_ERR_##name

constexpr std::string_view kAskForRights =
    "have the cluster's administrator allow it (kafka-acls), or use another user";
constexpr std::string_view kWhoWeAre = "check user, password, mechanism and security.protocol";
constexpr std::string_view kAnotherProducer =
    "another producer has the same transactional.id, or a transaction took longer than "
    "transaction.timeout.ms";
constexpr std::string_view kLeftTheGroup =
    "the group has shared out its partitions anew: their new owners do this work";
constexpr std::string_view kTooLarge =
    "raise the topic's max.message.bytes and message.max.bytes, or send less";
constexpr std::string_view kNoSuchTopic =
    "create it first (`thalweg topics list` shows what there is)";
constexpr std::string_view kNoBroker = "check that brokers names one that answers";

// Codes that are not here can be nothing but fatal.
constexpr Meaning kMeanings[] = {
    {TW_ERR(_TRANSPORT), ErrorKind::kRetriable, kNoBroker},
    {TW_ERR(_ALL_BROKERS_DOWN), ErrorKind::kRetriable, kNoBroker},
    {TW_ERR(_RESOLVE), ErrorKind::kRetriable, "check the host's name in brokers"},
    {TW_ERR(_TIMED_OUT), ErrorKind::kRetriable, ""},
    {TW_ERR(_TIMED_OUT_QUEUE), ErrorKind::kRetriable, ""},
    {TW_ERR(_MSG_TIMED_OUT), ErrorKind::kRetriable, "see message.timeout.ms"},
    {TW_ERR(_SSL), ErrorKind::kRetriable, ""},
    {TW_ERR(_QUEUE_FULL), ErrorKind::kRetriable, "flush, or wait for deliveries"},
    {TW_ERR(_WAIT_COORD), ErrorKind::kRetriable, ""},
    {TW_ERR(_WAIT_CACHE), ErrorKind::kRetriable, ""},
    {TW_ERR(_IN_PROGRESS), ErrorKind::kRetriable, ""},
    {TW_ERR(_PREV_IN_PROGRESS), ErrorKind::kRetriable, ""},
    {TW_ERR(_RETRY), ErrorKind::kRetriable, ""},
    {TW_ERR(_PARTIAL), ErrorKind::kRetriable, ""},
    {TW_ERR(_PURGE_QUEUE), ErrorKind::kRetriable, "it was given up before it was sent"},
    {TW_ERR(_PURGE_INFLIGHT), ErrorKind::kRetriable, "it was given up; it may have arrived"},
    {TW_ERR(_BAD_MSG), ErrorKind::kRetriable, ""},
    {TW_ERR(REQUEST_TIMED_OUT), ErrorKind::kRetriable, ""},
    {TW_ERR(LEADER_NOT_AVAILABLE), ErrorKind::kRetriable, ""},
    {TW_ERR(NOT_LEADER_FOR_PARTITION), ErrorKind::kRetriable, ""},
    {TW_ERR(BROKER_NOT_AVAILABLE), ErrorKind::kRetriable, ""},
    {TW_ERR(REPLICA_NOT_AVAILABLE), ErrorKind::kRetriable, ""},
    {TW_ERR(NETWORK_EXCEPTION), ErrorKind::kRetriable, ""},
    {TW_ERR(COORDINATOR_LOAD_IN_PROGRESS), ErrorKind::kRetriable, ""},
    {TW_ERR(COORDINATOR_NOT_AVAILABLE), ErrorKind::kRetriable, ""},
    {TW_ERR(NOT_COORDINATOR), ErrorKind::kRetriable, ""},
    {TW_ERR(NOT_CONTROLLER), ErrorKind::kRetriable, ""},
    {TW_ERR(NOT_ENOUGH_REPLICAS), ErrorKind::kRetriable,
     "fewer replicas are in sync than min.insync.replicas asks for"},
    {TW_ERR(NOT_ENOUGH_REPLICAS_AFTER_APPEND), ErrorKind::kRetriable, ""},
    {TW_ERR(UNSTABLE_OFFSET_COMMIT), ErrorKind::kRetriable, "a transaction is still open"},
    {TW_ERR(CONCURRENT_TRANSACTIONS), ErrorKind::kRetriable, ""},
    {TW_ERR(KAFKA_STORAGE_ERROR), ErrorKind::kRetriable, "a broker's disk is failing or full"},
    {TW_ERR(THROTTLING_QUOTA_EXCEEDED), ErrorKind::kRetriable, ""},
    {TW_ERR(OUT_OF_ORDER_SEQUENCE_NUMBER), ErrorKind::kFatal, ""},
    {TW_ERR(ILLEGAL_GENERATION), ErrorKind::kRetriable, kLeftTheGroup},
    {TW_ERR(UNKNOWN_MEMBER_ID), ErrorKind::kRetriable, kLeftTheGroup},
    {TW_ERR(REBALANCE_IN_PROGRESS), ErrorKind::kRetriable, ""},
    {TW_ERR(_ASSIGNMENT_LOST), ErrorKind::kRetriable, kLeftTheGroup},
    {TW_ERR(_MAX_POLL_EXCEEDED), ErrorKind::kRetriable,
     "poll more often, or raise max.poll.interval.ms"},

    {TW_ERR(_FATAL), ErrorKind::kFatal, ""},
    {TW_ERR(_FENCED), ErrorKind::kFatal, kAnotherProducer},
    {TW_ERR(INVALID_PRODUCER_EPOCH), ErrorKind::kFatal, kAnotherProducer},
    {TW_ERR(PRODUCER_FENCED), ErrorKind::kFatal, kAnotherProducer},
    {TW_ERR(TRANSACTION_COORDINATOR_FENCED), ErrorKind::kFatal, kAnotherProducer},
    {TW_ERR(INVALID_TXN_STATE), ErrorKind::kFatal, ""},
    {TW_ERR(FENCED_INSTANCE_ID), ErrorKind::kFatal,
     "another member of the group has the same group.instance.id"},

    {TW_ERR(_AUTHENTICATION), ErrorKind::kAuthorization, kWhoWeAre},
    {TW_ERR(SASL_AUTHENTICATION_FAILED), ErrorKind::kAuthorization, kWhoWeAre},
    {TW_ERR(UNSUPPORTED_SASL_MECHANISM), ErrorKind::kAuthorization, kWhoWeAre},
    {TW_ERR(ILLEGAL_SASL_STATE), ErrorKind::kAuthorization, kWhoWeAre},
    {TW_ERR(TOPIC_AUTHORIZATION_FAILED), ErrorKind::kAuthorization, kAskForRights},
    {TW_ERR(GROUP_AUTHORIZATION_FAILED), ErrorKind::kAuthorization, kAskForRights},
    {TW_ERR(CLUSTER_AUTHORIZATION_FAILED), ErrorKind::kAuthorization, kAskForRights},
    {TW_ERR(TRANSACTIONAL_ID_AUTHORIZATION_FAILED), ErrorKind::kAuthorization, kAskForRights},

    {TW_ERR(UNKNOWN_TOPIC_OR_PART), ErrorKind::kConfiguration, kNoSuchTopic},
    {TW_ERR(_UNKNOWN_TOPIC), ErrorKind::kConfiguration, kNoSuchTopic},
    {TW_ERR(_UNKNOWN_PARTITION), ErrorKind::kConfiguration,
     "the topic has fewer partitions, or has been deleted: create it (`thalweg topics list` shows "
     "what there is)"},
    {TW_ERR(_UNKNOWN_GROUP), ErrorKind::kConfiguration, ""},
    {TW_ERR(TOPIC_EXCEPTION), ErrorKind::kConfiguration,
     "names of topics are letters, digits, '.', '_' and '-'"},
    {TW_ERR(TOPIC_ALREADY_EXISTS), ErrorKind::kConfiguration, ""},
    {TW_ERR(INVALID_PARTITIONS), ErrorKind::kConfiguration, ""},
    {TW_ERR(INVALID_REPLICATION_FACTOR), ErrorKind::kConfiguration,
     "it cannot exceed the number of brokers"},
    {TW_ERR(INVALID_CONFIG), ErrorKind::kConfiguration, ""},
    {TW_ERR(INVALID_REQUEST), ErrorKind::kConfiguration, ""},
    {TW_ERR(POLICY_VIOLATION), ErrorKind::kConfiguration, ""},
    {TW_ERR(INVALID_REQUIRED_ACKS), ErrorKind::kConfiguration, ""},
    {TW_ERR(INVALID_GROUP_ID), ErrorKind::kConfiguration, ""},
    {TW_ERR(INVALID_SESSION_TIMEOUT), ErrorKind::kConfiguration,
     "the broker's limits are group.min and group.max.session.timeout.ms"},
    {TW_ERR(INVALID_TRANSACTION_TIMEOUT), ErrorKind::kConfiguration,
     "the broker's limit is transaction.max.timeout.ms"},
    {TW_ERR(INCONSISTENT_GROUP_PROTOCOL), ErrorKind::kConfiguration,
     "other members use another partition.assignment.strategy"},
    {TW_ERR(GROUP_ID_NOT_FOUND), ErrorKind::kConfiguration, "`thalweg groups` shows what there is"},
    {TW_ERR(NON_EMPTY_GROUP), ErrorKind::kConfiguration, "stop its members first"},
    {TW_ERR(GROUP_MAX_SIZE_REACHED), ErrorKind::kConfiguration, ""},
    {TW_ERR(OFFSET_METADATA_TOO_LARGE), ErrorKind::kConfiguration,
     "the broker's limit is offset.metadata.max.bytes"},
    {TW_ERR(UNSUPPORTED_VERSION), ErrorKind::kConfiguration, "the brokers are too old for it"},
    {TW_ERR(UNSUPPORTED_COMPRESSION_TYPE), ErrorKind::kConfiguration, ""},
    {TW_ERR(_UNSUPPORTED_FEATURE), ErrorKind::kConfiguration, "the brokers are too old for it"},
    {TW_ERR(_INVALID_ARG), ErrorKind::kConfiguration, ""},

    {TW_ERR(MSG_SIZE_TOO_LARGE), ErrorKind::kRecord, kTooLarge},
    {TW_ERR(INVALID_MSG_SIZE), ErrorKind::kRecord, kTooLarge},
    {TW_ERR(RECORD_LIST_TOO_LARGE), ErrorKind::kRecord, kTooLarge},
    {TW_ERR(INVALID_TIMESTAMP), ErrorKind::kRecord,
     "the topic allows only so much of a difference to the broker's clock"},
    {TW_ERR(INVALID_RECORD), ErrorKind::kRecord, "a compacted topic needs keys"},

    {TW_ERR(OFFSET_OUT_OF_RANGE), ErrorKind::kPosition, ""},
    {TW_ERR(_AUTO_OFFSET_RESET), ErrorKind::kPosition,
     "the records may have been deleted by the topic's retention"},
    {TW_ERR(_NO_OFFSET), ErrorKind::kPosition, ""},

    {TW_ERR(_STATE), ErrorKind::kMisuse, ""},
    {TW_ERR(_CONFLICT), ErrorKind::kMisuse, ""},
    {TW_ERR(_DESTROY), ErrorKind::kMisuse, "the client is closed"},
};

#undef TW_ERR

const Meaning* meaning_of(rd_kafka_resp_err_t code) {
  const auto found = std::find_if(std::begin(kMeanings), std::end(kMeanings),
                                  [&](const Meaning& each) { return each.code == code; });
  return found == std::end(kMeanings) ? nullptr : found;
}

Error make(ErrorKind kind, rd_kafka_resp_err_t code, std::string_view doing,
           std::string_view detail) {
  const Meaning* const meaning = meaning_of(code);
  const std::string_view cure = meaning == nullptr ? "" : meaning->cure;
  std::string_view text = detail.empty() ? rd_kafka_err2str(code) : detail;
  while (text.ends_with('.') || text.ends_with('\n')) {
    text.remove_suffix(1);
  }
  return {kind, rd_kafka_err2name(code),
          fmt::format("{}: {}{}{}", doing, text, cure.empty() ? "" : "; ", cure)};
}

}  // namespace

ErrorKind kind_of(rd_kafka_resp_err_t code) {
  const Meaning* const meaning = meaning_of(code);
  return meaning == nullptr ? ErrorKind::kFatal : meaning->kind;
}

Error error_of(rd_kafka_resp_err_t code, std::string_view doing, std::string_view detail) {
  return code == RD_KAFKA_RESP_ERR_NO_ERROR ? Error() : make(kind_of(code), code, doing, detail);
}

Error error_of(rd_kafka_resp_err_t code, std::string_view doing) {
  return error_of(code, doing, {});
}

Error error_of(rd_kafka_error_t* error, std::string_view doing) {
  if (error == nullptr) {
    return {};
  }
  const rd_kafka_resp_err_t code = rd_kafka_error_code(error);
  ErrorKind kind = kind_of(code);
  if (rd_kafka_error_is_fatal(error) != 0) {
    // A new client would be told the same.
    const bool stays = kind == ErrorKind::kAuthorization || kind == ErrorKind::kConfiguration;
    kind = stays ? kind : ErrorKind::kFatal;
  } else if (rd_kafka_error_txn_requires_abort(error) != 0) {
    kind = kind == ErrorKind::kAuthorization ? kind : ErrorKind::kAbortable;
  } else if (rd_kafka_error_is_retriable(error) != 0) {
    kind = ErrorKind::kRetriable;
  }
  Error made = make(kind, code, doing, rd_kafka_error_string(error));
  rd_kafka_error_destroy(error);
  return made;
}

Status to_status(const Error& error) {
  switch (error.kind()) {
    case ErrorKind::kNone:
      return {};
    case ErrorKind::kConfiguration:
    case ErrorKind::kAuthorization:
    case ErrorKind::kPosition:
    case ErrorKind::kMisuse:
      return invalid_argument(error.message());
    case ErrorKind::kRecord:
      return {Code::kRowFailed, error.message()};
    case ErrorKind::kRetriable:
    case ErrorKind::kAbortable:
    case ErrorKind::kFatal:
    case ErrorKind::kInDoubt:
      break;
  }
  return unavailable(error.message());
}

std::string_view to_string(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kNone:
      return "none";
    case ErrorKind::kRetriable:
      return "retriable";
    case ErrorKind::kAbortable:
      return "abortable";
    case ErrorKind::kFatal:
      return "fatal";
    case ErrorKind::kInDoubt:
      return "in doubt";
    case ErrorKind::kConfiguration:
      return "configuration";
    case ErrorKind::kAuthorization:
      return "authorization";
    case ErrorKind::kRecord:
      return "record";
    case ErrorKind::kPosition:
      return "position";
    case ErrorKind::kMisuse:
      return "misuse";
  }
  return "none";
}

}  // namespace thalweg::kafka
