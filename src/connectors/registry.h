#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "connectors/connector.h"

namespace thalweg {

// Every connector there is.
std::span<const Connector> connectors();

// The catalogue's view of them, and of the formats.
ConnectorCatalog connector_catalog();

// The source of one scan, and the sink of a table, by the table's connector.
Result<std::unique_ptr<Source>> make_source(World& world, const ScanRequest& request);
Result<std::unique_ptr<Sink>> make_sink(World& world, const SinkRequest& request);

// What decides which epochs of a job count; null: its own state.
Result<std::unique_ptr<EpochDecider>> make_decider(const DeciderRequest& request);

// The job's place; null where nothing outside tells its processes apart. An error that passes:
// another process has it.
Result<std::unique_ptr<PipelinePlace>> take_place(World& world, const PlaceRequest& request);

}  // namespace thalweg
