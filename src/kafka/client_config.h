#pragma once

#include <librdkafka/rdkafka.h>

#include <map>
#include <memory>
#include <string>

#include "env/env.h"
#include "thalweg/kafka/connection.h"

namespace thalweg::kafka {

struct ConfDeleter {
  void operator()(rd_kafka_conf_t* conf) const { rd_kafka_conf_destroy(conf); }
};
using ConfPtr = std::unique_ptr<rd_kafka_conf_t, ConfDeleter>;

using SettingValues = std::map<std::string, std::string>;

// The settings of a client by librdkafka's own names, with what they hold: our defaults, then the
// fields of its options, then Connection::properties. References are resolved, so that secrets are
// in the clear: never to be shown. `side`: kBoth is a client for administration.
Expected<SettingValues> setting_values(Env& env, const Connection& connection, Side side,
                                       const SettingValues& fields);

// The connection with those of its properties in the fields that librdkafka knows nothing of.
Connection with_own_settings(Connection connection);

// The connection without properties that only clients of another side have.
Connection for_side(Connection connection, Side side);

// setting_values() as librdkafka takes them.
Expected<ConfPtr> make_conf(Env& env, const Connection& connection, Side side,
                            const SettingValues& fields);

}  // namespace thalweg::kafka
