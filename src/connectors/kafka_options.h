#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/options.h"
#include "catalog/connector_info.h"
#include "thalweg/kafka/connection.h"

namespace thalweg {

// Before the name of a setting of the client, as an option.
inline constexpr std::string_view kSettingPrefix = "properties.";
std::string setting_option(std::string_view setting);

// The connector's own options, and `properties.NAME` for each setting that a Kafka client takes.
std::span<const OptionSpec> kafka_options();
std::span<const MetadataInfo> kafka_metadata();

// Of a client of that side: what only another's takes is left out, for a table may be both read and
// written.
kafka::Connection kafka_connection(const Options& options, kafka::Side side);

// A whole number among the connection's settings; none where it is not given.
std::optional<std::uint64_t> number_setting(const kafka::Connection& connection,
                                            std::string_view setting);

// Whether rows are written exactly once where the job keeps its state.
bool may_be_exactly_once(const Options& options);

// Whether this is a name of one of the connector's own options.
bool is_own_option(std::string_view name);

// Words with semicolons between them: topics, columns. Spaces around them are none of theirs.
std::vector<std::string> split_names(const std::string& text);

}  // namespace thalweg
