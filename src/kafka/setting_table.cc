#include "kafka/setting_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace thalweg::kafka {
namespace {

constexpr std::int64_t kIntMax = 2'147'483'647;
constexpr Side kBoth = Side::kBoth;
constexpr Side kProducer = Side::kProducer;
constexpr Side kConsumer = Side::kConsumer;

SettingSpec text(std::string_view name, Side side, std::string_view default_value,
                 std::string_view about, std::vector<std::string_view> aliases = {}) {
  return {.name = name,
          .side = side,
          .type = SettingType::kText,
          .default_value = default_value,
          .text = about,
          .aliases = std::move(aliases)};
}

SettingSpec flag(std::string_view name, Side side, std::string_view default_value,
                 std::string_view about) {
  return {.name = name,
          .side = side,
          .type = SettingType::kBoolean,
          .default_value = default_value,
          .text = about,
          .choices = {"true", "false"}};
}

struct Range {
  std::int64_t smallest;
  std::int64_t largest;
};

SettingSpec number(std::string_view name, Side side, Range range, std::string_view default_value,
                   std::string_view about, std::vector<std::string_view> aliases = {}) {
  return {.name = name,
          .side = side,
          .type = SettingType::kInteger,
          .default_value = default_value,
          .text = about,
          .aliases = std::move(aliases),
          .smallest = range.smallest,
          .largest = range.largest};
}

SettingSpec choice(std::string_view name, Side side, std::vector<std::string_view> choices,
                   std::string_view default_value, std::string_view about,
                   std::vector<std::string_view> aliases = {}) {
  return {.name = name,
          .side = side,
          .type = SettingType::kChoice,
          .default_value = default_value,
          .text = about,
          .choices = std::move(choices),
          .aliases = std::move(aliases)};
}

SettingSpec path(std::string_view name, std::string_view about) {
  return {.name = name, .type = SettingType::kPath, .text = about};
}

SettingSpec secret(std::string_view name, std::string_view about) {
  return {.name = name, .type = SettingType::kSecret, .text = about};
}

SettingSpec ours(SettingSpec spec) {
  spec.is_our_default = true;
  return spec;
}

using Specs = std::vector<SettingSpec>;

Specs connection_specs() {
  return {
      text("bootstrap.servers", kBoth, "", "Some of the brokers: host:port,host:port.",
           {"metadata.broker.list"}),
      ours(text("client.id", kBoth, "thalweg", "The name that brokers show this client under.")),
      text("client.rack", kBoth, "", "Where this client is, to read from a replica near it."),
      ours(flag("allow.auto.create.topics", kBoth, "false",
                "Whether a consumer that asks for a topic may bring it about.")),
      number("message.max.bytes", kBoth, {1000, 1'000'000'000}, "1000000",
             "The largest record that may be sent."),
      number("receive.message.max.bytes", kBoth, {1000, kIntMax}, "100000000",
             "The largest answer of a broker; at least fetch.max.bytes + 512."),
      number("max.in.flight.requests.per.connection", kBoth, {1, 1'000'000}, "1000000",
             "Requests under way to one broker; of an idempotent producer at most 5.",
             {"max.in.flight"}),
      number("topic.metadata.refresh.interval.ms", kBoth, {-1, 3'600'000}, "300000",
             "How often the client asks anew for leaders and topics."),
      number("metadata.max.age.ms", kBoth, {1, 86'400'000}, "900000",
             "How long what is known of topics counts."),
      number("topic.metadata.refresh.fast.interval.ms", kBoth, {1, 60'000}, "250",
             "The first pause before asking for a lost leader again."),
      flag("topic.metadata.refresh.sparse", kBoth, "true", "Asks only for the topics in use."),
      number("topic.metadata.propagation.max.ms", kBoth, {0, 3'600'000}, "30000",
             "How long a topic that was just created may be unknown."),
      text("topic.blacklist", kBoth, "", "Patterns of topics that are never seen."),
      number("socket.timeout.ms", kBoth, {10, 300'000}, "60000", "For one request to a broker."),
      number("socket.send.buffer.bytes", kBoth, {0, 100'000'000}, "0", "0: the system's."),
      number("socket.receive.buffer.bytes", kBoth, {0, 100'000'000}, "0", "0: the system's."),
      flag("socket.keepalive.enable", kBoth, "false", "Whether TCP looks after idle connections."),
      ours(flag("socket.nagle.disable", kBoth, "true", "Whether TCP sends at once.")),
      number("socket.max.fails", kBoth, {0, 1'000'000}, "1",
             "Failed requests after which a connection is given up; 0: never."),
      number("broker.address.ttl", kBoth, {0, 86'400'000}, "1000",
             "How long a host's address is remembered, in milliseconds."),
      choice("broker.address.family", kBoth, {"any", "v4", "v6"}, "any", "Addresses to use."),
      number("socket.connection.setup.timeout.ms", kBoth, {1000, kIntMax}, "30000",
             "For a connection with its TLS and SASL."),
      number("connections.max.idle.ms", kBoth, {0, kIntMax}, "0",
             "Closes connections idle for so long; 0: never."),
      number("reconnect.backoff.ms", kBoth, {0, 3'600'000}, "100",
             "The first pause before connecting again; doubled each time."),
      ours(number("reconnect.backoff.max.ms", kBoth, {0, 3'600'000}, "1000",
                  "The longest pause before connecting again.")),
      flag("api.version.request", kBoth, "true", "Asks brokers what they can."),
      number("api.version.request.timeout.ms", kBoth, {1, 300'000}, "10000", "For that question."),
      number("api.version.fallback.ms", kBoth, {0, 604'800'000}, "0",
             "How long broker.version.fallback counts after it failed."),
      text("broker.version.fallback", kBoth, "0.10.0", "For brokers older than 0.10."),
      number("log_level", kBoth, {0, 7}, "6",
             "Of the log that C++ programs can ask for: syslog's levels."),
      ours(flag("log.connection.close", kBoth, "false",
                "Whether closed connections are in that log.")),
  };
}

Specs security_specs() {
  return {
      choice("security.protocol", kBoth, {"plaintext", "ssl", "sasl_plaintext", "sasl_ssl"},
             "plaintext", "How to talk to brokers: with TLS, with SASL."),
      text("ssl.cipher.suites", kBoth, "", "TLS: ciphers, as OpenSSL names them."),
      text("ssl.curves.list", kBoth, "", "TLS: curves."),
      text("ssl.sigalgs.list", kBoth, "", "TLS: signature algorithms."),
      path("ssl.ca.location", "TLS: certificates to trust, PEM file or directory."),
      text("ssl.ca.pem", kBoth, "", "TLS: certificates to trust, PEM itself."),
      path("ssl.crl.location", "TLS: certificates that were revoked."),
      path("ssl.certificate.location", "mTLS: this client's certificate, PEM."),
      text("ssl.certificate.pem", kBoth, "", "mTLS: the same, PEM itself."),
      path("ssl.key.location", "mTLS: this client's key, PEM."),
      secret("ssl.key.pem", "mTLS: the same, PEM itself."),
      secret("ssl.key.password", "mTLS: the key's password."),
      path("ssl.keystore.location", "mTLS: key and certificate, PKCS#12."),
      secret("ssl.keystore.password", "mTLS: the password of that."),
      ours(choice("ssl.endpoint.identification.algorithm", kBoth, {"https", "none"}, "https",
                  "TLS: whether a broker's certificate must name its host.")),
      choice("sasl.mechanism", kBoth, {"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER"},
             "", "SASL: how this client shows who it is.", {"sasl.mechanisms"}),
      text("sasl.username", kBoth, "", "SASL PLAIN and SCRAM: the user."),
      secret("sasl.password", "SASL PLAIN and SCRAM: the password."),
      path(kTokenFileSetting,
           "SASL OAUTHBEARER: a file with a JSON web token, read again before that expires."),
  };
}

Specs consumer_specs() {
  return {
      text("group.id", kConsumer, "", "The group that shares the topics' partitions."),
      text("group.instance.id", kConsumer, "",
           "This member's place in the group, which it keeps over a restart."),
      ours(choice("partition.assignment.strategy", kConsumer,
                  {"range", "roundrobin", "range,roundrobin", "roundrobin,range"}, "range",
                  "How members share partitions.")),
      number("session.timeout.ms", kConsumer, {1, 3'600'000}, "45000",
             "A member that is silent so long is dead."),
      number("heartbeat.interval.ms", kConsumer, {1, 3'600'000}, "3000",
             "How often a member says that it lives."),
      number("coordinator.query.interval.ms", kConsumer, {1, 3'600'000}, "600000",
             "How often the group's coordinator is asked for."),
      number("max.poll.interval.ms", kConsumer, {1, 86'400'000}, "300000",
             "A member that does not poll for so long loses its partitions."),
      number("queued.min.messages", kConsumer, {1, 10'000'000}, "100000",
             "Records per partition that are fetched ahead."),
      number("queued.max.messages.kbytes", kConsumer, {1, 2'097'151}, "65536",
             "The most that is fetched ahead."),
      number("fetch.wait.max.ms", kConsumer, {0, 300'000}, "500",
             "How long a broker waits for fetch.min.bytes."),
      number("fetch.message.max.bytes", kConsumer, {1, 1'000'000'000}, "1048576",
             "How much is fetched of a partition at once, at first.",
             {"max.partition.fetch.bytes"}),
      number("fetch.max.bytes", kConsumer, {0, 2'147'483'135}, "52428800",
             "How much is fetched of a broker at once."),
      number("fetch.min.bytes", kConsumer, {1, 100'000'000}, "1",
             "How much a broker waits for before it answers."),
      number("fetch.error.backoff.ms", kConsumer, {0, 300'000}, "500",
             "The pause after a fetch that failed."),
      ours(choice("isolation.level", kConsumer, {"read_committed", "read_uncommitted"},
                  "read_committed", "Whether records of aborted transactions are left out.")),
      ours(flag("check.crcs", kConsumer, "true", "Whether records' checksums are verified.")),
  };
}

Specs producer_specs() {
  return {
      text("transactional.id", kProducer, "",
           "The name under which a producer's transactions are its own, over restarts too."),
      number("transaction.timeout.ms", kProducer, {1000, kIntMax}, "60000",
             "After which the broker aborts a transaction."),
      ours(flag("enable.idempotence", kProducer, "true",
                "Whether a record that is sent again counts once.")),
      ours(number("queue.buffering.max.messages", kProducer, {0, kIntMax}, "1000000",
                  "Records that wait at most; 0: no limit.")),
      number("linger.ms", kProducer, {0, 900'000}, "5",
             "How long a record may wait for others to travel with.", {"queue.buffering.max.ms"}),
      number("retries", kProducer, {0, kIntMax}, "2147483647", "How often a record is sent again.",
             {"message.send.max.retries"}),
      number("retry.backoff.ms", kProducer, {1, 300'000}, "100", "The pause before that."),
      number("queue.buffering.backpressure.threshold", kProducer, {1, 1'000'000}, "1",
             "Requests that wait before records gather further."),
      choice("compression.type", kProducer, {"none", "gzip", "snappy", "lz4", "zstd"}, "none",
             "How batches are compressed.", {"compression.codec"}),
      number("compression.level", kProducer, {-1, 12}, "-1", "-1: the codec's own."),
      number("batch.num.messages", kProducer, {1, 1'000'000}, "10000", "Records in a batch."),
      number("batch.size", kProducer, {1, kIntMax}, "1000000", "Bytes in a batch."),
      number("sticky.partitioning.linger.ms", kProducer, {0, 900'000}, "10",
             "How long records without a key go to one partition."),
      ours(choice(
          "acks", kProducer, {"-1", "all", "1", "0"}, "-1",
          "Replicas that must have a record: -1 or all: those in sync, 1 the leader, 0 none.",
          {"request.required.acks"})),
      number("request.timeout.ms", kProducer, {1, 900'000}, "30000",
             "How long a broker waits for its replicas."),
      number("message.timeout.ms", kProducer, {0, kIntMax}, "300000",
             "After which a record that could not be delivered has failed.",
             {"delivery.timeout.ms"}),
      ours(choice("partitioner", kProducer,
                  {"murmur2_random", "murmur2", "consistent_random", "consistent", "fnv1a_random",
                   "fnv1a", "random"},
                  "murmur2_random", "Which partition a key belongs to; murmur2 is Java's.")),
  };
}

constexpr std::string_view kOwn = "that is this library's own to use";
constexpr std::string_view kShell = "it has the client run a command of the shell";
constexpr std::string_view kLoads = "it has the client load a library";
constexpr std::string_view kOld = "it does nothing any more";
constexpr std::string_view kToken =
    "with sasl.mechanism OAUTHBEARER a token comes from the file that sasl.oauthbearer.token.file "
    "names, or from a function of a C++ program";
constexpr std::string_view kCommits =
    "offsets are committed after success alone, and never by themselves";

constexpr RefusedSetting kRefused[] = {
    {"plugin.library.paths", kLoads},
    {"ssl.engine.", kLoads},
    {"ssl.providers", kLoads},
    {"ssl_engine_callback_data", kOwn},
    {"sasl.kerberos.", kShell},
    {"enable.sasl.oauthbearer.unsecure.jwt", "anybody can make such tokens"},
    {"enable.ssl.certificate.verification", "a broker that is not verified can be anybody"},
    {"sasl.oauthbearer.", kToken},
    {"test.mock.", "it replaces the brokers with some of librdkafka's own"},
    {"debug", "what it logs may contain secrets"},
    {"interceptors", kOwn},
    {"opaque", kOwn},
    {"default_topic_conf", kOwn},
    {"enabled_events", kOwn},
    {"background_event_cb", kOwn},
    {"error_cb", kOwn},
    {"throttle_cb", kOwn},
    {"stats_cb", kOwn},
    {"log_cb", kOwn},
    {"socket_cb", kOwn},
    {"connect_cb", kOwn},
    {"closesocket_cb", kOwn},
    {"open_cb", kOwn},
    {"resolve_cb", kOwn},
    {"consume_cb", kOwn},
    {"rebalance_cb", kOwn},
    {"offset_commit_cb", kOwn},
    {"dr_cb", kOwn},
    {"dr_msg_cb", kOwn},
    {"partitioner_cb", "partitioner names one of those that there are"},
    {"msg_order_cmp", kOwn},
    {"oauthbearer_token_refresh_cb", kToken},
    {"ssl_key", "give ssl.key.location or ssl.key.pem"},
    {"ssl_certificate", "give ssl.certificate.location or ssl.certificate.pem"},
    {"ssl_ca", "give ssl.ca.location or ssl.ca.pem"},
    {"ssl.certificate.verify_cb", kOwn},
    {"ssl.ca.certificate.stores", "it is for Windows"},
    {"builtin.features", "it only tells what librdkafka can"},
    {"internal.termination.signal", kOwn},
    {"client.software.", kOwn},
    {"enable.sparse.connections", kOwn},
    {"enable_sasl_queue", kOwn},
    {"metadata.request.timeout.ms", kOwn},
    {"log.queue", kOwn},
    {"log.thread.name", kOwn},
    {"enable.random.seed", kOwn},
    {"message.copy.max.bytes", kOwn},
    {"statistics.interval.ms", kOwn},
    {"enable.auto.commit", kCommits},
    {"auto.commit.enable", kCommits},
    {"auto.commit.interval.ms", kCommits},
    {"enable.auto.offset.store", kCommits},
    {"auto.offset.reset",
     "whoever reads says where to start, and an offset that is gone is an error"},
    {"enable.partition.eof", kOwn},
    {"group.protocol.type", "there is one, \"consumer\""},
    {"offset.store.", "offsets are kept by the brokers"},
    {"consume.callback.max.messages", kOwn},
    {"delivery.report.only.error", "every record's delivery is told"},
    {"queue.buffering.max.kbytes", "what is on its way is bounded already"},
    {"enable.gapless.guarantee", "it is an experiment; transactions give more"},
    {"queuing.strategy", kOld},
    {"produce.offset.report", kOld},
    {"topic.metadata.refresh.fast.cnt", kOld},
    {"socket.blocking.max.ms", kOld},
    {"reconnect.backoff.jitter.ms", kOld},
};

bool is_called(const SettingSpec& spec, std::string_view name) {
  return spec.name == name ||
         std::find(spec.aliases.begin(), spec.aliases.end(), name) != spec.aliases.end();
}

}  // namespace

std::span<const SettingSpec> setting_specs() {
  static const Specs all = [] {
    Specs specs = connection_specs();
    for (Specs (*const part)() : {security_specs, consumer_specs, producer_specs}) {
      const Specs more = part();
      specs.insert(specs.end(), more.begin(), more.end());
    }
    return specs;
  }();
  return all;
}

std::span<const RefusedSetting> refused_settings() { return kRefused; }

std::string_view without_prefix(std::string_view name) {
  constexpr std::string_view kPrefix = "properties.";
  return name.starts_with(kPrefix) ? name.substr(kPrefix.size()) : name;
}

const SettingSpec* find_setting(std::string_view name) {
  const auto specs = setting_specs();
  const auto found = std::find_if(specs.begin(), specs.end(), [&](const SettingSpec& spec) {
    return is_called(spec, without_prefix(name));
  });
  return found == specs.end() ? nullptr : &*found;
}

const RefusedSetting* find_refused(std::string_view name) {
  const std::string_view bare = without_prefix(name);
  if (bare == kTokenFileSetting) {
    return nullptr;  // Of those that begin so it alone is ours.
  }
  const auto found =
      std::find_if(std::begin(kRefused), std::end(kRefused), [&](const RefusedSetting& refused) {
        return refused.name.ends_with('.') ? bare.starts_with(refused.name) : bare == refused.name;
      });
  return found == std::end(kRefused) ? nullptr : found;
}

std::string value_problem(const SettingSpec& spec, std::string_view value) {
  if (!spec.choices.empty()) {
    if (std::find(spec.choices.begin(), spec.choices.end(), value) == spec.choices.end()) {
      return fmt::format("is one of {}, not \"{}\"", fmt::join(spec.choices, ", "), value);
    }
    return {};
  }
  if (spec.type == SettingType::kInteger) {
    std::int64_t given = 0;
    const auto [end, problem] = std::from_chars(value.data(), value.data() + value.size(), given);
    if (problem != std::errc{} || end != value.data() + value.size() || given < spec.smallest ||
        given > spec.largest) {
      return fmt::format("is a whole number from {} to {}, not \"{}\"", spec.smallest, spec.largest,
                         value);
    }
  }
  return value.empty() ? "is empty" : "";
}

}  // namespace thalweg::kafka
