#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <utility>

#include "thalweg/kafka/admin.h"

namespace thalweg::kafka {

// Tests against a real broker, whose address the environment gives: THALWEG_KAFKA_BROKERS.
class BrokerTest : public testing::Test {
 protected:
  BrokerTest() {
    const char* const given = std::getenv("THALWEG_KAFKA_BROKERS");
    connection.brokers = given == nullptr ? "" : given;
  }
  void SetUp() override {
    ASSERT_NE(connection.brokers, "") << "THALWEG_KAFKA_BROKERS names no broker: tests/run.py does";
  }

  Admin& admin() {
    if (!admin_) {
      Expected<Admin> opened = Admin::open({.connection = connection});
      EXPECT_TRUE(opened) << opened.error().message();
      admin_.emplace(std::move(*opened));
    }
    return *admin_;
  }

  // A name that no other test has, in this run or another.
  static std::string fresh(const std::string& word) {
    static const unsigned int kRun = std::random_device()();
    static std::atomic<int> number{0};
    return word + "-" + std::to_string(kRun) + "-" + std::to_string(++number);
  }

  std::string new_topic(std::int32_t partitions = 1,
                        std::map<std::string, std::string> settings = {}) {
    const std::string name = fresh("topic");
    const Error error = admin().create_topic(
        {.name = name, .partitions = partitions, .settings = std::move(settings)});
    EXPECT_FALSE(error) << error.message();
    return name;
  }

  Connection connection;

 private:
  std::optional<Admin> admin_;
};

}  // namespace thalweg::kafka
