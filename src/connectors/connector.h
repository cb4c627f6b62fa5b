#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "catalog/connector_info.h"
#include "catalog/table.h"
#include "columnar/row_key.h"
#include "connectors/output_files.h"
#include "connectors/standard_input.h"
#include "env/env.h"
#include "stream/epoch_decider.h"
#include "stream/pipeline_place.h"
#include "stream/sink.h"
#include "stream/source.h"

namespace thalweg {

// What connectors need of the world. It outlives every source and sink made with it.
struct World {
  Env& env;
  StandardInput& standard_input;
  OutputFiles outputs{};
  // Whether the session is to end; null: nobody asks it to. A signal handler may set it.
  const std::atomic<bool>* stop_requested = nullptr;
};

// One scan of a table: the columns to yield, by number among the table's, none of them computed.
struct ScanRequest {
  const Table& table;
  const std::vector<std::uint32_t>& columns;
  bool short_blocks = false;  // Of a row or a few, so that an epoch may end between any two.
};

// One sink of a plan: the table, and the key of the rows that go into it, by number among its
// columns that are written.
struct SinkRequest {
  const Table& table;
  const RowKey& key;
  EpochDecider* decider = nullptr;  // The job's, which the sink's connector has made.
};

// A job that keeps its state, for which there may have to be a decider.
struct DeciderRequest {
  std::string job;
  std::vector<const Table*> sinks;
  std::int64_t interval_micros = 0;                   // Between epochs.
  const std::atomic<bool>* stop_requested = nullptr;  // As in World.
};

// A job that keeps its state, whose place others are to be kept out of.
struct PlaceRequest {
  std::string job;
  std::vector<const Table*> sources;
  std::vector<const Table*> sinks;
  bool take_over = false;  // Also from a process that lives.
};

// A connector as the registry knows it.
struct Connector {
  ConnectorInfo info;
  // Null where info.can_read, or can_write, is false.
  Result<std::unique_ptr<Source>> (*make_source)(World& world,
                                                 const ScanRequest& request) = nullptr;
  Result<std::unique_ptr<Sink>> (*make_sink)(World& world, const SinkRequest& request) = nullptr;
  // Makes the decider of jobs that write to its tables, null where they need none. Null: it never
  // makes one. One connector at most has this.
  Result<std::unique_ptr<EpochDecider>> (*make_decider)(const DeciderRequest& request) = nullptr;
  // Takes the place of jobs that use its tables, null for others. The same holds.
  Result<std::unique_ptr<PipelinePlace>> (*take_place)(World& world,
                                                       const PlaceRequest& request) = nullptr;
};

// The connectors of this folder, each in the file of its name.
Connector file_connector();
// The names of the partitions that a table of this connector has now.
Result<std::vector<std::string>> file_partitions(Env& env, const Options& options);
Connector stdin_connector();
Connector stdout_connector();
Connector memory_connector();
Connector blackhole_connector();
Connector nexmark_connector();
Connector kafka_connector();

// A table's column number as its place among the columns that are in its rows: neither computed nor
// metadata.
std::uint32_t physical_index(const Table& table, std::uint32_t column);

// The columns of the rows that a sink writes, in order. Behind them a batch may have those that are
// written beside, in theirs.
Schema physical_schema(const Table& table);

}  // namespace thalweg
