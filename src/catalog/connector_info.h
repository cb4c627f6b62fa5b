#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/options.h"
#include "columnar/type.h"

namespace thalweg {

// An option whose value stands in the way, and how.
struct OptionRefusal {
  std::string option;
  std::string message;
};

// What a connector knows of a row beside its columns: a column METADATA FROM its name has it.
struct MetadataInfo {
  std::string_view name;
  std::vector<Type> types;  // That the column may have.
  std::string_view text;    // One line.
  bool can_write = false;   // It is written, too.
};

// What the binder must know of a connector to check a CREATE TABLE: the catalogue's view of it.
// The connector itself lives in connectors/ under the same name.
struct ConnectorInfo {
  std::string_view name;
  std::vector<std::string_view> aliases;  // Other engines' names for it.
  std::string_view text;                  // One line.
  bool can_read = false;
  bool can_write = false;
  bool takes_format = false;
  bool takes_changes = false;       // As a sink: deletes too, whatever the table's mode.
  bool reads_upserts = false;       // As a source: rows that stand for a key until the next comes.
  bool writes_event_time = false;   // As a sink: beside the columns.
  std::string_view default_format;  // Empty: the format must be given where it takes one.
  std::span<const OptionSpec> options;
  std::span<const MetadataInfo> metadata = {};
  // Whether reading ends by itself, with these options.
  bool (*bounded)(const Options& options) = nullptr;
  // Columns of a table declared without any (nexmark); nothing: they must be declared or inferred.
  std::optional<Schema> (*own_schema)(const Options& options) = nullptr;
  // Why there is no such option, though somebody may well ask for it; absent, or empty: nothing is
  // known of it.
  std::string (*refuses_option)(std::string_view name) = nullptr;
  // Which value cannot be meant, by itself or beside others; absent, or nothing: none.
  std::optional<OptionRefusal> (*refuses_value)(const Options& options) = nullptr;
  // Why a table with these options cannot be written to; absent, or nothing: it can.
  std::optional<OptionRefusal> (*refuses_writing)(const Options& options) = nullptr;
};

struct FormatInfo {
  std::string_view name;
  std::span<const OptionSpec> options;
  std::vector<std::string_view> aliases;  // Other engines' names for it.
  bool carries_changes = false;           // Its rows say themselves whether they come or go.
};

// The connectors and formats this program has.
struct ConnectorCatalog {
  std::vector<ConnectorInfo> connectors;
  std::vector<FormatInfo> formats;

  // By name or alias.
  const ConnectorInfo* find_connector(std::string_view name) const;
  const FormatInfo* find_format(std::string_view name) const;
};

}  // namespace thalweg
