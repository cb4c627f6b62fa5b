#include "catalog/connector_info.h"

#include <algorithm>

namespace thalweg {

const ConnectorInfo* ConnectorCatalog::find_connector(std::string_view name) const {
  for (const ConnectorInfo& connector : connectors) {
    const auto& aliases = connector.aliases;
    if (connector.name == name ||
        std::find(aliases.begin(), aliases.end(), name) != aliases.end()) {
      return &connector;
    }
  }
  return nullptr;
}

const FormatInfo* ConnectorCatalog::find_format(std::string_view name) const {
  for (const FormatInfo& format : formats) {
    const auto& aliases = format.aliases;
    if (format.name == name || std::find(aliases.begin(), aliases.end(), name) != aliases.end()) {
      return &format;
    }
  }
  return nullptr;
}

}  // namespace thalweg
