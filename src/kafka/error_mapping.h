#pragma once

#include <librdkafka/rdkafka.h>

#include <string>
#include <string_view>

#include "base/result.h"
#include "thalweg/kafka/error.h"

namespace thalweg::kafka {

// What an error of librdkafka's means. `doing`: what was tried, with the names of topic, partition,
// group or broker: `cannot create topic "quakes"`. No error for RD_KAFKA_RESP_ERR_NO_ERROR.
Error error_of(rd_kafka_resp_err_t code, std::string_view doing);

// The same where librdkafka, or the broker, has more to say than the code does.
Error error_of(rd_kafka_resp_err_t code, std::string_view doing, std::string_view detail);

// Of a call about transactions, whose errors say themselves what may be done. Takes the error; null
// is none.
Error error_of(rd_kafka_error_t* error, std::string_view doing);

ErrorKind kind_of(rd_kafka_resp_err_t code);

// In the engine's own terms: what can pass is unavailable, what never does is an invalid argument.
Status to_status(const Error& error);

}  // namespace thalweg::kafka
