#pragma once

#include <cstdint>
#include <memory>

#include "plan/plan.h"
#include "stream/source.h"

namespace thalweg {

// The rows written in a query, as a bounded source of one partition, in blocks of so many.
std::unique_ptr<Source> make_values_source(const plan::Values& values, const Schema& schema,
                                           std::uint32_t block_rows);

}  // namespace thalweg
