#include "kafka/client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace thalweg::kafka {
namespace {

ErrorKind kind_told(rd_kafka_resp_err_t code, std::string_view reason) {
  ClientEvents events(system_env(), {.brokers = "localhost:9092"});
  events.on_error(code, reason);
  return events.trouble_since(0)->kind();
}

TEST(ClientEventsTest, ACertificateThatIsRefusedNeverPasses) {
  EXPECT_EQ(kind_told(RD_KAFKA_RESP_ERR__SSL, "SSL handshake failed: certificate verify failed"),
            ErrorKind::kAuthorization);
  // So librdkafka says where the connection has ended before it looked at the handshake.
  EXPECT_EQ(kind_told(RD_KAFKA_RESP_ERR__TRANSPORT,
                      "sasl_ssl://localhost:9092/bootstrap: error:0A000086:SSL "
                      "routines::certificate verify failed (after 9ms in state SSL_HANDSHAKE)"),
            ErrorKind::kAuthorization);
  EXPECT_EQ(kind_told(RD_KAFKA_RESP_ERR__TRANSPORT, "localhost:9092: Connect to 127.0.0.1 failed"),
            ErrorKind::kRetriable);
}

}  // namespace
}  // namespace thalweg::kafka
