#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/options.h"
#include "catalog/connector_info.h"

namespace thalweg {

// What can be told to be wrong with a table's options before any broker is asked: a setting of the
// client with a value that it does not take, a topic that no topic can be, a start that does not
// say where.
std::optional<OptionRefusal> refuses_kafka_value(const Options& options);

// Why a setting of the client cannot be given; empty: it can, or is none.
std::string refuses_kafka_option(std::string_view name);

// Why topics cannot be written to.
std::optional<OptionRefusal> refuses_kafka_writing(const Options& options);

}  // namespace thalweg
