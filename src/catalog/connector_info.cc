#include "catalog/connector_info.h"

#include <algorithm>

namespace thalweg {
namespace {

template <typename Info>
const Info* find_named(const std::vector<Info>& infos, std::string_view name) {
  const auto found = std::find_if(infos.begin(), infos.end(),
                                  [name](const Info& info) { return info.name == name; });
  return found == infos.end() ? nullptr : &*found;
}

}  // namespace

const ConnectorInfo* ConnectorCatalog::find_connector(std::string_view name) const {
  return find_named(connectors, name);
}

const FormatInfo* ConnectorCatalog::find_format(std::string_view name) const {
  return find_named(formats, name);
}

}  // namespace thalweg
