#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <array>
#include <memory>
#include <set>
#include <string>

#include "kafka/client_config.h"
#include "kafka/setting_table.h"

namespace thalweg::kafka {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

Expected<SettingValues> values_of(const Connection& connection, Side side = Side::kProducer) {
  return setting_values(system_env(), connection, side, {});
}

std::string problem_of(const Connection& connection, Side side = Side::kProducer) {
  const Expected<SettingValues> values = values_of(connection, side);
  return values ? "" : values.error().message();
}

TEST(KafkaSettingsTest, AnUnknownSettingIsAnsweredWithTheNearest) {
  const Error error = check_setting("properties.linger.sm", "5", Side::kProducer);

  EXPECT_EQ(error.kind(), ErrorKind::kConfiguration);
  EXPECT_THAT(error.message(), AllOf(HasSubstr("linger.sm"), HasSubstr("mean \"linger.ms\"")));
}

TEST(KafkaSettingsTest, WhatIsDangerousIsRefusedWithTheReason) {
  EXPECT_THAT(check_setting("plugin.library.paths", "x", Side::kBoth).message(),
              HasSubstr("load a library"));
  EXPECT_THAT(check_setting("sasl.kerberos.kinit.cmd", "x", Side::kBoth).message(),
              HasSubstr("shell"));
  EXPECT_THAT(check_setting("ssl.engine.location", "x", Side::kBoth).message(),
              HasSubstr("load a library"));
  EXPECT_THAT(check_setting("debug", "all", Side::kBoth).message(), HasSubstr("secrets"));
  EXPECT_THAT(check_setting("enable.auto.commit", "true", Side::kConsumer).message(),
              HasSubstr("after success"));
}

TEST(KafkaSettingsTest, AValueIsOfItsType) {
  EXPECT_THAT(check_setting("linger.ms", "5ms", Side::kProducer).message(),
              HasSubstr("a whole number from 0 to 900000, not \"5ms\""));
  EXPECT_THAT(check_setting("compression.type", "lz5", Side::kProducer).message(),
              HasSubstr("one of none, gzip, snappy, lz4, zstd"));
  EXPECT_FALSE(check_setting("compression.codec", "zstd", Side::kProducer));
  EXPECT_THAT(check_setting("socket.keepalive.enable", "yes", Side::kBoth).message(),
              HasSubstr("true, false"));
}

TEST(KafkaSettingsTest, ASettingOfTheOtherSideIsRefused) {
  EXPECT_THAT(check_setting("fetch.min.bytes", "5", Side::kProducer).message(),
              HasSubstr("a setting of a consumer, and this is a producer"));
}

// Each is allowed or refused, so that a setting nobody has thought of cannot slip through.
TEST(KafkaSettingsTest, EverySettingOfLibrdkafkaIsInOneTable) {
  const ConfPtr conf(rd_kafka_conf_new());
  const std::unique_ptr<rd_kafka_topic_conf_t, decltype(&rd_kafka_topic_conf_destroy)> topic(
      rd_kafka_topic_conf_new(), rd_kafka_topic_conf_destroy);
  std::set<std::string> names;
  for (const bool of_topic : {false, true}) {
    std::size_t count = 0;
    const char** const dump = of_topic ? rd_kafka_topic_conf_dump(topic.get(), &count)
                                       : rd_kafka_conf_dump(conf.get(), &count);
    for (std::size_t i = 0; i < count; i += 2) {
      names.insert(dump[i]);
    }
    rd_kafka_conf_dump_free(dump, count);
  }
  ASSERT_GT(names.size(), 80U);
  if (rd_kafka_version() > 0x020100ff) {
    GTEST_SKIP() << "newer ones have settings that are refused as unknown";
  }
  for (const std::string& name : names) {
    EXPECT_NE(find_setting(name) != nullptr, find_refused(name) != nullptr) << name;
  }
}

TEST(KafkaSettingsTest, LibrdkafkaTakesEveryDefault) {
  for (const SettingSpec& spec : setting_specs()) {
    const ConfPtr conf(rd_kafka_conf_new());
    const std::string name(spec.name);
    if (spec.default_value.empty()) {
      continue;
    }
    EXPECT_EQ(value_problem(spec, spec.default_value), "") << name;
    std::array<char, 256> why{};
    EXPECT_EQ(rd_kafka_conf_set(conf.get(), name.c_str(), std::string(spec.default_value).c_str(),
                                why.data(), why.size()),
              RD_KAFKA_CONF_OK)
        << why.data();
    std::array<char, 256> held{};
    std::size_t size = held.size();
    const ConfPtr fresh(rd_kafka_conf_new());
    if (!spec.is_our_default &&
        rd_kafka_conf_get(fresh.get(), name.c_str(), held.data(), &size) == RD_KAFKA_CONF_OK) {
      EXPECT_EQ(spec.default_value, held.data()) << name << ": librdkafka's default is another";
    }
  }
}

TEST(KafkaSettingsTest, PropertiesTakeThePlaceOfFields) {
  const auto values =
      values_of({.brokers = "a:1",
                 .client_id = "one",
                 .properties = {{"properties.client.id", "two"}, {"queue.buffering.max.ms", "7"}}});
  ASSERT_TRUE(values);
  EXPECT_EQ(values->at("client.id"), "two");
  EXPECT_EQ(values->at("linger.ms"), "7");
  EXPECT_EQ(values->at("bootstrap.servers"), "a:1");
  EXPECT_EQ(values->at("security.protocol"), "plaintext");
}

TEST(KafkaSettingsTest, ASettingIsGivenOnce) {
  EXPECT_THAT(problem_of({.brokers = "a:1",
                          .properties = {{"linger.ms", "1"}, {"queue.buffering.max.ms", "2"}}}),
              HasSubstr("linger.ms is given twice"));
  EXPECT_THAT(problem_of({}), HasSubstr("no brokers"));
}

TEST(KafkaSettingsTest, SecurityThatWouldNotBeUsedIsRefused) {
  EXPECT_THAT(problem_of({.brokers = "a:1", .security = {.ca_file = "/ca.pem"}}),
              HasSubstr("TLS is not asked for"));
  EXPECT_THAT(problem_of({.brokers = "a:1", .security = {.username = "ann"}}),
              HasSubstr("no sasl.mechanism"));
  EXPECT_THAT(problem_of({.brokers = "a:1", .security = {.mechanism = SaslMechanism::kPlain}}),
              HasSubstr("needs sasl.username and sasl.password"));
  EXPECT_THAT(
      problem_of({.brokers = "a:1", .security = {.mechanism = SaslMechanism::kOauthBearer}}),
      HasSubstr("needs sasl.oauthbearer.token.file"));
}

TEST(KafkaSettingsTest, TheProtocolFollowsFromWhatIsAskedFor) {
  const Security security = {.tls = true,
                             .mechanism = SaslMechanism::kScramSha512,
                             .username = "ann",
                             .password = "secret"};
  const auto values = values_of({.brokers = "a:1", .security = security});
  ASSERT_TRUE(values);
  EXPECT_EQ(values->at("security.protocol"), "sasl_ssl");
  EXPECT_EQ(values->at("sasl.mechanism"), "SCRAM-SHA-512");
  EXPECT_EQ(values->at("sasl.password"), "secret");
}

TEST(KafkaSettingsTest, NoErrorShowsASecret) {
  for (const std::string name : {"sasl.password", "ssl.key.pem", "ssl.key.password"}) {
    const std::string problem =
        problem_of({.brokers = "a:1", .properties = {{name, "hunter2"}, {"client.id", "c"}}});
    EXPECT_THAT(problem, AllOf(HasSubstr(name == "sasl.password" ? "password" : name),
                               Not(HasSubstr("hunter2"))));
  }
}

}  // namespace
}  // namespace thalweg::kafka
