#include "kafka/error_mapping.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace thalweg::kafka {
namespace {

using testing::AllOf;
using testing::HasSubstr;

TEST(KafkaErrorTest, AnErrorNamesWhatWasTriedAndTheCure) {
  const Error error =
      error_of(RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, "cannot write topic \"quakes\"");

  EXPECT_EQ(error.kind(), ErrorKind::kAuthorization);
  EXPECT_EQ(error.name(), "TOPIC_AUTHORIZATION_FAILED");
  EXPECT_THAT(error.message(), AllOf(HasSubstr("topic \"quakes\""), HasSubstr("kafka-acls")));
}

TEST(KafkaErrorTest, NoErrorIsNone) {
  EXPECT_FALSE(error_of(RD_KAFKA_RESP_ERR_NO_ERROR, "x"));
  EXPECT_FALSE(error_of(static_cast<rd_kafka_error_t*>(nullptr), "x"));
  EXPECT_TRUE(to_status(Error()).ok());
}

TEST(KafkaErrorTest, WhatPassesIsToldFromWhatNeverDoes) {
  EXPECT_EQ(kind_of(RD_KAFKA_RESP_ERR__TRANSPORT), ErrorKind::kRetriable);
  EXPECT_EQ(kind_of(RD_KAFKA_RESP_ERR__FENCED), ErrorKind::kFatal);
  EXPECT_EQ(kind_of(RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE), ErrorKind::kRecord);
  EXPECT_EQ(kind_of(RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET), ErrorKind::kPosition);
  EXPECT_EQ(kind_of(RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC), ErrorKind::kConfiguration);
  EXPECT_EQ(kind_of(RD_KAFKA_RESP_ERR_UNKNOWN), ErrorKind::kFatal) << "nothing is known of it";
}

TEST(KafkaErrorTest, AnErrorOfATransactionSaysItselfWhatMayBeDone) {
  const auto made = [](rd_kafka_resp_err_t code) {
    return error_of(rd_kafka_error_new(code, "why"), "cannot commit");
  };
  EXPECT_EQ(made(RD_KAFKA_RESP_ERR_INVALID_TXN_STATE).kind(), ErrorKind::kFatal);
  EXPECT_THAT(made(RD_KAFKA_RESP_ERR_INVALID_TXN_STATE).message(), HasSubstr("why"));
}

TEST(KafkaErrorTest, TheEngineRetriesWhatPasses) {
  const auto code = [](rd_kafka_resp_err_t error) {
    return to_status(error_of(error, "x")).code();
  };
  EXPECT_EQ(code(RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN), Code::kUnavailable);
  EXPECT_EQ(code(RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED), Code::kInvalidArgument);
  EXPECT_EQ(code(RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART), Code::kInvalidArgument);
  EXPECT_EQ(code(RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE), Code::kRowFailed);
}

}  // namespace
}  // namespace thalweg::kafka
