#pragma once

#include <memory>

#include "base/result.h"
#include "connectors/connector.h"

namespace thalweg {

// The place of a job that reads or writes topics, null for any other: a membership in the group
// thalweg.NAME. Refuses while another process that lives has it, unless it is to be taken over.
// What keeps results right is not this, but the transactional id.
Result<std::unique_ptr<PipelinePlace>> take_kafka_place(World& world, const PlaceRequest& request);

}  // namespace thalweg
