#pragma once

#include <span>

#include "base/options.h"
#include "catalog/table.h"

namespace thalweg {

// Options that every table has, whatever its connector.
std::span<const OptionSpec> table_option_specs();

// What the option `mode` of the table's format says.
ChangeMode change_mode_of(const Options& options);

// Those of them that only mean something where there is a WATERMARK.
bool is_time_option(std::string_view name);

OnLate on_late_of(const Options& options);

// What checked options say of time, with the defaults of a source that ends or does not.
TimePolicy time_policy_of(const Options& options, bool bounded);

}  // namespace thalweg
