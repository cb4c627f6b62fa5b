#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "simulate/feed.h"

namespace thalweg::tests {

// How a sink tells its rows.
enum class Rows : std::uint8_t {
  kAppended,
  kChanges,  // mode = 'changelog'
  kUpserts,  // mode = 'upsert', by the first column
};

// A query that simulated jobs run. Its tables are `events` and `others`; see declare().
struct Query {
  std::string_view name;
  std::string_view columns;  // Of its sink.
  std::string_view text;
  Rows rows = Rows::kAppended;
  // What must come out, computed row by row: the sink's lines of JSON, without `op`. Null: only
  // the undisturbed run tells.
  std::vector<std::string> (*expected)(const Feed& feed) = nullptr;
};

std::span<const Query> catalogue();

}  // namespace thalweg::tests
