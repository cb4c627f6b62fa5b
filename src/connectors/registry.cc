#include "connectors/registry.h"

#include <fmt/format.h>

#include <array>

#include "formats/format.h"

namespace thalweg {
namespace {

Result<const Connector*> find(const Table& table) {
  for (const Connector& connector : connectors()) {
    if (connector.info.name == table.connector) {
      return &connector;
    }
  }
  return invalid_argument(
      fmt::format("table \"{}\": there is no connector \"{}\"", table.name, table.connector));
}

}  // namespace

std::span<const Connector> connectors() {
  static const std::array<Connector, 7> all{
      file_connector(),      stdin_connector(),   stdout_connector(), memory_connector(),
      blackhole_connector(), nexmark_connector(), kafka_connector()};
  return all;
}

ConnectorCatalog connector_catalog() {
  ConnectorCatalog catalog;
  for (const Connector& connector : connectors()) {
    catalog.connectors.push_back(connector.info);
  }
  for (const Format* format : formats()) {
    catalog.formats.push_back({.name = format->name(),
                               .options = format->options(),
                               .aliases = format->aliases(),
                               .carries_changes = format->carries_changes()});
  }
  return catalog;
}

Result<std::unique_ptr<Source>> make_source(World& world, const ScanRequest& request) {
  TW_TRY_ASSIGN(const Connector* connector, find(request.table));
  if (connector->make_source == nullptr) {
    return invalid_argument(fmt::format("connector {} cannot be read from", connector->info.name));
  }
  return connector->make_source(world, request);
}

Result<std::unique_ptr<Sink>> make_sink(World& world, const SinkRequest& request) {
  TW_TRY_ASSIGN(const Connector* connector, find(request.table));
  if (connector->make_sink == nullptr) {
    return invalid_argument(fmt::format("connector {} cannot be written to", connector->info.name));
  }
  return connector->make_sink(world, request);
}

Result<std::unique_ptr<EpochDecider>> make_decider(const DeciderRequest& request) {
  for (const Connector& connector : connectors()) {
    if (connector.make_decider != nullptr) {
      return connector.make_decider(request);
    }
  }
  return std::unique_ptr<EpochDecider>();
}

Result<std::unique_ptr<PipelinePlace>> take_place(World& world, const PlaceRequest& request) {
  for (const Connector& connector : connectors()) {
    if (connector.take_place != nullptr) {
      return connector.take_place(world, request);
    }
  }
  return std::unique_ptr<PipelinePlace>();
}

}  // namespace thalweg
